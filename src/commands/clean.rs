//! `orderproof clean`: remove the rows and the dead letters of one run.

use std::path::Path;

use super::interrupt::quit_on_interrupt;
use super::place::{block_on, confirm_at, open, place_lines};
use super::reach::{Access, reach};
use super::{Error, Output};
use crate::account::{ActualResources, Cleaner, Found};
use crate::cli::CleanArgs;
use crate::exit::Exit;
use crate::folder::{read_plan, read_report};
use crate::preflight::{Known, QueueFacts};
use crate::results::{PlanFile, ReportError, file_name};
use crate::scenario::AwsTarget;
use crate::verdict::Verdict;

/// Counts the rows and dead letters of a run, or deletes them.
pub fn clean(args: &CleanArgs, output: &Output) -> Result<Exit, Error> {
    let plan = read_plan(&args.dir.join(file_name::PLAN)).map_err(Error::usage)?;
    let target = target_of(args, &plan, output)?;
    if args.delete {
        judged_first(args, output)?;
    }
    block_on(sweep(args, &plan, &target, output))
}

/// The target of the run, at endpoints that the caller has named or confirmed.
fn target_of(args: &CleanArgs, plan: &PlanFile, output: &Output) -> Result<AwsTarget, Error> {
    match plan.scenario.target.aws() {
        None => Err(Error::usage(
            "the embedded pipeline of this run ended with it, with its rows and dead letters: there is nothing to clean",
        )),
        Some(target) => {
            let file = args.dir.join(file_name::PLAN);
            reach(&file, target, &args.reach, Access::Writes, output)
        }
    }
}

/// What is deleted cannot be judged any more, so the verdict comes first.
fn judged_first(args: &CleanArgs, output: &Output) -> Result<(), Error> {
    let report = args.dir.join(file_name::RUN);
    match read_report(&report) {
        Ok(report) if report.verdict == Verdict::Inconclusive => {
            output.note(
                "warning: the run's verdict is inconclusive, and once its rows and letters are deleted it stays so",
            );
            Ok(())
        }
        Ok(_) => Ok(()),
        Err(_) if args.without_verdict => Ok(()),
        Err(ReportError::Missing(_)) => Err(Error::refused(format!(
            "{} has no {}: it is still running, or was killed; judge it first (`orderproof verify {} --resume`), or \
             give --without-verdict to delete the evidence",
            args.dir.display(),
            file_name::RUN,
            args.dir.display()
        ))),
        Err(error) => Err(Error::usage(error)),
    }
}

async fn sweep(
    args: &CleanArgs,
    plan: &PlanFile,
    target: &AwsTarget,
    output: &Output,
) -> Result<Exit, Error> {
    quit_on_interrupt();
    let session = open(target).await?;
    let actual = ActualResources::read(&session, &target.resources).await;
    let (letters, orders) = (
        there(&actual.dead_letter_queue)?,
        there(&actual.orders_queue)?,
    );
    there(&actual.table)?;
    if let Some(redrive) = &letters.redrive {
        return Err(Error::refused(format!(
            "{} has a redrive policy of its own (to {}): receiving its letters would move them on; remove the policy first",
            letters.name, redrive.target_arn
        )));
    }
    if args.delete {
        confirm_at(&actual, &what_goes(plan, target), args.reach.yes, output)?;
    }
    let cleaner = Cleaner {
        session,
        run: plan.run_id,
        delete: args.delete,
        read_units: (!actual.place.loopback).then_some(target.read_units),
        exact_counts: target.exact_counts && actual.place.loopback,
    };
    let repeat = |error| {
        Error::internal(format!(
            "{error}; what was deleted before stays deleted; repeat the command to continue"
        ))
    };
    let rows = cleaner
        .rows(&target.resources.table)
        .await
        .map_err(repeat)?;
    output.print(&found_words(
        "rows",
        &target.resources.table,
        &rows,
        args.delete,
    ));
    let dead = cleaner.dead_letters(&letters.url).await.map_err(repeat)?;
    output.print(&found_words(
        "dead letters",
        &letters.name,
        &dead,
        args.delete,
    ));
    output.print(&(place_lines(&actual).join("\n") + "\n"));
    conclude(args, orders, [&rows, &dead], output)
}

fn there<T>(found: &Known<T>) -> Result<&T, Error> {
    match found {
        Known::Is(found) => Ok(found),
        Known::Absent => Err(Error::usage(
            "a queue or the table of the run is not there: nothing was deleted; check plan.json, --region and --profile",
        )),
        Known::Unknown(why) => Err(Error::usage(format!(
            "a queue or the table of the run could not be read: {why}; nothing was deleted"
        ))),
    }
}

fn what_goes(plan: &PlanFile, target: &AwsTarget) -> Vec<String> {
    let names = &target.resources;
    vec![
        format!(
            "delete    the rows of run {} from table {} and its letters from queue {}",
            plan.run_id, names.table, names.dead_letter_queue
        ),
        "          (without --delete they are counted)".into(),
    ]
}

fn found_words(what: &str, place: &str, found: &Found, deleted: bool) -> String {
    let of_the_run = match deleted {
        true => format!(
            "{} of the run deleted",
            found.count - found.remaining.min(found.count)
        ),
        false => format!("{} of the run", found.count),
    };
    let mut out = format!(
        "{what} in {place}: {of_the_run}, {} of others left\n",
        found.others
    );
    if !found.first.is_empty() {
        let ids: Vec<_> = found.first.iter().map(u64::to_string).collect();
        let more = if found.count > ids.len() as u64 {
            ", ..."
        } else {
            ""
        };
        out.push_str(&format!("  {}{more}\n", ids.join(", ")));
    }
    out
}

/// What remains, and what that means.
fn conclude(
    args: &CleanArgs,
    orders: &QueueFacts,
    found: [&Found; 2],
    output: &Output,
) -> Result<Exit, Error> {
    if orders.messages > 0 {
        output.print(&format!(
            "{} still holds {} messages, which stay there: those of the run may still become rows or dead letters\n",
            orders.name, orders.messages
        ));
    }
    let folder = args.dir.display();
    output.print(&match args.delete {
        false => format!("nothing was deleted: judge first, then repeat with --delete\n{}", judge(&args.dir)),
        true => format!(
            "{folder} is unchanged; from now on `verify {folder} --live` finds these orders lost, since they are deleted\n"
        ),
    });
    let [remaining, held] = [
        found.iter().map(|found| found.remaining).sum::<u64>(),
        found.iter().map(|found| found.held).sum(),
    ];
    match remaining + held {
        0 => Ok(Exit::Success),
        _ => Err(Error::internal(format!(
            "{remaining} of the run could not be deleted, and {held} letters are hidden by another consumer; repeat in some minutes"
        ))),
    }
}

fn judge(dir: &Path) -> String {
    format!("  orderproof verify {} --live\n", dir.display())
}
