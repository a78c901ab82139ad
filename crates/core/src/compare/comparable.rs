//! Whether runs were asked to do the same: load and proof must be equal, the pipeline's settings may differ.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::escape::Shown;
use crate::results::RunReport;
use crate::scenario::{Scenario, digest};

/// Parts of a scenario that may differ: what a comparison is about, and words.
const MAY_DIFFER: [&str; 11] = [
    "name",
    "question",
    "seed",
    "pipeline",
    "processor",
    "faults",
    "settle_deadline",
    "expect.rules",
    "expect.max_unsent_share",
    "expect.max_indeterminate",
    "expect.max_schedule_lag_p99",
];

/// A field in which two runs differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Difference {
    /// Its path in the resolved scenario.
    pub field: String,
    /// Its value in the base, as JSON; durations as `36ms`.
    pub base: String,
    /// Its value in the candidate.
    pub candidate: String,
}

/// Runs were not asked to do the same.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", in_words(.0))]
pub struct NotComparable(pub Vec<Difference>);

fn in_words(differences: &[Difference]) -> String {
    let mut text = String::from("the runs are not comparable, since their settings differ:");
    for Difference {
        field,
        base,
        candidate,
    } in differences
    {
        text.push_str(&format!(
            "\n  {}: base {}, candidate {}",
            Shown(field),
            Shown(base),
            Shown(candidate)
        ));
    }
    text.push_str("\nrun both with the same load, target and proof");
    text
}

/// Where two resolved scenarios differ, but for these parts of them (a part's name stands for all below it).
pub fn scenario_differences(one: &Scenario, other: &Scenario, but_for: &[&str]) -> Vec<Difference> {
    let json = |scenario| serde_json::to_value(scenario).expect("a scenario is plain data");
    let mut found = Vec::new();
    differing("", &json(one), &json(other), &mut found);
    found.retain(|difference| !is_below(&difference.field, but_for));
    found
}

/// Whether a field is one of these parts, or within one.
fn is_below(field: &str, parts: &[&str]) -> bool {
    parts.iter().any(|part| {
        let rest = field.strip_prefix(part);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    })
}

/// The settings that differ and may.
pub(super) fn differences(
    base: &[RunReport],
    candidate: &[RunReport],
) -> Result<Vec<Difference>, NotComparable> {
    let mut allowed: Vec<Difference> = Vec::new();
    let mut refused = Vec::new();
    let Some(first) = base.first() else {
        return Ok(allowed);
    };
    for run in base[1..].iter().chain(candidate) {
        if digest(&run.scenario) == digest(&first.scenario) {
            continue;
        }
        let (one, other) = (value(first), value(run));
        let mut found = Vec::new();
        differing("", &one, &other, &mut found);
        let may = |difference: &Difference| is_below(&difference.field, &MAY_DIFFER);
        let (may, must_not): (Vec<_>, Vec<_>) = found.into_iter().partition(may);
        refused.extend(must_not);
        allowed.extend(may);
    }
    let mut unique = Vec::new();
    for difference in allowed {
        if !unique.contains(&difference) {
            unique.push(difference);
        }
    }
    refused.dedup();
    match refused.is_empty() {
        true => Ok(unique),
        false => Err(NotComparable(refused)),
    }
}

/// A scenario as it is compared: of a target elsewhere its kind and function's place, not whose it is.
fn value(report: &RunReport) -> Value {
    let mut value = serde_json::to_value(&report.scenario).expect("a scenario is plain data");
    value["target"] = match report.scenario.target.aws() {
        None => "embedded".into(),
        Some(target) => serde_json::json!({
            "kind": "aws",
            "processor": target.processor,
        }),
    };
    value
}

fn differing(path: &str, one: &Value, other: &Value, found: &mut Vec<Difference>) {
    let below = |key: &str| match path {
        "" => key.to_owned(),
        path => format!("{path}.{key}"),
    };
    match (one, other) {
        (Value::Object(left), Value::Object(right))
            if duration_in(one).or(duration_in(other)).is_none() =>
        {
            let keys: std::collections::BTreeSet<_> = left.keys().chain(right.keys()).collect();
            for key in keys {
                let at = |map: &serde_json::Map<String, Value>| {
                    map.get(key).cloned().unwrap_or(Value::Null)
                };
                differing(&below(key), &at(left), &at(right), found);
            }
        }
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => {
            for (index, (left, right)) in left.iter().zip(right).enumerate() {
                differing(&format!("{path}[{index}]"), left, right, found);
            }
        }
        (one, other) if one != other => found.push(Difference {
            field: path.to_owned(),
            base: told_value(one),
            candidate: told_value(other),
        }),
        _ => {}
    }
}

/// A duration as serde writes it.
fn duration_in(value: &Value) -> Option<Duration> {
    let map = value.as_object().filter(|map| map.len() == 2)?;
    let part = |key| map.get(key)?.as_u64();
    Some(Duration::new(
        part("secs")?,
        u32::try_from(part("nanos")?).ok()?,
    ))
}

/// As JSON; durations as people write them.
fn told_value(value: &Value) -> String {
    match duration_in(value) {
        Some(duration) => format!("{duration:?}"),
        None => value.to_string(),
    }
}
