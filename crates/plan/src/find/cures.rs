//! The first walls at rising rates, and the setting that moves each: found by trial, not by a table of causes.

use serde::Serialize;

use orderproof_core::scenario::Scenario;

use super::climb::times;
use super::rate::Climb;
use super::setting::Search;
use super::settings::{Setting, cures as settings_of};
use super::trial::{Player, Trial};
use crate::admit::CannotForecast;
use crate::model::{Forecast, Wall};

/// Walls that are looked for.
const WALLS_MAX: usize = 3;

/// Beyond a wall that was moved, rates up to so many times as high are played.
const BEYOND: u64 = 2;

/// And no finer than a tenth of the rate.
const FINENESS: u64 = 10;

/// Orders that are played for them in all, at most about.
const ORDERS_MAX: u64 = 10_000_000;

/// A wall and the setting that moves it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cure {
    /// The multiple of the baseline at which it is met.
    pub fails_at: f64,
    /// What breaks there.
    pub breaks: String,
    /// The wall: the one that `key` moves, or the first that is met where no single setting makes it pass; absent when none is
    /// met.
    pub wall: Option<Wall>,
    /// The same in words.
    pub wall_words: Option<String>,
    /// The key of the setting that moves it.
    pub key: Option<&'static str>,
    /// What is set.
    pub set: Option<String>,
    /// The smallest value of it with which it passes at `passes_at`.
    pub value: Option<String>,
    /// The highest multiple that passes however generous the setting is, or the highest that was played.
    pub passes_at: Option<f64>,
}

impl Cure {
    /// What to change, in words.
    pub fn sentence(&self) -> Option<String> {
        let (key, value, passes) = (self.key?, self.value.as_ref()?, self.passes_at?);
        Some(format!("with {key} = {value} it passes at {passes}x"))
    }
}

/// The walls found.
#[derive(Debug, Default)]
pub(super) struct Cures {
    pub(super) all: Vec<Cure>,
    pub(super) end: Option<String>,
}

/// Moves one wall after the other, from where `climb` has ended.
///
/// # Errors
/// When the scenario cannot be forecast.
pub(super) fn cures(
    player: &mut Player<'_>,
    scenario: &Scenario,
    base: f64,
    climb: &Climb,
) -> Result<Cures, CannotForecast> {
    let mut found = Cures::default();
    let mut set: Vec<String> = Vec::new();
    let mut moved: Vec<&'static str> = Vec::new();
    let played_before = player.orders;
    let mut next = climb
        .fails
        .as_ref()
        .and_then(|(fails, trial)| at_wall(*fails, trial));
    while let Some((fails, failed)) = next.take() {
        let mut cure = Cure {
            fails_at: times(fails),
            breaks: failed.broken().first().cloned().unwrap_or_default(),
            wall: None,
            wall_words: None,
            key: None,
            set: None,
            value: None,
            passes_at: None,
        };
        let Some((wall, setting)) = remedy(player, scenario, base, &set, &moved, (fails, &failed))?
        else {
            let first = failed.walls.first().map(|first| first.wall);
            cure.wall = first;
            cure.wall_words = first.map(|wall| wall.words().to_owned());
            found.end = Some(format!(
                "no single setting makes it pass at {}x",
                times(fails)
            ));
            found.all.push(cure);
            break;
        };
        let generous = setting.assignment(setting.generous(scenario));
        let mut with = set.clone();
        with.push(generous);
        let beyond = Climb::of(
            player,
            base,
            &with,
            (fails, fails.saturating_mul(BEYOND)),
            FINENESS,
        )?;
        let passes = beyond.passes.unwrap_or(fails);
        let least = Search::of(player, &setting, &set, Some((base, times(passes))))?;
        cure.wall = Some(wall);
        cure.wall_words = Some(wall.words().to_owned());
        cure.key = Some(setting.key);
        cure.set = Some(setting.own_text.clone());
        cure.value = least.passes.map(|value| setting.written(value));
        cure.passes_at = Some(times(passes));
        found.all.push(cure);
        moved.push(setting.key);
        set = with;
        if found.all.len() == WALLS_MAX {
            break;
        }
        if player.orders - played_before > ORDERS_MAX {
            let text = "further walls are not looked for: enough orders were played";
            found.end = Some(text.into());
            break;
        }
        match beyond.fails {
            Some((fails, trial)) => next = at_wall(fails, &trial),
            None => {
                let text = format!(
                    "no further wall up to {}x, the most that was played",
                    times(passes)
                );
                found.end = Some(text);
            }
        }
    }
    Ok(found)
}

fn at_wall(fails: u64, trial: &Trial) -> Option<(u64, Forecast)> {
    match trial {
        Trial::Breaks(forecast) => Some((fails, Forecast::clone(forecast))),
        Trial::Holds | Trial::Invalid(_) => None,
    }
}

/// The first wall whose setting, made generous, lets it pass at this rate.
fn remedy(
    player: &mut Player<'_>,
    scenario: &Scenario,
    base: f64,
    set: &[String],
    moved: &[&'static str],
    (fails, failed): (u64, &Forecast),
) -> Result<Option<(Wall, Setting)>, CannotForecast> {
    for wall in failed.walls.iter().map(|wall| wall.wall) {
        for key in settings_of(wall) {
            if moved.contains(key) {
                continue;
            }
            let Ok(setting) = Setting::of(key, scenario) else {
                continue;
            };
            let mut with = set.to_vec();
            with.push(setting.assignment(setting.generous(scenario)));
            if player.play(&with, Some((base, times(fails))))?.holds() {
                return Ok(Some((wall, setting)));
            }
        }
    }
    Ok(None)
}
