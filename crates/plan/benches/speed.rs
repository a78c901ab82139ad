//! Orders a second that are forecast: `cargo bench -p orderproof-plan --bench speed [-- ORDERS]`.
//!
//! Pipelines of several kinds, each played once with 1,000,000 orders, or as many as are asked for, on one core: with room
//! for each order, with a batch of ten, with a backlog, with a table that throttles, with a function whose times are drawn.
//! First a sale of an hour with 100,000,000 and with nearly 1,000,000,000 orders, in cohorts. Seconds are those of the processor.

use std::time::{Duration, Instant};

use orderproof_core::scenario::{Overrides, Scenario, parse};
use orderproof_plan::forecast;

const ORDERS: u64 = 1_000_000;

const FILE: &str = r#"
name = "speed"
question = "How fast is a forecast?"
seed = 2026
arrivals = "poisson"
bad_orders = "1%"

[[phase]]
name = "baseline"
rate = "1000/s"
duration = "1s"

[pipeline]
table_capacity = "unlimited"

[pipeline.function]
service_time = "50ms"

[pipeline.mapping]
starting_concurrency = 1000

[settle]
deadline = "1h"
"#;

/// What each pipeline has otherwise.
const KINDS: [(&str, &[&str]); 5] = [
    (
        "with room, one order a batch",
        &["pipeline.mapping.batch_size=1"],
    ),
    (
        "with room, ten orders a batch",
        &[
            "pipeline.mapping.batch_size=10",
            "pipeline.mapping.batching_window=100ms",
        ],
    ),
    (
        "with a backlog of nine orders in ten",
        &[
            "pipeline.mapping.batch_size=1",
            "pipeline.mapping.starting_concurrency=5",
            "pipeline.mapping.added_concurrency_per_minute=0",
            "pipeline.orders_retention=336h",
            "settle.deadline=12h",
        ],
    ),
    (
        "with a table that throttles",
        &[
            "pipeline.mapping.batch_size=1",
            "pipeline.table_capacity=500 wcu",
        ],
    ),
    (
        "with times that are drawn",
        &[
            "pipeline.mapping.batch_size=1",
            "pipeline.function.service_time={p50=\"40ms\",p99=\"300ms\"}",
        ],
    ),
];

fn scenario(set: &[&str], orders: u64) -> Scenario {
    let set = set.iter().map(|text| (*text).to_owned());
    let duration = format!("phase.baseline.duration={}ms", orders.max(1));
    let overrides = Overrides {
        set: set.chain([duration]).collect(),
        ..Overrides::default()
    };
    parse("speed.toml", FILE, &overrides).expect("a scenario")
}

/// A sale of an hour with so many orders in all, of which the table and the mapping take about nine in ten at a time.
fn sale(orders: u64) -> Scenario {
    let rate = orders as f64 / 3_600.0;
    let set = [
        "phase.baseline.duration=1h".to_owned(),
        format!("phase.baseline.rate={rate:.3}/s"),
        "pipeline.mapping.starting_concurrency=1250".to_owned(),
        "pipeline.mapping.maximum_concurrency=1250".to_owned(),
        format!("pipeline.function.service_time={:.6}s", 11_250.0 / rate),
    ];
    let overrides = Overrides {
        set: set.into(),
        ..Overrides::default()
    };
    parse("speed.toml", FILE, &overrides).expect("a scenario")
}

/// What this process has had of the processor.
fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    let nanos = stat.split(' ').next().and_then(|nanos| nanos.parse().ok());
    Duration::from_nanos(nanos.unwrap_or_default())
}

fn play(kind: &str, scenario: &Scenario) {
    let (start, before) = (Instant::now(), processor_time());
    let forecast = forecast(scenario, &[1], start).expect("it can be forecast");
    let took = processor_time().saturating_sub(before).as_secs_f64();
    let planned = forecast.planned_orders.max as f64;
    println!(
        "{kind}: {:.0} orders/s ({planned:.0} orders, {} invocations, {took:.2} s, {:?})",
        planned / took,
        forecast.invocations.max,
        forecast.mode
    );
}

/// The most memory this process has had, bytes.
fn memory_peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kib.unwrap_or_default() << 10
}

fn main() {
    let asked = std::env::args().find_map(|argument| argument.parse().ok());
    for orders in [100_000_000, 999_999_000] {
        play("a sale of an hour", &sale(orders));
        println!("memory: {} MiB at most", memory_peak() >> 20);
    }
    let orders = asked.unwrap_or(ORDERS);
    println!("{orders} orders each, about; the goal is 300,000 orders/s");
    for (kind, set) in KINDS {
        play(kind, &scenario(set, orders));
    }
}
