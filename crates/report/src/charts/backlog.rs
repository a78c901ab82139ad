//! What had been acknowledged and was not yet in a final place, and how old it was.

use super::cloudwatch::minutes;
use super::figure::{Figure, Line, Panel, Series, Span, YAxis, caption};
use super::style::Ink;
use orderproof_core::results::figures::{duration, orders};
use orderproof_core::results::{Metric, RunReport, TimelineRow};

pub(super) fn figure(report: &RunReport) -> Figure {
    let points = |pick: &dyn Fn(&TimelineRow) -> Option<f64>| {
        report
            .timeline
            .iter()
            .map(|row| (row.time_s as f64 + 1.0, pick(row)))
            .collect()
    };
    let queued = |row: &TimelineRow| {
        Some(
            row.queue_visible_messages?
                .saturating_add(row.queue_in_flight_messages?) as f64,
        )
    };
    // No older order at a second's end is an age of zero, as long as rows were still to be stored.
    let last = report
        .timeline
        .iter()
        .rposition(|row| row.stored_orders > Some(0))
        .unwrap_or(0) as u64;
    let any = report
        .timeline
        .iter()
        .any(|row| row.stored_orders > Some(0));
    let age = |row: &TimelineRow| match row.oldest_age_ms {
        Some(ms) => Some(ms as f64 / 1e3),
        None => (any && row.time_s <= last).then_some(0.0),
    };
    let panel = |y, y_title, series, span, weight| Panel {
        span,
        weight,
        ..Panel::over_time(report, y, y_title, series)
    };
    let own = Series::new(
        "oldest order not yet stored",
        Ink::Purple,
        Line::Solid,
        points(&age),
    );
    let theirs = minutes(
        report,
        Metric::OldestMessageAgeS,
        "oldest message (CloudWatch, not proof)",
        Ink::Orange,
    );
    let ages = std::iter::once(own).chain(theirs).collect();
    Figure {
        title: "Backlog, age of the oldest order, and drain".into(),
        caption: caption(
            report,
            &format!("{} acknowledged", orders(report.orders.acknowledged)),
        ),
        panels: vec![
            panel(
                YAxis::Count,
                "orders",
                vec![
                    Series::new(
                        "backlog by the ledger",
                        Ink::Blue,
                        Line::Solid,
                        points(&|row| row.backlog_orders.map(|orders| orders as f64)),
                    ),
                    Series::new(
                        "messages the queue counts (visible and in flight)",
                        Ink::Orange,
                        Line::Dashed,
                        points(&queued),
                    ),
                ],
                drain(report),
                1.6,
            ),
            panel(YAxis::Seconds, "age", ages, None, 1.0),
        ],
    }
}

/// From the last arrival to the empty queue.
fn drain(report: &RunReport) -> Option<Span> {
    let drain = report.quiescence.drain?;
    let from = report.phases.last()?.end.as_secs_f64();
    let to = from + drain.as_secs_f64();
    Some(Span {
        from,
        to,
        label: format!("drain {}", duration(drain)),
    })
}
