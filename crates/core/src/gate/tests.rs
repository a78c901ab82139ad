//! The gate on a synthetic spike: each rule holds, breaks and is missing; what cannot be trusted never passes.

mod numbers;
mod regression;
mod workers;

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::exit::Exit;
use crate::metrics::Histogram;
use crate::results::RunReport;
use crate::results::fixture::{SPIKE, World};
use crate::scenario::{Metric, parse_gate_rule};
use crate::verdict::{Class, Finding, Judgment, Severity, Verdict};

/// 40,000 orders, one in ten bad, 1,000/s in the spike; everything passed.
pub(super) fn passed() -> RunReport {
    World::new(&SPIKE).report()
}

pub(super) fn finding(severity: Severity) -> Finding {
    Finding {
        severity,
        code: "planted".into(),
        message: "it is planted".into(),
        orders: 1,
        first_ids: vec![crate::order::Id::Number(7_000_000_001)],
    }
}

#[test]
fn a_count_of_a_part_may_break_a_rule_and_never_keeps_one() {
    type Change = fn(&mut RunReport);
    use RuleStanding::{Failed, Missing, Ok};
    let cases: [(Change, &str, RuleStanding, &str); 15] = [
        (|_| {}, "redelivered == 0", Ok, "none, and every row tells"),
        (
            |report| report.uncounted_rows = Some(1),
            "redelivered == 0",
            Missing,
            "one row does not tell",
        ),
        (
            |report| report.uncounted_rows = None,
            "redelivered == 0",
            Missing,
            "a report of before",
        ),
        (
            |report| report.redelivered = None,
            "redelivered == 0",
            Missing,
            "no row tells",
        ),
        (
            |report| (report.redelivered, report.uncounted_rows) = (Some(1), Some(1)),
            "redelivered == 0",
            Failed,
            "one is enough",
        ),
        (
            |report| (report.redelivered, report.uncounted_rows) = (Some(1), Some(1)),
            "redelivered <= 1",
            Missing,
            "it may be two",
        ),
        (
            |report| (report.redelivered, report.uncounted_rows) = (Some(1), Some(1)),
            "redelivered >= 1",
            Ok,
            "it is one at least",
        ),
        (
            |report| report.scan.complete = false,
            "redelivered == 0",
            Missing,
            "not every row was read",
        ),
        (
            |report| report.dead_letter_sweep.complete = false,
            "extra_dead_letter_copies == 0",
            Missing,
            "not every letter was read",
        ),
        (
            |report| report.scan.complete = false,
            "extra_dead_letter_copies == 0",
            Ok,
            "every letter was",
        ),
        (
            |report| report.quiescence.reached = false,
            "lost == 0",
            Missing,
            "more may come",
        ),
        (
            |report| report.dead_letter_sweep.complete = false,
            "strict",
            Missing,
            "an order may be in both",
        ),
        (
            |report| report.dead_letter_sweep.complete = false,
            "unsent == 0",
            Ok,
            "looking makes none unsent",
        ),
        (
            |report| {
                report.scan.complete = false;
                report.classes.insert(Class::Altered, 1);
            },
            "altered == 0",
            Failed,
            "what was seen was seen",
        ),
        (
            |report| report.pipeline = None,
            "failed_invocations == 0",
            Missing,
            "nobody counted",
        ),
    ];
    for (change, rule, standing, why) in cases {
        let mut report = passed();
        change(&mut report);
        let outcome = held(&report, &[rule]);
        assert_eq!(outcome.rules[0].standing, standing, "{rule}: {why}");
        match standing {
            Missing => assert_eq!(outcome.exit(), Exit::Inconclusive, "{rule}: {why}"),
            Failed => assert_ne!(outcome.exit(), Exit::Success, "{rule}: {why}"),
            Ok => {}
        }
    }
}

