//! The least of a setting at which the scenario's gate and rules hold (of times the function takes: the most), by bisection.

use serde::Serialize;

use super::settings::Setting;
use super::trial::{Player, Reread, Trial, with_left_out};
use crate::admit::{CannotForecast, check};
use crate::learn::Failures;
use crate::progress::Start;

/// What a search for a setting found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FoundSetting {
    /// Always `forecast`.
    pub kind: &'static str,
    /// Always false: no order was sent.
    pub evidence: bool,
    /// The answer.
    pub answer: String,
    /// The scenario's name.
    pub scenario: String,
    /// The setting's key.
    pub key: &'static str,
    /// Whether the smallest value that passes was looked for; otherwise the largest.
    pub smallest: bool,
    /// What is set.
    pub set: String,
    /// Whether gate and rules hold with what is set.
    pub set_passes: bool,
    /// What breaks with what is set.
    pub set_breaks: Vec<String>,
    /// The value that was looked for, as a scenario has it; absent when none passes.
    pub passes_at: Option<String>,
    /// The next value that was tried and does not pass; absent when the last value passes.
    pub fails_at: Option<String>,
    /// How many times the value found what is set is; below 1 when what is set does not pass; absent when either is not known.
    pub margin: Option<f64>,
    /// What breaks where it does not pass.
    pub breaks: Vec<String>,
    /// Rules that no forecast says anything of, and so had no part in it.
    pub not_forecast: Vec<String>,
    /// What is in the way there, the first first.
    pub walls: Vec<String>,
    /// The values that were played, and whether gate and rules held.
    pub played: Vec<(String, bool)>,
    /// The seeds each was played with.
    pub seeds: Vec<u64>,
}

/// Looks for the smallest value of a setting (of times the function takes: the largest) at which gate and rules of the
/// scenario hold with every seed.
///
/// # Errors
/// When the scenario cannot be forecast, or the setting cannot be varied.
pub fn find_setting(
    reread: &Reread<'_>,
    key: &str,
    seeds: &[u64],
    start: impl Into<Start>,
    failures: Failures,
) -> Result<FoundSetting, CannotForecast> {
    let mut player = Player::new(reread, seeds, start.into(), failures);
    let scenario = player.scenario(&[])?;
    check(&scenario)?;
    let setting = Setting::of(key, &scenario)?;
    let search = Search::of(&mut player, &setting, &[], None)?;
    Ok(search.found(scenario.name, &player))
}

/// A search through the values of a setting.
pub(super) struct Search<'a> {
    setting: &'a Setting,
    /// Whether what is set holds, and what breaks.
    own_holds: bool,
    own_breaks: Vec<String>,
    pub(super) passes: Option<u64>,
    fails: Option<(u64, Trial)>,
    played: Vec<(u64, bool)>,
}

impl<'a> Search<'a> {
    /// Searches with these values of other settings, at this multiple of this baseline.
    ///
    /// # Errors
    /// When the scenario cannot be forecast.
    pub(super) fn of(
        player: &mut Player<'_>,
        setting: &'a Setting,
        others: &[String],
        multiple: Option<(f64, f64)>,
    ) -> Result<Self, CannotForecast> {
        let mut played = Vec::new();
        let mut play = |value: Option<u64>| {
            let more = value.map(|value| setting.assignment(value));
            let set: Vec<String> = others.iter().cloned().chain(more).collect();
            let trial = player.play(&set, multiple)?;
            played.extend(value.map(|value| (value, trial.holds())));
            Ok::<_, CannotForecast>(trial)
        };
        let values = &setting.values;
        let last = values.len() - 1;
        let own = setting
            .own
            .and_then(|own| values.iter().position(|value| *value == own));
        let as_set = play(setting.own)?;
        let (own_holds, own_breaks) = (as_set.holds(), as_set.breaks());
        // Indexes: the highest that fails below, the lowest that passes.
        let (mut low, mut high) = (None, None);
        let mut failed = None;
        if own_holds {
            high = own;
            if high.is_none() && play(Some(values[last]))?.holds() {
                high = Some(last);
            }
            if high != Some(0) {
                match play(Some(values[0]))? {
                    Trial::Holds => high = Some(0),
                    trial => (low, failed) = (Some(0), Some(trial)),
                }
            }
        } else {
            let first = match own {
                Some(_) => as_set,
                None => play(Some(values[0]))?,
            };
            (low, failed) = (Some(own.unwrap_or(0)), Some(first));
            for index in outward(own.unwrap_or(0), last) {
                match play(Some(values[index]))? {
                    Trial::Holds => {
                        high = Some(index);
                        break;
                    }
                    trial if low.is_none_or(|low| index > low) => {
                        (low, failed) = (Some(index), Some(trial));
                    }
                    _ => {}
                }
            }
            if let (Some(found), Some(fails)) = (high, low)
                && found < fails
            {
                // What is set asks for too much: what passes is below it.
                match play(Some(values[0]))? {
                    Trial::Holds => (low, failed) = (None, None),
                    trial => (low, failed) = (Some(0), Some(trial)),
                }
            }
        }
        while let (Some(from), Some(to)) = (low, high)
            && to > from + 1
        {
            let between = from + (to - from) / 2;
            match play(Some(values[between]))? {
                Trial::Holds => high = Some(between),
                trial => (low, failed) = (Some(between), Some(trial)),
            }
        }
        let low = low.map(|low| values[low]);
        Ok(Self {
            setting,
            own_holds,
            own_breaks,
            passes: high.map(|high| values[high]),
            fails: low.zip(failed),
            played,
        })
    }

