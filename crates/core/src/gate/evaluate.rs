//! One rule against the figures of a run; what is absent, or of too few orders, never holds.

use std::time::Duration;

use serde::Serialize;

use crate::results::figures::{self, thousands};
use crate::results::{PipelineCounters, Recovery, RunReport, Tally, part_of_sends};
use crate::scenario::{Bound, Condition, Counted, Metric, OrderRate, Rule, Span};
use crate::verdict::{Class, Gate, Standing};
use crate::verify::{Durations, Figure, Standpoint};

use super::baseline::regression;
use super::outcome::GateInput;
use super::rule_parts::{self, RuleFigures};

/// A rule and how it stands to a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// The rule, as written.
    pub rule: String,
    /// What it limits.
    #[serde(skip)]
    pub what: String,
    /// The limit, by the clock of the run.
    #[serde(skip)]
    pub limit: String,
    /// The phase it is about, or that it is about all; empty where there is no choice.
    #[serde(skip)]
    pub phase: String,
    /// How it stands.
    pub standing: RuleStanding,
    /// What was observed, for people; empty when nothing was.
    pub observed: String,
    /// The same as numbers.
    pub figures: RuleFigures,
    /// Why it cannot be told, or what else there is to know.
    pub note: Option<String>,
    /// It is about what became of orders; otherwise about how fast and how often.
    pub about_orders: bool,
}

/// How a rule stands to a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleStanding {
    /// It holds.
    Ok,
    /// It is broken.
    Failed,
    /// It cannot be told.
    Missing,
}

/// What was seen, and how the rule stands to it.
pub(super) struct Seen {
    pub standing: RuleStanding,
    /// For people; empty when nothing was seen.
    pub observed: String,
    /// In the unit of the rule, if it is known exactly.
    pub value: Option<f64>,
    pub note: Option<String>,
}

/// Holds `rule` against the run.
pub fn evaluate(rule: &Rule, input: &GateInput<'_>) -> Check {
    let report = input.report;
    let phase = rule.phase.as_deref();
    let part = part_of_sends(&report.workers).filter(|_| rests_on_sends(&rule.condition));
    let seen = match rule.condition {
        _ if part.is_some() => missing(part.unwrap_or_default()),
        Condition::Keeps(gate) => kept(report, gate),
        Condition::Count(counted, bound) => counted_seen(report, counted, phase, &bound),
        Condition::Duration(metric, bound) => duration(input, metric, phase, &bound),
        Condition::Span(Span::OldestAge, bound) => oldest_age(input, phase, &bound),
        Condition::Span(Span::Recovery, bound) => recovery(report, phase, &bound),
        Condition::Rate(rate, bound) => rate_seen(report, rate, phase, &bound),
        Condition::Share(_, bound) => send_errors(report, phase, &bound),
        Condition::Regression(metric, bound) => regression(input.baseline, metric, phase, &bound),
    };
    Check {
        rule: rule.text.clone(),
        what: rule.condition.name(),
        limit: rule_parts::limit(rule, report.scenario.time_scale),
        phase: rule_parts::phase(rule),
        standing: seen.standing,
        observed: seen.observed,
        figures: rule_parts::figures(rule, seen.value),
        note: seen.note,
        about_orders: matches!(
            rule.condition,
            Condition::Keeps(_) | Condition::Count(Counted::Class(_) | Counted::Misplaced, _)
        ),
    }
}

/// Whether a figure is of what all workers measured: everything but what the stores alone tell, and the plan.
fn rests_on_sends(condition: &Condition) -> bool {
    let of_the_stores = match condition {
        Condition::Keeps(_) => true,
        Condition::Count(counted, _) => counted.is_of_the_stores(),
        _ => false,
    };
    !of_the_stores
}

pub(super) fn missing(why: impl Into<String>) -> Seen {
    undecided(String::new(), None, why)
}

fn undecided(observed: String, value: Option<f64>, why: impl Into<String>) -> Seen {
    Seen {
        standing: RuleStanding::Missing,
        observed,
        value,
        note: Some(why.into()),
    }
}

pub(super) fn told(holds: bool, observed: String, value: f64) -> Seen {
    let standing = match holds {
        true => RuleStanding::Ok,
        false => RuleStanding::Failed,
    };
    Seen {
        standing,
        observed,
        value: Some(value),
        note: None,
    }
}

/// Whether no order is in a class that `gate` refuses.
fn kept(report: &RunReport, gate: Gate) -> Seen {
    let mut refused = Vec::new();
    let mut orders = 0_u64;
    for class in Class::ALL {
        let count = match report.classes.get(&class) {
            Some(&count) => count,
            None if !class.is_always_listed() => 0,
            None => return missing(format!("the report does not count {}", class.as_str())),
        };
        if class.standing(gate) == Standing::Refused && count > 0 {
            refused.push(format!("{} {}", thousands(count), class.as_str()));
            orders = orders.saturating_add(count);
        }
    }
    match (refused.is_empty(), report.unlooked()) {
        (false, _) => told(false, refused.join(", "), orders as f64),
        (true, Some(why)) => missing(why),
        (true, None) => told(true, "0 orders out of place".into(), 0.0),
    }
}