#[test]
fn impossible_readings_bound_the_rules_on_end_to_end_latency() {
    let mut report = passed();
    let rule = "end_to_end_p99 < 2s";
    assert_eq!(held(&report, &[rule]).rules[0].standing, RuleStanding::Ok);
    let clock = |behind_ms: i64| crate::verify::RowClock {
        early_rows: 1,
        late_rows: 0,
        behind_at_least_us: behind_ms * 1_000,
        behind_at_most_us: behind_ms * 1_000 + 600_000,
        any_row_at_most_us: 90_000_000,
    };
    report.row_clock = Some(clock(400));
    let outcome = held(&report, &[rule]);
    assert_eq!(outcome.rules[0].standing, RuleStanding::Missing);
    assert_eq!(outcome.exit(), Exit::Inconclusive);
    // Not early at all: what the rows allow is no reason to doubt the clocks.
    report.row_clock = Some(clock(-1));
    assert_eq!(held(&report, &[rule]).rules[0].standing, RuleStanding::Ok);
}

pub(super) fn held(report: &RunReport, rules: &[&str]) -> GateOutcome {
    let given: Vec<_> = rules.iter().map(ToString::to_string).collect();
    let rules = RuleSources::parse(&given, None, false).expect("legal rules");
    let rules = rules.fit(&report.scenario).expect("fitting rules");
    let input = GateInput {
        report,
        rejudged: None,
        baseline: None,
    };
    conclude(&input, &rules)
}

#[test]
fn each_kind_of_rule_holds_breaks_and_says_what_was_observed() {
    let report = passed();
    let cases = [
        ("strict", RuleStanding::Ok, "0 orders out of place", 0),
        ("conserved", RuleStanding::Ok, "0 orders out of place", 0),
        ("lost == 0", RuleStanding::Ok, "0", 0),
        ("stored == 36000", RuleStanding::Ok, "36,000", 0),
        ("stored < 36000", RuleStanding::Failed, "36,000", 3),
        ("dead_lettered_by_design >= 1", RuleStanding::Ok, "4,000", 0),
        ("recovered >= 1", RuleStanding::Failed, "0", 3),
        ("redelivered < 100", RuleStanding::Ok, "0", 0),
        ("redelivered >= 100", RuleStanding::Failed, "0", 5),
        ("planned >= 40000", RuleStanding::Ok, "40,000", 0),
        ("throttled_writes == 0", RuleStanding::Missing, "", 4),
        (
            "end_to_end_p99 < 2s for spike",
            RuleStanding::Ok,
            "1.38 ms (27,000 orders)",
            0,
        ),
        (
            "end_to_end_p99 < 1ms for spike",
            RuleStanding::Failed,
            "1.38 ms (27,000 orders)",
            5,
        ),
        (
            "response_time_p50 > 1s",
            RuleStanding::Failed,
            "790 µs (39,000 orders)",
            5,
        ),
        ("drain < 7s", RuleStanding::Ok, "6.20 s", 0),
        ("drain < 6s", RuleStanding::Failed, "6.20 s", 5),
        (
            "acknowledged_rate >= 900/s for spike",
            RuleStanding::Ok,
            "1000.0/s (30,000 orders in 30.0 s)",
            0,
        ),
        (
            "acknowledged_rate >= 900/s",
            RuleStanding::Failed,
            "520.0/s (39,000 orders in 75.0 s)",
            5,
        ),
    ];
    for (rule, standing, observed, code) in cases {
        let outcome = held(&report, &[rule]);
        let check = &outcome.rules[0];
        assert_eq!(check.standing, standing, "{rule}: {check:?}");
        assert_eq!(check.observed, observed, "{rule}");
        assert_eq!(outcome.exit_code, code, "{rule}: {:?}", outcome.doubts);
        assert_eq!(check.note.is_some(), standing == RuleStanding::Missing);
    }
}

#[test]
fn orders_come_before_speed_and_both_before_what_is_missing() {
    let report = passed();
    let cases = [
        (
            &["drain < 6s", "throttled_writes == 0", "stored == 1"][..],
            3,
        ),
        (&["throttled_writes == 0", "drain < 6s"], 5),
        (&["strict", "throttled_writes == 0"], 4),
        (&["strict", "drain < 7s"], 0),
    ];
    for (rules, code) in cases {
        assert_eq!(held(&report, rules).exit_code, code, "{rules:?}");
    }
}

