//! One forecast from the plays of several seeds.

use std::collections::BTreeMap;
use std::time::Duration;

use orderproof_core::order::{OrderPlan, RunId};
use orderproof_core::preflight::{Estimate, Work, estimate_worked};
use orderproof_core::results::figures::thousands;
use orderproof_core::scenario::{self, Scenario};
use orderproof_core::verdict::Class;
use orderproof_core::verify::PhaseFigures;

use crate::admit::{CannotForecast, EXACT_ORDERS_MAX, assumptions, check, check_mode};
use crate::cohorts;
use crate::learn::{Failures, Learned};
use crate::model::{
    FORECAST_SCHEMA_VERSION, Forecast, Mode, PhaseForecast, Range, Wall, WallForecast, micros_of,
};
use crate::played::Played;
use crate::progress::Start;
use crate::rules::{gate_outlook, rules};
use crate::world::World;

const NOTICE: &str = "no order was sent, and a forecast is not evidence of a run";

const NOT_KNOWN: &str = "how long real functions, the network and a busy machine take, beyond what the scenario says of them";

/// Plays a scenario with each of `seeds` (its own seed has no part in it). `start` is any instant, of which
/// only differences count, or a [`Start`] that is watched.
///
/// # Errors
/// When the scenario has something that is not forecast.
///
/// # Panics
/// When `seeds` is empty, or when the scenario was not checked as a scenario file is.
pub fn forecast(
    scenario: &Scenario,
    seeds: &[u64],
    start: impl Into<Start>,
) -> Result<Forecast, CannotForecast> {
    forecast_failing(scenario, seeds, &start.into(), Failures::default())
}

/// The same in a mode that is chosen: cohorts of a small scenario, say, to see what they are off by.
///
/// # Errors
/// As [`forecast`], and when there are too many orders for that mode.
///
/// # Panics
/// As [`forecast`].
pub fn forecast_in(
    mode: Mode,
    scenario: &Scenario,
    seeds: &[u64],
    start: impl Into<Start>,
) -> Result<Forecast, CannotForecast> {
    check(scenario)?;
    check_mode(scenario, mode)?;
    let planned = scenario.schedule().count();
    if mode == Mode::Exact && planned > EXACT_ORDERS_MAX {
        return Err(CannotForecast::of(
            "phase",
            format!(
                "{} orders are more than the {} that are played one by one",
                thousands(planned),
                thousands(EXACT_ORDERS_MAX)
            ),
            "play them in cohorts, shorten it with --duration, or lower the rate with --rate",
        ));
    }
    let failures = Failures::default();
    Ok(play_all(mode, scenario, seeds, &start.into(), failures))
}

/// How a scenario is played: in cohorts if it has too many orders to play each.
pub fn mode_of(scenario: &Scenario) -> Mode {
    match scenario.schedule().count() > EXACT_ORDERS_MAX {
        true => Mode::Cohorts,
        false => Mode::Exact,
    }
}

/// The same of a scenario under what was learned from a run; `as_written` is it without.
///
/// # Errors
/// As [`forecast`].
///
/// # Panics
/// As [`forecast`].
pub fn forecast_learned(
    (scenario, as_written): (&Scenario, &Scenario),
    learned: Learned,
    seeds: &[u64],
    start: impl Into<Start>,
) -> Result<Forecast, CannotForecast> {
    let mut forecast = forecast_failing(scenario, seeds, &start.into(), learned.failures)?;
    forecast.learned = Some(learned);
    forecast.scenario_digest = scenario::digest(as_written);
    forecast.resolved = as_written.clone();
    Ok(forecast)
}

/// The same with failures that the scenario does not ask for.
pub(crate) fn forecast_failing(
    scenario: &Scenario,
    seeds: &[u64],
    start: &Start,
    failures: Failures,
) -> Result<Forecast, CannotForecast> {
    check(scenario)?;
    Ok(play_all(
        mode_of(scenario),
        scenario,
        seeds,
        start,
        failures,
    ))
}

