//! Response time and end-to-end latency over time: every order as a count, the percentiles as lines.

use super::figure::{Figure, Limit, Line, Panel, Series, YAxis, caption};
use super::heat::Heat;
use super::limits;
use super::style::Ink;
use orderproof_core::results::RunReport;
use orderproof_core::results::figures::orders;
use orderproof_core::scenario::Metric;

pub(super) fn figure(report: &RunReport) -> Figure {
    let line = |name, ink, line, pick| Series::by_second(report, (name, ink, line), pick);
    let p95 = |pick| Series::p95_by_second(report, ("p95", Ink::Green, Line::Solid), pick, 0.0);
    let mut response = vec![
        line("response time p50", Ink::Orange, Line::Solid, |row| {
            row.response_time_p50_us
        }),
        line("p99", Ink::Vermillion, Line::Solid, |row| {
            row.response_time_p99_us
        }),
        line("max", Ink::Black, Line::Thin, |row| {
            row.response_time_max_us
        }),
    ];
    response.splice(1..1, p95(|one| &one.response_time));
    let mut end_to_end = vec![
        line("end-to-end latency p50", Ink::Orange, Line::Solid, |row| {
            row.end_to_end_p50_us
        }),
        line("p99", Ink::Vermillion, Line::Solid, |row| {
            row.end_to_end_p99_us
        }),
        line("max", Ink::Black, Line::Thin, |row| row.end_to_end_max_us),
    ];
    end_to_end.splice(1..1, p95(|one| &one.end_to_end));
    let panel = |what, series, heat, limits: Vec<Limit>| Panel {
        heat,
        limits,
        ..Panel::over_time(report, YAxis::LogMicros, what, series)
    };
    let intervals = &report.intervals;
    let acknowledged = report
        .phases
        .iter()
        .map(|phase| phase.response_time_us.count);
    let acknowledged: u64 = acknowledged.sum();
    let stored = report.phases.iter().map(|phase| phase.end_to_end_us.count);
    let told = report
        .timeline
        .iter()
        .any(|row| row.stored_orders.is_some());
    let by_second = match intervals.is_empty() && acknowledged > 0 {
        true => ", no counts by the second",
        false => "",
    };
    let stored = match (stored.sum(), told) {
        (0, false) => "when they were stored was not measured".into(),
        (stored, _) => format!("{} stored", orders(stored)),
    };
    let samples = format!("{} acknowledged, {stored}{by_second}", orders(acknowledged));
    let response_heat = Heat::new(intervals, |interval| &interval.response_time);
    let end_to_end_heat = Heat::new(intervals, |interval| &interval.end_to_end);
    let of_response = limits::over_time(report, |metric| matches!(metric, Metric::ResponseTime(_)));
    let of_end_to_end = limits::over_time(report, |metric| matches!(metric, Metric::EndToEnd(_)));
    Figure {
        title: "Response time and end-to-end latency, by the second in which orders were due"
            .into(),
        caption: caption(report, &samples),
        panels: vec![
            panel("response time", response, response_heat, of_response),
            panel(
                "end-to-end latency",
                end_to_end,
                end_to_end_heat,
                of_end_to_end,
            ),
        ],
    }
}
