//! Response time and end-to-end latency over time: every order as a count, the percentiles as lines.

use super::figure::{Figure, Line, Panel, Series, YAxis, caption};
use super::heat::Heat;
use super::style::Ink;
use orderproof_core::metrics::Histogram;
use orderproof_core::results::figures::orders;
use orderproof_core::results::{Interval, PhaseReport, RunReport, TimelineRow};

type Pick = fn(&TimelineRow) -> Option<u64>;

pub(super) fn figure(report: &RunReport) -> Figure {
    let samples = |count: fn(&PhaseReport) -> u64| report.phases.iter().map(count).sum::<u64>();
    let response = samples(|phase| phase.response_time_us.count);
    let end_to_end = samples(|phase| phase.end_to_end_us.count);
    let mut told = format!(
        "{} acknowledged, {} stored",
        orders(response),
        orders(end_to_end)
    );
    if report.intervals.is_empty() && response > 0 {
        told.push_str(", no counts by the second");
    }
    Figure {
        title: "Response time and end-to-end latency, by the second in which orders were due"
            .into(),
        caption: caption(report, &told),
        panels: vec![
            panel(
                report,
                "response time",
                [
                    |row| row.response_time_p50_us,
                    |row| row.response_time_p99_us,
                    |row| row.response_time_max_us,
                ],
                |interval| &interval.response_time,
            ),
            panel(
                report,
                "end-to-end latency",
                [
                    |row| row.end_to_end_p50_us,
                    |row| row.end_to_end_p99_us,
                    |row| row.end_to_end_max_us,
                ],
                |interval| &interval.end_to_end,
            ),
        ],
    }
}

fn panel(
    report: &RunReport,
    what: &'static str,
    picks: [Pick; 3],
    counts: fn(&Interval) -> &Histogram,
) -> Panel {
    let styles = [
        (format!("{what} p50"), Ink::Orange, Line::Solid),
        ("p99".into(), Ink::Vermillion, Line::Solid),
        ("max".into(), Ink::Black, Line::Thin),
    ];
    let series = styles.into_iter().zip(picks);
    let series = series.map(|((name, ink, line), pick)| {
        let point = |row: &TimelineRow| (row.time_s as f64 + 0.5, pick(row).map(|us| us as f64));
        Series::new(name, ink, line, report.timeline.iter().map(point).collect())
    });
    Panel {
        heat: Heat::new(&report.intervals, counts),
        ..Panel::over_time(report, YAxis::LogMicros, what, series.collect())
    }
}
