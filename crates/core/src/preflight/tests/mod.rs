//! A target in which all is well, and everything that can be wrong with one.

mod door;
mod fifo;
mod foreseen;
mod further;
mod guard;
mod id_space;
mod traps;
mod traps_beyond;

use crate::records::ClockOffset;
use crate::scenario::TableCapacity;
use std::time::Duration;

pub(super) use super::fixture::*;
use super::*;

#[test]
fn what_a_run_costs_adds_up_and_takes_its_phases_and_its_rest() {
    let scenario = scenario(&[]);
    let estimate = estimate(&scenario, target(&scenario), &facts());
    assert_eq!(estimate.orders, 18_000);
    let sum: f64 = estimate.lines.iter().map(|line| line.usd).sum();
    assert!((estimate.usd - sum).abs() < 1e-12);
    let line = |what: &str| {
        let found = estimate.lines.iter().find(|line| line.what == what);
        found.unwrap_or_else(|| panic!("no line {what}"))
    };
    assert_eq!(line("SQS sends").count, 18_000.0);
    // 18,000 orders once, and 1,800 bad ones four times more.
    assert_eq!(line("Lambda invocations").count, 25_200.0);
    assert!((line("DynamoDB writes").usd - 0.01125).abs() < 1e-9);
    // Should all be lost, each is looked up by its key twice.
    assert_eq!(line("DynamoDB reads (missing rows)").count, 36_000.0);
    assert_eq!(estimate.sending, Duration::from_secs(84));
    // Five receives of a bad order 180 s apart, and counts that stay empty for as long.
    assert_eq!(estimate.settling, Duration::from_secs(5 * 180 + 180));
    assert!((0.03..0.1).contains(&estimate.usd), "{}", estimate.usd);
}

#[test]
fn a_clock_on_loopback_is_as_far_off_as_it_winto_measured() {
    let scenario = scenario(&[]);
    let apart = |loopback: bool, clock: Known<ClockOffset>| {
        let mut facts = facts();
        facts.place.loopback = loopback;
        facts.place.clock = clock;
        Preflight::of(&scenario, target(&scenario), facts).clocks_apart()
    };
    let ahead = |seconds| {
        Known::Is(ClockOffset {
            seconds,
            uncertainty: 0.001,
        })
    };
    for loopback in [true, false] {
        assert_eq!(apart(loopback, ahead(2.7)), Duration::from_millis(2_701));
        assert_eq!(apart(loopback, ahead(-0.45)), Duration::from_millis(451));
        assert_eq!(apart(loopback, ahead(0.0)), Duration::from_millis(1));
        assert_eq!(apart(loopback, Known::Absent), UNKNOWN_CLOCK);
    }
}

#[test]
fn batches_make_sends_cheaper_and_a_local_processor_needs_no_lambda() {
    let count = |set: &[&str], what: &str| {
        let scenario = scenario(set);
        let estimate = estimate(&scenario, target(&scenario), &facts());
        let found = estimate.lines.into_iter().find(|line| line.what == what);
        found.map(|line| line.count)
    };
    assert_eq!(count(&["sending.batch=10"], "SQS sends"), Some(1_800.0));
    assert_eq!(
        count(&["target.processor=local"], "Lambda invocations"),
        None
    );
    assert!(count(&["target.processor=local"], "DynamoDB writes").is_some());
    assert_eq!(count(&["sending.to=sns"], "SNS messages"), Some(18_000.0));
    let events = count(&["sending.to=eventbridge"], "EventBridge events");
    assert_eq!(events, Some(18_000.0));
    assert_eq!(count(&[], "SNS messages"), None);
}

#[test]
fn an_estimate_of_what_a_function_did_takes_its_invocations_and_their_time() {
    let scenario = crate::scenario::fixture();
    let with = |invocations, busy_s| {
        let busy = Duration::from_secs(busy_s);
        estimate_worked(&scenario, Work { invocations, busy })
    };
    let line = |estimate: &Estimate, what: &str| {
        let mut lines = estimate.lines.iter();
        lines.find(|line| line.what == what).expect(what).count
    };
    let one = with(40, 8);
    assert_eq!(line(&one, "Lambda invocations"), 40.0);
    // 128 MB for 8 s.
    assert_eq!(line(&one, "Lambda GB-seconds"), 1.0);
    assert_eq!(line(&one, "DynamoDB writes"), 100.0);
    assert!(with(4_000, 800).usd > one.usd);
    // A provisioned table is paid by the hour.
    let mut provisioned = scenario.clone();
    provisioned.pipeline.table_capacity = TableCapacity::Provisioned {
        write_capacity_units: 5,
        read_capacity_units: None,
    };
    let busy = Duration::from_secs(8);
    let work = Work {
        invocations: 40,
        busy,
    };
    let lines = estimate_worked(&provisioned, work).lines;
    assert!(
        lines.iter().any(|line| line.what == "DynamoDB WCU-hours"),
        "{lines:?}"
    );
}

#[test]
fn an_estimate_grows_with_the_orders_and_with_what_is_there_already() {
    let usd = |set: &[&str], facts: &Facts| {
        let scenario = scenario(set);
        estimate(&scenario, target(&scenario), facts).usd
    };
    let well = facts();
    assert!(usd(&["phase.spike.rate=50x"], &well) > 5.0 * usd(&[], &well));
    let mut full = facts();
    known(&mut full.table).bytes = 10_000_000_000;
    assert!(usd(&[], &full) > usd(&[], &well) + 0.2);
}
