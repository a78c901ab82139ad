//! Each figure, what trips its rule, and a near miss.

use super::*;
use crate::gate::{RuleStanding, own_findings, own_rules};
use crate::results::fixture::{SPIKE, World};
use crate::scenario::{Operator, parse_gate_rule};
use crate::verdict::{Gate, Severity};

/// SPIKE with these end-to-end p99s by the second: the baseline from 5 to 24, the spike from 25 to 54, then recovery.
fn with_p99(p99_us: impl Fn(u64) -> Option<u64>) -> RunReport {
    // None is due from second 80 on.
    changed(|row| row.end_to_end_p99_us = p99_us(row.time_s).filter(|_| row.time_s < 80))
}

fn changed(change: impl Fn(&mut TimelineRow)) -> RunReport {
    let mut report = World::new(&SPIKE).report();
    report.timeline.iter_mut().for_each(change);
    report
}

/// How a run stands to a rule of its own scenario, with what the judge said of it.
fn stands(mut report: RunReport, text: &str) -> (RuleStanding, String) {
    let rule = parse_gate_rule(text).unwrap_or_else(|problem| panic!("{text}: {problem}"));
    report.scenario.expect.rules = vec![rule];
    let found = own_findings(&report);
    let severity = found.first().map(|finding| finding.severity);
    report.findings = found;
    let check = own_rules(&report).remove(0);
    let expected = match check.standing {
        RuleStanding::Ok => None,
        RuleStanding::Missing => Some(Severity::MissingEvidence),
        RuleStanding::Failed if check.about_orders => Some(Severity::OrderFailure),
        RuleStanding::Failed => Some(Severity::PerformanceFailure),
    };
    assert_eq!(severity, expected, "{text}: finding and table agree");
    let told = format!("{} {}", check.observed, check.note.unwrap_or_default());
    (check.standing, told)
}

fn assert_stands(report: &RunReport, cases: &[(&str, RuleStanding, &str)]) {
    for (text, standing, why) in cases {
        let (found, told) = stands(report.clone(), text);
        assert_eq!(found, *standing, "{text}: {told}");
        assert!(told.contains(why), "{text}: {told}");
    }
}

use RuleStanding::{Failed, Missing, Ok as Holds};

#[test]
fn the_largest_backlog_is_that_of_any_second_or_of_a_phase() {
    let report = changed(|row| {
        row.backlog_orders = Some(if row.time_s == 30 { 600 } else { 9 });
    });
    assert_stands(
        &report,
        &[
            ("peak_backlog <= 600", Holds, "600"),
            ("peak_backlog < 600", Failed, "600"),
            ("peak_backlog < 600 for baseline", Holds, "9"),
            ("peak_backlog < 9 for baseline", Failed, "9"),
        ],
    );
}

#[test]
fn a_second_that_was_not_measured_holds_no_more_than_what_had_been_sent() {
    let report = changed(|row| {
        row.backlog_orders = (row.time_s != 2).then_some(9);
    });
    // Three seconds of 200 orders each had been sent by then.
    assert_stands(
        &report,
        &[
            ("peak_backlog <= 600", Holds, "9 to 600"),
            ("peak_backlog <= 599", Missing, "not measured in 1 second"),
            ("peak_backlog <= 8", Failed, ""),
            ("peak_backlog <= 9 for spike", Holds, "9"),
        ],
    );
    let never = changed(|row| row.backlog_orders = None);
    assert_stands(&never, &[("peak_backlog < 40000", Missing, "87 seconds")]);
}

#[test]
fn the_queue_s_own_counts_are_told_at_the_end_of_each_second() {
    let report = changed(|row| {
        row.queue_visible_messages = Some(if row.time_s == 50 { 77 } else { 0 });
    });
    let all = report.orders.planned / 10;
    assert_stands(
        &report,
        &[
            ("waiting_messages < 77", Failed, "77"),
            ("waiting_messages < 78", Holds, "77"),
            ("waiting_messages == 0 for baseline", Holds, "0"),
        ],
    );
    for (rule, standing) in [(all, Holds), (all - 1, Failed)] {
        let rule = format!("dead_letters <= {rule}");
        assert_stands(&report, &[(&rule, standing, "4,000")]);
    }
}

