//! The highest rate at which the scenario's gate and rules still hold, by bisection.

use serde::Serialize;

use orderproof_core::results::figures::thousands;
use orderproof_core::scenario::Scenario;

use super::climb::{Range, TENTHS, climb, times};
use super::confirm::Confirmation;
use super::cures::{Cure, Cures, cures};
use super::trial::{Player, Reread, Trial, with_left_out};
use crate::admit::{CannotForecast, check};
use crate::learn::Failures;
use crate::progress::Start;

/// The highest multiple that is tried, tenths.
const HIGHEST: u64 = 10_000;

/// The search is as fine as a tenth of the baseline, or a fiftieth of the answer, if that is more.
const FINENESS: u64 = 50;

/// What a search for the rate found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FoundRate {
    /// Always `forecast`.
    pub kind: &'static str,
    /// Always false: no order was sent.
    pub evidence: bool,
    /// The answer.
    pub answer: String,
    /// The scenario's name.
    pub scenario: String,
    /// The rate of its baseline, orders a second as its file has it.
    pub baseline_per_s: f64,
    /// The highest multiple of it at which gate and rules hold with every seed; absent when they do not hold at 1.
    pub passes_at: Option<f64>,
    /// The lowest multiple found at which one does not; absent when none was found.
    pub fails_at: Option<f64>,
    /// What breaks there.
    pub breaks: Vec<String>,
    /// Rules that no forecast says anything of, and so had no part in it.
    pub not_forecast: Vec<String>,
    /// What is in the way there, the first first.
    pub walls: Vec<String>,
    /// The first walls at rising rates, and the setting that moves each.
    pub cures: Vec<Cure>,
    /// Why no further wall was looked for.
    pub cures_end: Option<String>,
    /// The multiples that were played, and whether gate and rules held.
    pub played: Vec<(f64, bool)>,
    /// The seeds each was played with.
    pub seeds: Vec<u64>,
    /// What two runs of the embedded pipeline say of it, if they were made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirmation: Option<Confirmation>,
}

/// Looks for the highest multiple of the baseline's rate at which gate and rules of the scenario hold with every seed:
/// what is faster than the baseline is made slower or faster, as a whole; without anything faster, all of it is. Then for
/// the settings that move the first walls.
///
/// # Errors
/// When the scenario cannot be forecast, or has no baseline.
pub fn find_rate(
    reread: &Reread<'_>,
    seeds: &[u64],
    start: impl Into<Start>,
    failures: Failures,
) -> Result<FoundRate, CannotForecast> {
    let mut player = Player::new(reread, seeds, start.into(), failures);
    let scenario = player.scenario(&[])?;
    check(&scenario)?;
    let base = baseline(&scenario)?;
    let own = (peak(&scenario) / base * TENTHS).round() as u64;
    let own = own.clamp(TENTHS as u64, HIGHEST);
    let climb = Climb::of(&mut player, base, &[], (own, HIGHEST), FINENESS)?;
    let cures = match &climb.fails {
        Some(_) => cures(&mut player, &scenario, base, &climb)?,
        None => Cures::default(),
    };
    Ok(climb.found(&scenario, base, cures, player))
}

/// A search for the highest multiple, in tenths.
pub(super) struct Climb {
    pub(super) passes: Option<u64>,
    pub(super) fails: Option<(u64, Trial)>,
    played: Vec<(f64, bool)>,
}

impl Climb {
    /// Searches with these values of settings, from the multiple `own` up to `highest`, as fine as a tenth of
    /// the baseline or that part of the answer.
    ///
    /// # Errors
    /// When the scenario cannot be forecast.
    pub(super) fn of(
        player: &mut Player<'_>,
        base: f64,
        set: &[String],
        (own, highest): (u64, u64),
        fineness: u64,
    ) -> Result<Self, CannotForecast> {
        let mut played = Vec::new();
        let range = Range {
            own,
            highest,
            fineness,
        };
        let found = climb(range, |tenths| {
            let multiple = times(tenths);
            let trial = player.play(set, Some((base, multiple)))?;
            played.push((multiple, trial.holds()));
            Ok((!trial.holds()).then_some(trial))
        });
        match found.ended {
            // Beyond what can be played one by one, what was found so far is the answer.
            Some(cannot) if played.is_empty() => Err(cannot),
            _ => Ok(Self {
                passes: found.passes,
                fails: found.fails,
                played,
            }),
        }
    }

    fn found(self, scenario: &Scenario, base: f64, cures: Cures, player: Player<'_>) -> FoundRate {
        let per_s = base / scenario.time_scale;
        let failed = self.fails.as_ref().map(|(_, trial)| trial);
        let breaks = failed.map(Trial::breaks).unwrap_or_default();
        let walls = failed.map(Trial::walls).unwrap_or_default();
        let answer = self.answer(per_s, &breaks, &walls, cures.all.first());
        FoundRate {
            kind: "forecast",
            evidence: false,
            answer: with_left_out(answer, &player.not_forecast),
            scenario: scenario.name.clone(),
            baseline_per_s: per_s,
            passes_at: self.passes.map(times),
            fails_at: self.fails.as_ref().map(|(fails, _)| times(*fails)),
            breaks,
            not_forecast: player.not_forecast,
            walls,
            cures: cures.all,
            cures_end: cures.end,
            played: self.played,
            seeds: player.seeds.to_vec(),
            confirmation: None,
        }
    }

