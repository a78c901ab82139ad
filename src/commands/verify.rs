//! `orderproof verify`: judge a run again, from the files in its folder or from what its stores hold now.

use crate::folder::{SealState, check_seal};
use std::collections::BTreeMap;
use std::fmt::Write;

use jiff::Timestamp;
use serde::Serialize;

use super::verify_part::verify_part;
use super::{Error, Output, live};
use crate::cli::VerifyArgs;
use crate::escape::Shown;
use crate::exit::Exit;
use crate::folder::{RunFolder, read_meters, read_sent};
use crate::observe::left_hidden;
use crate::order::Id;
use crate::results::{PlanFile, RunReport, file_name, verdict_word};
use crate::run::{
    Held, JudgedFolder, Rejudged, broken, class_lines, finished_files, judge_folder, judged,
    read_ledger, seal_again,
};
use crate::verdict::{Class, Finding, Verdict};

/// Judges the run in a folder again and says what changed since it was reported.
pub fn verify(args: &VerifyArgs, output: &Output) -> Result<Exit, Error> {
    if let Some(who) = &args.worker {
        return verify_part(args, who, output);
    }
    let looks = args.live || args.resume;
    if args.reach.is_given() && !looks {
        return Err(Error::usage(
            "--endpoint-url, --region, --profile and --yes say how the live stores are reached: add --live or --resume, \
             or leave them out",
        ));
    }
    let JudgedFolder {
        plan,
        reported,
        rejudged: from_files,
    } = judge_folder(&args.dir)?;
    let (rejudged, before) = match looks {
        false => (from_files, reported.as_ref().map(Before::reported)),
        true => {
            let before = Before::known(&from_files, reported.as_ref());
            (
                rejudge_live(args, &plan, reported.as_ref(), output)?,
                before,
            )
        }
    };
    match args.json {
        true => output.json(&Document::of(&plan, &rejudged, before.as_ref())),
        false => output.print(&summary(&plan, &rejudged, before.as_ref())),
    }
    Ok(rejudged.exit())
}

/// What was known before.
#[derive(Serialize)]
struct Before {
    verdict: Verdict,
    classes: BTreeMap<Class, u64>,
}

impl Before {
    fn reported(report: &RunReport) -> Self {
        Self {
            verdict: report.verdict,
            classes: report.classes.clone(),
        }
    }

    /// By the report, or else by the files.
    fn known(from_files: &Rejudged, reported: Option<&RunReport>) -> Option<Self> {
        let reconciliation = from_files.reconciliation.as_ref();
        reported.map(Self::reported).or_else(|| {
            Some(Self {
                verdict: from_files.judgment.verdict,
                classes: reconciliation?.counts(),
            })
        })
    }
}

/// Judges the run in `dir` from its ledger and what its stores hold now; that is written down first.
fn rejudge_live(
    args: &VerifyArgs,
    plan: &PlanFile,
    reported: Option<&RunReport>,
    output: &Output,
) -> Result<Rejudged, Error> {
    let dir = args.dir.as_path();
    if let SealState::Broken(problems) = check_seal(dir) {
        return Ok(broken(&problems));
    }
    let journal = match read_ledger(dir, plan) {
        Ok(journal) => journal,
        Err(untold) => return Ok(untold.judged()),
    };
    let mut observed = live::look(args, plan, &journal, output)?;
    if args.live {
        output.note(&live::receives(&observed));
    }
    if let Some(left) = left_hidden(dir) {
        output.note(&left);
    }
    let folder = RunFolder::existing(dir);
    observed.rests_on = finished_files(&folder);
    let stamp = Timestamp::now().strftime("%Y%m%dT%H%M%S.%3fZ").to_string();
    let path = dir.join(file_name::OBSERVATION);
    let name = match path.exists() {
        false => file_name::OBSERVATION.to_owned(),
        true => {
            // How long the drain took is known only to who was there.
            let first = crate::folder::read_observation(&path).ok();
            observed.observation.quiescence.drain =
                first.and_then(|first| first.observation.quiescence.drain);
            format!("observation-{stamp}.json")
        }
    };
    folder
        .write(&name, &observed.to_json())
        .map_err(Error::internal)?;
    output.note(&format!(
        "what was seen is kept in {}",
        dir.join(&name).display()
    ));
    seal_again(&folder, plan, &name, &stamp)?;
    let read = |path: &str| dir.join(path).exists();
    let sent = read(file_name::SENT).then(|| read_sent(&dir.join(file_name::SENT)));
    let meters = read(file_name::METERS).then(|| read_meters(&dir.join(file_name::METERS)));
    let held = Held {
        plan: plan.clone(),
        ledger: journal.ledger,
        ledger_ended: journal.ended,
        started_at: journal.header.started_at,
        sent: sent
            .and_then(Result::ok)
            .filter(|sent| sent.run_id == plan.run_id),
        observed: Some(observed),
        meters: meters
            .and_then(Result::ok)
            .filter(|meters| meters.run_id == plan.run_id),
    };
    Ok(judged(&held, held.weigh(reported)))
}