#[test]
fn the_oldest_age_takes_every_row_s_instant() {
    let report = changed(|row| {
        row.oldest_age_ms = (row.time_s == 40).then_some(2_500);
    });
    assert_stands(
        &report,
        &[
            ("oldest_age < 3s", Holds, "2.50 s"),
            ("oldest_age < 2500ms", Failed, "2.50 s"),
            ("oldest_age < 1s for baseline", Holds, "0"),
        ],
    );
    let mut untimed = report.clone();
    untimed.untimed_rows = Some(1);
    assert_stands(
        &untimed,
        &[("oldest_age < 3s", Missing, "1 row does not tell")],
    );
    let mut apart = report.clone();
    apart.clock_skew_bound_us = 600_000;
    assert_stands(
        &apart,
        &[
            ("oldest_age < 3s", Missing, "clocks behind it differ"),
            ("oldest_age < 4s", Holds, "2.50 s"),
        ],
    );
    let mut unread = report;
    unread.scan.complete = false;
    assert_stands(
        &unread,
        &[("oldest_age < 3s", Missing, "not read to its end")],
    );
}

#[test]
fn the_stored_rate_is_of_the_seconds_in_which_orders_were_stored() {
    // 900 of 1,000 a second in the spike, and then for ten seconds more what was left over.
    let report = changed(|row| {
        row.stored_orders = Some(match row.time_s {
            25..55 => 600,
            55..65 => 1_080,
            _ => 180,
        });
    });
    assert_stands(
        &report,
        &[
            ("stored_rate >= 600/s for spike", Holds, "600.0/s (18,000"),
            ("stored_rate >= 601/s for spike", Failed, "600.0/s"),
            ("acknowledged_rate >= 1000/s for spike", Holds, "1000.0/s"),
        ],
    );
    let none = changed(|row| row.stored_orders = None);
    let rule = "stored_rate >= 1/s for spike";
    assert_stands(&none, &[(rule, Missing, "no row tells")]);
}

#[test]
fn send_errors_are_a_share_of_what_was_handed_to_the_network() {
    let mut report = World::new(&SPIKE).report();
    report.phases[0].acknowledged -= 900;
    report.phases[2].acknowledged -= 300;
    assert_stands(
        &report,
        &[
            (
                "send_error_rate < 1% for spike",
                Failed,
                "1.00% (300 of 30,000",
            ),
            ("send_error_rate <= 1% for spike", Holds, "1.00%"),
            ("send_error_rate < 0.8%", Holds, "0.77% (300 of 39,000"),
            ("send_error_rate == 0% for baseline", Holds, "0%"),
            ("send_error_rate < 50% for warm-up", Failed, "90.00%"),
        ],
    );
    report.phases[2].attempted = 0;
    report.phases[2].acknowledged = 0;
    let rule = "send_error_rate < 1% for spike";
    assert_stands(&report, &[(rule, Missing, "no order was handed")]);
}

#[test]
fn misplaced_orders_are_those_in_the_wrong_place_whatever_the_class() {
    let mut report = World::new(&SPIKE).report();
    report.gate = Gate::Conserved;
    report.scenario.expect.gate = Gate::Conserved;
    report.classes.insert(Class::GoodOrderDeadLettered, 3);
    report.classes.insert(Class::StoredAndDeadLettered, 4);
    report.classes.insert(Class::Lost, 2);
    assert_stands(
        &report,
        &[
            ("misplaced <= 7", Holds, "7"),
            ("misplaced < 7", Failed, "7"),
        ],
    );
    report.dead_letter_sweep.complete = false;
    assert_stands(
        &report,
        &[
            ("misplaced <= 7", Missing, "did not reach its end"),
            ("misplaced < 7", Failed, ""),
        ],
    );
}

#[test]
fn a_run_has_recovered_with_the_first_of_three_seconds_as_fast_as_the_baseline() {
    let slow_until = |last: u64| {
        with_p99(move |second| match second {
            5..25 => Some(900 + second),
            25..=60 => Some(5_000),
            // Two in a row are not three.
            61 | 62 => Some(900),
            second if second <= last => Some(5_000),
            _ => Some(924),
        })
    };
    let report = slow_until(65);
    assert_eq!(
        report.recovery(None),
        Recovery::In {
            after: Duration::from_secs(11),
            usual_us: 924
        }
    );
    assert_stands(
        &report,
        &[
            (
                "recovery <= 11s",
                Holds,
                "11.0 s (the baseline's seconds: p99 up to 924 µs)",
            ),
            ("recovery < 11s", Failed, "11.0 s"),
            ("recovery < 12s for spike", Holds, "11.0 s"),
        ],
    );
    let never = slow_until(77);
    assert_eq!(
        never.recovery(None),
        Recovery::NotWithin {
            seen: Duration::from_secs(23),
            usual_us: 924
        }
    );
    assert_stands(
        &never,
        &[
            ("recovery < 23s", Failed, "not within 23.0 s"),
            ("recovery <= 23s", Missing, "ended before it had recovered"),
            ("recovery > 22s", Missing, "ended before"),
        ],
    );
    let at_once = with_p99(|second| {
        Some(if (25..55).contains(&second) {
            9_000
        } else {
            900
        })
    });
    assert_stands(&at_once, &[("recovery < 1s", Holds, "0 s (")]);
}

