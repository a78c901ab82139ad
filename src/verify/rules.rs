//! Performance rules against what was measured; an absent figure never passes.

use std::time::Duration;

use super::judge::finding;
use super::{Finding, JudgeInput, PhaseFigures, Severity};
use crate::metrics::Histogram;
use crate::scenario::{Metric, Rule};

/// What `rule` has to say; nothing when it holds.
pub(super) fn check_rule(rule: &Rule, input: &JudgeInput<'_>) -> Option<Finding> {
    let missing = |why: &str| {
        let message = format!("rule `{}` cannot be checked: {why}", rule.text);
        Some(finding(
            Severity::MissingEvidence,
            "rule_without_figures",
            message,
        ))
    };
    let Some(measured) = measure(rule, input) else {
        return missing("nothing was measured");
    };
    let skew = match rule.metric {
        Metric::EndToEnd(_) => input.clock_skew_bound,
        _ => Duration::ZERO,
    };
    if skew > measured {
        return missing("the clocks behind it differ by more than it measured");
    }
    let holds = |measured: Duration| match rule.inclusive {
        true => measured <= rule.limit,
        false => measured < rule.limit,
    };
    // The true figure lies within the skew of the measured one: what both ends agree on is certain.
    let at_best = holds(measured - skew);
    if at_best && !holds(measured + skew) {
        return missing(&format!(
            "measured {measured:?}, and the clocks behind it differ by up to {skew:?}"
        ));
    }
    if !at_best {
        let message = format!("rule `{}` is broken: measured {measured:?}", rule.text);
        return Some(finding(
            Severity::PerformanceFailure,
            "rule_broken",
            message,
        ));
    }
    let untimed = input.observation.map_or(0, |seen| seen.untimed_rows);
    if matches!(rule.metric, Metric::EndToEnd(_)) && untimed > 0 {
        return missing(&format!("{untimed} rows do not tell when they were stored"));
    }
    None
}

fn measure(rule: &Rule, input: &JudgeInput<'_>) -> Option<Duration> {
    type Pick = fn(&PhaseFigures) -> &Histogram;
    let (pick, quantile): (Pick, f64) = match rule.metric {
        Metric::ResponseTime(quantile) => (|phase| &phase.response_time, quantile),
        Metric::ServiceTime(quantile) => (|phase| &phase.service_time, quantile),
        Metric::ScheduleLag(quantile) => (|phase| &phase.schedule_lag, quantile),
        Metric::EndToEnd(quantile) => (|phase| &phase.end_to_end, quantile),
        Metric::Drain => {
            let quiescence = &input.observation?.quiescence;
            return quiescence.drain.filter(|_| quiescence.reached);
        }
    };
    let mut merged = Histogram::new();
    for phase in input.phases? {
        let wanted = match &rule.phase {
            Some(name) => phase.name == *name,
            None => !phase.warm_up,
        };
        if wanted {
            merged.merge(pick(phase));
        }
    }
    merged.quantile(quantile)
}
