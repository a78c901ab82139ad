//! What two runs say of a rate that was found: one at the highest that passes, one at the lowest that does not.

use serde::Serialize;

use orderproof_core::gate::{RuleStanding, own_rules};
use orderproof_core::results::{RunReport, headline};
use orderproof_core::verdict::{Severity, Verdict};

use super::FoundRate;
use super::measured::{StepVerdict, standing};

/// What both runs say.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Confirmation {
    /// In a sentence.
    pub answer: String,
    /// The run at the highest multiple that passes; absent when none does.
    pub below: Option<Confirmed>,
    /// The run at the lowest multiple that does not; absent when none was found.
    pub above: Option<Confirmed>,
    /// Whether both say what the forecast says; absent when one says neither.
    pub agree: Option<bool>,
}

/// What a run says.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Confirmed {
    /// The multiple of the baseline.
    pub multiple: f64,
    /// Whether gate and rules hold by the forecast.
    pub forecast_holds: bool,
    /// The run's own verdict.
    pub verdict: Verdict,
    /// Whether it says the same as the forecast, by what is forecast of it; absent when it proves nothing of that.
    pub agrees: Option<bool>,
    /// The verdict in a sentence.
    pub headline: String,
    /// The run's folder.
    pub folder: String,
}

impl Confirmed {
    /// Holds a run at this multiple against the forecast, of which these rules are no part.
    pub fn of(
        multiple: f64,
        forecast_holds: bool,
        run: &RunReport,
        not_forecast: &[String],
        folder: String,
    ) -> Self {
        let held = holds(run, not_forecast);
        Self {
            multiple,
            forecast_holds,
            verdict: run.verdict,
            agrees: held.map(|held| held == forecast_holds),
            headline: headline(run),
            folder,
        }
    }
}

/// Whether gate and rules held in a run, as far as a forecast has them.
fn holds(run: &RunReport, not_forecast: &[String]) -> Option<bool> {
    // A load that was not offered says nothing of the rate it was to have.
    if standing(run).0 == StepVerdict::GeneratorLimit {
        return None;
    }
    match run.verdict {
        Verdict::Pass => return Some(true),
        Verdict::Inconclusive => return None,
        Verdict::Fail => {}
    }
    let mut findings = run.findings.iter();
    if findings.any(|finding| finding.severity == Severity::OrderFailure) {
        return Some(false);
    }
    let rules = own_rules(run);
    let mut forecast = rules
        .iter()
        .filter(|check| !not_forecast.contains(&check.rule));
    // What it failed by may be a rule that no forecast has.
    Some(forecast.all(|check| check.standing == RuleStanding::Ok))
}

impl Confirmation {
    /// Of the runs that were made.
    pub fn of(below: Option<Confirmed>, above: Option<Confirmed>) -> Self {
        let runs = [&below, &above];
        let all = runs.into_iter().flatten().map(|run| run.agrees);
        let agree = all.reduce(|one, other| match (one, other) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (one, other) => one.and(other),
        });
        let agree = agree.flatten();
        let said = |run: &Confirmed| {
            let word = match run.agrees {
                Some(true) => "agrees",
                Some(false) => "does not agree",
                None => "proves neither",
            };
            format!("the run at {}x {word} ({})", run.multiple, run.headline)
        };
        let said: Vec<String> = [&below, &above].into_iter().flatten().map(said).collect();
        let lead = match (agree, said.len()) {
            (_, 0) => "there was nothing to confirm",
            (Some(true), 1) => "confirmed by a run",
            (Some(true), _) => "confirmed by two runs",
            (Some(false), _) => "not confirmed",
            (None, _) => "not decided by runs",
        };
        let answer = match said.is_empty() {
            true => lead.to_owned(),
            false => format!("{lead}: {}", said.join("; ")),
        };
        Self {
            answer,
            below,
            above,
            agree,
        }
    }
}

impl FoundRate {
    /// The multiples to confirm, and whether gate and rules hold there by the forecast.
    pub fn to_confirm(&self) -> [Option<(f64, bool)>; 2] {
        [
            self.passes_at.map(|multiple| (multiple, true)),
            self.fails_at.map(|multiple| (multiple, false)),
        ]
    }
}

#[cfg(test)]
mod tests {
    use orderproof_core::results::fixture::{SPIKE, World};
    use orderproof_core::verdict::finding;

    use super::*;

    #[test]
    fn a_run_whose_load_was_late_confirms_nothing() {
        let mut report = World::new(&SPIKE).report();
        report.verdict = Verdict::Fail;
        let lost = finding(Severity::OrderFailure, "lost", "1 order is lost".into());
        report.findings = vec![lost];
        let agrees =
            |report: &RunReport| Confirmed::of(2.0, false, report, &[], String::new()).agrees;
        assert_eq!(agrees(&report), Some(true), "it breaks, as was forecast");
        let late = "the generator was late";
        report.findings.push(finding(
            Severity::MissingEvidence,
            "generator_too_late",
            late.into(),
        ));
        assert_eq!(agrees(&report), None);
    }
}
