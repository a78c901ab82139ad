//! A rule as files hold it: of a duration below a limit in the form that every version reads, of all else in one field.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Bound, Condition, Operator, Rule};
use crate::scenario::Metric;

/// A performance rule, parsed before anything is sent.
#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Rule")]
pub(super) struct StoredRule {
    /// As written.
    text: String,
    /// What is measured, of a rule on a duration below a limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    metric: Option<Metric>,
    /// The limit must be stayed under (`<`) or may be reached (`<=`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    inclusive: Option<bool>,
    /// The limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    limit: Option<Duration>,
    /// Only in this phase; otherwise in every phase that is no warm-up, merged.
    phase: Option<String>,
    /// What must hold, of every other rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    condition: Option<Condition>,
    /// Sending stops as soon as it is surely broken.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    abort: bool,
}

impl From<Rule> for StoredRule {
    fn from(rule: Rule) -> Self {
        let mut stored = Self {
            text: rule.text,
            metric: None,
            inclusive: None,
            limit: None,
            phase: rule.phase,
            condition: None,
            abort: rule.abort,
        };
        match rule.condition {
            Condition::Duration(metric, bound) if bound.is_upper() => {
                stored.metric = Some(metric);
                stored.inclusive = Some(bound.operator == Operator::AtMost);
                stored.limit = Some(bound.limit);
            }
            other => stored.condition = Some(other),
        }
        stored
    }
}

impl TryFrom<StoredRule> for Rule {
    type Error = String;

    fn try_from(stored: StoredRule) -> Result<Self, String> {
        let duration = (stored.metric, stored.inclusive, stored.limit);
        let condition = match (duration, stored.condition) {
            ((Some(metric), Some(inclusive), Some(limit)), None) => {
                let operator = match inclusive {
                    true => Operator::AtMost,
                    false => Operator::Below,
                };
                Condition::Duration(metric, Bound { operator, limit })
            }
            ((None, None, None), Some(condition)) => condition,
            _ => {
                return Err(format!(
                    "the rule {:?} has neither metric, inclusive and limit nor a condition",
                    stored.text
                ));
            }
        };
        Ok(Self {
            text: stored.text,
            condition,
            phase: stored.phase,
            abort: stored.abort,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse_gate_rule;
    use super::*;

    #[test]
    fn a_duration_below_a_limit_is_kept_as_it_always_was_and_every_rule_reads_back() {
        let rule = parse_gate_rule("end_to_end_p99 < 2s for spike").unwrap();
        let json = serde_json::to_string(&rule).unwrap();
        assert_eq!(
            json,
            r#"{"text":"end_to_end_p99 < 2s for spike","metric":{"end_to_end":0.99},"inclusive":false,"limit":{"secs":2,"nanos":0},"phase":"spike"}"#
        );
        for text in [
            "drain <= 60s",
            "drain > 1s",
            "misplaced == 0",
            "rejected < 5",
            "peak_backlog <= 600 for spike",
            "oldest_age < 3s",
            "recovery < 30s",
            "stored_rate >= 900/s for spike",
            "send_error_rate < 0.7%",
            "strict",
        ] {
            let mut rule = parse_gate_rule(text).unwrap();
            rule.abort = text.starts_with("rejected");
            let json = serde_json::to_string(&rule).unwrap();
            assert_eq!(serde_json::from_str::<Rule>(&json).unwrap(), rule, "{json}");
        }
        for wrong in [
            r#"{"text":"x","metric":"drain","inclusive":false,"phase":null}"#,
            r#"{"text":"x","phase":null}"#,
            r#"{"text":"x","metric":"drain","inclusive":false,"limit":{"secs":2,"nanos":0},"phase":null,"condition":{"keeps":"strict"}}"#,
        ] {
            assert!(serde_json::from_str::<Rule>(wrong).is_err(), "{wrong}");
        }
    }
}
