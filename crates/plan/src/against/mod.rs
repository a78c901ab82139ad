//! A forecast held against a run: each figure within the range over the seeds, or not.

mod figures;

#[cfg(test)]
mod tests;

use std::time::Duration;

use serde::Serialize;

use orderproof_core::compare::{Difference, scenario_differences};
use orderproof_core::escape::Shown;
use orderproof_core::results::RunReport;
use orderproof_core::verdict::Verdict;

use crate::model::{Forecast, KNOWN_FROM_US, Range, micros_of};

/// Parts of a scenario in which forecast and run may differ: words, the seed, who is sent to and by how many, and what is
/// proved of it.
const MAY_DIFFER: [&str; 7] = [
    "name",
    "question",
    "seed",
    "target",
    "expect",
    "sending.senders",
    "sending.sender",
];

/// Orders that are off by no more are near.
const NEAR_ORDERS: u64 = 5;

/// The same of what is counted otherwise: invocations, cold starts, throttles.
const NEAR_COUNT: u64 = 1;

/// How far beside its range a figure is still called near.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Tolerance {
    /// A share of the range's end.
    pub share: f64,
    /// And of a duration as much as this.
    pub floor: Duration,
}

impl Default for Tolerance {
    /// A tenth, or 1 ms.
    fn default() -> Self {
        Self {
            share: 0.1,
            floor: Duration::from_millis(1),
        }
    }
}

/// How an observed figure stands to its forecast.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Agreement {
    /// Within the range over the seeds.
    Within,
    /// Beside it, within the tolerance.
    Near,
    /// Farther off.
    Outside,
    /// The run did not measure it.
    NotMeasured,
    /// The forecast does not have it with every seed.
    NotForecast,
    /// Both are so short that they say something of the machine only.
    TooShort,
}

impl Agreement {
    /// The same in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Within => "within",
            Self::Near => "near",
            Self::Outside => "outside",
            Self::NotMeasured => "not measured",
            Self::NotForecast => "not forecast",
            Self::TooShort => "too short",
        }
    }
}

/// What a figure counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Orders.
    Orders,
    /// Invocations, cold starts, throttles.
    Count,
    /// A second of the run.
    Second,
    /// Microseconds.
    Us,
}

/// A figure of both.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FigureAgainst {
    /// Which.
    pub figure: String,
    /// What it counts.
    pub unit: Unit,
    /// The range over the seeds.
    pub forecast: Option<Range<u64>>,
    /// What the run measured.
    pub observed: Option<u64>,
    /// How they stand to each other.
    pub agreement: Agreement,
    /// Whether that says anything: not of nothing on both sides, nor of what is the same by construction. Only such figures
    /// are counted in the answer.
    pub counts: bool,
}

/// A forecast held against a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Against {
    /// The version of this document.
    pub schema_version: u32,
    /// Always `forecast_against_run`.
    pub kind: &'static str,
    /// Always false: what a forecast says proves nothing of a run, nor the other way round.
    pub evidence: bool,
    /// In a sentence.
    pub answer: String,
    /// The scenario's name.
    pub scenario: String,
    /// The seeds of the forecast.
    pub seeds: Vec<u64>,
    /// The run.
    pub run_id: u32,
    /// Its seed.
    pub run_seed: u64,
    /// What it was driven at.
    pub target: String,
    /// What it proved, by its own report.
    pub verdict: Verdict,
    /// How far beside its range a figure is called near.
    pub tolerance: Tolerance,
    /// Each figure.
    pub figures: Vec<FigureAgainst>,
}

impl Against {
    /// Figures that stand so, of those that say something.
    pub fn count(&self, agreement: Agreement) -> usize {
        let figures = self.figures.iter();
        figures
            .filter(|figure| figure.counts && figure.agreement == agreement)
            .count()
    }
}

/// Why a forecast is not held against a run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotOfThisRun {
    /// The scenarios differ.
    #[error("{}", in_words(.0))]
    Scenario(Vec<Difference>),
    /// The run was stopped before its load was sent.
    #[error(
        "the run was interrupted: what it measured is of another load than was forecast; give a whole run"
    )]
    Interrupted,
}

