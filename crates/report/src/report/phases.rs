//! The phases with their figures.

use std::time::Duration;

use super::evidence::dash;
use crate::document::{Block, Medium, Table};
use orderproof_core::metrics::LatencySummary;
use orderproof_core::results::figures::{duration, micros_if, thousands};
use orderproof_core::results::{PhaseReport, RunReport};

/// A measured duration of a phase and what it is.
type Measure = (&'static str, fn(&PhaseReport) -> &LatencySummary);

const MEASURES: [Measure; 4] = [
    ("response time", |phase| &phase.response_time_us),
    ("service time", |phase| &phase.service_time_us),
    ("end-to-end latency", |phase| &phase.end_to_end_us),
    ("schedule lag", |phase| &phase.schedule_lag_us),
];

/// One table; on a page two: what was offered, and how long it took.
pub(super) fn blocks(report: &RunReport, medium: Medium) -> Vec<Block> {
    let phases = &report.phases;
    match medium {
        Medium::Terminal => vec![Block::Table(brief(phases, medium))],
        Medium::Markdown => vec![
            Block::plain(
                "Response time: from the intended instant to the acknowledgment. End-to-end latency: from the intended \
                 instant to the row.",
            ),
            Block::Table(brief(phases, medium)),
        ],
        Medium::Page => vec![
            Block::plain(
                "Response time: from the instant an order was due to its acknowledgment. Service time: from its \
                 sending to its acknowledgment. End-to-end latency: from the instant it was due to its row. \
                 Schedule lag: how late it was sent.",
            ),
            Block::Heading("Offered load"),
            Block::Table(load(phases)),
            Block::Heading("Durations"),
            Block::Table(durations(phases)),
        ],
    }
}

fn brief(phases: &[PhaseReport], medium: Medium) -> Table {
    let mut table = Table::of(
        "phases",
        &[
            "phase",
            "#attempted",
            "#offered/s",
            "#p50",
            "#p99",
            "#max",
            "#p50",
            "#p99",
            "#max",
            "#p99",
        ],
    );
    table.spans = vec![
        ("", 3),
        ("response time", 3),
        ("end-to-end latency", 3),
        ("schedule lag", 1),
    ];
    for phase in phases {
        let rate = offered_rate(phase);
        let mut cells = vec![
            name(phase),
            thousands(phase.attempted),
            match medium {
                Medium::Markdown => format!("{rate:.0}"),
                _ => thousands(rate.round() as u64),
            },
        ];
        for summary in [&phase.response_time_us, &phase.end_to_end_us] {
            let summary = summary.measured().copied().unwrap_or_default();
            let figures = [summary.p50_us, summary.p99_us, summary.max_us];
            cells.extend(figures.map(|us| dash(micros_if(us))));
        }
        let lag = phase.schedule_lag_us.measured().and_then(|lag| lag.p99_us);
        cells.push(dash(micros_if(lag)));
        table.row(cells);
    }
    table
}

fn load(phases: &[PhaseReport]) -> Table {
    let columns = [
        "phase",
        "#from",
        "#to",
        "#scheduled",
        "#attempted",
        "#acknowledged",
        "#offered per s",
    ];
    let mut table = Table::of("phases", &columns).called("Orders by the phase they were due in");
    for phase in phases {
        table.row([
            name(phase),
            seconds(phase.start),
            seconds(phase.end),
            thousands(phase.scheduled),
            thousands(phase.attempted),
            thousands(phase.acknowledged),
            thousands(offered_rate(phase).round() as u64),
        ]);
    }
    table
}

fn durations(phases: &[PhaseReport]) -> Table {
    let columns = [
        "phase", "duration", "#samples", "#p50", "#p99", "#p99.9", "#max",
    ];
    let mut table = Table::of("phases", &columns)
        .called("Percentiles of each phase; a dash where there is no sample");
    for phase in phases {
        for (what, pick) in MEASURES {
            let summary = pick(phase).measured().copied().unwrap_or_default();
            let mut cells = vec![name(phase), what.to_owned(), thousands(summary.count)];
            let figures = [
                summary.p50_us,
                summary.p99_us,
                summary.p999_us,
                summary.max_us,
            ];
            cells.extend(figures.map(|us| dash(micros_if(us))));
            table.row(cells);
        }
    }
    table
}

/// Where a phase begins or ends; the first one does at 0 s.
fn seconds(at: Duration) -> String {
    match at.is_zero() {
        true => "0 s".into(),
        false => duration(at),
    }
}

/// A phase's name, a warm-up marked as such.
fn name(phase: &PhaseReport) -> String {
    let figures = &phase.figures;
    match figures.warm_up {
        true if figures.name != "warm-up" => format!("{} (warm-up)", figures.name),
        _ => figures.name.clone(),
    }
}

/// Orders handed to the network per second of the phase.
fn offered_rate(phase: &PhaseReport) -> f64 {
    let seconds = phase.end.saturating_sub(phase.start).as_secs_f64();
    match seconds > 0.0 {
        true => phase.attempted as f64 / seconds,
        false => 0.0,
    }
}