    fn answer(
        &self,
        per_s: f64,
        breaks: &[String],
        walls: &[String],
        cure: Option<&Cure>,
    ) -> String {
        let at = |tenths: u64| at_words(times(tenths), per_s);
        let why = breaks.first().map_or("", String::as_str);
        let first = match walls.first() {
            Some(wall) => format!("; first, {wall}"),
            None => String::new(),
        };
        let answer = match (self.passes, &self.fails) {
            (Some(passes), Some((fails, _))) => {
                let fails = times(*fails);
                format!("passes up to {}; at {fails}x {why}{first}", at(passes))
            }
            (Some(passes), None) => {
                format!("passes up to {}, the most that was played", at(passes))
            }
            (None, Some((fails, _))) => format!("does not pass at {}: {why}{first}", at(*fails)),
            (None, None) => "nothing was played".to_owned(),
        };
        match cure.and_then(Cure::sentence) {
            Some(cure) => format!("{answer}; {cure}"),
            None => answer,
        }
    }
}

/// A multiple of a baseline of so many orders a second, in words.
pub(super) fn at_words(multiple: f64, per_s: f64) -> String {
    let rate = multiple * per_s;
    let rate = match rate < 10.0 {
        true => format!("{rate:.1}"),
        false => thousands(rate.round() as u64),
    };
    format!("{multiple}x the baseline ({rate} orders/s)")
}

/// The scenario at a multiple of its baseline, as [`find_rate`] plays it.
///
/// # Errors
/// When it has no baseline.
pub fn at_rate(scenario: &Scenario, multiple: f64) -> Result<Scenario, CannotForecast> {
    let base = baseline(scenario)?;
    Ok(at_multiple(scenario, base, multiple))
}

/// Orders a second of the phase named baseline, or of the only phase, as they are played.
pub(super) fn baseline(scenario: &Scenario) -> Result<f64, CannotForecast> {
    let phases = &scenario.phases;
    let named = phases.iter().find(|phase| phase.name == "baseline");
    let only = phases.first().filter(|_| phases.len() == 1);
    named
        .or(only)
        .map(|phase| phase.start_rate)
        .filter(|rate| *rate > 0.0)
        .ok_or_else(|| CannotForecast {
            key: "phase".into(),
            why: "there is no phase named baseline of which the rate could be a multiple".into(),
            instead: "name one so".into(),
        })
}

pub(super) fn peak(scenario: &Scenario) -> f64 {
    let rates = scenario.phases.iter();
    let rates = rates.flat_map(|phase| [phase.start_rate, phase.end_rate]);
    rates.fold(0.0, f64::max)
}

/// The scenario with its highest rate at this multiple of the baseline.
pub(super) fn at_multiple(scenario: &Scenario, base: f64, multiple: f64) -> Scenario {
    let own = peak(scenario) / base;
    let rate = |rate: f64| match own > 1.0 {
        true if rate > base => base + (rate - base) * (multiple - 1.0) / (own - 1.0),
        true => rate,
        false => rate * multiple,
    };
    let mut scaled = scenario.clone();
    for phase in &mut scaled.phases {
        phase.start_rate = rate(phase.start_rate);
        phase.end_rate = rate(phase.end_rate);
    }
    scaled
}

#[cfg(test)]
mod tests {
    use super::*;
    use orderproof_core::scenario::{Overrides, parse};

    #[test]
    fn what_is_faster_than_the_baseline_becomes_the_multiple_and_the_rest_stays() {
        let file = include_str!("../../../../scenarios/spike.toml");
        let scenario = parse("spike.toml", file, &Overrides::default()).expect("a scenario");
        let base = baseline(&scenario).expect("it has one");
        assert_eq!((base, peak(&scenario)), (200.0, 1_000.0));
        for (multiple, spike) in [(1.0, 200.0), (5.0, 1_000.0), (7.5, 1_500.0)] {
            let scaled = at_multiple(&scenario, base, multiple);
            let rates: Vec<_> = scaled.phases.iter().map(|phase| phase.start_rate).collect();
            assert_eq!(rates, [200.0, 200.0, spike, 200.0], "{multiple}");
        }
    }

    #[test]
    fn without_a_spike_all_of_it_is_multiplied() {
        let file = include_str!("../../../../scenarios/baseline.toml");
        let scenario = parse("baseline.toml", file, &Overrides::default()).expect("a scenario");
        let base = baseline(&scenario).expect("it has one");
        let scaled = at_multiple(&scenario, base, 3.0);
        assert_eq!(peak(&scaled), 3.0 * peak(&scenario));
    }
}
