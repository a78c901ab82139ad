//! A chart in a sentence or two, for who cannot see it.

use super::Chart;
use orderproof_core::metrics::{Histogram, LatencySummary};
use orderproof_core::results::figures::{duration, micros, micros_if, orders, thousands};
use orderproof_core::results::{PhaseReport, RunReport, TimelineRow};

type Pick = fn(&TimelineRow) -> Option<u64>;

impl Chart {
    /// What it shows of this run, with the figures that matter.
    pub fn describe(self, report: &RunReport) -> String {
        match self {
            Self::Rates => rates(report),
            Self::Backlog => backlog(report),
            Self::Latency => latency(report),
            Self::Percentiles => percentiles(report),
            Self::Concurrency => concurrency(report),
            Self::Validity => validity(report),
            Self::CloudWatch => {
                "What CloudWatch counted by the minute; it is shown beside the evidence and proves \
                                 nothing."
                    .into()
            }
        }
    }
}

/// The row in which `pick` is largest.
fn peak(report: &RunReport, pick: Pick) -> Option<(&TimelineRow, u64)> {
    let rows = report.timeline.iter();
    let rows = rows.filter_map(|row| Some((row, pick(row)?)));
    rows.max_by_key(|&(row, value)| (value, std::cmp::Reverse(row.time_s)))
        .filter(|&(_, value)| value > 0)
}

/// Whether it was measured in any second.
fn measured(report: &RunReport, pick: Pick) -> bool {
    report.timeline.iter().any(|row| pick(row).is_some())
}

fn rates(report: &RunReport) -> String {
    let Some((row, most)) = peak(report, |row| Some(row.offered_orders)) else {
        return "No order was offered.".into();
    };
    let stored = peak(report, |row| row.stored_orders).map_or(0, |(_, stored)| stored);
    let stored = match measured(report, |row| row.stored_orders) {
        true => format!("at most {} were stored in a second", thousands(stored)),
        false => "when orders were stored was not measured".into(),
    };
    format!(
        "At most {} were offered in a second, at second {} in {}; {stored}. Of {} planned, {} \
         were acknowledged.",
        orders(most),
        row.time_s,
        row.phase,
        thousands(report.orders.planned),
        thousands(report.orders.acknowledged),
    )
}

fn backlog(report: &RunReport) -> String {
    let most = match peak(report, |row| row.backlog_orders) {
        Some((row, most)) => format!(
            "The backlog was largest at second {} with {}.",
            row.time_s,
            orders(most)
        ),
        None if measured(report, |row| row.backlog_orders) => {
            "There was no backlog at the end of any second.".into()
        }
        None => "The backlog was not measured.".into(),
    };
    let drained = match report.quiescence.drain {
        Some(drain) => format!(
            "The queue was empty {} after the last send.",
            duration(drain)
        ),
        None => "The queue was not seen to become empty.".into(),
    };
    format!("{most} {drained}")
}

fn latency(report: &RunReport) -> String {
    let largest = |what: &str, pick: Pick| match peak(report, pick) {
        Some((row, us)) => format!(
            "The largest {what} was {}, of an order due at second {}.",
            micros(us),
            row.time_s
        ),
        None => format!("No {what} was measured."),
    };
    let response = largest("response time", |row| row.response_time_max_us);
    let end_to_end = largest("end-to-end latency", |row| row.end_to_end_max_us);
    format!("{response} {end_to_end}")
}

fn percentiles(report: &RunReport) -> String {
    let measured =
        |phase: &&PhaseReport| !phase.figures.warm_up && phase.response_time_us.count > 0;
    let phases: Vec<_> = report
        .phases
        .iter()
        .filter(measured)
        .map(|phase| {
            let p99 = |what: &str, summary: &LatencySummary, histogram: &Histogram| {
                let p95 = micros_if(summary.p95_of(histogram));
                let p95 = p95.map_or_else(String::new, |p95| format!("p95 {p95}, "));
                let p99 = micros_if(summary.measured().and_then(|seen| seen.p99_us));
                p99.map_or_else(
                    || format!("no {what}"),
                    |p99| format!("{what} {p95}p99 {p99}"),
                )
            };
            let figures = &phase.figures;
            format!(
                "{}: {}; {}; {}.",
                phase.figures.name,
                p99(
                    "response time",
                    &phase.response_time_us,
                    &figures.response_time
                ),
                p99(
                    "service time",
                    &phase.service_time_us,
                    &figures.service_time
                ),
                p99(
                    "end-to-end latency",
                    &phase.end_to_end_us,
                    &figures.end_to_end
                ),
            )
        })
        .collect();
    match phases.is_empty() {
        true => "Nothing was measured outside warm-up.".into(),
        false => phases.join(" "),
    }
}

fn concurrency(report: &RunReport) -> String {
    let most = peak(report, |row| row.max_concurrent_invocations.map(u64::from));
    let most = most.map_or_else(
        || "No invocation was seen.".to_owned(),
        |(row, most)| {
            format!(
                "At most {} invocations ran at one time, at second {}.",
                thousands(most),
                row.time_s
            )
        },
    );
    let sum = |pick: Pick| -> Option<u64> {
        let counted = report.timeline.iter().filter_map(pick);
        counted.reduce(u64::saturating_add)
    };
    let throttled = sum(|row| row.throttled_writes).zip(sum(|row| row.throttled_invocations));
    match throttled {
        Some((writes, invocations)) => format!(
            "{most} {} writes and {} invocations were throttled.",
            thousands(writes),
            thousands(invocations)
        ),
        None => format!("{most} What was throttled was not counted."),
    }
}

fn validity(report: &RunReport) -> String {
    let lag = match report.schedule_lag_us.measured() {
        Some(lag) => format!(
            "Schedule lag p99 {} of at most {} allowed, largest {}.",
            micros(lag.p99_us.unwrap_or_default()),
            duration(report.scenario.expect.max_schedule_lag_p99),
            micros(lag.max_us.unwrap_or_default())
        ),
        None => "No schedule lag was measured.".into(),
    };
    let counts = &report.orders;
    let cpus = report.timeline.iter().filter_map(|row| row.harness_cpus);
    let cpus = match cpus.fold(None, |most: Option<f64>, cpus| {
        Some(most.unwrap_or(0.0).max(cpus))
    }) {
        Some(most) => format!(
            " The process used at most {most:.2} of {} processors.",
            report.provenance.cpus
        ),
        None => String::new(),
    };
    format!(
        "{lag}{cpus} {} rejected, {} indeterminate, {} unsent.",
        thousands(counts.rejected),
        thousands(counts.indeterminate),
        thousands(counts.unsent),
    )
}