#[test]
fn no_recovery_is_told_without_the_latencies_of_both_sides() {
    let cases = [
        (
            with_p99(|second| (second >= 25).then_some(9)),
            "of the baseline",
        ),
        (
            with_p99(|second| (second < 57).then_some(9)),
            "fewer than three seconds",
        ),
        (changed(|row| row.stored_orders = None), "no row tells"),
    ];
    for (report, why) in cases {
        match report.recovery(None) {
            Recovery::Unknown(told) => assert!(told.contains(why), "{told}"),
            told => panic!("{why}: {told:?}"),
        }
        assert_stands(&report, &[("recovery < 9s", Missing, why)]);
    }
    let slow_at_the_end = with_p99(|second| match second {
        5..25 => Some(900),
        _ => (second < 57).then_some(9_000),
    });
    let seen = Duration::from_secs(2);
    let told = slow_at_the_end.recovery(None);
    assert_eq!(
        told,
        Recovery::NotWithin {
            seen,
            usual_us: 900
        }
    );
}

#[test]
fn what_may_still_grow_is_past_an_upper_limit_only() {
    for (operator, limit, past) in [
        (Operator::Below, 7, true),
        (Operator::Below, 8, false),
        (Operator::AtMost, 6, true),
        (Operator::AtMost, 7, false),
        (Operator::Equal, 6, true),
        (Operator::Equal, 7, false),
        (Operator::AtLeast, 9, false),
        (Operator::Above, 9, false),
    ] {
        let bound = crate::scenario::Bound { operator, limit };
        assert_eq!(bound.is_past(7), past, "{operator:?} {limit}");
    }
}

/// What takes the seconds of two clocks for the same ones says nothing once the clocks are apart.
#[test]
fn clocks_that_are_apart_leave_nothing_that_is_counted_by_the_second() {
    let rules = [
        "peak_backlog < 60000",
        "stored_rate > 0/s",
        "recovery < 60s",
    ];
    let apart = |skew_us| {
        let mut report = with_p99(|_| Some(1_000));
        report
            .timeline
            .iter_mut()
            .for_each(|row| row.backlog_orders = Some(9));
        report.clock_skew_bound_us = skew_us;
        report
    };
    for rule in rules {
        assert_stands(
            &apart(20_000_000),
            &[(rule, Missing, "may differ by 20.0 s")],
        );
        assert_stands(&apart(249_999), &[(rule, Holds, "")]);
    }
}

#[test]
fn rows_and_letters_of_others_take_nothing_off_a_backlog_for_sure() {
    let honest = changed(|row| row.backlog_orders = Some(9));
    assert_stands(&honest, &[("peak_backlog < 60", Holds, "9")]);
    let foreign = RunReport {
        foreign_dead_letters: Some(51),
        ..honest.clone()
    };
    let copies = RunReport {
        extra_dead_letter_copies: Some(51),
        ..honest.clone()
    };
    let mut recovered = honest.clone();
    recovered.orders.acknowledged -= 51;
    recovered.orders.indeterminate += 51;
    for report in [foreign, copies, recovered] {
        assert_stands(
            &report,
            &[
                ("peak_backlog < 60", Missing, "51 rows or letters"),
                ("peak_backlog < 61", Holds, "60"),
                ("peak_backlog < 9", Failed, ""),
            ],
        );
    }
    let mut both = honest;
    both.classes.insert(Class::StoredAndDeadLettered, 4);
    assert_stands(
        &both,
        &[
            ("peak_backlog < 13", Missing, ""),
            ("peak_backlog < 5", Failed, ""),
            ("peak_backlog < 9", Missing, ""),
            ("peak_backlog < 14", Holds, ""),
        ],
    );
}

#[test]
fn counts_of_a_dead_letter_queue_below_what_was_read_from_it_hold_no_rule() {
    let mut report = changed(|row| row.dead_lettered_orders = Some(0));
    report.dead_letter_sweep.items = 15;
    assert_stands(
        &report,
        &[
            ("dead_letters < 5", Missing, "15 were read"),
            ("dead_letters < 16", Holds, ""),
        ],
    );
    report.dead_letter_sweep.items = 0;
    assert_stands(&report, &[("dead_letters < 5", Holds, "0")]);
}

#[test]
fn where_no_order_was_stored_none_has_an_age() {
    let none = changed(|row| (row.stored_orders, row.oldest_age_ms) = (Some(0), None));
    assert_stands(
        &none,
        &[("oldest_age < 10ms", Missing, "no order was stored")],
    );
}