#[test]
fn a_phase_without_samples_and_a_quantile_of_too_few_never_hold() {
    let with = |count: u64| {
        let mut report = passed();
        let mut few = Histogram::new();
        (0..count).for_each(|_| few.record(Duration::from_millis(1)));
        report.phases[2].figures.response_time = few;
        report
    };
    let cases = [
        (
            0,
            "response_time_p50 < 1s for spike",
            RuleStanding::Missing,
            "nothing was measured",
        ),
        (
            0,
            "response_time_p50 > 1s for spike",
            RuleStanding::Missing,
            "nothing was measured",
        ),
        (
            99,
            "response_time_p99 < 1s for spike",
            RuleStanding::Missing,
            "of 99 orders only",
        ),
        (
            100,
            "response_time_p99 < 1s for spike",
            RuleStanding::Ok,
            "",
        ),
        (
            99,
            "response_time_p99 < 1us for spike",
            RuleStanding::Failed,
            "of 99 orders only",
        ),
        (
            999,
            "response_time_p999 < 1s for spike",
            RuleStanding::Missing,
            "at least 1,000",
        ),
        (
            1_000,
            "response_time_p999 < 1s for spike",
            RuleStanding::Ok,
            "",
        ),
        (1, "response_time_max < 1s for spike", RuleStanding::Ok, ""),
    ];
    for (count, rule, standing, why) in cases {
        let check = &held(&with(count), &[rule]).rules[0];
        assert_eq!(check.standing, standing, "{rule} of {count}: {check:?}");
        let note = check.note.as_deref().unwrap_or_default();
        assert!(note.contains(why), "{rule} of {count}: {note}");
    }
}

#[test]
fn two_clocks_and_rows_without_a_time_leave_a_latency_open() {
    let mut report = passed();
    report.clock_skew_bound_us = 500;
    let standing = |report: &RunReport, rule| held(report, &[rule]).rules[0].standing;
    assert_eq!(standing(&report, "end_to_end_p99 < 2ms"), RuleStanding::Ok);
    assert_eq!(
        standing(&report, "end_to_end_p99 < 1500us"),
        RuleStanding::Missing
    );
    assert_eq!(
        standing(&report, "end_to_end_p99 < 500us"),
        RuleStanding::Failed
    );
    assert_eq!(
        standing(&report, "response_time_p99 < 1500us"),
        RuleStanding::Ok
    );

    let mut report = passed();
    report.phases[0].figures.end_to_end = Histogram::new();
    assert_eq!(
        standing(&report, "end_to_end_p99 < 2s"),
        RuleStanding::Missing
    );
    assert_eq!(
        standing(&report, "response_time_p99 < 2s"),
        RuleStanding::Ok
    );
}

#[test]
fn a_report_that_contradicts_itself_is_not_believed() {
    type Change = fn(&mut RunReport);
    let changes: [(&str, Change); 12] = [
        ("40000 orders, the report says 39999", |report| {
            report.orders.planned -= 1
        }),
        ("do not add up", |report| report.orders.acknowledged -= 1),
        ("not counted: lost", |report| {
            report.classes.remove(&Class::Lost);
        }),
        ("are in a class", |report| {
            *report.classes.get_mut(&Class::Stored).unwrap() -= 1
        }),
        ("phases measured", |report| report.phases.truncate(3)),
        ("findings say fail", |report| {
            report.findings = vec![finding(Severity::OrderFailure)];
        }),
        ("the exit code is 3", |report| report.exit_code = 3),
        ("passed with 1 order lost", |report| {
            *report.classes.get_mut(&Class::Stored).unwrap() -= 1;
            *report.classes.get_mut(&Class::Lost).unwrap() += 1;
        }),
        ("not read completely", |report| report.scan.complete = false),
        ("not offered on time", |report| {
            let late = Duration::from_secs(1);
            let lag = &mut report.phases[2].figures.schedule_lag;
            (0..10_000).for_each(|_| lag.record(late));
        }),
        ("gate is not the scenario's", |report| {
            report.gate = crate::verdict::Gate::Conserved;
        }),
        ("`drain < 1s` does not hold", |report| {
            report.scenario.expect.rules = vec![parse_gate_rule("drain < 1s").unwrap()];
        }),
    ];
    assert_eq!(doubts(&passed(), None), Vec::<String>::new());
    for (why, change) in changes {
        let mut report = passed();
        change(&mut report);
        let outcome = held(&report, &["redelivered == 0"]);
        let told = outcome.doubts.join("; ");
        assert!(told.contains(why), "{why:?} in {told:?}");
        assert_ne!(outcome.exit(), Exit::Success, "{why}");
    }
}

