//! The history of a run that goes on, as the timeline that charts are drawn from.

use crate::ledger::OutcomeCounts;
use crate::order::RunId;
use crate::results::{Provenance, RunReport, TimelineRow, unfinished};
use crate::run::live::{Measured, Rates, Sample, Spread, View};
use crate::scenario::Scenario;

use crate::commands::progress::micros;

/// What charts need of a run that goes on.
pub(super) fn charted(scenario: &Scenario, run_id: RunId, view: &View) -> RunReport {
    let now = &view.now;
    let orders = OutcomeCounts {
        planned: view.planned,
        attempted: now.offered,
        acknowledged: now.acknowledged,
        rejected: now.rejected,
        indeterminate: now.indeterminate,
        unsent: now.unsent,
    };
    let provenance = Provenance {
        version: env!("CARGO_PKG_VERSION").into(),
        cpus: std::thread::available_parallelism().map_or(0, |cpus| cpus.get() as u32),
        ..Provenance::default()
    };
    let pairs = view.history.samples().windows(2);
    let rows = pairs.map(|pair| row(&pair[0], &pair[1])).collect();
    unfinished(scenario, run_id, provenance, orders, rows)
}

/// What happened from one sample to the next, by the second; what was not measured is absent.
fn row(before: &Sample, after: &Sample) -> TimelineRow {
    let rates = Rates::between(&before.moment, &after.moment);
    let whole = |rate: f64| rate.round() as u64;
    let queues = after.moment.queues;
    let Measured {
        response_time,
        service_time,
        end_to_end,
        schedule_lag_max,
        process,
    } = after.measured;
    let half = f64::from(after.seconds) / 2.0;
    let middle = (after.moment.at.as_secs_f64() - half).max(0.0);
    let us = |spread: Option<Spread>, of: fn(&Spread) -> std::time::Duration| {
        spread.as_ref().map(|spread| micros(of(spread)))
    };
    TimelineRow {
        time_s: middle as u64,
        scheduled_orders: whole(rates.scheduled),
        offered_orders: whole(rates.offered),
        acknowledged_orders: whole(rates.acknowledged),
        rejected_orders: whole(rates.rejected),
        indeterminate_orders: whole(rates.indeterminate),
        unsent_orders: whole(rates.unsent),
        stored_orders: rates.stored.map(whole),
        dead_lettered_orders: rates.dead_lettered.map(whole),
        queue_visible_messages: queues.map(|queues| queues.waiting),
        queue_in_flight_messages: queues.map(|queues| queues.in_flight),
        response_time_p50_us: us(response_time, |spread| spread.p50),
        response_time_p99_us: us(response_time, |spread| spread.p99),
        response_time_max_us: us(response_time, |spread| spread.max),
        service_time_p50_us: us(service_time, |spread| spread.p50),
        service_time_p99_us: us(service_time, |spread| spread.p99),
        service_time_max_us: us(service_time, |spread| spread.max),
        end_to_end_p50_us: us(end_to_end, |spread| spread.p50),
        end_to_end_p99_us: us(end_to_end, |spread| spread.p99),
        end_to_end_max_us: us(end_to_end, |spread| spread.max),
        schedule_lag_max_us: schedule_lag_max.map(micros),
        harness_cpus: process.as_ref().and_then(|process| process.cpus),
        in_flight_max_orders: process.as_ref().map(|process| process.in_flight_peak),
        ..TimelineRow::default()
    }
}
