//! The phases with their figures.

use std::time::Duration;

use super::evidence::dash;
use crate::document::{Block, Medium, Table, Text};
use orderproof_core::metrics::{Histogram, LatencySummary};
use orderproof_core::results::figures::{duration, micros_if, thousands};
use orderproof_core::results::{PhaseReport, RunReport};

/// A measured duration of a phase and what it is.
type Measure = (
    &'static str,
    fn(&PhaseReport) -> (&LatencySummary, &Histogram),
);

const MEASURES: [Measure; 4] = [
    ("response time", |phase| {
        (&phase.response_time_us, &phase.figures.response_time)
    }),
    ("service time", |phase| {
        (&phase.service_time_us, &phase.figures.service_time)
    }),
    ("end-to-end latency", |phase| {
        (&phase.end_to_end_us, &phase.figures.end_to_end)
    }),
    ("schedule lag", |phase| {
        (&phase.schedule_lag_us, &phase.figures.schedule_lag)
    }),
];

/// One table; on a page two: what was offered, and how long it took.
pub(super) fn blocks(report: &RunReport, medium: Medium) -> Vec<Block> {
    let own = &report.phases;
    let all = all(own);
    let phases: Vec<_> = own.iter().chain(&all).collect();
    let with_all = all.is_some();
    let brief = || Block::Table(brief(&phases, with_all, medium));
    let meanings = match medium {
        Medium::Terminal => return vec![brief()],
        Medium::Markdown => {
            "Response time: from the intended instant to the acknowledgment. End-to-end latency: from the intended \
             instant to the row."
        }
        Medium::Page => {
            "Response time: from the instant an order was due to its acknowledgment. Service time: from its sending to \
             its acknowledgment. End-to-end latency: from the instant it was due to its row. Schedule lag: how late it \
             was sent."
        }
    };
    let mut blocks = vec![Block::plain(meanings)];
    match medium {
        Medium::Page => blocks.extend([
            Block::Heading("Offered load"),
            Block::Table(load(own)),
            Block::Heading("Durations"),
            Block::Table(durations(&phases, with_all)),
        ]),
        _ => blocks.push(brief()),
    }
    blocks
}

fn brief(phases: &[&PhaseReport], with_all: bool, medium: Medium) -> Table {
    let offered: fn(&&PhaseReport) -> Text = match medium {
        Medium::Markdown => |phase| format!("{:.0}", offered_rate(phase)).into(),
        _ => |phase| thousands(offered_rate(phase).round() as u64).into(),
    };
    let mut table = Table::each(
        "Phases",
        phases.iter().copied(),
        &[
            ("phase", |phase| name(phase).into()),
            ("#attempted", |phase| thousands(phase.attempted).into()),
            ("#offered/s", offered),
            ("#p50", |phase| us(&phase.response_time_us, |us| us.p50_us)),
            ("#p95", |phase| {
                p95(&phase.response_time_us, &phase.figures.response_time)
            }),
            ("#p99", |phase| us(&phase.response_time_us, |us| us.p99_us)),
            ("#max", |phase| us(&phase.response_time_us, |us| us.max_us)),
            ("#p50", |phase| us(&phase.end_to_end_us, |us| us.p50_us)),
            ("#p95", |phase| {
                p95(&phase.end_to_end_us, &phase.figures.end_to_end)
            }),
            ("#p99", |phase| us(&phase.end_to_end_us, |us| us.p99_us)),
            ("#max", |phase| us(&phase.end_to_end_us, |us| us.max_us)),
            ("#p99", |phase| us(&phase.schedule_lag_us, |us| us.p99_us)),
        ],
    );
    total_last(&mut table, usize::from(with_all));
    table.spans = vec![
        ("", 3),
        ("response time", 4),
        ("end-to-end latency", 4),
        ("schedule lag", 1),
    ];
    table
}

fn load(phases: &[PhaseReport]) -> Table {
    Table::each(
        "Orders by the phase they were due in",
        phases,
        &[
            ("phase", |phase| name(phase).into()),
            ("#from", |phase| seconds(phase.start).into()),
            ("#to", |phase| seconds(phase.end).into()),
            ("#scheduled", |phase| thousands(phase.scheduled).into()),
            ("#attempted", |phase| thousands(phase.attempted).into()),
            ("#acknowledged", |phase| {
                thousands(phase.acknowledged).into()
            }),
            ("#offered per s", |phase| {
                thousands(offered_rate(phase).round() as u64).into()
            }),
        ],
    )
}

fn durations(phases: &[&PhaseReport], with_all: bool) -> Table {
    let measured = |phase: &&PhaseReport| {
        let phase: &PhaseReport = phase;
        MEASURES.map(|(what, pick)| {
            let (summary, histogram) = pick(phase);
            (name(phase), what, *summary, p95(summary, histogram))
        })
    };
    let mut table = Table::each(
        "Percentiles of each phase; a dash where there is no sample",
        phases.iter().flat_map(measured),
        &[
            ("phase", |(phase, ..)| phase.as_str().into()),
            ("duration", |(_, what, ..)| (*what).into()),
            ("#samples", |(_, _, summary, _)| {
                thousands(summary.count).into()
            }),
            ("#p50", |(_, _, summary, _)| us(summary, |us| us.p50_us)),
            ("#p95", |(.., p95)| p95.clone()),
            ("#p99", |(_, _, summary, _)| us(summary, |us| us.p99_us)),
            ("#p99.9", |(_, _, summary, _)| us(summary, |us| us.p999_us)),
            ("#max", |(_, _, summary, _)| us(summary, |us| us.max_us)),
        ],
    );
    total_last(&mut table, if with_all { MEASURES.len() } else { 0 });
    table
}

/// Of all phases but warm-up, where there are several: what rules without a phase are held against.
fn all(phases: &[PhaseReport]) -> Option<PhaseReport> {
    let mut measured = phases.iter().filter(|phase| !phase.figures.warm_up);
    let mut all = measured.next()?.clone();
    let mut several = false;
    for phase in measured {
        several = true;
        let length = phase.end.saturating_sub(phase.start);
        all.end = all.end.saturating_add(length);
        all.scheduled = all.scheduled.saturating_add(phase.scheduled);
        all.attempted = all.attempted.saturating_add(phase.attempted);
        all.acknowledged = all.acknowledged.saturating_add(phase.acknowledged);
        let (figures, more) = (&mut all.figures, &phase.figures);
        figures.response_time.merge(&more.response_time);
        figures.service_time.merge(&more.service_time);
        figures.schedule_lag.merge(&more.schedule_lag);
        figures.end_to_end.merge(&more.end_to_end);
    }
    all.figures.name = "all phases".into();
    all.response_time_us = all.figures.response_time.summary();
    all.service_time_us = all.figures.service_time.summary();
    all.schedule_lag_us = all.figures.schedule_lag.summary();
    all.end_to_end_us = all.figures.end_to_end.summary();
    several.then_some(all)
}

/// Sets the last rows apart, which are of all phases.
fn total_last(table: &mut Table, rows: usize) {
    for row in table.rows.iter_mut().rev().take(rows) {
        row.total = true;
    }
}

/// A figure of a summary, or a dash where nothing was measured.
fn us(summary: &LatencySummary, pick: fn(&LatencySummary) -> Option<u64>) -> Text {
    dash(micros_if(summary.measured().and_then(pick))).into()
}

fn p95(summary: &LatencySummary, histogram: &Histogram) -> Text {
    dash(micros_if(summary.p95_of(histogram))).into()
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
