//! The limits of a scenario's rules, as lines in the charts of what they limit.

use std::time::Duration;

use super::figure::{Limit, Stretch};
use orderproof_core::results::RunReport;
use orderproof_core::results::figures::exactly;
use orderproof_core::scenario::{Bound, Condition, Counted, Metric, Rule};

/// A rule on a duration: what it is of, and its limit.
type OfDuration<'a> = (&'a Rule, Metric, Bound<Duration>);

/// A limit across the phase it is about, on an axis of time and microseconds, for each rule on `wanted`.
pub(super) fn over_time(report: &RunReport, wanted: fn(&Metric) -> bool) -> Vec<Limit> {
    let rules = about(report, wanted);
    rules
        .filter_map(|rule| Some(limit(rule, across(report, rule.0)?)))
        .collect()
}

/// The limit of each rule on the backlog, on an axis of time and orders.
pub(super) fn of_backlog(report: &RunReport) -> Vec<Limit> {
    let rules = report.scenario.expect.rules.iter();
    let limit = |rule: &Rule| match rule.condition {
        Condition::Count(Counted::PeakBacklog, bound) => Some(Limit {
            at: bound.limit as f64,
            label: format!("rule: backlog {} {}", bound.operator.as_str(), bound.limit),
            across: across(report, rule)?,
        }),
        _ => None,
    };
    rules.filter_map(limit).collect()
}

/// The stretch of the phase that a rule is about: none for all of them; nothing where the phase is not in the report.
fn across(report: &RunReport, rule: &Rule) -> Option<Option<Stretch>> {
    let Some(name) = &rule.phase else {
        return Some(None);
    };
    let mut phases = report.phases.iter();
    let phase = phases.find(|phase| phase.figures.name == *name)?;
    Some(Some(Stretch {
        from: phase.start.as_secs_f64(),
        to: phase.end.as_secs_f64(),
    }))
}

/// A limit up to the quantile it is about, on an axis of quantiles.
pub(super) fn over_quantiles(report: &RunReport, wanted: fn(&Metric) -> bool) -> Vec<Limit> {
    let up_to = |metric: Metric| {
        let quantile = metric.quantile().filter(|&quantile| quantile < 1.0)?;
        Some(Stretch {
            from: 0.0,
            to: -(1.0 - quantile).log10(),
        })
    };
    let rules = about(report, wanted);
    rules.map(|rule| limit(rule, up_to(rule.1))).collect()
}

/// The shortest drain that a rule allows at most, and how the rule limits it.
pub(super) fn of_drain(report: &RunReport) -> Option<(Duration, String)> {
    let rules = about(report, |metric| *metric == Metric::Drain);
    let upper = rules.filter(|(.., bound)| bound.is_upper());
    let (.., strictest) = upper.min_by_key(|(.., bound)| bound.limit)?;
    Some((strictest.limit, told(strictest)))
}

fn about(report: &RunReport, wanted: fn(&Metric) -> bool) -> impl Iterator<Item = OfDuration<'_>> {
    let rules = report.scenario.expect.rules.iter();
    let durations = rules.filter_map(|rule| {
        let (metric, bound) = rule.duration()?;
        Some((rule, metric, bound))
    });
    durations.filter(move |(_, metric, _)| wanted(metric))
}

fn limit((rule, metric, bound): OfDuration<'_>, across: Option<Stretch>) -> Limit {
    let name = metric.name();
    let quantile = name.rsplit_once('_').map_or("", |(_, quantile)| quantile);
    let phase = match &rule.phase {
        Some(phase) => format!(" in {phase}"),
        None => String::new(),
    };
    Limit {
        at: bound.limit.as_secs_f64() * 1e6,
        label: format!("rule: {quantile} {}{phase}", told(bound)),
        across,
    }
}

fn told(bound: Bound<Duration>) -> String {
    format!("{} {}", bound.operator.as_str(), exactly(bound.limit))
}
