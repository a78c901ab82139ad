//! Scenarios whose forecast can be worked out by hand, and scenarios that are not forecast.

use std::time::Instant;

use orderproof_core::scenario::{Overrides, Scenario, parse};
use orderproof_core::verdict::Class;

use crate::{Forecast, Outlook, Range, Wall, check, forecast};

const FILE: &str = r#"
name = "small"
question = "What becomes of it?"
seed = 7
bad_orders = "10%"

[[phase]]
name = "baseline"
rate = "100/s"
duration = "10s"

[pipeline]
visibility_timeout = "2s"
max_receive_count = 3

[pipeline.mapping]
batch_size = 1
starting_concurrency = 50
added_concurrency_per_minute = 0
maximum_concurrency = 50

[pipeline.function]
timeout = "2s"
service_time = "100ms"

[settle]
deadline = "60s"

[expect]
rules = ["end_to_end_p99 < 1s", "drain < 30s", "response_time_p99 < 1s"]
"#;

fn with(set: &[&str]) -> Scenario {
    let overrides = Overrides {
        set: set.iter().map(|text| (*text).to_owned()).collect(),
        ..Overrides::default()
    };
    parse("small.toml", FILE, &overrides).expect("a scenario")
}

fn played(set: &[&str]) -> Forecast {
    forecast(&with(set), &[7], Instant::now()).expect("it can be forecast")
}

fn count(forecast: &Forecast, class: Class) -> u64 {
    let range = forecast.classes.get(&class);
    range.map_or(0, |range| {
        assert_eq!(range.min, range.max, "one seed");
        range.max
    })
}

/// Every order is in exactly one class.
fn adds_up(forecast: &Forecast) {
    let sum: u64 = forecast.classes.values().map(|range| range.max).sum();
    assert_eq!(sum, forecast.planned_orders.max, "{:?}", forecast.classes);
}

fn met(forecast: &Forecast, wall: Wall) -> bool {
    forecast.walls.iter().any(|met| met.wall == wall)
}

#[test]
fn a_pipeline_with_room_stores_the_good_and_dead_letters_the_bad_after_three_receives() {
    let forecast = played(&[]);
    adds_up(&forecast);
    let (planned, bad) = (forecast.planned_orders.max, forecast.bad_orders.max);
    assert_eq!(planned, 1_000);
    assert!((70..130).contains(&bad), "{bad}");
    assert_eq!(count(&forecast, Class::Stored), planned - bad);
    assert_eq!(count(&forecast, Class::DeadLetteredByDesign), bad);
    // A batch of one an invocation; a bad order has three.
    assert_eq!(forecast.invocations.max, planned + 2 * bad);
    let p99 = forecast.phases[0].end_to_end_p99_us.expect("stored").max;
    assert!((100_000..101_000).contains(&p99), "{p99}");
    // 100 orders/s of which each takes 100 ms; the bad ones come back in between.
    assert!(
        (10..=18).contains(&forecast.max_concurrency.max),
        "{forecast:?}"
    );
    assert!(forecast.holds() && forecast.walls.is_empty());
    let outlooks: Vec<_> = forecast.rules.iter().map(|rule| rule.outlook).collect();
    assert_eq!(
        outlooks,
        [Outlook::Holds, Outlook::Holds, Outlook::NotForecast]
    );
    // The last bad order is received three times, 2 s apart, and moved by the fourth attempt.
    let drain = forecast.drain_us.expect("it drains").max;
    assert!((5_000_000..6_200_000).contains(&drain), "{drain}");
    assert!(!forecast.evidence && forecast.kind == "forecast");
}

#[test]
fn too_little_concurrency_falls_behind_by_the_difference() {
    let forecast = played(&[
        "pipeline.mapping.starting_concurrency=5",
        "pipeline.mapping.maximum_concurrency=5",
        "bad_orders=0%",
    ]);
    adds_up(&forecast);
    // 50/s are taken of 100/s, for 10 s.
    let peak = forecast.backlog_peak_orders.max;
    assert!((495..=510).contains(&peak), "{peak}");
    assert_eq!(forecast.max_concurrency, Range { min: 5, max: 5 });
    let drain = forecast.drain_us.expect("it drains").max;
    assert!((9_800_000..10_300_000).contains(&drain), "{drain}");
    assert!(met(&forecast, Wall::MaximumConcurrency) && !forecast.holds());
    assert_eq!(forecast.rules[0].outlook, Outlook::Broken);
    assert_eq!(forecast.rules[1].outlook, Outlook::Holds);
    assert!(
        forecast.broken()[0].contains("end_to_end_p99"),
        "{:?}",
        forecast.broken()
    );
}