fn play_all(
    mode: Mode,
    scenario: &Scenario,
    seeds: &[u64],
    start: &Start,
    failures: Failures,
) -> Forecast {
    let each = scenario.schedule().count();
    start.progress.begin(each * seeds.len() as u64);
    let plays: Vec<Played> = seeds
        .iter()
        .enumerate()
        .map(|(index, seed)| {
            let mut played = play(mode, scenario, *seed, start, failures);
            // Of the others only the figures are needed.
            if index > 0 {
                played.timeline = Vec::new();
            }
            played
        })
        .collect();
    put_together(mode, scenario, seeds, plays)
}

/// Plays a scenario that may be forecast.
pub(crate) fn play(
    mode: Mode,
    scenario: &Scenario,
    seed: u64,
    start: &Start,
    failures: Failures,
) -> Played {
    let scenario = Scenario {
        seed,
        ..scenario.clone()
    };
    // Any run: of its number only the keys' hashes depend.
    let run = 1 + u32::try_from(seed % u64::from(RunId::MAX)).expect("below the maximum");
    let run = RunId::new(run).expect("within its range");
    let model = scenario.model().expect("its orders were checked");
    let plan = OrderPlan {
        model,
        ..OrderPlan::lab(run, seed, scenario.bad_share)
    };
    if mode == Mode::Cohorts {
        let is_any_bad = !plan.model.spec().bad.is_empty();
        let mut body = Vec::new();
        plan.write_body(0, &mut body);
        return cohorts::play(&scenario, start, failures, (is_any_bad, body.len()));
    }
    World::new(&scenario, &plan, start.origin, failures).play(&scenario, &start.progress)
}

fn put_together(
    mode: Mode,
    scenario: &Scenario,
    seeds: &[u64],
    mut plays: Vec<Played>,
) -> Forecast {
    let range = |figure: fn(&Played) -> u64| {
        Range::of(plays.iter().map(figure)).expect("at least one seed was played")
    };
    let micros = |figure: fn(&Played) -> Option<Duration>| micros_if_all(&plays, figure);
    let undecided = |played: &Played| count(played, Class::Undecided);
    let mut forecast = Forecast {
        schema_version: FORECAST_SCHEMA_VERSION,
        kind: "forecast".into(),
        evidence: false,
        notice: NOTICE.into(),
        not_known: NOT_KNOWN.into(),
        learned: None,
        assumptions: assumptions(scenario),
        scenario: scenario.name.clone(),
        scenario_digest: scenario::digest(scenario),
        mode,
        slot_us: (mode == Mode::Cohorts).then(|| micros_of(cohorts::slot(scenario))),
        seeds: seeds.to_vec(),
        time_scale: scenario.time_scale,
        planned_orders: range(|played| played.planned),
        bad_orders: range(|played| played.bad),
        classes: classes(&plays),
        expired_messages: range(|played| played.expired),
        expired_dead_letters: range(|played| played.expired_dead_letters),
        undrained_orders: range(undecided),
        backlog_peak_orders: range(|played| played.backlog_peak),
        backlog_peak_at_s: range(|played| played.backlog_peak_at_s),
        catch_up_us: micros(|played| played.catch_up),
        oldest_age_us: micros(|played| Some(played.oldest_age)).expect("each has one"),
        drain_us: micros(|played| played.drain),
        phases: phases(&plays),
        invocations: range(|played| played.counts.invocations),
        failed_invocations: range(|played| played.counts.failed_invocations),
        cold_starts: range(|played| played.counts.cold_starts),
        max_concurrency: range(|played| u64::from(played.counts.max_concurrency)),
        backed_off: range(|played| played.counts.backed_off),
        throttled_invocations: range(|played| played.counts.throttled_invocations),
        throttled_writes: range(|played| played.counts.throttled_writes),
        throttling_reasons: reasons(&plays),
        cost_usd: Range::of(plays.iter().map(|played| cost(scenario, played).usd))
            .expect("at least one seed was played"),
        cost: cost(scenario, &plays[0]).lines,
        gate: scenario.expect.gate,
        gate_outlook: gate_outlook(scenario.expect.gate, &plays),
        rules: rules(scenario, &plays),
        walls: walls(&plays),
        timeline: Vec::new(),
        resolved: scenario.clone(),
    };
    forecast.timeline = plays.swap_remove(0).timeline;
    forecast
}

