//! What each rule means, and each refusal with a near miss that is none.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::scenario::{Scenario, fixture};
use crate::verdict::Class;

fn bound<T>(operator: Operator, limit: T) -> Bound<T> {
    Bound { operator, limit }
}

#[test]
fn a_rule_means_what_it_says() {
    use Operator::*;
    let duration = |metric, operator, ms| {
        Condition::Duration(metric, bound(operator, Duration::from_millis(ms)))
    };
    let class =
        |class, operator, limit| Condition::Count(Counted::Class(class), bound(operator, limit));
    let p99 = Metric::EndToEnd(0.99);
    let cases = [
        ("strict", Condition::Keeps(Gate::Strict), None),
        ("conserved", Condition::Keeps(Gate::Conserved), None),
        ("lost == 0", class(Class::Lost, Equal, 0), None),
        ("lost==0", class(Class::Lost, Equal, 0), None),
        ("unsent <= 1_000", class(Class::Unsent, AtMost, 1_000), None),
        (
            "dead_lettered_by_design >= 1",
            class(Class::DeadLetteredByDesign, AtLeast, 1),
            None,
        ),
        (
            "redelivered < 100",
            Condition::Count(Counted::Redelivered, bound(Below, 100)),
            None,
        ),
        (
            "end_to_end_p99 < 2s for spike",
            duration(p99, Below, 2_000),
            Some("spike"),
        ),
        (
            "  end_to_end_p99  <  2s  for  a b ",
            duration(p99, Below, 2_000),
            Some("a b"),
        ),
        (
            "response_time_p999 <= 50ms",
            duration(Metric::ResponseTime(0.999), AtMost, 50),
            None,
        ),
        (
            "service_time_max > 1ms",
            duration(Metric::ServiceTime(1.0), Above, 1),
            None,
        ),
        (
            "schedule_lag_p99 < 20ms",
            duration(Metric::ScheduleLag(0.99), Below, 20),
            None,
        ),
        ("drain < 1m", duration(Metric::Drain, Below, 60_000), None),
        (
            "acknowledged_rate >= 900/s for spike",
            Condition::Rate(OrderRate::Acknowledged, bound(AtLeast, 900.0)),
            Some("spike"),
        ),
        (
            "offered_rate > 6000/min",
            Condition::Rate(OrderRate::Offered, bound(Above, 100.0)),
            None,
        ),
        (
            "regression < 5%",
            Condition::Regression(None, bound(Below, 0.05)),
            None,
        ),
        (
            "end_to_end_p95 < 1s",
            duration(Metric::EndToEnd(0.95), Below, 1_000),
            None,
        ),
        (
            "peak_backlog <= 600 for spike",
            Condition::Count(Counted::PeakBacklog, bound(AtMost, 600)),
            Some("spike"),
        ),
        (
            "recovery < 30s for sale",
            Condition::Span(Span::Recovery, bound(Below, Duration::from_secs(30))),
            Some("sale"),
        ),
        (
            "stored_rate >= 900/s",
            Condition::Rate(OrderRate::Stored, bound(AtLeast, 900.0)),
            None,
        ),
        (
            "send_error_rate <= 1%",
            Condition::Share(Share::SendErrors, bound(AtMost, 0.01)),
            None,
        ),
        (
            "end_to_end_p99 regression <= 150% for spike",
            Condition::Regression(Some(p99), bound(AtMost, 1.5)),
            Some("spike"),
        ),
    ];
    for (text, condition, phase) in cases {
        let rule = parse_gate_rule(text).unwrap_or_else(|problem| panic!("{text}: {problem}"));
        assert_eq!(rule.condition, condition, "{text}");
        assert_eq!(rule.phase.as_deref(), phase, "{text}");
        assert_eq!(rule.text, text.trim());
    }
}