    fn found(self, scenario: String, player: &Player<'_>) -> FoundSetting {
        let setting = self.setting;
        let failed = self.fails.as_ref().map(|(_, trial)| trial);
        let answer = with_left_out(self.answer(), &player.not_forecast);
        let written = |value: u64| setting.written(value);
        FoundSetting {
            kind: "forecast",
            evidence: false,
            answer,
            scenario,
            key: setting.key,
            smallest: setting.smallest,
            set: setting.own_text.clone(),
            set_passes: self.own_holds,
            set_breaks: self.own_breaks.clone(),
            passes_at: self.passes.map(written),
            fails_at: self.fails.as_ref().map(|(value, _)| written(*value)),
            margin: self.margin(),
            breaks: failed.map(Trial::breaks).unwrap_or_default(),
            not_forecast: player.not_forecast.clone(),
            walls: failed.map(Trial::walls).unwrap_or_default(),
            played: self
                .played
                .iter()
                .map(|(value, holds)| (written(*value), *holds))
                .collect(),
            seeds: player.seeds.to_vec(),
        }
    }

    fn margin(&self) -> Option<f64> {
        let (own, passes) = (self.setting.own?, self.passes?);
        (passes > 0).then(|| own as f64 / passes as f64)
    }

    /// The answer, a sentence.
    fn answer(&self) -> String {
        let setting = self.setting;
        let (from, least) = match setting.smallest {
            true => ("from", "the least that can be set"),
            false => ("up to", "the longest that was played"),
        };
        let own = &setting.own_text;
        let key = setting.key;
        let why = self.why();
        match (self.passes, &self.fails) {
            (Some(passes), Some((fails, _))) => format!(
                "{key}: passes {from} {} ({}); at {} {why}",
                setting.shown(passes),
                self.beside(passes),
                setting.shown(*fails),
            ),
            (Some(passes), None) => format!(
                "{key}: passes at {} already, {least} ({})",
                setting.shown(passes),
                self.beside(passes),
            ),
            (None, _) if self.own_holds => {
                format!("{key}: passes as it is set ({own}), and at no other value that was played")
            }
            (None, Some((fails, _))) => format!(
                "{key}: no value passes ({own} is set); at {} {why}",
                setting.shown(*fails)
            ),
            (None, None) => format!("{key}: nothing was played"),
        }
    }

    /// What is set, beside what passes.
    fn beside(&self, passes: u64) -> String {
        let own = &self.setting.own_text;
        let times = |times: f64| match times {
            times if times < 10.0 => format!("{times:.2}"),
            times => format!("{times:.0}"),
        };
        match self.margin() {
            _ if self.setting.own == Some(passes) => format!("{own} is set: no margin"),
            Some(margin) if self.setting.smallest && self.own_holds => {
                format!("{own} is set, {} times as much", times(margin))
            }
            Some(margin) if self.own_holds => {
                format!("{own} is set, a margin of {} times", times(1.0 / margin))
            }
            Some(margin) if margin < 1.0 => {
                let needed = times(1.0 / margin);
                format!("{own} is set, which does not pass: {needed} times as much is needed")
            }
            Some(margin) => {
                let most = times(margin);
                let breaks = self.own_breaks.first().map_or("", String::as_str);
                format!("{own} is set, {most} times as much: {breaks}")
            }
            None if self.own_holds => format!("{own} is set"),
            None => format!("{own} is set, which does not pass"),
        }
    }

    /// What breaks where it does not pass, and what stands in the way there: the setting's own wall if that is met.
    fn why(&self) -> String {
        let Some((_, trial)) = &self.fails else {
            return String::new();
        };
        let breaks = trial.breaks();
        let breaks = breaks.first().cloned().unwrap_or_default();
        let Trial::Breaks(forecast) = trial else {
            return breaks;
        };
        let own = self.setting.wall();
        let mut walls = forecast.walls.iter();
        let wall = walls
            .find(|wall| Some(wall.wall) == own)
            .or(forecast.walls.first());
        match wall {
            Some(wall) => format!("{}, and {breaks}", wall.words()),
            None => breaks,
        }
    }
}

/// The indexes after `from` to `last`, ever further apart, and then those before it.
fn outward(from: usize, last: usize) -> Vec<usize> {
    let steps = || std::iter::successors(Some(1_usize), |step| step.checked_mul(2));
    let up = steps()
        .map(|step| from.saturating_add(step))
        .take_while(|index| *index < last);
    let down = steps()
        .map_while(|step| from.checked_sub(step))
        .take_while(|index| *index > 0);
    let mut all: Vec<usize> = up.collect();
    all.extend((from < last).then_some(last));
    all.extend(down);
    all.extend((from > 0).then_some(0));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_beyond_what_is_set_are_tried_first_and_then_those_below() {
        assert_eq!(outward(3, 12), [4, 5, 7, 11, 12, 2, 1, 0]);
        assert_eq!(outward(0, 2), [1, 2]);
        assert_eq!(outward(2, 2), [1, 0]);
        assert_eq!(outward(0, 0), Vec::<usize>::new());
    }
}
