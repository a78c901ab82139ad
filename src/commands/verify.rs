//! `orderproof verify`: judge a run again, from the files in its folder or from what its stores hold now.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;

use super::conclude::{bad_orders, class_lines};
use super::run::orders;
use super::{CommandError, Output, live};
use crate::cli::VerifyArgs;
use crate::escape::Shown;
use crate::exit::Exit;
use crate::ledger::{JournalContents, read_journal};
use crate::load::Schedule;
use crate::report::{
    PlanFile, ReportError, RunFolder, RunReport, SentFile, file_name, phase_figures, read_plan,
    read_report, read_sent,
};
use crate::scenario;
use crate::verify::{
    Class, JudgeInput, Judgment, Observation, ObservationFile, ObservationFileError, PhaseFigures,
    Reconciliation, StoredTimes, Verdict, judge, reconcile,
};

/// A run judged again.
pub struct Rejudged {
    pub judgment: Judgment,
    pub reconciliation: Option<Reconciliation>,
    pub interrupted: bool,
    /// Rows that do not tell when they were stored.
    pub untimed_rows: u64,
}

impl Rejudged {
    /// How the program ends with it.
    pub fn exit(&self) -> Exit {
        Exit::of(&self.judgment, self.interrupted)
    }
}

/// Judges the run in a folder again and says what changed since it was reported.
pub fn verify(args: &VerifyArgs, output: &Output) -> Result<Exit, CommandError> {
    let plan = read_plan(&args.dir.join(file_name::PLAN)).map_err(CommandError::usage)?;
    let reported = match read_report(&args.dir.join(file_name::RUN)) {
        Ok(report) => Some(report),
        Err(ReportError::Missing(_)) => None,
        Err(error) => return Err(CommandError::usage(error)),
    };
    let from_files = rejudge(&args.dir, &plan, reported.as_ref())?;
    let (rejudged, before) = match args.live {
        false => (from_files, reported.as_ref().map(Before::reported)),
        true => {
            let before = Before::known(&from_files, reported.as_ref());
            (
                rejudge_live(&args.dir, &plan, reported.as_ref(), output)?,
                before,
            )
        }
    };
    output.print(&told(&plan, &rejudged, before.as_ref()));
    Ok(rejudged.exit())
}

/// What was known before.
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

/// Why nothing can be known: the judgment that says so.
fn without(code: &str, message: String) -> Rejudged {
    Rejudged {
        judgment: Judgment::without_evidence(code, message),
        reconciliation: None,
        interrupted: false,
        untimed_rows: 0,
    }
}

/// Judges the run in `dir` from its files.
pub fn rejudge(
    dir: &Path,
    plan: &PlanFile,
    reported: Option<&RunReport>,
) -> Result<Rejudged, CommandError> {
    let journal = match read_ledger(dir, plan) {
        Ok(journal) => journal,
        Err(untold) => return Ok(untold.judged()),
    };
    let observed = match read_observation(dir, plan) {
        Ok(observed) => Some(observed),
        Err(NoObservation::Missing(_)) => None,
        Err(NoObservation::Untrusted(untold)) => return Ok(untold.judged()),
    };
    Ok(judge_again(dir, plan, &journal, observed, reported))
}

/// Why a file of a run's folder says nothing: a code and a sentence.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Untold {
    code: &'static str,
    message: String,
}

impl Untold {
    /// The judgment that nothing can be known.
    fn judged(self) -> Rejudged {
        without(self.code, self.message)
    }
}

/// Why there is no observation.
#[derive(Debug, thiserror::Error)]
pub enum NoObservation {
    /// The run ended before it could look.
    #[error(transparent)]
    Missing(ObservationFileError),
    /// It is not to be trusted.
    #[error(transparent)]
    Untrusted(Untold),
}

/// The observation of a run, if it is of this run.
pub fn read_observation(dir: &Path, plan: &PlanFile) -> Result<ObservationFile, NoObservation> {
    match ObservationFile::read(&dir.join(file_name::OBSERVATION)) {
        Ok(observed) if observed.run_id == plan.run_id => Ok(observed),
        Ok(observed) => Err(NoObservation::Untrusted(Untold {
            code: "observation_of_another_run",
            message: format!(
                "{} is the observation of run {}",
                file_name::OBSERVATION,
                observed.run_id
            ),
        })),
        Err(error @ ObservationFileError::Missing(_)) => Err(NoObservation::Missing(error)),
        Err(error) => Err(NoObservation::Untrusted(Untold {
            code: "observation_unreadable",
            message: error.to_string(),
        })),
    }
}