pub(super) fn rejudgment(
    verdict: Verdict,
    severities: &[Severity],
    report: &RunReport,
) -> Rejudgment {
    let judgment = Judgment {
        verdict,
        findings: severities
            .iter()
            .map(|&severity| finding(severity))
            .collect(),
    };
    Rejudgment {
        exit: Exit::of(&judgment, false),
        judgment,
        classes: Some(report.classes.clone()),
        untimed_rows: 0,
        distrust: None,
        recomputed: Some(Box::new(report.clone())),
    }
}

#[test]
fn the_evidence_outranks_the_report() {
    let report = passed();
    let rules = [parse_gate_rule("end_to_end_p99 < 2s").unwrap()];
    let with = |rejudged: &Rejudgment| {
        let input = GateInput {
            report: &report,
            rejudged: Some(rejudged),
            baseline: None,
        };
        conclude(&input, &rules)
    };
    let same = with(&rejudgment(Verdict::Pass, &[], &report));
    assert_eq!((same.exit(), same.judged_again), (Exit::Success, true));

    let lost = with(&rejudgment(
        Verdict::Fail,
        &[Severity::OrderFailure],
        &report,
    ));
    assert_eq!(lost.exit(), Exit::OrderFailure);
    assert!(
        lost.doubts[0].contains("says pass, its evidence judged again says fail: it is planted")
    );

    let unreadable = with(&Rejudgment {
        classes: None,
        ..rejudgment(Verdict::Inconclusive, &[Severity::MissingEvidence], &report)
    });
    assert_eq!(unreadable.exit(), Exit::Inconclusive);

    let mut moved = rejudgment(Verdict::Pass, &[], &report);
    moved.classes.as_mut().unwrap().insert(Class::Recovered, 1);
    assert_eq!(
        with(&moved).exit(),
        Exit::Inconclusive,
        "one order more than reported"
    );

    let untimed = Rejudgment {
        untimed_rows: 1,
        ..rejudgment(Verdict::Pass, &[], &report)
    };
    assert_eq!(with(&untimed).rules[0].standing, RuleStanding::Missing);
}

#[test]
fn a_run_that_was_given_no_rules_is_held_against_its_scenario_s() {
    let mut report = passed();
    let own = parse_gate_rule("end_to_end_p99 < 2s for spike").unwrap();
    report.scenario.expect.rules = vec![own];
    let texts = |baseline| -> Vec<String> {
        let rules = scenario_rules(&report.scenario, baseline);
        rules.into_iter().map(|rule| rule.text).collect()
    };
    let own = ["strict", "lost == 0", "end_to_end_p99 < 2s for spike"];
    assert_eq!(texts(false), own);
    assert_eq!(texts(true)[3], "regression < 5%");
    let input = GateInput {
        report: &report,
        rejudged: None,
        baseline: None,
    };
    assert_eq!(
        conclude(&input, &scenario_rules(&report.scenario, false)).exit_code,
        0
    );
    assert_eq!(conclude(&input, &[]).exit_code, 4, "no rule is not a gate");
}

#[test]
fn files_of_rules_tell_everything_that_is_wrong_at_once() {
    let parse = |text| RuleSources::parse(&["los == 0".into()], Some(("gate.toml", text)), false);
    let problems = parse("rules = [\"drain < 60\", \"strict\", \"stored == 1\", \"stored == 2\"]")
        .unwrap_err();
    assert_eq!(problems.len(), 3, "{problems:#?}");
    assert!(problems[0].starts_with("--rule: "), "{problems:#?}");
    assert!(
        problems[1].starts_with("gate.toml: rules[0]: "),
        "{problems:#?}"
    );
    assert!(problems[2].contains("cannot both hold"), "{problems:#?}");
    for text in [
        "rules = []",
        "rule = [\"strict\"]",
        "rules = \"strict\"",
        "rules = [1]",
        "[",
        "",
    ] {
        let given = RuleSources::parse(&[], Some(("gate.toml", text)), false);
        assert!(given.unwrap_err()[0].starts_with("gate.toml: "), "{text:?}");
    }
    let good = RuleSources::parse(&[], Some(("gate.toml", "rules = [\"strict\"]")), false);
    assert!(!good.unwrap().is_empty());
}

