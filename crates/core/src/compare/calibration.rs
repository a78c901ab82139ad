//! How often equal runs are called changed, and slower ones regressed, over simulated pairs and over real ones.

use std::sync::OnceLock;
use std::time::Duration;

use rand_xoshiro::SplitMix64;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

use super::{ChangeVerdict, Options, compare};
use crate::metrics::Histogram;
use crate::results::fixture::World;
use crate::results::{Interval, RunReport};

/// How a simulated run behaves beside its level.
#[derive(Debug, Clone, Copy)]
struct Weather {
    /// How much of a second's excess the next one inherits.
    memory: f64,
    /// The spread of a second's level, as a logarithm.
    swing: f64,
    /// The spread of durations within a second, as a logarithm.
    spread: f64,
    /// How often a second is stalled to three times its level.
    stalls: f64,
}

const CALM: Weather = Weather {
    memory: 0.0,
    swing: 0.02,
    spread: 0.5,
    stalls: 0.0,
};
const WEATHERS: [Weather; 4] = [
    CALM,
    Weather {
        memory: 0.6,
        swing: 0.08,
        ..CALM
    },
    Weather {
        spread: 1.0,
        swing: 0.05,
        ..CALM
    },
    Weather {
        memory: 0.3,
        stalls: 0.05,
        ..CALM
    },
];

const PHASES: [(&str, f64, u64, bool); 2] =
    [("baseline", 60.0, 30, false), ("spike", 200.0, 40, false)];