#[test]
fn a_table_that_throttles_costs_good_orders_their_receives() {
    let capacity = ["pipeline.table_capacity=1 wcu", "bad_orders=0%"];
    let forecast = played(&capacity);
    adds_up(&forecast);
    // 300 units are kept, and 1 a second comes: of 1,000 orders with three receives each, within 16 s or so.
    let stored = count(&forecast, Class::Stored);
    assert!((308..=318).contains(&stored), "{stored}");
    assert_eq!(
        count(&forecast, Class::GoodOrderDeadLettered),
        1_000 - stored
    );
    let reason = "TableWriteProvisionedThroughputExceeded";
    let throttled = forecast.throttled_writes;
    assert_eq!(forecast.throttling_reasons.get(reason), Some(&throttled));
    assert!(throttled.max >= 3 * (1_000 - stored), "{throttled:?}");
    assert!(met(&forecast, Wall::WritesThrottled) && met(&forecast, Wall::MaxReceiveCount));
    assert_eq!(forecast.gate_outlook, Outlook::Broken);
    // The near miss: with room for each nothing is throttled.
    let enough = played(&["pipeline.table_capacity=71 wcu", "bad_orders=0%"]);
    assert_eq!(count(&enough, Class::Stored), 1_000);
    assert!(!met(&enough, Wall::WritesThrottled));
}

#[test]
fn a_message_that_comes_back_while_in_work_is_stored_and_dead_lettered() {
    // Behind cold starts of 3 s a message is visible again after 2 s; deletes with older receipts do nothing.
    let slow = [
        "pipeline.function.cold_start=9s",
        "bad_orders=0%",
        "phase.baseline.duration=1s",
        "phase.baseline.rate=10/s",
    ];
    let forecast = played(&slow);
    adds_up(&forecast);
    assert!(met(&forecast, Wall::VisibilityTimeout));
    assert_eq!(
        count(&forecast, Class::StoredAndDeadLettered),
        10,
        "{forecast:?}"
    );
    let near = played(&["pipeline.function.cold_start=1800ms", "bad_orders=0%"]);
    assert!(!met(&near, Wall::VisibilityTimeout));
    assert_eq!(count(&near, Class::Stored), 1_000);
}

#[test]
fn without_partial_responses_bad_orders_are_deleted_and_lost() {
    let forecast = played(&["pipeline.mapping.report_batch_item_failures=false"]);
    adds_up(&forecast);
    assert_eq!(count(&forecast, Class::Lost), forecast.bad_orders.max);
    assert_eq!(forecast.gate_outlook, Outlook::Broken);
}

#[test]
fn a_queue_that_keeps_messages_too_briefly_loses_what_waits_longer() {
    let slow = [
        "pipeline.mapping.starting_concurrency=2",
        "pipeline.mapping.maximum_concurrency=2",
        "pipeline.function.service_time=400ms",
        "bad_orders=0%",
        "settle.deadline=300s",
    ];
    let keeping = |retention: &str| {
        let retention = format!("pipeline.orders_retention={retention}");
        let set: Vec<&str> = slow.into_iter().chain([retention.as_str()]).collect();
        played(&set)
    };
    // 5/s are taken; after 60 to 70 s the rest has expired.
    let forecast = keeping("60s");
    adds_up(&forecast);
    let lost = count(&forecast, Class::Lost);
    assert!((640..=690).contains(&lost), "{lost}");
    // Some expire while they are in work.
    assert!(forecast.expired_messages.max >= lost);
    assert!(met(&forecast, Wall::Retention));
    let kept = keeping("250s");
    assert_eq!(count(&kept, Class::Stored), 1_000);
    assert!(!met(&kept, Wall::Retention));
}

