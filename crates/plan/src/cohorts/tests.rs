//! What cohorts are off by: pipelines that both modes can play, each figure of both.

use std::time::Instant;

use orderproof_core::scenario::{Overrides, Scenario, parse};
use orderproof_core::verdict::Class;

use crate::{Forecast, Mode, Range, forecast_in};

const SPIKE: &str = include_str!("../../../../scenarios/spike.toml");
const DEFAULT_TABLE: &str = include_str!("../../../../scenarios/default-table.toml");
const LAB_SPIKE: &str = include_str!("../../../../scenarios/lab-spike.toml");
const SLOW_START: &str = include_str!("../../../../scenarios/slow-start.toml");
const DOUBLING: &str = include_str!("../../../../scenarios/on-demand-doubling.toml");
const THROTTLED: &str = include_str!("../../../../scenarios/throttled-function.toml");
const VISIBILITY: &str = include_str!("../../../../scenarios/visibility-too-short.toml");
const RETENTION: &str = include_str!("../../../../scenarios/retention-short.toml");

fn scenario(file: &str, set: &[&str]) -> Scenario {
    let overrides = Overrides {
        set: set.iter().map(|text| (*text).to_owned()).collect(),
        ..Overrides::default()
    };
    parse("a.toml", file, &overrides).expect("a scenario")
}

/// Each figure of a forecast, the middle of its range.
fn figures(forecast: &Forecast) -> Vec<(String, f64)> {
    let middle = |range: Range<u64>| (range.min + range.max) as f64 / 2.0;
    let of = |name: &str, range| (name.to_owned(), middle(range));
    let zero = Range { min: 0, max: 0 };
    let mut all: Vec<_> = Class::ALL
        .into_iter()
        .map(|class| {
            let range = forecast.classes.get(&class).copied();
            of(class.as_str(), range.unwrap_or(zero))
        })
        .collect();
    all.extend([
        of("backlog", forecast.backlog_peak_orders),
        of("expired", forecast.expired_messages),
        of("invocations", forecast.invocations),
        of("failed invocations", forecast.failed_invocations),
        of("concurrency", forecast.max_concurrency),
        of("throttled invocations", forecast.throttled_invocations),
        of("throttled writes", forecast.throttled_writes),
    ]);
    let us = |name: &str, range: Option<Range<u64>>| range.map(|range| of(name, range));
    all.extend(us("drain, us", forecast.drain_us));
    all.extend(us("oldest, us", Some(forecast.oldest_age_us)));
    for phase in &forecast.phases {
        let name = |what| format!("{what} of {}, us", phase.name);
        all.extend(us(&name("p50"), phase.end_to_end_p50_us));
        all.extend(us(&name("p99"), phase.end_to_end_p99_us));
    }
    all
}

/// A pipeline, and what sets it apart from its file.
type Case = (&'static str, &'static str, &'static [&'static str]);

const CASES: [Case; 8] = [
    ("spike x 5", SPIKE, &["phase.baseline.rate=1000/s"]),
    (
        "default-table x 10",
        DEFAULT_TABLE,
        &["phase.baseline.rate=40/s", "pipeline.table_capacity=50 wcu"],
    ),
    (
        "lab-spike x 10",
        LAB_SPIKE,
        &[
            "phase.baseline.rate=2000/s",
            "phase.spike.rate=5x",
            "phase.recovery.rate=1x",
            "pipeline.table_capacity=unlimited",
            "pipeline.mapping.starting_concurrency=100",
            "pipeline.mapping.maximum_concurrency=100",
        ],
    ),
    ("slow-start", SLOW_START, &[]),
    ("on-demand-doubling", DOUBLING, &[]),
    (
        "throttled-function x 10",
        THROTTLED,
        &[
            "phase.baseline.rate=200/s",
            "pipeline.function.reserved_concurrency=100",
            "pipeline.mapping.minimum_pollers=40",
            "pipeline.mapping.maximum_pollers=40",
        ],
    ),
    (
        "visibility-too-short x 4",
        VISIBILITY,
        &[
            "phase.baseline.rate=40/s",
            "pipeline.mapping.starting_concurrency=1250",
            "pipeline.mapping.maximum_concurrency=1250",
        ],
    ),
    (
        "retention-short x 10",
        RETENTION,
        &[
            "phase.baseline.rate=20/s",
            "pipeline.mapping.starting_concurrency=100",
            "pipeline.mapping.maximum_concurrency=100",
        ],
    ),
];

/// How far cohorts may be off: orders of a class as a share of all orders, the largest backlog as a share of itself, the 99th
/// percentile of the end-to-end time in the phase with most orders as a share of itself.
const OFF: [(&str, f64); 3] = [("classes", 0.04), ("backlog", 0.15), ("p99", 0.05)];

