//! What CloudWatch counted by the minute: throttles, concurrency, messages. Not proof, and drawn dashed.

use super::figure::{Figure, Line, Panel, Series, XAxis, YAxis, caption, time_axis};
use super::style::Ink;
use orderproof_core::results::{CloudWatchMetric, RunReport};

/// One panel for each subject that has points.
pub(super) fn figure(report: &RunReport) -> Figure {
    let panel = |y_title, lines: &[(CloudWatchMetric, &str, Ink)], weight| {
        let lines = lines.iter();
        let series = lines.filter_map(|&(metric, name, ink)| minutes(report, metric, name, ink));
        Panel {
            weight,
            ..Panel::over_time(report, YAxis::Count, y_title, series.collect())
        }
    };
    let throttles = [
        (
            CloudWatchMetric::ThrottledInvocations,
            "throttled invocations",
            Ink::Vermillion,
        ),
        (
            CloudWatchMetric::FailedInvocations,
            "failed invocations",
            Ink::Purple,
        ),
        (
            CloudWatchMetric::ThrottledWrites,
            "throttled writes",
            Ink::Orange,
        ),
    ];
    let concurrency = [(
        CloudWatchMetric::ConcurrentInvocations,
        "most invocations at one time",
        Ink::Blue,
    )];
    let messages = [
        (CloudWatchMetric::MessagesSent, "messages sent", Ink::Sky),
        (
            CloudWatchMetric::MessagesDeleted,
            "messages deleted",
            Ink::Green,
        ),
        (
            CloudWatchMetric::ConsumedWriteUnits,
            "write units consumed",
            Ink::Black,
        ),
    ];
    let mut panels = vec![
        panel("a minute", &throttles, 1.0),
        panel("at one time", &concurrency, 1.0),
        panel("a minute", &messages, 1.2),
    ];
    panels.retain(|panel| !panel.series.is_empty());
    Figure {
        title: "Throttles, concurrency and messages (CloudWatch, not proof)".into(),
        caption: caption(report, "one point a minute, from CloudWatch"),
        panels,
    }
}

/// A metric as a line that is level for each of its minutes, within the time axis; a minute without a point
/// is a gap, and a metric without points no line.
pub(super) fn minutes(
    report: &RunReport,
    metric: CloudWatchMetric,
    name: &str,
    ink: Ink,
) -> Option<Series> {
    const MINUTE_S: i64 = 60;
    let end = match time_axis(report) {
        XAxis::Seconds(end) | XAxis::Around(_, end) | XAxis::Quantiles(end) => end,
    };
    let mut points = Vec::new();
    let mut expected = None;
    for &(at, value) in report.cloudwatch.as_ref()?.points(metric) {
        let (from, to) = (
            at.max(0) as f64,
            (at.saturating_add(MINUTE_S) as f64).min(end),
        );
        if from >= to {
            continue;
        }
        if expected.is_some_and(|expected| expected != at) {
            points.push((from, None));
        }
        points.extend([(from, Some(value)), (to, Some(value))]);
        expected = Some(at.saturating_add(MINUTE_S));
    }
    (!points.is_empty()).then(|| Series::new(name, ink, Line::Dashed, points))
}
