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

#[test]
#[ignore]
fn explore() {
    let cases: [(&str, &str, &[&str]); 9] = [
        ("spike", SPIKE, &["phase.baseline.rate=1000/s"]),
        (
            "default",
            DEFAULT_TABLE,
            &["phase.baseline.rate=40/s", "pipeline.table_capacity=50 wcu"],
        ),
        ("lab", LAB_SPIKE, &[]),
        (
            "lab x 10",
            LAB_SPIKE,
            &[
                "phase.baseline.rate=2000/s",
                "phase.spike.rate=10000/s",
                "phase.recovery.rate=2000/s",
                "pipeline.mapping.starting_concurrency=100",
                "pipeline.mapping.maximum_concurrency=100",
            ],
        ),
        ("slow", SLOW_START, &[]),
        ("doubling", DOUBLING, &[]),
        (
            "throttled",
            THROTTLED,
            &[
                "phase.baseline.rate=200/s",
                "pipeline.function.reserved_concurrency=100",
                "pipeline.mapping.minimum_pollers=40",
                "pipeline.mapping.maximum_pollers=40",
            ],
        ),
        (
            "visibility",
            VISIBILITY,
            &[
                "phase.baseline.rate=40/s",
                "pipeline.mapping.starting_concurrency=1250",
                "pipeline.mapping.maximum_concurrency=1250",
            ],
        ),
        (
            "retention",
            RETENTION,
            &[
                "phase.baseline.rate=20/s",
                "pipeline.mapping.starting_concurrency=100",
                "pipeline.mapping.maximum_concurrency=100",
            ],
        ),
    ];
    for (name, file, set) in cases {
        let scenario = scenario(file, set);
        let play = |mode| {
            let start = Instant::now();
            let forecast = forecast_in(mode, &scenario, &[1, 2, 3], start).expect("it can be");
            println!("{name} {mode:?} {:?}", start.elapsed());
            figures(&forecast)
        };
        let (exact, cohorts) = (play(Mode::Exact), play(Mode::Cohorts));
        println!("== {name}");
        for ((what, one), (_, other)) in exact.iter().zip(&cohorts) {
            if one.max(*other) > 0.0 {
                let off = 100.0 * (other - one) / one;
                println!("{what:28} {one:12} {other:12} {off:7.1}%");
            }
        }
    }
}
