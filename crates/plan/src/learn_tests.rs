//! What a synthetic run tells, and what a run must not tell.

use std::time::Instant;

use orderproof_core::metrics::LatencySummary;
use orderproof_core::results::fixture::World;
use orderproof_core::results::{FailureCount, FailureKind, PipelineCounters, RunReport};
use orderproof_core::verdict::Class;

use super::*;
use crate::{forecast, forecast_learned};

const PHASES: [(&str, f64, u64, bool); 2] =
    [("baseline", 50.0, 20, false), ("spike", 200.0, 20, false)];

/// A run in which nothing waits: 900 orders of the baseline took 40 ms, one in a hundred of them 120 ms.
fn run() -> RunReport {
    let mut report = World::new(&PHASES).report();
    for row in &mut report.timeline {
        row.queue_visible_messages = Some(0);
    }
    report.scenario.pipeline.visibility_timeout = Duration::from_secs(30);
    report.phases[0].end_to_end_us = LatencySummary {
        p50_us: Some(40_000),
        p99_us: Some(120_000),
        ..report.phases[0].end_to_end_us
    };
    report.pipeline = Some(PipelineCounters {
        invocations: 2_000,
        failed_good_records: Some(0),
        cold_starts: 5,
        ..PipelineCounters::default()
    });
    report
}

fn value<'a>(learned: &'a Learned, key: &str) -> Option<&'a str> {
    let lesson = learned.taken.iter().find(|lesson| lesson.key == key);
    lesson.map(|lesson| lesson.value.as_str())
}

fn is_not_learned(learned: &Learned, key: &str, why: &str) -> bool {
    let mut left_out = learned.not_learned.iter();
    left_out.any(|one| one.starts_with(key) && one.contains(why))
}

const TIME: &str = "pipeline.function.service_time";

#[test]
fn the_time_of_an_order_is_that_of_the_quietest_phase() {
    let report = run();
    let learned = learn(&report, &report.scenario);
    assert_eq!(
        value(&learned, TIME),
        Some("{ p50 = \"40000us\", p99 = \"120000us\" }"),
        "{learned:#?}"
    );
    assert!(is_not_learned(
        &learned,
        "pipeline.function.cold_start",
        "only their number is recorded (5)"
    ));
    // Times of a run that was compressed are those of its file.
    let mut fast = report.clone();
    fast.scenario.time_scale = 10.0;
    let learned = learn(&fast, &fast.scenario);
    assert_eq!(
        value(&learned, TIME),
        Some("{ p50 = \"400000us\", p99 = \"1200000us\" }")
    );
}

#[test]
fn what_waited_was_throttled_or_came_again_does_not_tell_the_time() {
    type Change = fn(&mut RunReport);
    let cases: [(Change, &str); 5] = [
        (
            |run| {
                run.timeline
                    .iter_mut()
                    .for_each(|row| row.queue_visible_messages = Some(500))
            },
            "hardly one waited",
        ),
        (
            |run| {
                run.timeline
                    .iter_mut()
                    .for_each(|row| row.throttled_writes = Some(1))
            },
            "nothing was throttled",
        ),
        (
            |run| run.scenario.pipeline.visibility_timeout = Duration::from_millis(100),
            "received again",
        ),
        (
            |run| run.scenario.pipeline.mapping.batching_window = Duration::from_secs(1),
            "batching window",
        ),
        (|run| run.clock_skew_bound_us = 50_000, "clocks"),
    ];
    for (change, why) in cases {
        let mut report = run();
        change(&mut report);
        let learned = learn(&report, &report.scenario);
        assert_eq!(value(&learned, TIME), None, "{why}");
        assert!(
            is_not_learned(&learned, TIME, why),
            "{why}: {:#?}",
            learned.not_learned
        );
    }
}

