//! A rule in its parts, as people read it: what is limited, and by how much.

use std::time::Duration;

use crate::results::figures::{exactly, thousands};
use crate::scenario::{Condition, Rule};

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
