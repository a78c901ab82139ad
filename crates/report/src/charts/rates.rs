//! Orders per second, from the schedule to their final place.

use super::figure::{Figure, Line, Panel, Series, YAxis, caption};
use super::style::Ink;
use orderproof_core::results::RunReport;
use orderproof_core::results::figures::orders;

pub(super) fn figure(report: &RunReport) -> Figure {
    let line = |name, ink, line, pick| Series::by_second(report, (name, ink, line), pick);
    let series = vec![
        line("scheduled", Ink::Gray, Line::Thick, |row| {
            Some(row.scheduled_orders)
        }),
        line("offered", Ink::Sky, Line::Solid, |row| {
            Some(row.offered_orders)
        }),
        line("acknowledged", Ink::Blue, Line::Dashed, |row| {
            Some(row.acknowledged_orders)
        }),
        line("stored", Ink::Green, Line::Solid, |row| row.stored_orders),
        line("dead-lettered", Ink::Vermillion, Line::Solid, |row| {
            row.dead_lettered_orders
        }),
    ];
    let planned = orders(report.orders.planned);
    let panel = Panel::over_time(report, YAxis::Count, "orders per second", series);
    Figure {
        title: "Order rates: scheduled, offered, acknowledged, stored and dead-lettered".into(),
        caption: caption(report, &format!("{planned} planned")),
        panels: vec![panel],
    }
}