#[test]
fn failures_are_learned_but_for_time_outs_bad_orders_and_throttled_writes() {
    let mut report = run();
    let counted = report.pipeline.as_mut().expect("it is there");
    counted.failed_invocations = 150;
    counted.failures = Some(vec![FailureCount {
        kind: FailureKind::TimedOut,
        reason: None,
        count: 50,
        without_bad_orders: None,
        first_order: None,
        log: None,
    }]);
    counted.throttled_writes = 30;
    counted.failed_good_records = Some(30);
    let learned = learn(&report, &report.scenario);
    assert_eq!(learned.failures.invocations, 0.05);
    assert_eq!(learned.failures.good_records, 0.0);
    // A function that fails whole batches for a bad order tells nothing.
    report.scenario.pipeline.mapping.report_batch_item_failures = false;
    let learned = learn(&report, &report.scenario);
    assert_eq!(learned.failures, Failures::default());
    assert!(is_not_learned(
        &learned,
        "failures of the function",
        "bad orders fail whole batches"
    ));
}

#[test]
fn a_limit_is_learned_where_it_was_met_and_growth_where_messages_waited() {
    let mut report = run();
    let counted = report.pipeline.as_mut().expect("it is there");
    (counted.throttled_invocations, counted.max_concurrency) = (400, 12);
    for row in &mut report.timeline {
        // 2 more each second from second 20 on: 120 a minute.
        row.queue_visible_messages = Some(u64::from(row.time_s >= 20));
        row.max_concurrent_invocations = Some(5 + 2 * row.time_s.saturating_sub(20) as u32);
    }
    let learned = learn(&report, &report.scenario);
    assert_eq!(
        value(&learned, "pipeline.function.reserved_concurrency"),
        Some("12")
    );
    assert_eq!(
        value(&learned, "pipeline.mapping.added_concurrency_per_minute"),
        Some("120")
    );
    // Near miss: grown as is set.
    let mut as_set = report.scenario.clone();
    as_set.pipeline.mapping.added_concurrency_per_minute = 115;
    let learned = learn(&report, &as_set);
    assert_eq!(
        value(&learned, "pipeline.mapping.added_concurrency_per_minute"),
        None
    );
}

#[test]
fn what_is_set_by_hand_is_left_to_the_hand() {
    let report = run();
    let mut learned = learn(&report, &report.scenario);
    learned.without(&["pipeline.function.service_time_more=1".to_owned()]);
    assert_eq!(
        learned.assignments(),
        [format!(
            "{TIME}={{ p50 = \"40000us\", p99 = \"120000us\" }}"
        )]
    );
    learned.without(&["pipeline.function.service_time=1ms".to_owned()]);
    assert_eq!(learned.assignments(), Vec::<String>::new());
    assert!(is_not_learned(&learned, TIME, "given with --set"));
}

#[test]
fn failures_that_were_learned_strike_as_often_in_the_forecast() {
    let mut report = run();
    report.scenario.pipeline.visibility_timeout = Duration::from_secs(1);
    report.scenario.settle_deadline = Duration::from_secs(60);
    let scenario = &report.scenario;
    let with = |failures: Failures| {
        let learned = Learned {
            failures,
            ..Learned::default()
        };
        forecast_learned((scenario, scenario), learned, &[1, 2], Instant::now()).expect("it can be")
    };
    let share = Failures {
        invocations: 0.05,
        good_records: 0.0,
    };
    let failing = with(share);
    let share = failing.failed_invocations.max as f64 / failing.invocations.max as f64;
    assert!((0.04..0.06).contains(&share), "{share}");
    assert_eq!(
        failing
            .learned
            .as_ref()
            .expect("it says so")
            .failures
            .invocations,
        0.05
    );
    // Of three receives of a good order each fails one in two: one in eight is dead-lettered.
    let half = with(Failures {
        invocations: 0.0,
        good_records: 0.5,
    });
    let dead = half.classes[&Class::GoodOrderDeadLettered].max as f64;
    let good = (half.planned_orders.max - half.bad_orders.min) as f64;
    assert!((0.11..0.14).contains(&(dead / good)), "{dead} of {good}");
    assert_eq!(half.failed_invocations.max, 0);
    // Near miss: without failures it is the forecast itself.
    let plain = forecast(scenario, &[1, 2], Instant::now()).expect("it can be");
    let mut none = with(Failures::default());
    none.learned = None;
    assert_eq!(none, plain);
}
