//! Whether the harness itself kept up: a run it could not drive proves nothing of the pipeline.

use super::figure::{Figure, Limit, Line, Panel, Series, YAxis, caption};
use super::style::Ink;
use orderproof_core::results::figures::{duration, thousands};
use orderproof_core::results::{RunReport, TimelineRow};

pub(super) fn figure(report: &RunReport) -> Figure {
    let line = |name, ink, line, pick| Series::by_second(report, (name, ink, line), pick);
    let strip = |y, title, series, limit: Option<Limit>| Panel {
        limits: limit.into_iter().collect(),
        ..Panel::over_time(report, y, title, series)
    };
    let lag_max = report.scenario.expect.max_schedule_lag_p99;
    let lag_limit = format!("limit of the run's p99: {}", duration(lag_max));
    let lag = line("largest schedule lag", Ink::Blue, Line::Solid, |row| {
        let lag = row.schedule_lag_max_us.filter(|_| row.offered_orders > 0);
        lag.map(|us| us.max(1))
    });
    let cpus = report.provenance.cpus;
    let point = |row: &TimelineRow| (row.time_s as f64 + 0.5, row.harness_cpus);
    let points = report.timeline.iter().map(point).collect();
    let name = "CPU of this process (load, embedded pipeline and verifier)";
    let used = Series::new(name, Ink::Green, Line::Solid, points);
    let most = report.scenario.sending.max_in_flight;
    let most_limit = format!("{}: more stay unsent", thousands(most.into()));
    let name = "most orders sent and not answered";
    let in_flight = line(name, Ink::Black, Line::Solid, |row| {
        row.in_flight_max_orders
    });
    let failed = vec![
        line("rejected", Ink::Vermillion, Line::Solid, |row| {
            Some(row.rejected_orders)
        }),
        line("indeterminate", Ink::Orange, Line::Solid, |row| {
            Some(row.indeterminate_orders)
        }),
        line("unsent", Ink::Purple, Line::Dashed, |row| {
            Some(row.unsent_orders)
        }),
    ];
    let level = |at, label| Limit {
        at,
        label,
        across: None,
    };
    let lag_limit = Some(level(lag_max.as_secs_f64() * 1e6, lag_limit));
    let most_limit = Some(level(f64::from(most), most_limit));
    let cpu_limit = (cpus > 0).then(|| level(f64::from(cpus), format!("this machine has {cpus}")));
    let samples = thousands(report.schedule_lag_us.count);
    let samples = format!("schedule lag of {samples} orders");
    Figure {
        title: "Validity: did the harness keep up?".into(),
        caption: caption(report, &samples),
        panels: vec![
            strip(YAxis::LogMicros, "schedule lag", vec![lag], lag_limit),
            strip(YAxis::Count, "processors", vec![used], cpu_limit),
            strip(YAxis::Count, "in flight", vec![in_flight], most_limit),
            strip(YAxis::Count, "orders a second", failed, None),
        ],
    }
}
