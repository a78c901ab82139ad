//! Response time and end-to-end latency over time.

use super::figure::{Figure, Line, Panel, Series, YAxis, bands, caption, time_axis};
use super::style::Ink;
use crate::report::figures::orders;
use crate::report::{RunReport, TimelineRow};

pub(super) fn figure(report: &RunReport) -> Figure {
    type Pick = fn(&TimelineRow) -> Option<u64>;
    let panel = |y_title, picks: [(&'static str, Ink, Line, Pick); 3]| Panel {
        x: time_axis(report),
        y: YAxis::LogMicros,
        y_title,
        series: picks
            .into_iter()
            .map(|(name, ink, line, pick)| {
                let point =
                    |row: &TimelineRow| (row.time_s as f64 + 0.5, pick(row).map(|us| us as f64));
                Series::new(name, ink, line, report.timeline.iter().map(point).collect())
            })
            .collect(),
        bands: bands(report),
        span: None,
        weight: 1.0,
    };
    let samples = |count: fn(&crate::report::PhaseReport) -> u64| {
        report.phases.iter().map(count).sum::<u64>()
    };
    let response = samples(|phase| phase.response_time_us.count);
    let end_to_end = samples(|phase| phase.end_to_end_us.count);
    Figure {
        title: "Response time and end-to-end latency, by the second in which orders were due"
            .into(),
        caption: caption(
            report,
            &format!(
                "{} acknowledged, {} stored",
                orders(response),
                orders(end_to_end)
            ),
        ),
        panels: vec![
            panel(
                "response time",
                [
                    ("response time p50", Ink::Sky, Line::Solid, |row| {
                        row.response_time_p50_us
                    }),
                    ("p99", Ink::Blue, Line::Solid, |row| {
                        row.response_time_p99_us
                    }),
                    ("max", Ink::Black, Line::Thin, |row| {
                        row.response_time_max_us
                    }),
                ],
            ),
            panel(
                "end-to-end latency",
                [
                    ("end-to-end latency p50", Ink::Orange, Line::Solid, |row| {
                        row.end_to_end_p50_us
                    }),
                    ("p99", Ink::Vermillion, Line::Solid, |row| {
                        row.end_to_end_p99_us
                    }),
                    ("max", Ink::Black, Line::Thin, |row| row.end_to_end_max_us),
                ],
            ),
        ],
    }
}
