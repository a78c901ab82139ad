//! A chart in a sentence or two, for who cannot see it.

use super::Chart;
use crate::report::figures::{duration, micros, orders, thousands};
use crate::report::{PhaseReport, RunReport, TimelineRow};

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
fn peak(report: &RunReport, pick: fn(&TimelineRow) -> u64) -> Option<(&TimelineRow, u64)> {
    let rows = report.timeline.iter().map(|row| (row, pick(row)));
    rows.max_by_key(|&(row, value)| (value, std::cmp::Reverse(row.time_s)))
        .filter(|&(_, value)| value > 0)
}

fn rates(report: &RunReport) -> String {
    let Some((row, most)) = peak(report, |row| row.offered_orders) else {
        return "No order was offered.".into();
    };
    let stored = peak(report, |row| row.stored_orders).map_or(0, |(_, stored)| stored);
    format!(
        "At most {} were offered in a second, at second {} in {}; at most {} were stored in a second. Of {} planned, {} \
         were acknowledged.",
        orders(most),
        row.time_s,
        row.phase,
        thousands(stored),
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
        None => "There was no backlog at the end of any second.".into(),
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
    let largest = |what: &str, pick: fn(&TimelineRow) -> u64| match peak(report, pick) {
        Some((row, us)) => format!(
            "The largest {what} was {}, of an order due at second {}.",
            micros(us),
            row.time_s
        ),
        None => format!("No {what} was measured."),
    };
    let response = largest("response time", |row| row.response_time_max_us.unwrap_or(0));
    let end_to_end = largest("end-to-end latency", |row| {
        row.end_to_end_max_us.unwrap_or(0)
    });
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
            let end_to_end = match phase.end_to_end_us.count {
                0 => "no end-to-end latency".into(),
                _ => format!(
                    "end-to-end latency p99 {}",
                    micros(phase.end_to_end_us.p99_us)
                ),
            };
            format!(
                "{}: response time p99 {}, service time p99 {}, {end_to_end}.",
                phase.figures.name,
                micros(phase.response_time_us.p99_us),
                micros(phase.service_time_us.p99_us),
            )
        })
        .collect();
    match phases.is_empty() {
        true => "Nothing was measured outside warm-up.".into(),
        false => phases.join(" "),
    }
}

fn concurrency(report: &RunReport) -> String {
    let most = peak(report, |row| {
        row.max_concurrent_invocations.unwrap_or(0).into()
    });
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
    let sum = |pick: fn(&TimelineRow) -> Option<u64>| -> u64 {
        report.timeline.iter().filter_map(pick).sum()
    };
    format!(
        "{most} {} writes and {} invocations were throttled.",
        thousands(sum(|row| row.throttled_writes)),
        thousands(sum(|row| row.throttled_invocations)),
    )
}

fn validity(report: &RunReport) -> String {
    let lag = &report.schedule_lag_us;
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
        "Schedule lag p99 {} of at most {} allowed, largest {}.{cpus} {} rejected, {} indeterminate, {} unsent.",
        micros(lag.p99_us),
        duration(report.scenario.expect.max_schedule_lag_p99),
        micros(lag.max_us),
        thousands(counts.rejected),
        thousands(counts.indeterminate),
        thousands(counts.unsent),
    )
}
