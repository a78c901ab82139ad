//! Orders a second that are forecast: `cargo bench -p orderproof-plan --bench speed [-- ORDERS]`.
//!
//! Pipelines of several kinds, each played once with 1,000,000 orders, or as many as are asked for, on one core: with room
//! for each order, with a batch of ten, with a backlog, with a table that throttles, with a function whose times are drawn.

use std::time::Instant;

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

fn main() {
    let asked = std::env::args().find_map(|argument| argument.parse().ok());
    let orders = asked.unwrap_or(ORDERS);
    println!("{orders} orders each, about; the goal is 300,000 orders/s");
    for (kind, set) in KINDS {
        let scenario = scenario(set, orders);
        let start = Instant::now();
        let forecast = forecast(&scenario, &[1], start).expect("it can be forecast");
        let took = start.elapsed().as_secs_f64();
        let planned = forecast.planned_orders.max as f64;
        println!(
            "{kind}: {:.0} orders/s ({planned:.0} orders, {} invocations, {took:.2} s)",
            planned / took,
            forecast.invocations.max
        );
    }
}
