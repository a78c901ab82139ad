//! `orderproof clean`: remove the rows and the dead letters of one run.

use std::collections::HashMap;
use std::path::Path;

use super::interrupt::quit_on_interrupt;
use super::place::{block_on, confirm_at, open, place_lines};
use super::reach::{Access, reach};
use super::{Error, Output};
use crate::account::{AccountError, ActualResources, Cleaner, Found, Resource};
use crate::cli::CleanArgs;
use crate::exit::Exit;
use crate::folder::{read_plan, read_report};
use crate::journal::read_journal;
use crate::ledger::MessageIds;
use crate::order::{Id, OrderPlan};
use crate::preflight::{Known, QueueFacts};
use crate::results::figures::counted;
use crate::results::{PlanFile, ReportError, file_name};
use crate::run::orders_since;
use crate::scenario::AwsTarget;
use crate::store::{Stores, TableAt, Target};
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
        Err(ReportError::Missing(_) | ReportError::Unfinished(_)) => Err(Error::refused(format!(
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
    let names = &target.resources;
    let resources = Resource::all(&plan.scenario, names);
    let actual = ActualResources::read(&session, &resources).await;
    let (letters, orders) = (
        there(actual.queue(&names.dead_letter_queue))?,
        there(actual.queue(&names.orders_queue))?,
    );
    let untouched = AwsTarget {
        exact_counts: false,
        ..target.clone()
    };
    // Every table and queue of the orders is there, each table with its key, or nothing is deleted.
    let found = Target::resolve(&session, &untouched, &plan.scenario).await;
    let found = found.map_err(|error| {
        Error::usage(format!(
            "{error}: nothing was deleted; check plan.json, --region and --profile"
        ))
    })?;
    if let Some(redrive) = &letters.redrive {
        return Err(Error::refused(format!(
            "{} has a redrive policy of its own (to {}): receiving its letters would move them on; remove the policy first",
            letters.name, redrive.target_arn
        )));
    }
    for queue in &found.letter_queues {
        let stores = Stores::new(&found).with_letters_of(queue);
        let redrive = stores.letter_redrive().await;
        if let Some(redrive) = redrive.map_err(Error::usage)? {
            return Err(Error::refused(format!(
                "{} has a redrive policy of its own (to {}): receiving its letters would move them on; remove the policy first",
                queue.called,
                redrive.name()
            )));
        }
    }
    if args.delete {
        confirm_at(&actual, &what_goes(plan, target), args.reach.yes, output)?;
    }
    let (orders_of_run, message_ids) = orders_of(args, plan);
    let mut cleaner = Cleaner {
        session,
        orders: orders_of_run,
        planned: plan.scenario.schedule().count(),
        message_ids,
        links: HashMap::new(),
        delete: args.delete,
        read_units: (!actual.place.loopback).then_some(target.read_units),
        exact_counts: target.exact_counts && actual.place.loopback,
    };
    let repeat = |error| {
        Error::internal(format!(
            "{error}; what was deleted before stays deleted; repeat the command to continue"
        ))
    };
    let mut counts = Vec::new();
    for table in in_order(&mut cleaner, &found).await.map_err(repeat)? {
        if !cleaner.orders.leaves_rows_in(&table.called) {
            output.print(&format!(
                "rows in {}: left, since no end says whose they are\n",
                table.name
            ));
            continue;
        }
        let rows = cleaner.rows(table).await.map_err(repeat)?;
        output.print(&found_words("rows", &table.name, &rows, args.delete));
        counts.push(rows);
    }
    let dead = cleaner.letters(None, &letters.url).await.map_err(repeat)?;
    output.print(&found_words(
        "dead letters",
        &letters.name,
        &dead,
        args.delete,
    ));
    counts.push(dead);
    for queue in &found.letter_queues {
        let further = cleaner.letters(Some(&queue.called), &queue.url);
        let further = further.await.map_err(repeat)?;
        output.print(&found_words(
            "letters",
            &queue.called,
            &further,
            args.delete,
        ));
        counts.push(further);
    }
    output.print(&(place_lines(&actual).join("\n") + "\n"));
    conclude(args, orders, &counts, output)
}

/// The orders of the run, and what its journal knows of their messages; without a journal their bodies tell.
fn orders_of(args: &CleanArgs, plan: &PlanFile) -> (OrderPlan, MessageIds) {
    match read_journal(&args.dir.join(file_name::JOURNAL)) {
        Ok(journal) => {
            let mut messages = MessageIds::clone(journal.ledger.message_ids());
            messages.index();
            let since = journal.header.started_at;
            (orders_since(&plan.scenario, plan.run_id, since), messages)
        }
        Err(_) => {
            let since = std::time::SystemTime::UNIX_EPOCH;
            let orders = orders_since(&plan.scenario, plan.run_id, since);
            (orders, MessageIds::default())
        }
    }
}

/// The tables in the order in which they are cleaned: rows that are found by other rows first, while those are there.
async fn in_order<'a>(
    cleaner: &mut Cleaner,
    found: &'a Target,
) -> Result<Vec<&'a TableAt>, AccountError> {
    let orders = cleaner.orders.clone();
    let linked = orders.linked_tables();
    let is_linked = |table: &&TableAt| linked.contains(table.called.as_str());
    let (first, last): (Vec<_>, Vec<_>) = found.tables.iter().partition(is_linked);
    if !first.is_empty() {
        for table in &last {
            cleaner.learn_links(table).await?;
        }
    }
    Ok(first.into_iter().chain(last).collect())
}

