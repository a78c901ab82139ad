//! How many invocations ran at one time, and what was throttled, in this process.

use super::figure::{Figure, Line, Panel, Series, YAxis, caption};
use super::style::Ink;
use orderproof_core::results::figures::thousands;
use orderproof_core::results::{RunReport, TimelineRow};

/// No panels when nothing of it was read.
pub(super) fn figure(report: &RunReport) -> Figure {
    let line = |name, ink, line, pick| Series::by_second(report, (name, ink, line), pick);
    let strip = |title, series| Panel::over_time(report, YAxis::Count, title, series);
    let most = |row: &TimelineRow| row.max_concurrent_invocations.map(u64::from);
    let running = line("most invocations at one time", Ink::Blue, Line::Solid, most);
    let throttled = vec![
        line("throttled writes", Ink::Vermillion, Line::Solid, |row| {
            row.throttled_writes
        }),
        line("throttled invocations", Ink::Purple, Line::Dashed, |row| {
            row.throttled_invocations
        }),
    ];
    let panels = match report.timeline.iter().any(|row| most(row).is_some()) {
        false => Vec::new(),
        true => vec![
            strip("at one time", vec![running]),
            strip("a second", throttled),
        ],
    };
    let invocations = report.pipeline.as_ref().map(|counted| counted.invocations);
    let invocations = invocations.map_or_else(String::new, |count| {
        format!("{} invocations", thousands(count))
    });
    Figure {
        title: "Concurrency of the function, and throttles".into(),
        caption: caption(report, &invocations),
        panels,
    }
}