/// What a run of it would cost on AWS, where time is not compressed.
fn cost(scenario: &Scenario, played: &Played) -> Estimate {
    let slower = scenario.time_scale;
    let mut real = scenario.clone();
    for phase in &mut real.phases {
        phase.start_rate /= slower;
        phase.end_rate /= slower;
        phase.duration = phase.duration.mul_f64(slower);
    }
    real.pipeline.visibility_timeout = real.pipeline.visibility_timeout.mul_f64(slower);
    let work = Work {
        invocations: played.counts.invocations,
        busy: played.counts.busy.mul_f64(slower),
    };
    estimate_worked(&real, work)
}

fn count(played: &Played, class: Class) -> u64 {
    played.classes.get(&class).copied().unwrap_or_default()
}

/// The range of a duration that every play has.
fn micros_if_all(
    plays: &[Played],
    figure: impl Fn(&Played) -> Option<Duration>,
) -> Option<Range<u64>> {
    let all: Option<Vec<u64>> = plays
        .iter()
        .map(|played| figure(played).map(micros_of))
        .collect();
    Range::of(all?)
}

fn classes(plays: &[Played]) -> BTreeMap<Class, Range<u64>> {
    let listed = Class::ALL.into_iter().filter_map(|class| {
        let range = Range::of(plays.iter().map(|played| count(played, class)))?;
        (range.max > 0).then_some((class, range))
    });
    listed.collect()
}

fn phases(plays: &[Played]) -> Vec<PhaseForecast> {
    let named = plays[0].phases.iter().enumerate();
    let phase = |(index, (_, first)): (usize, &(u64, PhaseFigures))| {
        let of = || plays.iter().map(|played| &played.phases[index]);
        let range = |all: Vec<u64>| Range::of(all).expect("at least one seed was played");
        let quantile = |quantile| {
            micros_if_all(plays, |played| {
                played.phases[index].1.end_to_end.quantile(quantile)
            })
        };
        PhaseForecast {
            name: first.name.clone(),
            warm_up: first.warm_up,
            orders: range(of().map(|(orders, _)| *orders).collect()),
            stored: range(
                of().map(|(_, figures)| figures.end_to_end.count())
                    .collect(),
            ),
            end_to_end_p50_us: quantile(0.5),
            end_to_end_p95_us: quantile(0.95),
            end_to_end_p99_us: quantile(0.99),
        }
    };
    named.map(phase).collect()
}

fn reasons(plays: &[Played]) -> BTreeMap<String, Range<u64>> {
    let mut all = BTreeMap::new();
    for name in plays
        .iter()
        .flat_map(|played| played.counts.throttling_reasons.keys())
    {
        let counts = plays.iter().map(|played| {
            let counted = played.counts.throttling_reasons.get(name);
            counted.copied().unwrap_or_default()
        });
        all.extend(Range::of(counts).map(|range| (name.clone(), range)));
    }
    all
}

fn walls(plays: &[Played]) -> Vec<WallForecast> {
    let mut first: BTreeMap<Wall, u64> = BTreeMap::new();
    for (wall, at) in plays.iter().flat_map(|played| &played.walls) {
        let first = first.entry(*wall).or_insert(*at);
        *first = (*first).min(*at);
    }
    let mut walls: Vec<_> = first.into_iter().collect();
    walls.sort_by_key(|(_, at)| *at);
    let walls = walls.into_iter().map(|(wall, at)| WallForecast {
        wall,
        first_at_us: at / 1_000,
    });
    walls.collect()
}