#[test]
fn what_the_filter_does_not_let_through_is_deleted_and_lost() {
    let filter = |names: &str| {
        let filter =
            format!("pipeline.mapping.filter={{\"body\": {{\"item_description\": [{names}]}}}}");
        played(&[&filter, "bad_orders=0%"])
    };
    // One article of five.
    let forecast = filter("\"zTV\"");
    adds_up(&forecast);
    let stored = count(&forecast, Class::Stored);
    assert!((150..250).contains(&stored), "{stored}");
    assert_eq!(count(&forecast, Class::Lost), 1_000 - stored);
    assert_eq!(forecast.invocations.max, stored, "the others need none");
    let all = filter("\"zMobile\", \"zTablet\", \"zTV\", \"zWatch\", \"zPen\"");
    assert_eq!(count(&all, Class::Stored), 1_000);
    let many = [
        "pipeline.mapping.filter={\"body\": {\"a\": [1]}}",
        "phase.baseline.rate=1000000/s",
        "phase.baseline.duration=11s",
    ];
    let refused = check(&with(&many)).expect_err("not in cohorts");
    assert_eq!(refused.key, "pipeline.mapping.filter");
}

#[test]
fn what_is_still_queued_at_the_deadline_proves_nothing_and_breaks_the_gate() {
    let forecast = played(&["pipeline.redrive_to=none", "settle.deadline=10s"]);
    adds_up(&forecast);
    assert_eq!(count(&forecast, Class::Undecided), forecast.bad_orders.max);
    assert_eq!(forecast.undrained_orders, forecast.bad_orders);
    assert_eq!(
        (forecast.drain_us, forecast.gate_outlook),
        (None, Outlook::Broken)
    );
}

#[test]
fn a_forecast_is_a_function_of_its_seeds_and_several_give_a_range() {
    let scenario = with(&["arrivals=poisson"]);
    let play = |seeds: &[u64]| forecast(&scenario, seeds, Instant::now()).expect("it can be");
    assert_eq!(play(&[7]), play(&[7]));
    assert_ne!(play(&[7]).bad_orders, play(&[8]).bad_orders);
    let range = play(&[7, 8, 9]);
    for seed in [7, 8, 9] {
        let one = play(&[seed]).bad_orders.max;
        assert!((range.bad_orders.min..=range.bad_orders.max).contains(&one));
    }
    assert!(range.bad_orders.min < range.bad_orders.max);
    assert_eq!(range.timeline, play(&[7]).timeline, "of the first seed");
}

#[test]
fn what_is_not_forecast_is_refused_by_its_key_and_never_guessed() {
    let refused = [
        (&["target.region=eu-west-1"][..], "target"),
        (&["fault=[{kind=\"message_vanishes\",count=1}]"], "fault"),
        (
            &["pipeline.queue=fifo", "order.group=\"a\""],
            "pipeline.queue",
        ),
        (&["pipeline.redrive_to=elsewhere"], "pipeline.redrive_to"),
        (
            &["phase.baseline.rate=1000/s", "phase.baseline.duration=28h"],
            "phase",
        ),
        (
            &[
                "phase.baseline.rate=0.001/s",
                "phase.baseline.duration=168h",
            ],
            "phase",
        ),
        (
            &[
                "processor={command=[\"x\"]}",
                "pipeline.function.service_time=0s",
            ],
            "processor",
        ),
    ];
    for (set, key) in refused {
        let overrides = Overrides {
            set: set.iter().map(|text| (*text).to_owned()).collect(),
            ..Overrides::default()
        };
        let scenario = match parse("small.toml", FILE, &overrides) {
            Ok(scenario) => scenario,
            Err(error) => panic!("{key}: {error}"),
        };
        let refused = check(&scenario).expect_err(key);
        assert_eq!(refused.key, key, "{refused}");
    }
    let days = with(&[
        "phase.baseline.rate=0.001/s",
        "phase.baseline.duration=160h",
    ]);
    assert_eq!(check(&days), Ok(()), "below seven days");
    let own = with(&["processor={command=[\"x\"]}"]);
    assert_eq!(check(&own), Ok(()), "its service time is stated");
    assert_eq!(
        forecast(&own, &[7], Instant::now())
            .expect("so")
            .assumptions
            .len(),
        3
    );
}
