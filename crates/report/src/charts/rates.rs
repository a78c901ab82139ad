//! Orders per second, from the schedule to their final place.

use super::figure::{Figure, Line, Panel, Series, YAxis, caption};
use super::style::Ink;
use orderproof_core::results::figures::orders;
use orderproof_core::results::{RunReport, TimelineRow};

pub(super) fn figure(report: &RunReport) -> Figure {
    type Pick = fn(&TimelineRow) -> Option<u64>;
    let series: [(&str, Ink, Line, Pick); 5] = [
        ("scheduled", Ink::Gray, Line::Thick, |row| {
            Some(row.scheduled_orders)
        }),
        ("offered", Ink::Sky, Line::Solid, |row| {
            Some(row.offered_orders)
        }),
        ("acknowledged", Ink::Blue, Line::Dashed, |row| {
            Some(row.acknowledged_orders)
        }),
        ("stored", Ink::Green, Line::Solid, |row| row.stored_orders),
        ("dead-lettered", Ink::Vermillion, Line::Solid, |row| {
            row.dead_lettered_orders
        }),
    ];
    let points = |pick: Pick| {
        let point = |row: &TimelineRow| {
            (
                row.time_s as f64 + 0.5,
                pick(row).map(|orders| orders as f64),
            )
        };
        report.timeline.iter().map(point).collect()
    };
    Figure {
        title: "Order rates: scheduled, offered, acknowledged, stored and dead-lettered".into(),
        caption: caption(
            report,
            &format!("{} planned", orders(report.orders.planned)),
        ),
        panels: vec![Panel::over_time(
            report,
            YAxis::Count,
            "orders per second",
            series
                .into_iter()
                .map(|(name, ink, line, pick)| Series::new(name, ink, line, points(pick)))
                .collect(),
        )],
    }
}