/// Judges the run in `dir` from its ledger and what its stores hold now; that is written down first.
fn rejudge_live(
    dir: &Path,
    plan: &PlanFile,
    reported: Option<&RunReport>,
    output: &Output,
) -> Result<Rejudged, CommandError> {
    let journal = match read_ledger(dir, plan) {
        Ok(journal) => journal,
        Err(untold) => return Ok(untold.judged()),
    };
    let mut observed = live::look(dir, plan, &journal)?;
    let path = dir.join(file_name::OBSERVATION);
    let name = match path.exists() {
        false => file_name::OBSERVATION.to_owned(),
        true => {
            // How long the drain took is known only to who was there.
            let first = ObservationFile::read(&path).ok();
            observed.observation.quiescence.drain =
                first.and_then(|first| first.observation.quiescence.drain);
            Timestamp::now()
                .strftime("observation-%Y%m%dT%H%M%S.%3fZ.json")
                .to_string()
        }
    };
    RunFolder::existing(dir)
        .write(&name, &observed.to_json())
        .map_err(CommandError::internal)?;
    output.note(&format!(
        "what was seen is kept in {}",
        dir.join(&name).display()
    ));
    Ok(judge_again(dir, plan, &journal, Some(observed), reported))
}

/// The ledger of a run, if it is of this run.
pub fn read_ledger(dir: &Path, plan: &PlanFile) -> Result<JournalContents, Untold> {
    let journal = read_journal(&dir.join(file_name::JOURNAL)).map_err(|error| Untold {
        code: "ledger_unreadable",
        message: error.to_string(),
    })?;
    match not_of_this_plan(plan, &journal) {
        Some(message) => Err(Untold {
            code: "ledger_of_another_run",
            message,
        }),
        None => Ok(journal),
    }
}

/// The measured durations of each phase: as reported, or, of a run that did not get so far, as the drive wrote
/// them down. End-to-end latencies of a table that could not be read to its end come from a later look.
fn figures(
    plan: &PlanFile,
    reported: Option<&RunReport>,
    sent: Option<&SentFile>,
    times: Option<&StoredTimes>,
) -> Option<Vec<PhaseFigures>> {
    let Some(report) = reported else {
        let nothing = StoredTimes::default();
        let times = times.unwrap_or(&nothing);
        return Some(phase_figures(&plan.scenario, &sent?.record, times));
    };
    let phases = report.phases.iter().enumerate();
    let figures = phases.map(|(index, phase)| {
        let mut figures = phase.figures.clone();
        let seen = times.and_then(|times| times.phases.get(index));
        if let Some(seen) = seen.filter(|_| !report.scan.complete) {
            figures.end_to_end = seen.clone();
        }
        figures
    });
    Some(figures.collect())
}

fn judge_again(
    dir: &Path,
    plan: &PlanFile,
    journal: &JournalContents,
    observed: Option<ObservationFile>,
    reported: Option<&RunReport>,
) -> Rejudged {
    let scenario = &plan.scenario;
    let orders = orders(scenario, plan.run_id);
    let sent = read_sent(&dir.join(file_name::SENT)).ok();
    let sent = sent.filter(|sent| sent.run_id == plan.run_id);
    let times = observed.as_ref().map(|observed| &observed.times);
    let figures = figures(plan, reported, sent.as_ref(), times);
    let observation = observed.map(|observed| observed.observation);
    let bad = bad_orders(&orders, journal.ledger.planned());
    let nothing = Observation::default();
    let seen = observation.as_ref().unwrap_or(&nothing);
    let reconciliation = reconcile(&journal.ledger, &bad, seen);
    let interrupted = match (reported, &sent) {
        (Some(report), _) => report.interrupted,
        (None, sent) => sent.as_ref().is_some_and(|sent| sent.record.interrupted),
    };
    let judgment = judge(&JudgeInput {
        run: plan.run_id,
        expect: &scenario.expect,
        reconciliation: &reconciliation,
        observation: observation.as_ref(),
        ledger_ended: journal.ended,
        phases: figures.as_deref(),
        interrupted,
        clock_skew_bound: match (reported, &sent) {
            (Some(report), _) => Duration::from_micros(report.clock_skew_bound_us),
            (None, sent) => sent
                .as_ref()
                .map_or(Duration::ZERO, |sent| sent.clocks_apart),
        },
    });
    Rejudged {
        judgment,
        reconciliation: Some(reconciliation),
        interrupted,
        untimed_rows: observation.as_ref().map_or(0, |seen| seen.untimed_rows),
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

fn told(plan: &PlanFile, rejudged: &Rejudged, before: Option<&Before>) -> String {
    let mut out = String::new();
    let verdict = rejudged.judgment.verdict;
    let _ = writeln!(
        out,
        "{}  scenario {}, run {}",
        word(verdict),
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
    let _ = writeln!(out, "{}", changes(verdict, &classes, before));
    out
}

/// What differs from what was known before.
fn changes(verdict: Verdict, classes: &[(&'static str, u64)], before: Option<&Before>) -> String {
    let Some(reported) = before else {
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