/// What `--json` prints.
#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    verdict: Verdict,
    exit_code: u8,
    scenario: &'a str,
    run_id: u32,
    interrupted: bool,
    /// The evidence is as it was sealed.
    trusted: bool,
    /// Orders in each class; null when the evidence does not say.
    classes: Option<BTreeMap<&'static str, u64>>,
    findings: &'a [Finding],
    /// What was known before; null of a run that did not finish.
    reported: Option<&'a Before>,
    /// Whether that is something else.
    changed: Option<bool>,
}

impl<'a> Document<'a> {
    fn of(plan: &'a PlanFile, rejudged: &'a Rejudged, before: Option<&'a Before>) -> Self {
        let reconciliation = rejudged.reconciliation.as_ref();
        let classes = reconciliation.map(class_lines);
        let verdict = rejudged.judgment.verdict;
        let lines = classes.clone().unwrap_or_default();
        Self {
            schema_version: 1,
            verdict,
            exit_code: rejudged.exit().code(),
            scenario: &plan.scenario.name,
            run_id: plan.run_id.get(),
            interrupted: rejudged.interrupted,
            trusted: rejudged.trusted,
            classes: classes.map(|lines| lines.into_iter().collect()),
            findings: &rejudged.judgment.findings,
            reported: before,
            changed: before.map(|before| !differences(verdict, &lines, before).is_empty()),
        }
    }
}

fn summary(plan: &PlanFile, rejudged: &Rejudged, before: Option<&Before>) -> String {
    let mut out = String::new();
    let verdict = rejudged.judgment.verdict;
    let _ = writeln!(
        out,
        "{}  scenario {}, run {}",
        verdict_word(verdict),
        Shown(&plan.scenario.name),
        plan.run_id
    );
    for finding in &rejudged.judgment.findings {
        let _ = writeln!(
            out,
            "  {}: {}",
            Shown(&finding.code),
            Shown(&finding.message)
        );
        if !finding.first_ids.is_empty() {
            let ids: Vec<_> = finding.first_ids.iter().map(Id::shown).collect();
            let _ = writeln!(out, "      {}", ids.join(", "));
        }
    }
    let classes = rejudged
        .reconciliation
        .as_ref()
        .map(class_lines)
        .unwrap_or_default();
    for (class, count) in classes.iter().filter(|(_, count)| *count > 0) {
        let _ = writeln!(out, "  {count:>12}  {class}");
    }
    let _ = writeln!(out, "{}", changes(verdict, &classes, before));
    out
}

/// What differs from what was known before.
fn changes(verdict: Verdict, classes: &[(&'static str, u64)], before: Option<&Before>) -> String {
    let Some(reported) = before else {
        return format!(
            "there is no {} to compare with: the run did not finish",
            file_name::RUN
        );
    };
    let changed = differences(verdict, classes, reported);
    match changed.is_empty() {
        true => "unchanged since it was reported".into(),
        false => format!("changed since it was reported: {}", changed.join(", ")),
    }
}

fn differences(
    verdict: Verdict,
    classes: &[(&'static str, u64)],
    reported: &Before,
) -> Vec<String> {
    let mut changed = Vec::new();
    if reported.verdict != verdict {
        changed.push(format!(
            "verdict {} -> {}",
            verdict_word(reported.verdict),
            verdict_word(verdict)
        ));
    }
    for (class, before) in &reported.classes {
        let now = classes
            .iter()
            .find(|(name, _)| *name == class.as_str())
            .map_or(0, |&(_, count)| count);
        if now != *before {
            changed.push(format!("{} {before} -> {now}", class.as_str()));
        }
    }
    changed
}