#[test]
fn what_cannot_be_kept_or_broken_is_refused_with_a_next_step() {
    let cases = [
        ("lost < 0", "never hold", "lost < 1"),
        ("lost == -1", "never hold", "lost == 0"),
        ("unsent <= -1", "never hold", "unsent <= 0"),
        (
            "end_to_end_p99 < 0ms",
            "never hold",
            "end_to_end_p99 <= 0ms",
        ),
        ("drain < -5s", "never hold", "drain < 5s"),
        (
            "acknowledged_rate < 0/s",
            "never hold",
            "acknowledged_rate < 1/s",
        ),
        ("lost >= 0", "always holds", "stored >= 1"),
        ("stored > -1", "always holds", "stored > 0"),
        ("drain >= -1s", "always holds", "drain >= 1s"),
        ("lost > 3", "does not pass", "rejected > 3"),
        ("altered >= 1", "does not pass", "redelivered >= 1"),
        ("undecided == 7", "does not pass", "undecided == 0"),
        (
            "end_to_end_p99 == 1s",
            "never exactly",
            "end_to_end_p99 <= 1s",
        ),
        ("offered_rate == 9/s", "never exactly", "offered_rate > 9/s"),
        (
            "regression > 5%",
            "asks for a regression",
            "regression < 5%",
        ),
        ("regression < 0%", "never hold", "regression <= 0%"),
        (
            "lost regression < 5%",
            "not compared",
            "drain regression < 5%",
        ),
        ("regression < 5", "not a share", "regression < 5%"),
        ("los == 0", "did you mean `lost`?", "lost == 0"),
        (
            "end_to_end_p98 < 1s",
            "did you mean `end_to_end_p9",
            "end_to_end_p95 < 1s",
        ),
        (
            "End-To-End-P99 < 1s",
            "did you mean `end_to_end_p99`?",
            "end_to_end_p99 < 1s",
        ),
        ("end_to_end < 1s", "name a quantile", "end_to_end_max < 1s"),
        ("latency < 1s", "there are response_time", "drain < 1s"),
        ("strikt", "did you mean `strict`?", "strict"),
        ("lost", "no operator", "lost < 1"),
        ("lost = 0", "did you mean `lost == 0`?", "lost == 0"),
        ("drain = 5s", "did you mean `drain <= 5s`?", "drain <= 5s"),
        ("lost != 0", "the operators are", "lost <= 0"),
        ("lost =< 0", "did you mean `lost <= 0`?", "lost <= 0"),
        ("stored => 9", "did you mean `stored >= 9`?", "stored >= 9"),
        ("los = 0", "the operators are", "lost == 0"),
        (
            "error_rate < 1%",
            "did you mean `send_error_rate`?",
            "send_error_rate < 1%",
        ),
        (
            "send_error_rate < 0%",
            "never hold",
            "send_error_rate == 0%",
        ),
        (
            "send_error_rate <= 100%",
            "always holds",
            "send_error_rate < 100%",
        ),
        (
            "send_error_rate > 100%",
            "never hold",
            "send_error_rate > 1%",
        ),
        (
            "send_error_rate < 0.01",
            "not a share",
            "send_error_rate < 1%",
        ),
        ("max_backlog < 5", "`peak_backlog`", "peak_backlog < 5"),
        ("recovery == 5s", "never exactly", "recovery <= 5s"),
        ("oldest_age < 0s", "never hold", "oldest_age <= 0s"),
        (
            "misplaced == 0 for spike",
            "over the whole run",
            "waiting_messages < 9 for spike",
        ),
        ("drain < 60", "not a duration", "drain < 60s"),
        ("lost < 1.5", "not a whole number", "lost < 2"),
        ("lost < 5%", "not a whole number", "lost < 5"),
        (
            "lost < 99999999999999999999",
            "not a whole number",
            "lost < 9999",
        ),
        (
            "offered_rate > 5x",
            "multiple of nothing",
            "offered_rate > 5/s",
        ),
        ("drain < 60s for spike", "measured for none", "drain < 60s"),
        (
            "drain regression < 5% for spike",
            "measured for none",
            "drain regression < 5%",
        ),
        (
            "lost == 0 for spike",
            "over the whole run",
            "offered_rate > 1/s for spike",
        ),
        ("drain < 60s for ", "not a duration", "drain < 60s"),
        ("", "empty", "strict"),
        ("lost\n== 0", "one line", "lost == 0"),
    ];
    for (wrong, why, right) in cases {
        let problem = parse_gate_rule(wrong).expect_err(wrong);
        assert!(problem.to_string().contains(why), "{wrong:?}: {problem}");
        assert!(!problem.hint.is_empty());
        assert!(parse_gate_rule(right).is_ok(), "{right:?} is a near miss");
    }
}

#[test]
fn rules_that_no_run_keeps_together_are_found() {
    let cases = [
        (["stored == 1", "stored > 1"], true, "a count is one number"),
        (
            ["stored < 2", "stored > 1"],
            true,
            "there is no whole number between",
        ),
        (["stored < 3", "stored > 1"], false, "two is between"),
        (["drain < 1s", "drain >= 1s"], true, "one or the other"),
        (["drain <= 1s", "drain >= 1s"], false, "exactly one second"),
        (["drain < 1s", "drain < 2s"], false, "one is merely tighter"),
        (
            ["end_to_end_p50 > 2s", "end_to_end_p99 < 1s"],
            true,
            "a median is below its p99",
        ),
        (
            ["end_to_end_p50 < 1s", "end_to_end_p99 > 2s"],
            false,
            "a tail is longer",
        ),
        (
            ["end_to_end_p50 > 2s for spike", "end_to_end_p99 < 1s"],
            false,
            "of other orders",
        ),
        (
            ["response_time_p50 > 2s", "end_to_end_p99 < 1s"],
            false,
            "of another duration",
        ),
        (
            ["offered_rate > 2/s", "offered_rate < 1/s"],
            true,
            "one rate",
        ),
        (
            ["offered_rate > 2/s", "acknowledged_rate < 1/s"],
            false,
            "two rates",
        ),
        (
            ["strict", "bad_order_stored >= 1"],
            true,
            "strict refuses it",
        ),
        (
            ["conserved", "bad_order_stored >= 1"],
            false,
            "conserved does not",
        ),
        (["strict", "conserved"], false, "the one implies the other"),
        (["lost == 0", "lost < 1"], false, "the same twice"),
    ];
    for (texts, expected, why) in cases {
        let mut rules = texts.map(|text| parse_gate_rule(text).unwrap());
        assert_eq!(
            !contradictions(&rules).is_empty(),
            expected,
            "{texts:?}: {why}"
        );
        rules.reverse();
        assert_eq!(
            !contradictions(&rules).is_empty(),
            expected,
            "reversed: {why}"
        );
    }
}