fn unit(random: &mut SplitMix64) -> f64 {
    ((random.next_u64() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
}

fn normal(random: &mut SplitMix64) -> f64 {
    let (one, other) = (unit(random), unit(random));
    (-2.0 * one.ln()).sqrt() * (std::f64::consts::TAU * other).cos()
}

/// A run whose durations have a median of 20 ms times `slower`.
fn simulated(seed: u64, weather: Weather, slower: f64) -> RunReport {
    let mut random = SplitMix64::from_seed(seed.to_le_bytes());
    static EMPTY: OnceLock<RunReport> = OnceLock::new();
    let mut report = EMPTY.get_or_init(|| World::new(&PHASES).report()).clone();
    let mut excess = 0.0;
    for interval in &mut report.intervals {
        let own = (1.0 - weather.memory * weather.memory).sqrt() * normal(&mut random);
        excess = weather.memory * excess + own;
        let stall: f64 = if unit(&mut random) < weather.stalls {
            3.0
        } else {
            1.0
        };
        let level = 20_000.0 * slower * stall * (weather.swing * excess).exp();
        let orders = if interval.time_s < 30 { 60 } else { 200 };
        let mut drawn = || {
            let mut histogram = Histogram::coarse();
            for _ in 0..orders {
                let us = level * (weather.spread * normal(&mut random)).exp();
                histogram.record(Duration::from_micros(us as u64));
            }
            histogram
        };
        interval.end_to_end = drawn();
        interval.response_time = drawn();
    }
    report
}

fn options() -> Options {
    Options {
        resamples: 100,
        ..Options::default()
    }
}

/// Of so many pairs of simulated equal runs at most so many are called changed, in any weather.
fn simulated_alarms_stay_within(pairs: u64, most: usize) {
    // Without a band the intervals alone have to hold what the level promises.
    let bare = Options {
        noise: 1e-9,
        noise_floor: Duration::ZERO,
        ..options()
    };
    for weather in WEATHERS {
        let alarms = (0..pairs)
            .filter(|pair| {
                let base = simulated(2 * pair + 1, weather, 1.0);
                let candidate = simulated(2 * pair + 2, weather, 1.0);
                let comparison = compare(&[base], &[candidate], bare).expect("equal runs");
                comparison.count(ChangeVerdict::Regressed)
                    + comparison.count(ChangeVerdict::Improved)
                    > 0
            })
            .count();
        assert!(alarms <= most, "{alarms} of {pairs}: {weather:?}");
    }
}

// At 5%, more than 2 of 8 or more than 4 of 30 would come up less than twice in a hundred tries.

#[test]
fn equal_runs_are_called_changed_no_more_often_than_stated() {
    simulated_alarms_stay_within(8, 2);
}

#[test]
#[ignore = "full matrix: .ci/run runs it"]
fn full_matrix_of_simulated_equal_runs() {
    simulated_alarms_stay_within(30, 4);
}

#[test]
fn a_fifth_slower_is_called_regressed_and_with_the_sides_swapped_improved() {
    for pair in 0..4 {
        let base = simulated(1_000 + pair, CALM, 1.0);
        let slow = simulated(2_000 + pair, CALM, 1.2);
        let worse = compare(
            std::slice::from_ref(&base),
            std::slice::from_ref(&slow),
            options(),
        )
        .expect("equal load");
        let regressed: Vec<_> = worse
            .regressions()
            .map(|change| change.metric.name())
            .collect();
        assert!(
            ["end_to_end_p50", "response_time_p50"]
                .iter()
                .all(|name| regressed.contains(&(*name).to_owned())),
            "{regressed:?}"
        );
        let better = compare(&[slow], &[base], options()).expect("equal load");
        for (one, other) in worse.changes.iter().zip(&better.changes) {
            let mirrored = match one.call {
                ChangeVerdict::Regressed => ChangeVerdict::Improved,
                ChangeVerdict::Improved => ChangeVerdict::Regressed,
                call => call,
            };
            assert_eq!(other.call, mirrored, "{one:?} {other:?}");
            assert_eq!(
                other.effect,
                one.effect.map(|effect| -effect),
                "{one:?} {other:?}"
            );
            let product = one.change.zip(other.change);
            let product = product.map(|(one, other)| (1.0 + one) * (1.0 + other));
            assert!(
                product.is_none_or(|product| (product - 1.0).abs() < 1e-5),
                "{one:?} {other:?}"
            );
        }
    }
}

#[test]
fn repeats_are_judged_by_ranks_once_there_are_enough() {
    let side = |from: u64, slower: f64, runs: u64| -> Vec<RunReport> {
        let run = |seed| {
            let mut report = simulated(seed, CALM, slower);
            for (index, phase) in report.phases.iter_mut().enumerate() {
                let mut merged = Histogram::new();
                let within = |second: u64| (second >= 30) == (index == 1);
                for interval in report
                    .intervals
                    .iter()
                    .filter(|interval| within(interval.time_s))
                {
                    merged.merge(&interval.end_to_end);
                }
                for figure in [
                    &mut phase.figures.end_to_end,
                    &mut phase.figures.response_time,
                    &mut phase.figures.service_time,
                ] {
                    *figure = merged.clone();
                }
            }
            report
        };
        (from..from + runs).map(run).collect()
    };
    let few = compare(&side(10, 1.0, 3), &side(20, 1.2, 3), options()).expect("equal load");
    assert_eq!(
        few.count(ChangeVerdict::NotEnoughData),
        few.changes.len(),
        "three and three prove nothing"
    );
    let why = few.changes[0].why.as_deref().unwrap();
    assert!(why.contains("p = 0.100"), "{why}");

    let worse = compare(&side(30, 1.0, 7), &side(40, 1.2, 7), options()).expect("equal load");
    let spike = worse
        .changes
        .iter()
        .find(|change| {
            change.phase.as_deref() == Some("spike") && change.metric.name() == "end_to_end_p99"
        })
        .unwrap();
    assert_eq!(
        (spike.call, spike.effect),
        (ChangeVerdict::Regressed, Some(1.0)),
        "{spike:?}"
    );
    let equal = compare(&side(50, 1.0, 7), &side(60, 1.0, 7), options()).expect("equal load");
    assert_eq!(equal.regressions().count(), 0);
}

/// A run of scenarios/compare.toml as far as it is compared: docs/compare.md says how these were made.
#[derive(serde::Deserialize)]
struct RealRun {
    run: String,
    schedule_lag_p99_us: Vec<u64>,
    intervals: Vec<Interval>,
}

/// By name: `a1` to `a10` and `b1` to `b10` are equal; of `slow1` to `slow3` the function's p99 is 36 ms and not 30.
fn real_runs() -> Vec<(String, RunReport)> {
    const RUNS: &str = include_str!("../../../../tests/fixtures/compared_runs.jsonl");
    let phases = [
        ("warm-up", 40.0, 2, true),
        ("baseline", 40.0, 8, false),
        ("spike", 200.0, 40, false),
    ];
    let empty = World::new(&phases).report();
    let report = |line: &str| {
        let real: RealRun = serde_json::from_str(line).expect("a line a run");
        let mut report = empty.clone();
        report.intervals = real.intervals;
        for (phase, lag) in report.phases.iter_mut().zip(real.schedule_lag_p99_us) {
            phase.schedule_lag_us.p99_us = Some(lag);
        }
        (real.run, report)
    };
    RUNS.lines().map(report).collect()
}

fn compared(base: &RunReport, candidate: &RunReport) -> super::Comparison {
    let (base, candidate) = (std::slice::from_ref(base), std::slice::from_ref(candidate));
    compare(base, candidate, options()).expect("the same scenario")
}

/// Compares the ten pairs of real equal runs that were made one after the other and, of all 190 pairs, one in `step`.
fn real_alarms_stay_within_the_level(step: usize, of_all: usize) {
    let runs: Vec<_> = real_runs().into_iter().take(20).collect();
    let (mut pairs, mut in_turn, mut alarms) = (0, 0, Vec::new());
    for (index, (base_name, base)) in runs.iter().enumerate() {
        for (other, (name, candidate)) in runs.iter().enumerate().skip(index + 1) {
            let is_in_turn = base_name.replace('a', "b") == *name;
            if !is_in_turn && (index + other) % step != 0 {
                continue;
            }
            let comparison = compared(base, candidate);
            assert!(
                comparison.count(ChangeVerdict::Unchanged) > 0,
                "something was judged"
            );
            pairs += 1;
            for change in &comparison.changes {
                if matches!(
                    change.call,
                    ChangeVerdict::Regressed | ChangeVerdict::Improved
                ) {
                    alarms.push(format!("{base_name} {name} {}", change.metric.name()));
                }
            }
            if is_in_turn {
                in_turn += 1;
                assert_eq!(comparison.regressions().count(), 0, "{base_name} {name}");
            }
        }
    }
    assert_eq!((pairs, in_turn), (of_all, 10));
    assert!(alarms.len() * 20 <= pairs, "{alarms:#?}");
}

#[test]
fn of_real_equal_runs_no_more_are_called_changed_than_stated() {
    real_alarms_stay_within_the_level(10, 28);
}

#[test]
#[ignore = "full matrix: .ci/run runs it"]
fn full_matrix_of_real_equal_runs() {
    real_alarms_stay_within_the_level(1, 190);
}

/// Each of the slower real runs is called regressed against one in `step` of the equal ones.
fn slower_real_runs_are_called_regressed(step: usize) {
    let runs = real_runs();
    let (equal, slow) = runs.split_at(20);
    assert_eq!(slow.len(), 3);
    let (mut pairs, mut missed) = (0, Vec::new());
    for (base_name, base) in equal.iter().step_by(step) {
        for (name, candidate) in slow {
            let regressed: Vec<_> = compared(base, candidate)
                .regressions()
                .map(|change| {
                    (
                        change.phase.clone().unwrap_or_default(),
                        change.metric.name(),
                    )
                })
                .collect();
            pairs += 1;
            if !regressed.contains(&("spike".into(), "end_to_end_p99".into())) {
                missed.push(format!("{base_name} {name}"));
            }
        }
    }
    assert!(missed.len() * 20 <= pairs, "{missed:#?}");
}

#[test]
fn a_function_a_fifth_slower_at_its_p99_is_called_regressed_in_real_runs() {
    slower_real_runs_are_called_regressed(4);
}

#[test]
#[ignore = "full matrix: .ci/run runs it"]
fn full_matrix_of_slower_real_runs() {
    slower_real_runs_are_called_regressed(1);
}
