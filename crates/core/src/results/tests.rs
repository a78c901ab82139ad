//! What of a report is derived: the timeline, and the classes it lists.

use std::collections::BTreeMap;
use std::time::Duration;

use super::fixture::{SPIKE, World};
use super::to_json;
use crate::verdict::Class;

#[test]
fn the_timeline_adds_up() {
    let report = World::new(&SPIKE).report();
    let row = |second: usize| &report.timeline[second];
    assert_eq!(
        report.timeline.len(),
        87,
        "80 s of load and the samples of the drain"
    );
    assert_eq!(
        (
            row(0).phase.as_str(),
            row(24).phase.as_str(),
            row(25).phase.as_str()
        ),
        ("warm-up", "baseline", "spike")
    );
    assert_eq!(row(80).phase, "drain");
    assert_eq!(
        (row(30).scheduled_orders, row(30).stored_orders),
        (1_000, Some(900))
    );
    assert_eq!(row(5).dead_lettered_orders, Some(0));
    assert_eq!(row(6).dead_lettered_orders, Some(20), "six seconds late");
    assert_eq!(
        row(5).backlog_orders,
        Some(120),
        "the bad orders of six seconds"
    );
    assert_eq!(row(86).backlog_orders, Some(0));
    assert_eq!(
        row(0).oldest_age_ms,
        None,
        "nothing stored later was due before the second's end"
    );
    assert_eq!(
        report
            .timeline
            .iter()
            .filter_map(|row| row.dead_lettered_orders)
            .sum::<u64>(),
        4_000
    );
    assert_eq!(row(30).response_time_p50_us.unwrap() / 100, 7);
    assert_eq!(row(85).response_time_p50_us, None);
}

#[test]
fn an_order_stored_and_dead_lettered_leaves_the_backlog_once() {
    let backlog = |world: &World| world.report().timeline[6].backlog_orders;
    let mut world = World::new(&SPIKE);
    let apart = backlog(&world);
    // As many dead letters again, all of stored orders.
    let stored = world.observation.stored.clone();
    let more = world.observation.dead_lettered.len() as usize;
    world
        .observation
        .dead_lettered
        .extend(stored.iter().take(more));
    for sample in &mut world.samples {
        sample.dead_letters *= 2;
    }
    assert_eq!(backlog(&world), apart);
}

#[test]
fn dead_letters_beyond_a_number_leave_no_backlog_and_no_panic() {
    let mut world = World::new(&SPIKE);
    for sample in &mut world.samples {
        sample.dead_letters = u64::MAX;
    }
    assert_eq!(world.report().timeline[6].backlog_orders, Some(0));
}

#[test]
fn the_oldest_age_counts_from_the_earliest_order_still_to_be_stored() {
    let mut world = World::new(&[("baseline", 10.0, 3, false)]);
    // In the third second a row is stored whose order was due 400 ms into the first.
    world.times.seconds[2].oldest_intended_at = Some(Duration::from_millis(400));
    let ages: Vec<_> = world
        .report()
        .timeline
        .iter()
        .map(|row| row.oldest_age_ms)
        .collect();
    assert_eq!(ages[..3], [Some(600), Some(1_600), None]);
}

#[test]
fn every_class_is_listed_in_the_report() {
    let report = World::new(&SPIKE).report();
    let always = Class::ALL
        .into_iter()
        .filter(|class| class.is_always_listed());
    let expected: BTreeMap<_, _> = always.map(|class| (class, ())).collect();
    assert!(report.classes.keys().eq(expected.keys()));
    assert_eq!(
        report.class_tally(Class::Incomplete).exact(),
        Some(0),
        "not listed, so none"
    );
    assert_eq!(report.classes.values().sum::<u64>(), 40_000);
}

/// What is kept of an order is a count: what a report holds is a matter of seconds and phases, and of the longest durations.
#[test]
fn a_report_of_a_thousand_times_as_many_orders_is_as_long() {
    let length = |rate: f64| {
        let phases = SPIKE.map(|(name, _, seconds, warm_up)| (name, rate, seconds, warm_up));
        let report = World::new(&phases).report();
        (report.orders.planned, to_json(&report).len() as f64)
    };
    let ((few, short), (many, long)) = (length(125.0), length(125_000.0));
    assert_eq!((few, many), (10_000, 10_000_000));
    assert!(long < short * 1.08, "{short} and {long} bytes");
    assert!(long < 1_000_000.0, "{long} bytes for {many} orders");
}
