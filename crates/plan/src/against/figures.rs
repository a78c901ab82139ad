//! The figures that both a forecast and a run have.

use std::time::Duration;

use orderproof_core::metrics::LatencySummary;
use orderproof_core::results::{
    CloudWatch, CloudWatchMetric, PhaseReport, PipelineCounters, RunReport,
};
use orderproof_core::verdict::Class;

use super::{Both, Unit};
use crate::model::{Forecast, Range, micros_of};

/// What a run that has no such class counts of it.
const NONE: Range<u64> = Range { min: 0, max: 0 };

/// Each figure of a forecast, beside what the run measured.
pub(super) fn of_both(forecast: &Forecast, run: &RunReport) -> Vec<Both> {
    let mut all = orders(forecast, run);
    all.extend(backlog(forecast, run));
    all.extend(phases(forecast, run));
    all.extend(pipeline(forecast, run));
    all
}

fn orders_of(figure: impl Into<String>, forecast: Range<u64>, observed: Option<u64>) -> Both {
    Both {
        unit: Unit::Orders,
        ..count(figure, forecast, observed)
    }
}

fn count(figure: impl Into<String>, forecast: Range<u64>, observed: Option<u64>) -> Both {
    Both {
        figure: figure.into(),
        unit: Unit::Count,
        forecast: Some(forecast),
        observed,
        is_given: false,
    }
}

fn lasting(figure: impl Into<String>, forecast: Option<Range<u64>>, observed: Option<u64>) -> Both {
    Both {
        figure: figure.into(),
        unit: Unit::Us,
        forecast,
        observed,
        is_given: false,
    }
}

/// The classes that either has.
fn orders(forecast: &Forecast, run: &RunReport) -> Vec<Both> {
    let planned = Some(run.orders.planned);
    let mut all = vec![
        Both {
            is_given: true,
            ..orders_of("orders planned", forecast.planned_orders, planned)
        },
        Both {
            // Which orders are bad is drawn by the seed alone.
            is_given: forecast.seeds.contains(&run.scenario.seed),
            ..orders_of("bad orders", forecast.bad_orders, Some(run.bad_orders))
        },
    ];
    for class in Class::ALL {
        let range = forecast.classes.get(&class);
        let observed = run.class_tally(class).exact();
        if range.is_some() || observed.is_some_and(|orders| orders > 0) {
            let range = range.copied().unwrap_or(NONE);
            all.push(orders_of(class.as_str(), range, observed));
        }
    }
    all
}

fn backlog(forecast: &Forecast, run: &RunReport) -> Vec<Both> {
    let backlog = run.backlog();
    let is_measured = run.timeline.iter().any(|row| row.backlog_orders.is_some());
    let peak = match &backlog {
        Some(backlog) => Some(backlog.peak),
        None => is_measured.then_some(0),
    };
    let oldest = run.oldest_age(None).ok();
    let drain = run.quiescence.drain.filter(|_| run.quiescence.reached);
    let us = |duration: Duration| micros_of(duration);
    vec![
        orders_of("backlog peak", forecast.backlog_peak_orders, peak),
        Both {
            figure: "second of the backlog peak".into(),
            unit: Unit::Second,
            forecast: Some(forecast.backlog_peak_at_s),
            observed: backlog.as_ref().map(|backlog| backlog.at_s),
            is_given: false,
        },
        lasting(
            "caught up after",
            forecast.catch_up_us,
            backlog.and_then(|backlog| backlog.caught_up).map(us),
        ),
        lasting(
            "oldest order stored later",
            Some(forecast.oldest_age_us),
            oldest.map(us),
        ),
        lasting("drain", forecast.drain_us, drain.map(us)),
    ]
}

fn phases(forecast: &Forecast, run: &RunReport) -> Vec<Both> {
    let mut all = Vec::new();
    for phase in &forecast.phases {
        let named = |of: &&PhaseReport| of.figures.name == phase.name;
        let summary = run.phases.iter().find(named);
        let summary = summary.and_then(|phase| phase.end_to_end_us.measured());
        let of = |what: &str| format!("end-to-end {what}, {}", phase.name);
        let quantile = |figure: fn(&LatencySummary) -> Option<u64>| summary.and_then(figure);
        let p50 = quantile(|summary| summary.p50_us);
        let p99 = quantile(|summary| summary.p99_us);
        all.push(lasting(of("p50"), phase.end_to_end_p50_us, p50));
        all.push(lasting(of("p99"), phase.end_to_end_p99_us, p99));
    }
    all
}

fn pipeline(forecast: &Forecast, run: &RunReport) -> Vec<Both> {
    let counted = |figure: fn(&PipelineCounters) -> u64| run.pipeline.as_ref().map(figure);
    let told = |metric, most| counted_by(run.cloudwatch.as_ref(), metric, most);
    vec![
        count(
            "invocations",
            forecast.invocations,
            counted(|all| all.invocations),
        ),
        count(
            "failed invocations",
            forecast.failed_invocations,
            counted(|all| all.failed_invocations)
                .or_else(|| told(CloudWatchMetric::FailedInvocations, false)),
        ),
        count(
            "cold starts",
            forecast.cold_starts,
            counted(|all| all.cold_starts),
        ),
        count(
            "concurrency at most",
            forecast.max_concurrency,
            counted(|all| all.max_concurrency.into())
                .or_else(|| told(CloudWatchMetric::ConcurrentInvocations, true)),
        ),
        count(
            "times the mapping backed off",
            forecast.backed_off,
            counted(|all| all.backed_off),
        ),
        count(
            "throttled invocations",
            forecast.throttled_invocations,
            counted(|all| all.throttled_invocations)
                .or_else(|| told(CloudWatchMetric::ThrottledInvocations, false)),
        ),
        count(
            "throttled writes",
            forecast.throttled_writes,
            counted(|all| all.throttled_writes)
                .or_else(|| told(CloudWatchMetric::ThrottledWrites, false)),
        ),
    ]
}

/// What CloudWatch counted, summed or the most of it; nothing is said of a metric without points.
fn counted_by(
    cloudwatch: Option<&CloudWatch>,
    metric: CloudWatchMetric,
    most: bool,
) -> Option<u64> {
    let values = cloudwatch?.points(metric).iter().map(|point| point.1);
    let all = match most {
        true => values.reduce(f64::max),
        false => values.reduce(|one, other| one + other),
    };
    all.map(|value| value.round() as u64)
}
