//! A run judged again, from the files in its folder.

use crate::folder;
use crate::folder::{SealState, check_seal};
use std::path::Path;

use super::held::{Held, Weighed};
use crate::error::Error;
use crate::exit::Exit;
use crate::folder::{read_plan, read_report};
use crate::journal::read_journal;
use crate::ledger::JournalContents;
use crate::results::{PlanFile, ReportError, RunReport, file_name, verdict_word};
use crate::scenario;
use crate::verdict::{Judgment, Verdict};
use crate::verify::{ObservationFile, ObservationFileError, Reconciliation};

/// A run judged again.
pub struct Rejudged {
    /// The verdict and its findings.
    pub judgment: Judgment,
    /// The class of each order; none without an observation.
    pub reconciliation: Option<Reconciliation>,
    /// Sending was ended by the user.
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

/// The run in a folder, judged from its files.
pub struct JudgedFolder {
    /// What was asked for.
    pub plan: PlanFile,
    /// What the run itself reported; `None` of one that did not end by itself.
    pub reported: Option<RunReport>,
    /// What its evidence says.
    pub rejudged: Rejudged,
}

/// Reads the run in `dir` and judges it from its evidence; nothing is looked at elsewhere.
///
/// # Errors
/// When there is no run in `dir`, or its plan or report cannot be read. Evidence that is missing or was changed is no
/// error: the judgment says so.
pub fn judge_folder(dir: &Path) -> Result<JudgedFolder, Error> {
    let plan = read_plan(&dir.join(file_name::PLAN)).map_err(Error::usage)?;
    let reported = match read_report(&dir.join(file_name::RUN)) {
        Ok(report) => Some(report),
        Err(ReportError::Missing(_) | ReportError::Unfinished(_)) => None,
        // A broken seal is reported as a broken seal, whatever else is wrong.
        Err(_) if matches!(check_seal(dir), SealState::Broken(_)) => None,
        Err(error) => return Err(Error::usage(error)),
    };
    let rejudged = rejudge(dir, &plan, reported.as_ref());
    Ok(JudgedFolder {
        plan,
        reported,
        rejudged,
    })
}

/// Judges the run in `dir` from its files.
/// Whatever is wrong with the evidence is in the judgment.
pub fn rejudge(dir: &Path, plan: &PlanFile, reported: Option<&RunReport>) -> Rejudged {
    let seal = match check_seal(dir) {
        SealState::Broken(problems) => return broken(&problems),
        SealState::Missing => None,
        SealState::Whole(seal) => Some(seal),
    };
    let held = match Held::read(dir, plan, seal.as_ref()) {
        Ok(held) => held,
        Err(untold) => return untold.judged(),
    };
    // A report that the seal leaves out says nothing here.
    let vouched = seal.as_ref().is_none_or(|seal| seal.covers(file_name::RUN));
    let weighed = held.weigh(reported.filter(|_| vouched));
    let Some(seal) = seal else {
        return unsealed(judged(&held, weighed));
    };
    let chain = seal.chain_before(file_name::RUN);
    let recomputed = held.report(&weighed, &weighed.judgment, Some(chain));
    Rejudged {
        recomputed,
        report_sealed: seal.covers(file_name::RUN),
        ..judged(&held, weighed)
    }
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
            verdict_word(verdict),
            file_name::SEAL
        ),
    );
    Rejudged {
        judgment,
        trusted: false,
        ..rejudged
    }
}

/// What was judged from evidence that is as it was sealed.
pub fn judged(held: &Held, weighed: Weighed) -> Rejudged {
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
pub struct EvidenceError {
    code: &'static str,
    message: String,
}

impl EvidenceError {
    /// With a code for programs and a sentence for people.
    pub fn new(code: &'static str, message: String) -> Self {
        Self { code, message }
    }

    /// The judgment that nothing can be known.
    pub fn judged(self) -> Rejudged {
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
    Untrusted(EvidenceError),
}

/// The observation of a run in the file `name`, if it is of this run.
pub fn read_observation(
    dir: &Path,
    name: &str,
    plan: &PlanFile,
) -> Result<ObservationFile, NoObservation> {
    match folder::read_observation(&dir.join(name)) {
        Ok(observed) if observed.run_id == plan.run_id => Ok(observed),
        Ok(observed) => Err(NoObservation::Untrusted(EvidenceError {
            code: "observation_of_another_run",
            message: format!("{name} is the observation of run {}", observed.run_id),
        })),
        Err(error @ ObservationFileError::Missing(_)) => Err(NoObservation::Missing(error)),
        Err(error) => Err(NoObservation::Untrusted(EvidenceError {
            code: "observation_unreadable",
            message: error.to_string(),
        })),
    }
}

/// The ledger of a run, if it is of this run.
pub fn read_ledger(dir: &Path, plan: &PlanFile) -> Result<JournalContents, EvidenceError> {
    let path = dir.join(file_name::JOURNAL);
    if plan.first_shard().is_some() && !path.exists() {
        return Err(EvidenceError {
            code: "workers_not_merged",
            message: "what the workers of this run left was not united yet: `orderproof merge` does that, and judges"
                .into(),
        });
    }
    let journal = read_journal(&path).map_err(|error| EvidenceError {
        code: "ledger_unreadable",
        message: error.to_string(),
    })?;
    match not_of_this_plan(plan, &journal) {
        Some(message) => Err(EvidenceError {
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
