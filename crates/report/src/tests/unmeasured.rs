//! What was not measured, or only in part, is said to be so in every format.

use super::*;

/// All of it as text: terminal, Markdown and page.
fn all_words(report: &RunReport) -> [String; 3] {
    let plain = TextStyle::default();
    let text = render_text(report, Path::new("here"), &|_| true, plain);
    let page = crate::render_html(report).expect("a page");
    [text, render_markdown(report), page]
}

#[test]
fn what_no_row_tells_is_missing_everywhere_and_never_zero() {
    let mut world = World::new(&SPIKE);
    let whole = world.report();
    assert_eq!(
        (whole.redelivered, whole.uncounted_rows),
        (Some(0), Some(0))
    );
    let rows = world.observation.stored.len();
    world.observation.uncounted_rows = Some(rows);
    world.observation.untimed_rows = rows;
    world.times = StoredTimes {
        phases: vec![Default::default(); 3],
        seconds: Vec::new(),
    };
    let report = world.report();
    assert_eq!(report.redelivered, None);
    assert_eq!(report.phases[1].end_to_end_us.p99_us, None);
    for row in &report.timeline {
        assert_eq!((row.stored_orders, row.backlog_orders), (None, None));
        assert_eq!((row.end_to_end_max_us, row.oldest_age_ms), (None, None));
    }
    let json: serde_json::Value = serde_json::from_slice(&to_json(&report)).unwrap();
    assert!(json["redelivered"].is_null());
    assert!(json["phases"][1]["end_to_end_us"]["p99_us"].is_null());
    for told in all_words(&report) {
        assert!(
            told.contains("not measured: no row tells how often"),
            "{told}"
        );
        assert!(told.contains("36,000 rows without a stored_at"), "{told}");
    }
    for told in all_words(&whole) {
        assert!(
            told.contains("0 stored orders received more than once"),
            "{told}"
        );
        assert!(!told.contains("stored_at"), "{told}");
    }
    let csv = String::from_utf8(timeseries_csv(&report)).unwrap();
    let header = csv.lines().next().unwrap().split(',');
    let column = header
        .clone()
        .position(|name| name == "stored_orders")
        .unwrap();
    assert_eq!(
        csv.lines().nth(31).unwrap().split(',').nth(column),
        Some("")
    );
    let metrics = open_metrics(&report);
    assert!(!metrics.contains("redelivered"), "{metrics}");
    assert!(!metrics.contains("end_to_end_seconds_count"), "{metrics}");
    let metrics = open_metrics(&whole);
    assert!(metrics.contains("redelivered") && metrics.contains("end_to_end_seconds_count"));
}

#[test]
fn what_was_read_in_part_is_told_as_a_part() {
    let mut world = World::new(&SPIKE);
    world.observation.uncounted_rows = Some(2);
    world.observation.redelivered = 3;
    for told in all_words(&world.report()) {
        let part = "at least 3 stored orders received more than once (no failure): 2 rows carry no receive count";
        assert!(told.contains(part), "{told}");
    }
    world.observation.uncounted_rows = Some(0);
    assert_eq!(world.report().redelivered_tally().exact(), Some(3));
    world.observation.scan.complete = false;
    assert_eq!(world.report().redelivered_tally().exact(), None);
    world.observation.scan.items = 0;
    let report = world.report();
    assert_eq!(report.foreign_rows, None, "nothing was read");
    assert_eq!(
        report.extra_dead_letter_copies,
        Some(0),
        "the sweep was whole"
    );
    assert!(
        report
            .timeline
            .iter()
            .all(|row| row.backlog_orders.is_none())
    );
}

#[test]
fn rows_with_impossible_instants_are_counted_and_told() {
    let mut world = World::new(&SPIKE);
    let clock = |early: i64, late: i64| orderproof_core::verify::RowClock {
        early_rows: u64::from(early > 0),
        late_rows: u64::from(late > 0),
        behind_at_least_us: early,
        behind_at_most_us: -late,
        any_row_at_most_us: 60_000_000,
    };
    world.observation.row_clock = Some(clock(400_000, -700_000));
    for told in all_words(&world.report()) {
        assert!(
            told.contains(
                "1 row stored, by their stored_at, before their order was due, by up to 400 ms"
            ),
            "{told}"
        );
    }
    world.observation.row_clock = Some(clock(-1_000, 2_000_000));
    for told in all_words(&world.report()) {
        assert!(
            told.contains("after they were read, by up to 2.00 s"),
            "{told}"
        );
    }
    world.observation.row_clock = Some(clock(-1_000, -700_000));
    for told in all_words(&world.report()) {
        assert!(!told.contains("impossible"), "{told}");
    }
}

#[test]
fn a_second_whose_counts_could_not_be_read_has_none() {
    let mut world = World::new(&SPIKE);
    let at = |ms| Duration::from_millis(ms);
    world.samples.retain(|sample| sample.at != at(8_500));
    let carried = world.report();
    assert_eq!(
        carried.timeline[8].queue_in_flight_messages,
        Some(7),
        "none was due"
    );
    world.failed_samples = vec![at(8_600)];
    let report = world.report();
    let row = |second: usize| &report.timeline[second];
    assert_eq!(row(8).queue_in_flight_messages, None);
    assert_eq!(
        (row(8).dead_lettered_orders, row(8).backlog_orders),
        (None, None)
    );
    assert_eq!(row(9).queue_in_flight_messages, Some(7), "read again");
    let grown = row(7).dead_lettered_orders.zip(row(9).dead_lettered_orders);
    assert_eq!(
        grown,
        Some((20, 40)),
        "what was missed counts when it is seen"
    );
}

#[test]
fn a_summary_of_nothing_written_as_zeros_says_nothing() {
    let zeros = r#"{"count":0,"min_us":0,"p50_us":0,"p90_us":0,"p99_us":0,"p999_us":0,"max_us":0}"#;
    let old: orderproof_core::metrics::LatencySummary = serde_json::from_str(zeros).unwrap();
    assert_eq!(old.measured(), None);
    let mut report = World::new(&SPIKE).report();
    report.schedule_lag_us = old;
    for told in all_words(&report) {
        assert!(told.contains("schedule lag not measured"), "{told}");
    }
}
