//! `orderproof verify`: judge a run again, from the files in its folder alone.

use std::fmt::Write;
use std::path::Path;

use super::conclude::{bad_orders, class_lines};
use super::{CommandError, Output};
use crate::cli::FolderArgs;
use crate::exit::Exit;
use crate::ledger::{JournalContents, read_journal};
use crate::load::Schedule;
use crate::order::OrderPlan;
use crate::report::{PlanFile, ReportError, RunReport, file_name, read_plan, read_report};
use crate::scenario;
use crate::verify::{
    JudgeInput, Judgment, Observation, ObservationFile, ObservationFileError, PhaseFigures,
    Reconciliation, Verdict, judge, reconcile,
};

/// A run judged again.
pub struct Rejudged {
    pub judgment: Judgment,
    pub reconciliation: Option<Reconciliation>,
    pub interrupted: bool,
}

impl Rejudged {
    /// How the program ends with it.
    pub fn exit(&self) -> Exit {
        Exit::of(&self.judgment, self.interrupted)
    }
}

/// Judges the run in a folder again and says what changed since it was reported.
pub fn verify(args: &FolderArgs, output: &Output) -> Result<Exit, CommandError> {
    let plan = read_plan(&args.dir.join(file_name::PLAN)).map_err(CommandError::usage)?;
    let reported = match read_report(&args.dir.join(file_name::RUN)) {
        Ok(report) => Some(report),
        Err(ReportError::Missing(_)) => None,
        Err(error) => return Err(CommandError::usage(error)),
    };
    let rejudged = rejudge(&args.dir, &plan, reported.as_ref())?;
    output.print(&told(&plan, &rejudged, reported.as_ref()));
    Ok(rejudged.exit())
}

/// Judges the run in `dir` from its files.
pub fn rejudge(
    dir: &Path,
    plan: &PlanFile,
    reported: Option<&RunReport>,
) -> Result<Rejudged, CommandError> {
    let without = |code: &str, message: String| {
        Ok(Rejudged {
            judgment: Judgment::without_evidence(code, message),
            reconciliation: None,
            interrupted: false,
        })
    };
    let journal = match read_journal(&dir.join(file_name::JOURNAL)) {
        Ok(journal) => journal,
        Err(error) => return without("ledger_unreadable", error.to_string()),
    };
    if let Some(difference) = not_of_this_plan(plan, &journal) {
        return without("ledger_of_another_run", difference);
    }
    let observed = match ObservationFile::read(&dir.join(file_name::OBSERVATION)) {
        Ok(observed) if observed.run_id == plan.run_id => Some(observed),
        Ok(observed) => {
            let message = format!(
                "{} is the observation of run {}",
                file_name::OBSERVATION,
                observed.run_id
            );
            return without("observation_of_another_run", message);
        }
        Err(ObservationFileError::Missing(_)) => None,
        Err(error) => return without("observation_unreadable", error.to_string()),
    };
    let figures: Option<Vec<PhaseFigures>> = reported.map(|report| {
        report
            .phases
            .iter()
            .map(|phase| phase.figures.clone())
            .collect()
    });
    Ok(judge_again(
        plan,
        &journal,
        observed.map(|observed| observed.observation),
        figures,
        reported,
    ))
}

fn judge_again(
    plan: &PlanFile,
    journal: &JournalContents,
    observation: Option<Observation>,
    figures: Option<Vec<PhaseFigures>>,
    reported: Option<&RunReport>,
) -> Rejudged {
    let scenario = &plan.scenario;
    let orders = OrderPlan {
        run: plan.run_id,
        seed: scenario.seed,
        bad_share: scenario.bad_share,
    };
    let bad = bad_orders(&orders, journal.ledger.planned());
    let nothing = Observation::default();
    let seen = observation.as_ref().unwrap_or(&nothing);
    let reconciliation = reconcile(&journal.ledger, &bad, seen);
    let interrupted = reported.is_some_and(|report| report.interrupted);
    let judgment = judge(&JudgeInput {
        run: plan.run_id,
        expect: &scenario.expect,
        reconciliation: &reconciliation,
        observation: observation.as_ref(),
        ledger_ended: journal.ended,
        phases: figures.as_deref(),
        interrupted,
        clock_skew_bound: reported.map_or(std::time::Duration::ZERO, |report| {
            std::time::Duration::from_micros(report.clock_skew_bound_us)
        }),
    });
    Rejudged {
        judgment,
        reconciliation: Some(reconciliation),
        interrupted,
    }
}

/// Why a journal does not belong to the plan beside it.
fn not_of_this_plan(plan: &PlanFile, journal: &JournalContents) -> Option<String> {
    let header = &journal.header;
    let planned = Schedule::new(&plan.scenario).count();
    let digest = scenario::digest(&plan.scenario);
    let same = header.run_id == plan.run_id
        && header.seed == plan.scenario.seed
        && header.planned == planned
        && header.scenario_digest == digest;
    (!same).then(|| {
        format!(
            "{} is of run {} with {} orders, {} of run {} with {planned}",
            file_name::JOURNAL,
            header.run_id,
            header.planned,
            file_name::PLAN,
            plan.run_id
        )
    })
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "PASS",
        Verdict::Fail => "FAIL",
        Verdict::Inconclusive => "INCONCLUSIVE",
    }
}

fn told(plan: &PlanFile, rejudged: &Rejudged, reported: Option<&RunReport>) -> String {
    let mut out = String::new();
    let verdict = rejudged.judgment.verdict;
    let _ = writeln!(
        out,
        "{}  scenario {}, run {}",
        word(verdict),
        plan.scenario.name,
        plan.run_id
    );
    for finding in &rejudged.judgment.findings {
        let _ = writeln!(out, "  {}: {}", finding.code, finding.message);
        if !finding.first_ids.is_empty() {
            let ids: Vec<_> = finding.first_ids.iter().map(u64::to_string).collect();
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
    let _ = writeln!(out, "{}", changes(verdict, &classes, reported));
    out
}

/// What differs from the report in the folder.
fn changes(
    verdict: Verdict,
    classes: &[(&'static str, u64)],
    reported: Option<&RunReport>,
) -> String {
    let Some(reported) = reported else {
        return format!(
            "there is no {} to compare with: the run did not end by itself",
            file_name::RUN
        );
    };
    let mut changed = Vec::new();
    if reported.verdict != verdict {
        changed.push(format!(
            "verdict {} -> {}",
            word(reported.verdict),
            word(verdict)
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
    match changed.is_empty() {
        true => "unchanged since it was reported".into(),
        false => format!("changed since it was reported: {}", changed.join(", ")),
    }
}
