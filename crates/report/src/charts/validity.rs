//! Whether the harness itself kept up: a run it could not drive proves nothing of the pipeline.

use super::figure::{Figure, Limit, Line, Panel, Series, YAxis, caption};
use super::style::Ink;
use orderproof_core::results::figures::{duration, thousands};
use orderproof_core::results::{RunReport, TimelineRow};

pub(super) fn figure(report: &RunReport) -> Figure {
    let scenario = &report.scenario;
    let series = |name: &str, ink, line, pick: fn(&TimelineRow) -> Option<f64>| {
        let point = |row: &TimelineRow| (row.time_s as f64 + 0.5, pick(row));
        Series::new(name, ink, line, report.timeline.iter().map(point).collect())
    };
    let strip = |y, y_title, series| Panel::over_time(report, y, y_title, series);
    let lag_limit = scenario.expect.max_schedule_lag_p99;
    let lag = Panel {
        limit: Some(Limit {
            at: lag_limit.as_secs_f64() * 1e6,
            label: format!("the p99 of a run may be {}", duration(lag_limit)),
        }),
        ..strip(
            YAxis::LogMicros,
            "schedule lag",
            vec![series(
                "largest schedule lag",
                Ink::Blue,
                Line::Solid,
                |row| {
                    let lag = row.schedule_lag_max_us.filter(|_| row.offered_orders > 0);
                    lag.map(|us| us.max(1) as f64)
                },
            )],
        )
    };
    let cpu = Panel {
        limit: (report.provenance.cpus > 0).then(|| Limit {
            at: f64::from(report.provenance.cpus),
            label: format!("this machine has {}", report.provenance.cpus),
        }),
        ..strip(
            YAxis::Count,
            "processors",
            vec![series(
                "CPU of this process (load, embedded pipeline and verifier)",
                Ink::Green,
                Line::Solid,
                |row| row.harness_cpus,
            )],
        )
    };
    let in_flight = Panel {
        limit: Some(Limit {
            at: f64::from(scenario.sending.max_in_flight),
            label: format!(
                "{}: more stay unsent",
                thousands(scenario.sending.max_in_flight.into())
            ),
        }),
        ..strip(
            YAxis::Count,
            "in flight",
            vec![series(
                "most orders sent and not answered",
                Ink::Black,
                Line::Solid,
                |row| row.in_flight_max_orders.map(|orders| orders as f64),
            )],
        )
    };
    let failed = strip(
        YAxis::Count,
        "orders a second",
        vec![
            series("rejected", Ink::Vermillion, Line::Solid, |row| {
                Some(row.rejected_orders as f64)
            }),
            series("indeterminate", Ink::Orange, Line::Solid, |row| {
                Some(row.indeterminate_orders as f64)
            }),
            series("unsent", Ink::Purple, Line::Dashed, |row| {
                Some(row.unsent_orders as f64)
            }),
        ],
    );
    Figure {
        title: "Validity: did the harness keep up?".into(),
        caption: caption(
            report,
            &format!(
                "schedule lag of {} orders, none of them sent twice",
                thousands(report.schedule_lag_us.count)
            ),
        ),
        panels: vec![lag, cpu, in_flight, failed],
    }
}