/// 100 orders, the last phase without any.
fn scenario() -> Scenario {
    let mut scenario = fixture();
    let mut idle = scenario.phases[0].clone();
    idle.name = "idle".into();
    (idle.start_rate, idle.end_rate) = (0.0, 0.0);
    scenario.phases.push(idle);
    scenario
}

#[test]
fn a_rule_fits_the_scenario_it_is_held_against() {
    let cases = [
        ("drain < 1s", None),
        ("end_to_end_p99 < 1s for baseline", None),
        (
            "end_to_end_p99 < 1s for spike",
            Some("no phase \"spike\", only baseline, idle"),
        ),
        ("end_to_end_p99 < 1s for idle", Some("no order is due")),
        ("regression < 5% for spike", Some("no phase")),
        ("stored <= 100", None),
        ("stored <= 99", None),
        ("stored > 100", Some("never hold")),
        ("stored >= 100", None),
        ("redelivered > 100", Some("never hold")),
        ("extra_dead_letter_copies < 101", None),
        ("phantom < 101", None),
        ("planned == 100", None),
        ("planned >= 101", Some("never hold")),
        ("good_order_dead_lettered >= 1", Some("does not pass")),
        ("misplaced >= 1", Some("does not pass")),
        ("misplaced == 0", None),
        ("peak_backlog > 100", Some("never hold")),
        ("recovery < 5s", Some("no order is due after \"idle\"")),
        ("end_to_end_max < 1h", Some("counted as an hour")),
        ("end_to_end_max < 59m", None),
        ("drain < 2h", None),
    ];
    for (text, problem) in cases {
        let fit = parse_gate_rule(text).unwrap().fit(&scenario());
        match problem {
            None => assert_eq!(fit.unwrap().text, text),
            Some(why) => {
                let told = fit.expect_err(text).to_string();
                assert!(told.contains(why), "{text}: {told}");
            }
        }
    }
    let conserved = Scenario {
        expect: crate::scenario::Expectations {
            gate: Gate::Conserved,
            ..scenario().expect
        },
        ..scenario()
    };
    let placed = parse_gate_rule("good_order_dead_lettered >= 1").unwrap();
    assert!(placed.fit(&conserved).is_ok(), "conserved lets them be");
}

#[test]
fn limits_pass_as_fast_as_the_run_s_time() {
    let fast = Scenario {
        time_scale: 10.0,
        ..scenario()
    };
    let rule = parse_gate_rule("end_to_end_p99 < 2h")
        .unwrap()
        .fit(&fast)
        .unwrap();
    let limit = Duration::from_secs(720);
    let p99 = Metric::EndToEnd(0.99);
    assert_eq!(
        rule.condition,
        Condition::Duration(p99, bound(Operator::Below, limit))
    );
    assert_eq!(rule.text, "end_to_end_p99 < 2h (time_scale 10: 720s here)");
    let rule = parse_gate_rule("offered_rate > 5/s")
        .unwrap()
        .fit(&fast)
        .unwrap();
    assert_eq!(
        rule.condition,
        Condition::Rate(OrderRate::Offered, bound(Operator::Above, 50.0))
    );
}

proptest! {
    #[test]
    fn parsing_never_panics_and_names_round_trip(text in "\\PC{0,40}", limit in 1u64..1_000_000) {
        let _ = parse_gate_rule(&text);
        let _ = parse_gate_rule(&format!("lost {text}"));
        for class in Class::ALL {
            let rule = parse_gate_rule(&format!("{} <= {limit}", class.as_str())).unwrap();
            prop_assert_eq!(rule.condition.name(), class.as_str());
        }
    }

    #[test]
    fn contradictions_are_what_no_number_satisfies(
        a in 0u64..6, b in 0u64..6, first in 0usize..5, second in 0usize..5,
    ) {
        let texts = [(first, a), (second, b)]
            .map(|(operator, limit)| format!("stored {} {limit}", Operator::ALL[operator].as_str()));
        let rules: Vec<_> = texts.iter().filter_map(|text| parse_gate_rule(text).ok()).collect();
        prop_assume!(rules.len() == 2);
        let holds = |value: u64| rules.iter().all(|rule| match rule.condition {
            Condition::Count(_, bound) => bound.holds(value),
            _ => false,
        });
        prop_assert_eq!(contradictions(&rules).is_empty(), (0..20).any(holds), "{:?}", texts);
    }
}
