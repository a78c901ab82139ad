//! `orderproof verify`: judge a run again, from the files in its folder or from what its stores hold now.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use jiff::Timestamp;

use super::conclude::{class_lines, finished_files, seal_again};
use super::held::{Held, Weighed};
use super::{CommandError, Output, live};
use crate::cli::VerifyArgs;
use crate::escape::Shown;
use crate::exit::Exit;
use crate::folder::{
    self, RunFolder, SealState, check_seal, read_meters, read_plan, read_report, read_sent,
};
use crate::journal::read_journal;
use crate::ledger::JournalContents;
use crate::results::{PlanFile, ReportError, RunReport, file_name};
use crate::scenario;
use crate::verdict::{Class, Judgment, Verdict};
use crate::verify::{ObservationFile, ObservationFileError, Reconciliation};

/// A run judged again.
pub struct Rejudged {
    pub judgment: Judgment,
    pub reconciliation: Option<Reconciliation>,
    pub interrupted: bool,
    /// Rows that do not tell when they were stored.
    pub untimed_rows: u64,
    /// The evidence is as it was sealed.
    pub trusted: bool,
    /// The report that the evidence amounts to; none where a part of it is missing.
    pub recomputed: Option<RunReport>,
    /// The seal vouches for the report.
    pub report_sealed: bool,
}

impl Rejudged {
    /// How the program ends with it.
    pub fn exit(&self) -> Exit {
        Exit::of(&self.judgment, self.interrupted)
    }
}

