//! `orderproof merge`: the verdict of a run by several workers.

use std::path::Path;

use serde::Serialize;

use super::interrupt::quit_on_interrupt;
use super::reach::{Access, reach};
use super::{Error, Output};
use crate::cli::MergeArgs;
use crate::escape::Shown;
use crate::exit::Exit;
use crate::folder::{SealState, check_seal, read_plan, read_report};
use crate::objects::ObjectsAt;
use crate::observe::left_hidden;
use crate::report::{RunDocument, render_text};
use crate::results::{RunReport, file_name, verdict_word};
use crate::run::{JudgedFolder, judge_folder};
use crate::scenario::{DeadLetterUse, parse_duration};
use crate::verdict::{Finding, Verdict};
use crate::workers::{
    Folder, MeetingPlace, Merge, Merged, Objects, OneMerge, RunAt, Times, copied, copied_back,
    merge as unite, not_refused, wait_for_workers,
};

/// Unites what the workers left, looks at the stores, judges, and reports.
pub fn merge(args: &MergeArgs, output: &Output) -> Result<Exit, Error> {
    match &args.at {
        MeetingPlace::Folder(_) if args.output_dir.is_some() => Err(Error::usage(
            "--output-dir is for workers that met at S3: leave it out, as the folder in which they met is that of the run",
        )),
        MeetingPlace::Folder(dir) => {
            began(&Folder::at(dir), args)?;
            merge_in(dir, false, args, output)
        }
        MeetingPlace::Objects(at) => {
            let reach = &args.reach;
            let place = Objects::open(at, reach.region.as_deref(), reach.profile.as_deref())?;
            began(&place, args)?;
            let note = |line: &str| output.note(line);
            let claim = claimed(&place, at, args, &note)?;
            let dir = copied(&place, args.output_dir.as_deref(), &note)?;
            output.note(&format!("{at}: copied to {}", dir.display()));
            let exit = merge_in(&dir, true, args, output)?;
            // The verdict is given, and the folder is whole.
            if matches!(check_seal(&dir), SealState::Whole(_))
                && let Err(error) = copied_back(&place, &dir, claim.as_ref(), &note)
            {
                // Whoever starts jobs again after a failure starts this one again.
                if exit == Exit::Success {
                    return Err(error);
                }
                output.error(&error.to_string());
            }
            Ok(exit)
        }
    }
}

/// Claims the merge, unless there is nothing to be written: nobody has begun, or another merge has come to its end.
fn claimed(
    place: &Objects,
    at: &ObjectsAt,
    args: &MergeArgs,
    told: &dyn Fn(&str),
) -> Result<Option<OneMerge>, Error> {
    let is_there = |name: &str| {
        let found = place.read(name).map(|found| found.is_some());
        found.map_err(|error| Error::internal(format!("{}: {error}", place.shown(name))))
    };
    if !is_there(file_name::PLAN)? || is_there(file_name::SEAL)? {
        return Ok(None);
    }
    let reach = &args.reach;
    let beside = Objects::open(at, reach.region.as_deref(), reach.profile.as_deref())?;
    OneMerge::claim(place, Box::new(beside), Times::default(), told).map(Some)
}

/// Waits for the workers if that is asked for; refuses when one of them was before the start.
fn began(place: &dyn RunAt, args: &MergeArgs) -> Result<(), Error> {
    if let Some(to_meet) = &args.wait {
        let to_meet = parse_duration(to_meet);
        let to_meet = to_meet.map_err(|why| Error::usage(format!("--wait: {why}")))?;
        quit_on_interrupt();
        wait_for_workers(place, to_meet)?;
    }
    not_refused(place)
}

/// Merges in `dir`. A copy of what workers left may end with its machine, so that what exists nowhere else is not put there.
fn merge_in(dir: &Path, is_copy: bool, args: &MergeArgs, output: &Output) -> Result<Exit, Error> {
    let file = dir.join(file_name::PLAN);
    let plan = read_plan(&file).map_err(Error::usage)?;
    let none = |why: &str| Error::usage(format!("{}: {why}", dir.display()));
    if plan.first_shard().is_none() {
        return Err(none(
            "the run there is of one process, and has nothing to merge: `orderproof verify` judges it again",
        ));
    }
    if check_seal(dir) != SealState::Missing {
        return merged_before(dir, args, output);
    }
    let planned = plan.scenario.target.aws();
    let planned = planned.ok_or_else(|| none("its plan names no target of several workers"))?;
    let mut target = reach(&file, planned, &args.reach, Access::Writes, output)?;
    if is_copy {
        target.dead_letters = DeadLetterUse::Shared;
    }
    quit_on_interrupt();
    let merge = Merge {
        dir: dir.to_owned(),
        plan: &plan,
        target,
        now: args.now,
        is_copy,
        yes: args.reach.yes,
    };
    match unite(&merge, output)? {
        Merged::Run(outcome) => {
            if let Some(left) = left_hidden(dir) {
                output.note(&left);
            }
            show(
                (dir, args.json),
                &outcome.report,
                outcome.exit,
                &outcome.problems,
                output,
            );
            outcome
                .problems
                .iter()
                .for_each(|problem| output.error(problem));
            Ok(outcome.exit)
        }
        Merged::Nothing(judgment) => {
            let verdict = verdict_word(judgment.verdict);
            let mut text = format!(
                "{verdict}  scenario {}, run {}\n",
                Shown(&plan.scenario.name),
                plan.run_id
            );
            for finding in &judgment.findings {
                text += &format!("  {}: {}\n", Shown(&finding.code), Shown(&finding.message));
            }
            match args.json {
                true => output.json(&Nothing {
                    schema_version: 1,
                    verdict: judgment.verdict,
                    exit_code: Exit::of(&judgment, false).code(),
                    scenario: &plan.scenario.name,
                    run_id: plan.run_id.get(),
                    findings: &judgment.findings,
                }),
                false => output.print(&text),
            }
            Ok(Exit::of(&judgment, false))
        }
    }
}

/// What `--json` prints of evidence that contradicts itself.
#[derive(Serialize)]
struct Nothing<'a> {
    schema_version: u32,
    verdict: Verdict,
    exit_code: u8,
    scenario: &'a str,
    run_id: u32,
    findings: &'a [Finding],
}

/// The report of a run that was merged already, judged again from its files.
fn merged_before(dir: &Path, args: &MergeArgs, output: &Output) -> Result<Exit, Error> {
    let JudgedFolder { rejudged, .. } = judge_folder(dir)?;
    let exit = rejudged.exit();
    output.note(&format!(
        "{}: the run was merged before; its files were judged again",
        dir.display()
    ));
    let report = read_report(&dir.join(file_name::RUN)).map_err(Error::usage)?;
    show((dir, args.json), &report, exit, &[], output);
    if exit.code() != report.exit_code {
        for finding in &rejudged.judgment.findings {
            output.error(&format!("{}: {}", finding.code, finding.message));
        }
    }
    Ok(exit)
}

fn show(
    (dir, json): (&Path, bool),
    report: &RunReport,
    exit: Exit,
    problems: &[String],
    output: &Output,
) {
    match json {
        true => output.json(&RunDocument::of(report, exit, dir, problems)),
        false => output.print(&render_text(
            report,
            dir,
            &Path::exists,
            output.text_style(),
        )),
    }
}
