//! How many invocations ran at one time, and what was throttled, in this process.

use super::figure::{Figure, Line, Panel, Series, YAxis, caption};
use super::style::Ink;
use orderproof_core::results::figures::thousands;
use orderproof_core::results::{PipelineCounters, RunReport, TimelineRow};

/// No panels when nothing of it was read.
pub(super) fn figure(report: &RunReport) -> Figure {
    let series = |name: &str, ink, line, pick: fn(&TimelineRow) -> Option<u64>| {
        let point = |row: &TimelineRow| (row.time_s as f64 + 0.5, pick(row).map(|n| n as f64));
        Series::new(name, ink, line, report.timeline.iter().map(point).collect())
    };
    let read = |row: &TimelineRow| row.max_concurrent_invocations.is_some();
    let panels = match report.timeline.iter().any(read) {
        false => Vec::new(),
        true => vec![
            Panel::over_time(
                report,
                YAxis::Count,
                "at one time",
                vec![series(
                    "most invocations at one time",
                    Ink::Blue,
                    Line::Solid,
                    |row| row.max_concurrent_invocations.map(u64::from),
                )],
            ),
            Panel::over_time(
                report,
                YAxis::Count,
                "a second",
                vec![
                    series("throttled writes", Ink::Vermillion, Line::Solid, |row| {
                        row.throttled_writes
                    }),
                    series("throttled invocations", Ink::Purple, Line::Dashed, |row| {
                        row.throttled_invocations
                    }),
                ],
            ),
        ],
    };
    Figure {
        title: "Concurrency of the function, and throttles".into(),
        caption: caption(
            report,
            &report.pipeline.as_ref().map_or_else(String::new, told),
        ),
        panels,
    }
}

fn told(counters: &PipelineCounters) -> String {
    format!("{} invocations", thousands(counters.invocations))
}
