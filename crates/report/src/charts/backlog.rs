//! What had been acknowledged and was not yet in a final place, and how old it was.

use super::cloudwatch::minutes;
use super::figure::{Figure, Line, Panel, Series, Span, YAxis, caption};
use super::limits;
use super::style::Ink;
use orderproof_core::results::figures::{duration, orders};
use orderproof_core::results::{CloudWatchMetric, RunReport, TimelineRow};

pub(super) fn figure(report: &RunReport) -> Figure {
    let rows = &report.timeline;
    let line = |name, ink, line, pick: &dyn Fn(&TimelineRow) -> Option<f64>| {
        let point = |row: &TimelineRow| (row.time_s as f64 + 1.0, pick(row));
        Series::new(name, ink, line, rows.iter().map(point).collect())
    };
    let name = "backlog by the ledger";
    let backlog = line(name, Ink::Blue, Line::Solid, &|row| {
        row.backlog_orders.map(|orders| orders as f64)
    });
    let waiting = line("waiting in the queue", Ink::Orange, Line::Dashed, &|row| {
        row.queue_visible_messages.map(|messages| messages as f64)
    });
    let name = "in flight: in work, or held back for a retry";
    let in_flight = line(name, Ink::Vermillion, Line::Dashed, &|row| {
        row.queue_in_flight_messages.map(|messages| messages as f64)
    });
    // No older order at a second's end is an age of zero, as long as rows were still to be stored.
    let last = rows.iter().rposition(|row| row.stored_orders > Some(0));
    let name = "oldest order stored later";
    let own = line(name, Ink::Purple, Line::Solid, &|row| {
        let none_older = last.is_some_and(|last| row.time_s <= last as u64);
        let age = row.oldest_age_ms.map(|ms| ms as f64 / 1e3);
        age.or_else(|| none_older.then_some(0.0))
    });
    let name = "oldest message (CloudWatch, not proof)";
    let theirs = minutes(
        report,
        CloudWatchMetric::OldestMessageAgeS,
        name,
        Ink::Orange,
    );
    let ages = std::iter::once(own).chain(theirs).collect();
    let acknowledged = orders(report.orders.acknowledged);
    Figure {
        title: "Backlog, age of the oldest order, and drain".into(),
        caption: caption(report, &format!("{acknowledged} acknowledged")),
        panels: vec![
            Panel {
                span: drain(report),
                weight: 1.6,
                limits: limits::of_backlog(report),
                ..Panel::over_time(
                    report,
                    YAxis::Count,
                    "orders",
                    vec![backlog, waiting, in_flight],
                )
            },
            Panel::over_time(report, YAxis::Seconds, "age", ages),
        ],
    }
}

/// From the last arrival to the empty queue.
fn drain(report: &RunReport) -> Option<Span> {
    let drain = report.quiescence.drain?;
    let from = report.phases.last()?.end.as_secs_f64();
    let rule = limits::of_drain(report);
    Some(Span {
        from,
        to: from + drain.as_secs_f64(),
        label: match &rule {
            Some((_, bound)) => format!("drain {} (rule: {bound})", duration(drain)),
            None => format!("drain {}", duration(drain)),
        },
        limit: rule.map(|(limit, _)| from + limit.as_secs_f64()),
    })
}
