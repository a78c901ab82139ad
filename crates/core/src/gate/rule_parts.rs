//! A rule in its parts, as people read it: what is limited, and by how much.

use std::time::Duration;

use serde::Serialize;
use serde_json::Number;

use crate::results::figures::{exactly, thousands};
use crate::scenario::{Condition, Rule};

/// A rule as numbers, for programs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleFigures {
    /// What is limited, as rules write it: `end_to_end_p99`, `lost`, `strict`.
    pub metric: String,
    /// The one phase it is about; null of the whole run.
    pub phase: Option<String>,
    /// `<`, `<=`, `==`, `>=` or `>`.
    pub operator: &'static str,
    /// The limit, by the clock of the run.
    pub limit: Number,
    /// What was observed; null when nothing was, or when it is not known exactly.
    pub observed: Option<Number>,
    /// What both are counted in: `us` (microseconds), `orders`, `messages`, `invocations`, `writes`, `1/s`, `ratio` (0.05 is
    /// 5%).
    pub unit: &'static str,
}

/// A rule and what was observed, as numbers.
pub(super) fn figures(rule: &Rule, observed: Option<f64>) -> RuleFigures {
    let us = |limit: Duration| limit.as_micros() as f64;
    let (operator, limit, unit) = match rule.condition {
        // No order may be in a class that it refuses.
        Condition::Keeps(_) => ("==", 0.0, "orders"),
        Condition::Count(counted, bound) => {
            (bound.operator.as_str(), bound.limit as f64, counted.unit())
        }
        Condition::Duration(_, bound) | Condition::Span(_, bound) => {
            (bound.operator.as_str(), us(bound.limit), "us")
        }
        Condition::Rate(_, bound) => (bound.operator.as_str(), bound.limit, "1/s"),
        Condition::Share(_, bound) | Condition::Regression(_, bound) => {
            (bound.operator.as_str(), bound.limit, "ratio")
        }
    };
    RuleFigures {
        metric: rule.condition.name(),
        phase: rule.phase.clone(),
        operator,
        limit: number(limit).unwrap_or_else(|| 0.into()),
        observed: observed.and_then(number),
        unit,
    }
}

/// A whole number without a fraction; nothing of what is no number.
fn number(value: f64) -> Option<Number> {
    match value.fract() == 0.0 && value.abs() < 9e15 {
        true => Some((value as i64).into()),
        false => Number::from_f64(value),
    }
}

/// Its limit by the clock that the run was measured with; of a run in compressed time with the scenario's in brackets.
pub(super) fn limit(rule: &Rule, time_scale: f64) -> String {
    let (operator, here, asked) = match rule.condition {
        Condition::Keeps(_) => return String::new(),
        Condition::Count(_, bound) => (bound.operator, thousands(bound.limit), None),
        Condition::Duration(_, bound) | Condition::Span(_, bound) => (
            bound.operator,
            exactly(bound.limit),
            Some(exactly(longer(bound.limit, time_scale))),
        ),
        Condition::Rate(_, bound) => (
            bound.operator,
            format!("{:.1}/s", bound.limit),
            Some(format!("{:.1}/s", bound.limit / time_scale)),
        ),
        Condition::Regression(_, bound) | Condition::Share(_, bound) => {
            let percent = (bound.limit * 1e8).round() / 1e6;
            (bound.operator, format!("{percent}%"), None)
        }
    };
    let operator = operator.as_str();
    match asked.filter(|_| time_scale != 1.0) {
        Some(asked) => format!("{operator} {here} ({asked} in the scenario)"),
        None => format!("{operator} {here}"),
    }
}

/// A duration of the run in the scenario's time, without what the division left over.
fn longer(here: Duration, time_scale: f64) -> Duration {
    let us = (here.as_secs_f64() * time_scale * 1e6).round();
    Duration::try_from_secs_f64(us / 1e6).unwrap_or(Duration::MAX)
}

/// The phase that the rule is about; empty for a figure that no phase has.
pub(super) fn phase(rule: &Rule) -> String {
    match (&rule.phase, rule.condition) {
        (Some(name), _) => name.clone(),
        (None, Condition::Duration(metric, _)) if metric.quantile().is_some() => ALL_PHASES.into(),
        (None, Condition::Rate(..) | Condition::Regression(..) | Condition::Share(..)) => {
            ALL_PHASES.into()
        }
        (None, _) => String::new(),
    }
}

/// All phases but warm-up.
const ALL_PHASES: &str = "all phases";