fn in_words(differences: &[Difference]) -> String {
    let mut text = String::from("the forecast is of another scenario than the run:");
    for difference in differences {
        let [field, forecast, run] =
            [&difference.field, &difference.base, &difference.candidate].map(|text| Shown(text));
        text.push_str(&format!("\n  {field}: forecast {forecast}, run {run}"));
    }
    text.push_str(
        "\nmake the forecast with the run's settings: `orderproof plan SCENARIO --set ...`",
    );
    text
}

/// Holds a forecast against the report of a run.
///
/// # Errors
/// When they are of different scenarios, with every key that differs, or when the run was interrupted.
pub fn against(
    forecast: &Forecast,
    run: &RunReport,
    tolerance: Tolerance,
) -> Result<Against, NotOfThisRun> {
    let differences = scenario_differences(&forecast.resolved, &run.scenario, &MAY_DIFFER);
    if !differences.is_empty() {
        return Err(NotOfThisRun::Scenario(differences));
    }
    if run.interrupted {
        return Err(NotOfThisRun::Interrupted);
    }
    let mut all = Against {
        schema_version: 1,
        kind: "forecast_against_run",
        evidence: false,
        answer: String::new(),
        scenario: forecast.scenario.clone(),
        seeds: forecast.seeds.clone(),
        run_id: run.run_id.get(),
        run_seed: run.scenario.seed,
        target: run.provenance.target.clone(),
        verdict: run.verdict,
        tolerance,
        figures: figures::of_both(forecast, run)
            .into_iter()
            .map(|figure| figure.judged(tolerance))
            .collect(),
    };
    all.answer = answer(&all);
    Ok(all)
}

fn answer(all: &Against) -> String {
    let compared = [Agreement::Within, Agreement::Near, Agreement::Outside];
    let compared: usize = compared.into_iter().map(|one| all.count(one)).sum();
    let outside: Vec<&str> = all
        .figures
        .iter()
        .filter(|figure| figure.agreement == Agreement::Outside)
        .map(|figure| figure.figure.as_str())
        .collect();
    let mut parts = vec![format!(
        "{} of {compared} figures within the forecast's range",
        all.count(Agreement::Within)
    )];
    let more = [
        (Agreement::Near, "near it"),
        (Agreement::NotMeasured, "not measured"),
    ];
    for (agreement, words) in more {
        let count = all.count(agreement);
        parts.extend((count > 0).then(|| format!("{count} {words}")));
    }
    parts.push(match outside.as_slice() {
        [] => "none outside".to_owned(),
        outside => format!("{} outside: {}", outside.len(), outside.join(", ")),
    });
    parts.join(", ")
}

/// A figure of both before it is judged.
struct Both {
    figure: String,
    unit: Unit,
    forecast: Option<Range<u64>>,
    observed: Option<u64>,
    /// The same by construction, unless something is wrong.
    is_given: bool,
}

impl Both {
    fn judged(self, tolerance: Tolerance) -> FigureAgainst {
        let agreement = match (self.forecast, self.observed) {
            (_, None) => Agreement::NotMeasured,
            (None, Some(_)) => Agreement::NotForecast,
            (Some(range), Some(observed)) => self.unit.agreement(range, observed, tolerance),
        };
        let nothing = Some(Range { min: 0, max: 0 });
        let is_nothing = self.forecast == nothing && self.observed == Some(0);
        let says_nothing = agreement == Agreement::Within && (self.is_given || is_nothing);
        FigureAgainst {
            counts: !says_nothing,
            figure: self.figure,
            unit: self.unit,
            forecast: self.forecast,
            observed: self.observed,
            agreement,
        }
    }
}

impl Unit {
    fn agreement(self, range: Range<u64>, observed: u64, tolerance: Tolerance) -> Agreement {
        if self == Self::Us && range.max.max(observed) < KNOWN_FROM_US {
            return Agreement::TooShort;
        }
        if (range.min..=range.max).contains(&observed) {
            return Agreement::Within;
        }
        let floor = match self {
            Self::Orders => NEAR_ORDERS,
            Self::Count => NEAR_COUNT,
            Self::Second => 1,
            Self::Us => micros_of(tolerance.floor),
        };
        let beside = |end: u64| floor.max((end as f64 * tolerance.share) as u64);
        let least = range.min.saturating_sub(beside(range.min));
        let most = range.max.saturating_add(beside(range.max));
        match (least..=most).contains(&observed) {
            true => Agreement::Near,
            false => Agreement::Outside,
        }
    }
}