#[test]
fn a_verdict_that_is_no_pass_fails_the_gate_whatever_the_rules_say() {
    let unsent = |report: &mut RunReport| {
        report.interrupted = true;
        report.findings = vec![finding(Severity::MissingEvidence)];
    };
    type Change<'a> = &'a dyn Fn(&mut RunReport);
    let of = |severity| move |report: &mut RunReport| report.findings = vec![finding(severity)];
    let cases: [(Verdict, Change<'_>, u8); 4] = [
        (Verdict::Fail, &of(Severity::OrderFailure), 3),
        (Verdict::Fail, &of(Severity::PerformanceFailure), 5),
        (Verdict::Inconclusive, &of(Severity::MissingEvidence), 4),
        (Verdict::Inconclusive, &unsent, 130),
    ];
    for (verdict, change, code) in cases {
        let mut report = passed();
        report.verdict = verdict;
        change(&mut report);
        report.exit_code = code;
        let outcome = held(&report, &["strict", "lost == 0"]);
        assert_eq!(
            outcome.doubts,
            Vec::<String>::new(),
            "{code}: it agrees with itself"
        );
        assert_eq!(
            outcome.count(RuleStanding::Ok),
            2,
            "{code}: every rule holds"
        );
        assert_eq!((outcome.passed, outcome.exit_code), (false, code));
    }
}

proptest! {
    /// Whatever is in a report: what is no pass never opens the gate.
    #[test]
    fn only_a_pass_that_is_believed_exits_zero(
        verdict in prop::sample::select(vec![Verdict::Pass, Verdict::Fail, Verdict::Inconclusive]),
        severities in prop::collection::vec(prop::sample::select(vec![
            Severity::OrderFailure, Severity::PerformanceFailure, Severity::MissingEvidence, Severity::Note,
        ]), 0..3),
        again in prop::option::of(prop::sample::select(vec![Verdict::Pass, Verdict::Fail, Verdict::Inconclusive])),
        interrupted: bool,
        exit_code in 0u8..6,
        rule in prop::sample::select(vec!["strict", "lost == 0", "drain < 6s", "drain < 7s", "throttled_writes == 0"]),
    ) {
        thread_local!(static REPORT: RunReport = passed());
        let mut report = REPORT.with(RunReport::clone);
        report.verdict = verdict;
        report.findings = severities.iter().map(|&severity| finding(severity)).collect();
        report.interrupted = interrupted;
        report.exit_code = exit_code;
        let rejudged = again.map(|again| {
            let severity = match again {
                Verdict::Pass => Severity::Note,
                Verdict::Fail => Severity::OrderFailure,
                Verdict::Inconclusive => Severity::MissingEvidence,
            };
            rejudgment(again, &[severity], &report)
        });
        let rules = [parse_gate_rule(rule).unwrap()];
        let outcome = conclude(&GateInput { report: &report, rejudged: rejudged.as_ref(), baseline: None }, &rules);
        prop_assert_eq!(outcome.exit() == Exit::Success, outcome.passed);
        prop_assert_eq!(outcome.exit().code(), outcome.exit_code);
        if outcome.passed {
            prop_assert_eq!(verdict, Verdict::Pass);
            prop_assert!(severities.iter().all(|severity| *severity == Severity::Note));
            prop_assert!(again.is_none_or(|again| again == Verdict::Pass));
            prop_assert!(matches!(rule, "strict" | "lost == 0" | "drain < 7s"));
            prop_assert_eq!(exit_code, 0);
        }
        if verdict == Verdict::Fail {
            prop_assert!([3, 5].contains(&outcome.exit_code));
        }
    }
}