/// Judges the run in a folder again and says what changed since it was reported.
pub fn verify(args: &VerifyArgs, output: &Output) -> Result<Exit, CommandError> {
    let looks = args.live || args.resume;
    if args.reach.is_given() && !looks {
        return Err(CommandError::usage(
            "--endpoint-url, --region, --profile and --yes say how the live stores are reached: add --live or --resume, \
             or leave them out",
        ));
    }
    let plan = read_plan(&args.dir.join(file_name::PLAN)).map_err(CommandError::usage)?;
    let reported = match read_report(&args.dir.join(file_name::RUN)) {
        Ok(report) => Some(report),
        Err(ReportError::Missing(_)) => None,
        // A broken seal is reported as a broken seal, whatever else is wrong.
        Err(_) if matches!(check_seal(&args.dir), SealState::Broken(_)) => None,
        Err(error) => return Err(CommandError::usage(error)),
    };
    let from_files = rejudge(&args.dir, &plan, reported.as_ref())?;
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
pub fn without(code: &str, message: String) -> Rejudged {
    Rejudged {
        judgment: Judgment::without_evidence(code, message),
        reconciliation: None,
        interrupted: false,
        untimed_rows: 0,
        trusted: false,
        recomputed: None,
        report_sealed: false,
    }
}

/// Judges the run in `dir` from its files.
pub fn rejudge(
    dir: &Path,
    plan: &PlanFile,
    reported: Option<&RunReport>,
) -> Result<Rejudged, CommandError> {
    let seal = match check_seal(dir) {
        SealState::Broken(problems) => return Ok(broken(&problems)),
        SealState::Missing => None,
        SealState::Whole(seal) => Some(seal),
    };
    let held = match Held::read(dir, plan, seal.as_ref()) {
        Ok(held) => held,
        Err(untold) => return Ok(untold.judged()),
    };
    // A report that the seal leaves out says nothing here.
    let vouched = seal.as_ref().is_none_or(|seal| seal.covers(file_name::RUN));
    let weighed = held.weigh(reported.filter(|_| vouched));
    let Some(seal) = seal else {
        return Ok(unsealed(judged(&held, weighed)));
    };
    let chain = seal.chain_before(file_name::RUN);
    let recomputed = held.report(&weighed, &weighed.judgment, Some(chain));
    Ok(Rejudged {
        recomputed,
        report_sealed: seal.covers(file_name::RUN),
        ..judged(&held, weighed)
    })
}

/// The judgment of a folder in which something is not as it was sealed: neither a pass nor an accusation.
pub fn broken(problems: &[String]) -> Rejudged {
    const QUOTED: usize = 5;
    let more = match problems.len().saturating_sub(QUOTED) {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    let quoted = problems.iter().take(QUOTED).cloned().collect::<Vec<_>>();
    without(
        "evidence_changed",
        format!(
            "the evidence is not as the run left it: {}{more}; restore the folder",
            quoted.join("; ")
        ),
    )
}

/// What evidence without a seal says is shown, and proves nothing: nobody can tell whether it is what was written.
fn unsealed(rejudged: Rejudged) -> Rejudged {
    let verdict = rejudged.judgment.verdict;
    if verdict == Verdict::Inconclusive {
        return Rejudged {
            trusted: false,
            ..rejudged
        };
    }
    let judgment = Judgment::without_evidence(
        "evidence_unsealed",
        format!(
            "the evidence says {}, and without {} nothing proves that it is as it was written: the run did not come to \
             its end, the seal was taken away, or an orderproof before 0.4 made the run; look at its stores again \
             (`orderproof verify DIR --live`), or run the scenario again",
            word(verdict),
            file_name::SEAL
        ),
    );
    Rejudged {
        judgment,
        trusted: false,
        ..rejudged
    }
}

fn judged(held: &Held, weighed: Weighed) -> Rejudged {
    let observed = held.observed.as_ref();
    Rejudged {
        judgment: weighed.judgment,
        reconciliation: Some(weighed.reconciliation),
        interrupted: weighed.interrupted,
        untimed_rows: observed.map_or(0, |seen| seen.observation.untimed_rows),
        trusted: true,
        recomputed: None,
        report_sealed: false,
    }
}

/// Why a file of a run's folder says nothing: a code and a sentence.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Untold {
    code: &'static str,
    message: String,
}

impl Untold {
    /// With a code for programs and a sentence for people.
    pub fn new(code: &'static str, message: String) -> Self {
        Self { code, message }
    }

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

/// The observation of a run in the file `name`, if it is of this run.
pub fn read_observation(
    dir: &Path,
    name: &str,
    plan: &PlanFile,
) -> Result<ObservationFile, NoObservation> {
    match folder::read_observation(&dir.join(name)) {
        Ok(observed) if observed.run_id == plan.run_id => Ok(observed),
        Ok(observed) => Err(NoObservation::Untrusted(Untold {
            code: "observation_of_another_run",
            message: format!("{name} is the observation of run {}", observed.run_id),
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
    args: &VerifyArgs,
    plan: &PlanFile,
    reported: Option<&RunReport>,
    output: &Output,
) -> Result<Rejudged, CommandError> {
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
    let run_folder = RunFolder::existing(dir);
    observed.rests_on = finished_files(&run_folder);
    let stamp = Timestamp::now().strftime("%Y%m%dT%H%M%S.%3fZ").to_string();
    let path = dir.join(file_name::OBSERVATION);
    let name = match path.exists() {
        false => file_name::OBSERVATION.to_owned(),
        true => {
            // How long the drain took is known only to who was there.
            let first = folder::read_observation(&path).ok();
            observed.observation.quiescence.drain =
                first.and_then(|first| first.observation.quiescence.drain);
            format!("observation-{stamp}.json")
        }
    };
    run_folder
        .write(&name, &observed.to_json())
        .map_err(CommandError::internal)?;
    output.note(&format!(
        "what was seen is kept in {}",
        dir.join(&name).display()
    ));
    seal_again(&run_folder, plan, &name, &stamp)?;
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

/// Why a journal does not belong to the plan beside it.
fn not_of_this_plan(plan: &PlanFile, journal: &JournalContents) -> Option<String> {
    let header = &journal.header;
    let planned = plan.scenario.schedule().count();
    let same = header.run_id == plan.run_id
        && header.seed == plan.scenario.seed
        && header.planned == planned
        && scenario::is_digest(&header.scenario_digest, &plan.scenario);
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