fn there<T>(found: Known<&T>) -> Result<&T, Error> {
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
    let (names, scenario) = (&target.resources, &plan.scenario);
    let listed = |one: &str, names: Vec<&str>| match names.as_slice() {
        [name] => format!("{one} {name}"),
        names => format!("{one}s {}", names.join(", ")),
    };
    let tables = scenario.order.tables.keys();
    let tables = tables.map(|called| names.table_name(called)).collect();
    let further = scenario.letter_queues(&scenario.order).into_iter();
    let further = further.map(|called| names.queue_name(called));
    let queues = std::iter::once(names.dead_letter_queue.as_str()).chain(further);
    vec![
        format!(
            "delete    the rows of run {} from {} and its letters from {}",
            plan.run_id,
            listed("table", tables),
            listed("queue", queues.collect())
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
    if found.counters > 0 {
        out.push_str(&format!(
            "  {} of [[sums]] left: other orders may have added to {}, so remove {} before the next run, or put {{{{run}}}} into \
             the key\n",
            counted(found.counters, "counter"),
            if found.counters == 1 { "it" } else { "them" },
            if found.counters == 1 { "it" } else { "them" },
        ));
    }
    if !found.first.is_empty() {
        let ids: Vec<_> = found.first.iter().map(Id::shown).collect();
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
    found: &[Found],
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
    match not_done(found) {
        None => Ok(Exit::Success),
        Some(told) => Err(Error::internal(told)),
    }
}

/// What could not be done, if anything.
fn not_done(found: &[Found]) -> Option<String> {
    let sum = |of: fn(&Found) -> u64| found.iter().map(of).sum::<u64>();
    let (remaining, held) = (sum(|found| found.remaining), sum(|found| found.held));
    let hidden = sum(|found| found.hidden);
    let mut parts = Vec::new();
    if remaining > 0 {
        parts.push(format!("{remaining} of the run could not be deleted"));
    }
    if held > 0 {
        let letters = counted(held, "letter");
        let are = if held == 1 { "is" } else { "are" };
        parts.push(format!("{letters} {are} hidden by another consumer"));
    }
    if hidden > 0 {
        let letters = counted(hidden, "letter");
        let stay = if hidden == 1 { "stays" } else { "stay" };
        parts.push(format!(
            "{letters} could not be shown again and {stay} hidden from everybody for up to 10 minutes"
        ));
    }
    let told = parts.join(", and ");
    match remaining + held {
        0 if hidden == 0 => None,
        0 => Some(told),
        _ => Some(format!("{told}; repeat in some minutes")),
    }
}

fn judge(dir: &Path) -> String {
    format!("  orderproof verify {} --live\n", dir.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_could_not_be_done_is_told_and_nobody_else_is_blamed_for_it() {
        let of = |remaining, held, hidden| Found {
            remaining,
            held,
            hidden,
            ..Found::default()
        };
        assert_eq!(not_done(&[of(0, 0, 0), of(0, 0, 0)]), None);
        for (found, told) in [
            (
                of(2, 0, 0),
                "2 of the run could not be deleted; repeat in some minutes",
            ),
            (
                of(0, 1, 0),
                "1 letter is hidden by another consumer; repeat in some minutes",
            ),
            (
                of(0, 0, 3),
                "3 letters could not be shown again and stay hidden from everybody for up to 10 minutes",
            ),
        ] {
            assert_eq!(not_done(&[of(0, 0, 0), found]).as_deref(), Some(told));
        }
        let all = not_done(&[of(1, 0, 0), of(0, 2, 0), of(0, 0, 1)]).expect("told");
        assert!(all.contains("deleted, and 2 letters are hidden"), "{all}");
    }
}
