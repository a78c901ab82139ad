//! A finished run held against rules, after its evidence was judged again.

use std::path::Path;

use super::rejudge::{Rejudged, broken, rejudge, without};
use crate::compare;
use crate::error::Error;
use crate::exit::Exit;
use crate::folder::{SealState, check_seal, glance, read_plan, read_report};
use crate::gate::{
    Baseline, GateInput, GateOutcome, Rejudgment, RuleSources, conclude, scenario_rules,
};
use crate::results::{RunReport, SCHEMA_VERSION, file_name};
use crate::scenario::Rule;
use crate::verdict::Verdict;

/// What is held against what.
#[derive(Debug, Clone, Copy)]
pub struct Gate<'a> {
    /// The run's folder.
    pub dir: &'a Path,
    /// The rules; the scenario's own where there are none.
    pub rules: &'a RuleSources,
    /// The folder of the run that rules on regressions compare with.
    pub baseline: Option<&'a Path>,
    /// A folder that holds the report alone proves nothing.
    pub require_evidence: bool,
}

impl Gate<'_> {
    /// Judges the evidence again and holds the rules against it: the outcome, and the report it is of.
    ///
    /// # Errors
    /// When a file cannot be read, a rule does not fit the scenario, or the baseline is none.
    pub fn hold(&self) -> Result<(GateOutcome, RunReport), Error> {
        let report = read_report(&self.dir.join(file_name::RUN)).map_err(Error::usage)?;
        let rules = match self.rules.is_empty() {
            true => scenario_rules(&report.scenario, self.baseline.is_some()),
            false => self
                .rules
                .fit(&report.scenario)
                .map_err(|problems| wrong_rules(&problems))?,
        };
        let needless = self.baseline.is_some() && !rules.iter().any(Rule::needs_baseline);
        if needless {
            return Err(Error::usage(
                "--baseline is given, and no rule is about a regression; add --rule 'regression < 10%', or leave it out",
            ));
        }
        let baseline = match self.baseline {
            Some(dir) => Some(compared_with(dir, &report)?),
            None => None,
        };
        let rejudged = judged_again(self, &report)?;
        let input = GateInput {
            report: &report,
            rejudged: rejudged.as_ref(),
            baseline: baseline.as_ref(),
        };
        let outcome = conclude(&input, &rules);
        Ok((outcome, report))
    }
}

/// The error that names everything wrong with rules.
pub fn wrong_rules(problems: &[String]) -> Error {
    Error::usage(format!("invalid rules:\n  {}", problems.join("\n  ")))
}

/// The run in `dir`, if it is one to compare with.
///
/// # Errors
/// When it cannot be read, or did not pass.
pub fn read_baseline(dir: &Path) -> Result<RunReport, Error> {
    let base = read_report(&dir.join(file_name::RUN)).map_err(Error::usage)?;
    unbroken(dir, &base)?;
    if base.verdict != Verdict::Pass || base.interrupted {
        return Err(Error::usage(format!(
            "{}: a run that did not pass is not a baseline; give the folder of one that did",
            dir.display()
        )));
    }
    Ok(base)
}

/// Refuses the folder of `report` when something in it is not as it was sealed, or its seal is gone: its figures are
/// anybody's. A folder that holds the report alone, or that an orderproof wrote which sealed nothing, is taken as it is.
///
/// # Errors
/// When the figures prove nothing.
pub fn unbroken(dir: &Path, report: &RunReport) -> Result<(), Error> {
    let (problems, next) = match doubt(check_seal(dir), dir, report.schema_version) {
        None => return Ok(()),
        Some(Doubt::Changed(problems)) => (problems.join("; "), "restore the folder".to_owned()),
        Some(Doubt::Unsealed(problem)) => {
            let next = format!(
                "restore {} if the run left one, or run the scenario again",
                file_name::SEAL
            );
            (problem, next)
        }
    };
    Err(Error::usage(format!(
        "{}: not as its run left it, so its figures prove nothing: {problems}; {next}",
        dir.display(),
    )))
}

/// Why the figures of a report of this schema prove nothing, in short, as far as a glance at the folder tells: of its files
/// only the report itself is read whole.
pub fn doubt_at_a_glance(dir: &Path, schema_version: u32) -> Option<String> {
    Some(
        match doubt(glance(dir, file_name::RUN), dir, schema_version)? {
            Doubt::Changed(problems) => problems.join("; "),
            Doubt::Unsealed(problem) => problem,
        },
    )
}