fn counted_seen(
    report: &RunReport,
    counted: Counted,
    phase: Option<&str>,
    bound: &Bound<u64>,
) -> Seen {
    let of_the_pipeline = |count: fn(&PipelineCounters) -> u64| match &report.pipeline {
        Some(pipeline) => Tally::whole(count(pipeline)),
        None => Tally::unknown(format!(
            "this run counted no {}: only a pipeline in this process does",
            counted.name()
        )),
    };
    let tally = match counted {
        Counted::Class(class) => report.class_tally(class),
        Counted::Misplaced => report.misplaced_tally(),
        Counted::PeakBacklog => report.peak_backlog_tally(phase),
        Counted::WaitingMessages => report.waiting_tally(phase),
        Counted::DeadLetters => report.dead_letters_tally(),
        Counted::Planned => Tally::whole(report.orders.planned),
        Counted::Acknowledged => Tally::whole(report.orders.acknowledged),
        Counted::Redelivered => report.redelivered_tally(),
        Counted::ExtraDeadLetterCopies => report.extra_copies_tally(),
        Counted::FailedInvocations => of_the_pipeline(|seen| seen.failed_invocations),
        Counted::ThrottledWrites => of_the_pipeline(|seen| seen.throttled_writes),
        Counted::ThrottledInvocations => of_the_pipeline(|seen| seen.throttled_invocations),
    };
    let standing = match tally.holds(bound) {
        Some(true) => RuleStanding::Ok,
        Some(false) => RuleStanding::Failed,
        None => RuleStanding::Missing,
    };
    Seen {
        standing,
        observed: tally.told(),
        value: tally.exact().map(|count| count as f64),
        note: tally.why,
    }
}

fn duration(
    input: &GateInput<'_>,
    metric: Metric,
    phase: Option<&str>,
    bound: &Bound<Duration>,
) -> Seen {
    let (figure, standpoint) = durations(input).check(metric, phase, bound);
    let observed = figure.map(describe).unwrap_or_default();
    let few = figure.and_then(|figure| figure.too_few(metric));
    let (standing, note) = match (standpoint, few) {
        (Standpoint::Broken, few) => (RuleStanding::Failed, few),
        (Standpoint::Unknown(why), _) => (RuleStanding::Missing, Some(why)),
        (Standpoint::Holds, Some(few)) => (RuleStanding::Missing, Some(few)),
        (Standpoint::Holds, None) => (RuleStanding::Ok, None),
    };
    Seen {
        standing,
        observed,
        value: figure.map(|figure| us(figure.measured)),
        note,
    }
}

fn us(duration: Duration) -> f64 {
    duration.as_micros() as f64
}

/// The measured durations, and how far they can be trusted.
pub(super) fn durations<'a>(input: &GateInput<'a>) -> Durations<'a> {
    let report = input.report;
    Durations {
        phases: Some(report.phases.iter().map(|phase| &phase.figures).collect()),
        quiescence: Some(&report.quiescence),
        clock_skew_bound: report.clocks_apart(),
        untimed_rows: untimed_rows(report).max(input.untimed_rows()),
    }
}

fn describe(figure: Figure) -> String {
    let measured = figures::duration(figure.measured);
    match figure.samples {
        Some(samples) => format!("{measured} ({})", figures::orders(samples)),
        None => measured,
    }
}

/// Rows without an end-to-end latency, as far as the report tells: at least so many orders have a row.
fn untimed_rows(report: &RunReport) -> u64 {
    let rows: u64 = [
        Class::Stored,
        Class::StoredAndDeadLettered,
        Class::BadOrderStored,
    ]
    .iter()
    .filter_map(|class| report.classes.get(class))
    .sum();
    let timed: u64 = report
        .phases
        .iter()
        .map(|phase| phase.figures.end_to_end.count())
        .sum();
    let told = report.untimed_rows.unwrap_or_default();
    rows.saturating_sub(timed).max(told)
}

fn rate_seen(report: &RunReport, rate: OrderRate, phase: Option<&str>, bound: &Bound<f64>) -> Seen {
    match report.per_second(rate, phase) {
        Err(why) => missing(why),
        Ok(seen) => {
            let per_second = seen.orders as f64 / seen.seconds;
            told(
                bound.holds(per_second),
                format!(
                    "{per_second:.1}/s ({} in {:.1} s)",
                    figures::orders(seen.orders),
                    seen.seconds
                ),
                per_second,
            )
        }
    }
}

/// The clocks behind it are those of the end-to-end latency.
fn oldest_age(input: &GateInput<'_>, phase: Option<&str>, bound: &Bound<Duration>) -> Seen {
    let measured = match input.report.oldest_age(phase) {
        Ok(measured) => measured,
        Err(why) => return missing(why),
    };
    let observed = figures::duration(measured);
    match durations(input).check_of_rows(measured, bound) {
        Standpoint::Holds => told(true, observed, us(measured)),
        Standpoint::Broken => told(false, observed, us(measured)),
        Standpoint::Unknown(why) => undecided(observed, Some(us(measured)), why),
    }
}

/// Both latencies come from the same two clocks, so their offset cancels out.
fn recovery(report: &RunReport, phase: Option<&str>, bound: &Bound<Duration>) -> Seen {
    let seen = report.recovery(phase);
    let observed = seen.told();
    match seen {
        Recovery::Unknown(why) => missing(why),
        Recovery::In { after, .. } => told(bound.holds(after), observed, us(after)),
        // It took longer than that; how long is not known.
        Recovery::NotWithin { seen, .. } if bound.is_past(seen) => Seen {
            value: None,
            ..told(false, observed, us(seen))
        },
        Recovery::NotWithin { .. } => {
            let why = "the run ended before it had recovered: let orders be due for longer";
            undecided(observed, None, why)
        }
    }
}

fn send_errors(report: &RunReport, phase: Option<&str>, bound: &Bound<f64>) -> Seen {
    match report.send_errors_of(phase) {
        None => missing("no order was handed to the network"),
        Some((failed, attempted)) => {
            let share = failed as f64 / attempted as f64;
            let observed = format!(
                "{} ({} of {})",
                figures::percent(share),
                thousands(failed),
                figures::orders(attempted)
            );
            told(bound.holds(share), observed, share)
        }
    }
}
