//! A scenario with other values of some keys, played.

use orderproof_core::scenario::{Scenario, ScenarioErrors};

use super::rate::at_multiple;
use crate::admit::CannotForecast;
use crate::forecast::forecast_failing;
use crate::learn::Failures;
use crate::model::Forecast;
use crate::progress::Start;

/// Reads a scenario again with these `key=value` beside what is overridden anyway.
pub type Reread<'a> = dyn Fn(&[String]) -> Result<Scenario, ScenarioErrors> + 'a;

/// How a trial ended.
#[derive(Debug)]
pub(super) enum Trial {
    /// Gate and rules hold with every seed.
    Holds,
    /// One does not.
    Breaks(Box<Forecast>),
    /// There is no such scenario.
    Invalid(String),
}

impl Trial {
    pub(super) fn holds(&self) -> bool {
        matches!(self, Self::Holds)
    }

    /// What breaks, a sentence each.
    pub(super) fn breaks(&self) -> Vec<String> {
        match self {
            Self::Holds => Vec::new(),
            Self::Breaks(forecast) => forecast.broken(),
            Self::Invalid(why) => vec![format!("the scenario is not valid: {why}")],
        }
    }

    /// What is in the way, the first first.
    pub(super) fn walls(&self) -> Vec<String> {
        match self {
            Self::Breaks(forecast) => forecast.walls.iter().map(|wall| wall.words()).collect(),
            Self::Holds | Self::Invalid(_) => Vec::new(),
        }
    }
}

/// Plays trials, all with the same seeds.
pub(super) struct Player<'a> {
    pub(super) reread: &'a Reread<'a>,
    pub(super) seeds: &'a [u64],
    start: Start,
    pub(super) failures: Failures,
    /// The rules that no forecast says anything of.
    pub(super) not_forecast: Vec<String>,
    /// Orders played so far.
    pub(super) orders: u64,
}

impl<'a> Player<'a> {
    pub(super) fn new(
        reread: &'a Reread<'a>,
        seeds: &'a [u64],
        start: Start,
        failures: Failures,
    ) -> Self {
        Self {
            reread,
            seeds,
            start,
            failures,
            not_forecast: Vec::new(),
            orders: 0,
        }
    }

    /// The scenario with these values, without any other change.
    ///
    /// # Errors
    /// When there is no such scenario.
    pub(super) fn scenario(&self, set: &[String]) -> Result<Scenario, CannotForecast> {
        (self.reread)(set).map_err(|errors| {
            let instead = "mend the scenario";
            CannotForecast::of("scenario", in_a_line(&errors), instead)
        })
    }

    /// Plays the scenario with these values, at this multiple of the baseline if that is another than its own.
    ///
    /// # Errors
    /// When the scenario cannot be forecast.
    pub(super) fn play(
        &mut self,
        set: &[String],
        multiple: Option<(f64, f64)>,
    ) -> Result<Trial, CannotForecast> {
        let scenario = match (self.reread)(set) {
            Ok(scenario) => scenario,
            Err(errors) => return Ok(Trial::Invalid(in_a_line(&errors))),
        };
        let scenario = match multiple {
            Some((base, multiple)) => at_multiple(&scenario, base, multiple),
            None => scenario,
        };
        let forecast = forecast_failing(&scenario, self.seeds, &self.start, self.failures)?;
        let seeds = self.seeds.len() as u64;
        self.orders += forecast.planned_orders.max * seeds;
        self.not_forecast = forecast.not_forecast();
        let rate = multiple.map(|(_, multiple)| format!("{multiple}x"));
        let values: Vec<String> = set.iter().cloned().chain(rate).collect();
        let held = match forecast.holds() {
            true => "holds",
            false => "does not hold",
        };
        let values = match values.is_empty() {
            true => "what is set".to_owned(),
            false => values.join(", "),
        };
        self.start.progress.tried(format!("{values}: {held}"));
        Ok(match forecast.holds() {
            true => Trial::Holds,
            false => Trial::Breaks(Box::new(forecast)),
        })
    }
}

/// The first thing that is wrong with a scenario.
fn in_a_line(errors: &ScenarioErrors) -> String {
    let first = errors.violations.first();
    first.map_or_else(
        || errors.file.clone(),
        |first| {
            let key = first.called.as_ref().unwrap_or(&first.key);
            format!("{key}: {}", first.rule)
        },
    )
}

/// The sentence of an answer, with the rules that had no part in it.
pub(super) fn with_left_out(answer: String, not_forecast: &[String]) -> String {
    match not_forecast {
        [] => answer,
        left_out => format!("{answer}; not forecast: {}", left_out.join(", ")),
    }
}
