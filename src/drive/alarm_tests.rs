//! When each rule ends the sending, and one order before that.

use super::*;
use crate::load::Phase;
use crate::scenario::{fixture, parse_gate_rule};

const MS: Duration = Duration::from_millis(1);

/// 100 orders each in warm-up, baseline and spike, one second long each.
fn scenario(rules: &[&str]) -> Scenario {
    let phase = |name: &str| Phase {
        name: name.into(),
        start_rate: 100.0,
        end_rate: 100.0,
        duration: Duration::from_secs(1),
        warm_up: name == "warm-up",
    };
    let mut scenario = fixture();
    scenario.phases = ["warm-up", "baseline", "spike"].map(phase).into();
    scenario.expect.rules = rules
        .iter()
        .map(|text| {
            let mut rule = parse_gate_rule(text).expect("a rule");
            rule.abort = true;
            rule.check_abort().expect("one that may");
            rule
        })
        .collect();
    scenario
}

fn alarms(rules: &[&str]) -> Alarms {
    let scenario = scenario(rules);
    Alarms::new(&scenario, &scenario.schedule())
}

fn order(second: u64) -> SentOrder {
    SentOrder {
        intended_at: Duration::from_secs(second) + 500 * MS,
        schedule_lag: MS,
        response_time: 2 * MS,
        service_time: MS,
        outcome: Outcome::Acknowledged,
    }
}

/// How many such orders it takes.
fn orders_until(rule: &str, order: SentOrder) -> Option<u64> {
    let alarms = alarms(&[rule]);
    let found = (1..=1_000).find(|&count| alarms.settled(&order, count as u32 * MS));
    let at = alarms.broken().map(|aborted| aborted.at);
    assert_eq!(
        at,
        found.map(|count| count as u32 * MS),
        "when it was broken"
    );
    found
}

#[test]
fn a_rule_ends_the_sending_with_the_first_order_that_nothing_can_mend() {
    let rejected = SentOrder {
        outcome: Outcome::Rejected,
        ..order(2)
    };
    let unknown = SentOrder {
        outcome: Outcome::Indeterminate,
        ..order(2)
    };
    let slow = SentOrder {
        schedule_lag: 90 * MS,
        response_time: 100 * MS,
        service_time: 95 * MS,
        ..order(2)
    };
    let of_warm_up = SentOrder {
        intended_at: 500 * MS,
        ..slow
    };
    for (rule, order, expected, why) in [
        ("rejected <= 5", rejected, Some(6), "more than five"),
        ("rejected < 5", rejected, Some(5), "five"),
        ("rejected <= 5", unknown, None, "not refused"),
        (
            "send_error_rate < 1%",
            rejected,
            Some(2),
            "of 200 orders but those of warm-up",
        ),
        ("send_error_rate <= 1%", unknown, Some(3), "2 of 200 are 1%"),
        ("send_error_rate == 0%", rejected, Some(1), "one"),
        (
            "send_error_rate <= 1% for spike",
            rejected,
            Some(2),
            "1 of 100 is 1%",
        ),
        (
            "send_error_rate <= 1% for baseline",
            rejected,
            None,
            "of another phase",
        ),
        (
            "response_time_p99 < 100ms",
            slow,
            Some(3),
            "two of 200 may be slower",
        ),
        (
            "response_time_p99 <= 100ms",
            slow,
            None,
            "it may be reached",
        ),
        (
            "response_time_p50 < 100ms for spike",
            slow,
            Some(51),
            "half of them may be",
        ),
        ("response_time_max < 100ms", slow, Some(1), "none may be"),
        (
            "response_time_p99 < 100ms",
            of_warm_up,
            None,
            "warm-up counts for none",
        ),
        (
            "response_time_max < 100ms for warm-up",
            of_warm_up,
            Some(1),
            "unless named",
        ),
        ("service_time_max < 95ms", slow, Some(1), "its own duration"),
        ("service_time_max < 96ms", slow, None, "a near miss"),
        ("schedule_lag_max < 90ms", slow, Some(1), "its own duration"),
        ("schedule_lag_max < 91ms", slow, None, "a near miss"),
        (
            "response_time_max < 1ms",
            SentOrder {
                outcome: Outcome::Rejected,
                ..slow
            },
            None,
            "what was not acknowledged has no response time",
        ),
        (
            "schedule_lag_max < 90ms",
            SentOrder {
                outcome: Outcome::Indeterminate,
                ..slow
            },
            Some(1),
            "what was sent late was sent late",
        ),
    ] {
        assert_eq!(orders_until(rule, order), expected, "{rule}: {why}");
    }
}

#[test]
fn a_rule_that_was_broken_on_the_way_is_broken_at_the_end_however_few_were_sent() {
    // As many good orders first as there can be, then bad ones up to the alarm; then nothing more.
    for quantile in ["p50", "p90", "p95", "p99", "p999"] {
        for good in [0_u32, 1, 50, 99] {
            let rule = format!("response_time_{quantile} < 100ms for spike");
            let alarms = alarms(&[&rule]);
            let mut measured = crate::metrics::Histogram::new();
            for _ in 0..good {
                measured.record(2 * MS);
                assert!(!alarms.settled(&order(2), MS));
            }
            let slow = SentOrder {
                response_time: 100 * MS,
                ..order(2)
            };
            let mut broken = false;
            for _ in good..100 {
                measured.record(100 * MS);
                broken = alarms.settled(&slow, MS);
                if broken {
                    break;
                }
            }
            let rule = parse_gate_rule(&rule).unwrap();
            let (metric, bound) = rule.duration().unwrap();
            let at_the_end = measured.quantile(metric.quantile().unwrap()).unwrap();
            assert!(!broken || !bound.holds(at_the_end), "{quantile} {good}");
        }
    }
}

#[test]
fn a_rule_without_abort_and_one_on_what_senders_do_not_see_raise_no_alarm() {
    let mut plain = scenario(&["rejected == 0"]);
    plain.expect.rules[0].abort = false;
    assert!(Alarms::new(&plain, &plain.schedule()).is_empty());
    assert!(alarms(&["waiting_messages < 9", "failed_invocations == 0"]).is_empty());
    assert!(!alarms(&["rejected == 0"]).is_empty());
}

#[test]
fn orders_of_a_phase_are_counted_by_when_they_are_due() {
    let mut scenario = scenario(&[]);
    scenario.arrivals = crate::load::Arrivals::Poisson;
    let schedule = scenario.schedule();
    let ends = [Duration::from_secs(1), Duration::from_secs(2)];
    let counted: Vec<u64> = (0..3)
        .map(|index| due_in(&schedule, &ends, index))
        .collect();
    let phase_of = |k: &u64| schedule.due(*k).as_secs().min(2);
    for index in 0..3 {
        let due = (0..schedule.count())
            .filter(|k| phase_of(k) == index)
            .count();
        assert_eq!(counted[index as usize], due as u64);
    }
}