/// What cohorts are off by, in the order of `OFF`.
fn off_by((_, file, set): Case, seeds: &[u64]) -> [f64; 3] {
    let scenario = scenario(file, set);
    let play = |mode| {
        let forecast = forecast_in(mode, &scenario, seeds, Instant::now());
        let forecast = forecast.expect("it can be");
        assert_eq!(forecast.mode, mode);
        forecast
    };
    let both = [play(Mode::Exact), play(Mode::Cohorts)];
    let [exact, cohorts] = both.each_ref().map(figures);
    assert_eq!(exact.len(), cohorts.len());
    let busiest = both[0].phases.iter().max_by_key(|phase| phase.orders.max);
    let p99 = format!("p99 of {}, us", busiest.expect("a phase").name);
    let planned = both[0].planned_orders.max as f64;
    let mut most = [0.0_f64; 3];
    for ((name, one), (_, other)) in exact.iter().zip(&cohorts) {
        let apart = (other - one).abs();
        if Class::ALL.iter().any(|class| class.as_str() == name) {
            most[0] = most[0].max(apart / planned);
        } else if name == "backlog" {
            most[1] = apart / one;
        } else if *name == p99 {
            most[2] = apart / one;
        }
    }
    most
}

#[test]
fn cohorts_are_off_from_single_orders_by_no_more_than_is_said() {
    are_off_by_no_more_than_is_said(&[1]);
}

#[test]
#[ignore = "full matrix: .ci/run runs it"]
fn full_matrix_of_what_cohorts_are_off_by() {
    are_off_by_no_more_than_is_said(&[1, 2, 3]);
}

fn are_off_by_no_more_than_is_said(seeds: &[u64]) {
    let mut lines = Vec::new();
    let mut is_right = true;
    for case in CASES {
        let off = off_by(case, seeds);
        for ((what, most), off) in OFF.iter().zip(off) {
            is_right &= off <= *most;
            lines.push(format!("{}: {what} off by {:.1}%", case.0, 100.0 * off));
        }
    }
    assert!(is_right, "{}", lines.join("\n"));
}

#[test]
fn every_order_of_cohorts_is_in_one_class_and_a_seed_gives_one_forecast() {
    for (name, file, set) in CASES {
        let scenario = scenario(file, set);
        let play = |seed| {
            let forecast = forecast_in(Mode::Cohorts, &scenario, &[seed], Instant::now());
            forecast.expect("it can be")
        };
        let forecast = play(7);
        let sum: u64 = forecast.classes.values().map(|range| range.max).sum();
        assert_eq!(sum, forecast.planned_orders.max, "{name}");
        let phases: u64 = forecast.phases.iter().map(|phase| phase.orders.max).sum();
        assert_eq!(sum, phases, "{name}");
        let stored: u64 = forecast.phases.iter().map(|phase| phase.stored.max).sum();
        let classes = [Class::Stored, Class::StoredAndDeadLettered];
        let classes = classes.map(|class| forecast.classes.get(&class).map_or(0, |one| one.max));
        assert_eq!(stored, classes.iter().sum::<u64>(), "{name}");
        if matches!(name, "slow-start" | "retention-short x 10") {
            assert_eq!(play(7), forecast, "{name}");
            assert_ne!(play(8), forecast, "{name}");
        }
    }
}

#[test]
fn too_many_orders_to_play_each_are_played_in_cohorts() {
    let at = |rate: &str, seconds: &str| {
        scenario(
            SPIKE,
            &[
                &format!("phase.spike.duration={seconds}"),
                &format!("phase.spike.rate={rate}"),
                "pipeline.table_capacity=unlimited",
                "phase.recovery.duration=1s",
                "settle.deadline=1s",
            ],
        )
    };
    let played = |scenario: &Scenario| forecast_in_any(scenario).expect("it can be");
    let many = played(&at("1000000/s", "11s"));
    assert_eq!((many.mode, many.slot_us), (Mode::Cohorts, Some(1_000)));
    assert!(many.planned_orders.max > crate::EXACT_ORDERS_MAX);
    let few = played(&at("1000/s", "10s"));
    assert_eq!((few.mode, few.slot_us), (Mode::Exact, None));
    // Played one by one they are refused, and in cohorts what takes too long.
    let scenario = at("1000000/s", "11s");
    let refused = forecast_in(Mode::Exact, &scenario, &[1], Instant::now()).expect_err("too many");
    assert!(refused.to_string().contains("one by one"), "{refused}");
    let refused = forecast_in_any(&at("1000/s", "28h")).expect_err("too long");
    assert!(
        refused.to_string().contains("27 are played at most"),
        "{refused}"
    );
}

fn forecast_in_any(scenario: &Scenario) -> Result<Forecast, crate::CannotForecast> {
    crate::forecast(scenario, &[1], Instant::now())
}
