//! The limits of a scenario's rules, as lines in the charts of what they limit.

use std::time::Duration;

use super::figure::{Limit, Stretch};
use orderproof_core::results::RunReport;
use orderproof_core::results::figures::exactly;
use orderproof_core::scenario::{Metric, Rule};

/// A limit across the phase it is about, on an axis of time and microseconds, for each rule on `wanted`.
pub(super) fn over_time(report: &RunReport, wanted: fn(&Metric) -> bool) -> Vec<Limit> {
    let rules = about(report, wanted);
    rules
        .filter_map(|rule| {
            let across = match &rule.phase {
                None => None,
                Some(name) => {
                    let mut phases = report.phases.iter();
                    let phase = phases.find(|phase| phase.figures.name == *name)?;
                    Some(Stretch {
                        from: phase.start.as_secs_f64(),
                        to: phase.end.as_secs_f64(),
                    })
                }
            };
            Some(limit(rule, across))
        })
        .collect()
}

/// A limit up to the quantile it is about, on an axis of quantiles.
pub(super) fn over_quantiles(report: &RunReport, wanted: fn(&Metric) -> bool) -> Vec<Limit> {
    let up_to = |rule: &Rule| {
        let quantile = rule.metric.quantile().filter(|&quantile| quantile < 1.0)?;
        Some(Stretch {
            from: 0.0,
            to: -(1.0 - quantile).log10(),
        })
    };
    let rules = about(report, wanted);
    rules.map(|rule| limit(rule, up_to(rule))).collect()
}

/// The shortest drain that a rule allows at most, and how the rule limits it.
pub(super) fn of_drain(report: &RunReport) -> Option<(Duration, String)> {
    let rules = about(report, |metric| *metric == Metric::Drain);
    let strictest = rules.min_by_key(|rule| rule.limit)?;
    Some((strictest.limit, bound(strictest)))
}

fn about(report: &RunReport, wanted: fn(&Metric) -> bool) -> impl Iterator<Item = &Rule> {
    let rules = report.scenario.expect.rules.iter();
    rules.filter(move |rule| wanted(&rule.metric))
}

fn limit(rule: &Rule, across: Option<Stretch>) -> Limit {
    let name = rule.metric.name();
    let quantile = name.rsplit_once('_').map_or("", |(_, quantile)| quantile);
    let phase = match &rule.phase {
        Some(phase) => format!(" in {phase}"),
        None => String::new(),
    };
    Limit {
        at: rule.limit.as_secs_f64() * 1e6,
        label: format!("rule: {quantile} {}{phase}", bound(rule)),
        across,
    }
}

fn bound(rule: &Rule) -> String {
    format!("{} {}", rule.bound().operator.as_str(), exactly(rule.limit))
}
