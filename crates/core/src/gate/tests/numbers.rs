//! What a gate says in numbers, for programs.

use serde_json::{Value, json};

use super::{held, passed};
use crate::results::RunReport;
use crate::verdict::Class;

/// The numbers of a rule, as they are printed.
fn figures(report: &RunReport, rule: &str) -> Value {
    let outcome = serde_json::to_value(held(report, &[rule])).expect("plain data");
    outcome["rules"][0]["figures"].clone()
}

#[test]
fn each_kind_of_rule_has_its_limit_and_what_was_observed_in_one_unit() {
    let report = passed();
    let cases = [
        ("lost == 0", json!(["lost", null, "==", 0, 0, "orders"])),
        ("strict", json!(["strict", null, "==", 0, 0, "orders"])),
        (
            "drain < 6s",
            json!(["drain", null, "<", 6_000_000, 6_200_000, "us"]),
        ),
        (
            "acknowledged_rate > 100/s for spike",
            json!(["acknowledged_rate", "spike", ">", 100, 1000, "1/s"]),
        ),
        (
            "send_error_rate <= 0.5%",
            json!(["send_error_rate", null, "<=", 0.005, 0, "ratio"]),
        ),
        (
            "planned == 40000",
            json!(["planned", null, "==", 40_000, 40_000, "orders"]),
        ),
    ];
    for (rule, expected) in cases {
        let seen = figures(&report, rule);
        let keys = ["metric", "phase", "operator", "limit", "observed", "unit"];
        let seen: Vec<_> = keys.map(|key| seen[key].clone()).into();
        assert_eq!(Value::from(seen), expected, "{rule}");
    }
    let p99 = figures(&report, "end_to_end_p99 < 2s for spike");
    assert!(p99["observed"].as_u64().is_some_and(|us| us > 0), "{p99}");
}

#[test]
fn what_is_not_known_exactly_is_null_and_not_zero() {
    let mut report = passed();
    assert_eq!(figures(&report, "redelivered == 0")["observed"], 0);
    report.uncounted_rows = None;
    assert_eq!(
        figures(&report, "redelivered == 0")["observed"],
        Value::Null
    );
    report.classes.remove(&Class::Lost);
    assert_eq!(figures(&report, "lost == 0")["observed"], Value::Null);
    assert_eq!(
        figures(&report, "throttled_writes == 0")["observed"],
        Value::Null
    );
}