/// Why the figures of a report prove nothing.
enum Doubt {
    /// Files are not as they were sealed, a sentence each.
    Changed(Vec<String>),
    /// The report has no seal: it was taken away, or the run's evidence was not whole at its end.
    Unsealed(String),
}

/// What is wrong with the folder of a report of this schema, by what its seal says, if anything: see [`unbroken`].
fn doubt(seal: SealState, dir: &Path, schema_version: u32) -> Option<Doubt> {
    match seal {
        SealState::Broken(problems) => Some(Doubt::Changed(problems)),
        SealState::Whole(seal) if seal.covers(file_name::RUN) => None,
        SealState::Whole(_) => Some(Doubt::Unsealed(format!("{} is not sealed", file_name::RUN))),
        SealState::Missing if schema_version < SCHEMA_VERSION || is_alone(dir) => None,
        SealState::Missing => Some(Doubt::Unsealed(format!("{} is missing", file_name::SEAL))),
    }
}

/// Whether a folder holds nothing that a verdict can be checked by.
fn is_alone(dir: &Path) -> bool {
    let evidence = [
        file_name::PLAN,
        file_name::JOURNAL,
        file_name::SENT,
        file_name::OBSERVATION,
        file_name::METERS,
        file_name::SEAL,
    ];
    !evidence.iter().any(|name| dir.join(name).exists())
}

/// What changed against the run in `dir`.
fn compared_with(dir: &Path, report: &RunReport) -> Result<Baseline, Error> {
    let base = read_baseline(dir)?;
    let runs = (std::slice::from_ref(&base), std::slice::from_ref(report));
    let comparison = compare::compare(runs.0, runs.1, compare::Options::default())
        .map_err(|refused| Error::usage(format!("{}: {refused}", dir.display())))?;
    Ok(Baseline::of(&comparison, &base))
}

/// The run judged again; `None` of a folder that holds the report alone. Of half the evidence nothing is believed.
fn judged_again(asked: &Gate<'_>, report: &RunReport) -> Result<Option<Rejudgment>, Error> {
    let sealing = report.schema_version >= SCHEMA_VERSION;
    if is_alone(asked.dir) && sealing && !asked.require_evidence {
        return Ok(None);
    }
    if let SealState::Broken(problems) = check_seal(asked.dir) {
        return Ok(Some(distrusted(broken(&problems), report)));
    }
    let again = match read_plan(&asked.dir.join(file_name::PLAN)) {
        Err(error) => without("evidence_missing", error.to_string()),
        Ok(plan) if plan.run_id != report.run_id || plan.scenario != report.scenario => without(
            "evidence_of_another_run",
            format!(
                "{}: {} is of run {}, {} of run {} or of another scenario; restore the folder as the run left it",
                asked.dir.display(),
                file_name::PLAN,
                plan.run_id,
                file_name::RUN,
                report.run_id
            ),
        ),
        Ok(plan) => rejudge(asked.dir, &plan, Some(report)),
    };
    if !again.trusted {
        return Ok(Some(distrusted(again, report)));
    }
    let unsealed = (!again.report_sealed).then(|| {
        format!(
            "{} is not sealed: the run did not come to its end by itself",
            file_name::RUN
        )
    });
    Ok(Some(Rejudgment {
        classes: again.reconciliation.as_ref().map(|seen| seen.counts()),
        exit: again.exit(),
        untimed_rows: again.untimed_rows,
        distrust: unsealed,
        recomputed: again.recomputed.map(Box::new),
        judgment: again.judgment,
    }))
}

/// A run whose evidence is none, and why.
fn distrusted(again: Rejudged, report: &RunReport) -> Rejudgment {
    let older = match report.schema_version < SCHEMA_VERSION {
        true => "; the orderproof that made this run sealed nothing",
        false => "",
    };
    let why = again.judgment.findings.first();
    let why = why.map_or("its evidence is not whole", |finding| &finding.message);
    Rejudgment {
        distrust: Some(format!("{why}{older}")),
        classes: again.reconciliation.as_ref().map(|seen| seen.counts()),
        exit: Exit::Inconclusive,
        untimed_rows: again.untimed_rows,
        recomputed: None,
        judgment: again.judgment,
    }
}
