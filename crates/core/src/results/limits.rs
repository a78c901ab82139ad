//! What the files of a run's folder may say at most, once they are read: counts that can be added up, instants that lie
//! on a time axis somebody can draw, scenarios that can be scheduled.

use std::time::Duration;

use super::{
    CloudWatch, MetersFile, PipelineCounters, PlanFile, RunReport, SendRecord, SentFile,
    WorkerRecord,
};
use crate::evidence::{COUNT_MAX, DURATION_MAX};
use crate::ledger::OutcomeCounts;
use crate::load::WORKERS_MAX;
use crate::scenario::Scenario;

/// Why a file is not believed: a sentence.
type Checked = Result<(), String>;

/// A `plan.json`.
pub(super) fn check_plan(plan: &PlanFile) -> Checked {
    if plan.workers.is_some() && plan.first_shard().is_none() {
        return Err(format!("workers is not between 1 and {WORKERS_MAX}"));
    }
    check_scenario(&plan.scenario)
}

/// A `sent.json`.
pub(super) fn check_sent(sent: &SentFile) -> Checked {
    duration("clocks_apart", sent.clocks_apart)?;
    duration("started_late_by", sent.started_late_by.unwrap_or_default())?;
    check_workers(&sent.workers)?;
    check_record(&sent.record)
}

/// A `meters.json`.
pub(super) fn check_meters(meters: &MetersFile) -> Checked {
    duration("clock_skew_bound", meters.clock_skew_bound)?;
    for reading in &meters.readings {
        duration("at", reading.at)?;
        duration("cpu_time", reading.cpu_time.unwrap_or_default())?;
        count("in_flight_peak", reading.in_flight_peak)?;
        if let Some(pipeline) = reading.pipeline {
            count("throttled_writes", pipeline.throttled_writes)?;
            count("throttled_invocations", pipeline.throttled_invocations)?;
        }
    }
    meters.pipeline.as_ref().map_or(Ok(()), check_counters)?;
    meters.cloudwatch.as_ref().map_or(Ok(()), check_cloudwatch)
}

/// A `run.json`.
pub(super) fn check_report(report: &RunReport) -> Checked {
    check_scenario(&report.scenario)?;
    check_outcomes(&report.orders)?;
    let clock = report.row_clock.as_ref();
    let beside = [
        Some(report.bad_orders),
        report.redelivered,
        report.uncounted_rows,
        report.extra_dead_letter_copies,
        report.foreign_rows,
        report.foreign_dead_letters,
        report.untimed_rows,
        clock.map(|clock| clock.early_rows),
        clock.map(|clock| clock.late_rows),
    ];
    let classes = report.classes.values();
    let causes = report.send_errors.values();
    let all = beside.iter().flatten().chain(classes).chain(causes);
    all.into_iter()
        .try_for_each(|&orders| count("orders", orders))?;
    for sweep in [&report.scan, &report.lookups, &report.dead_letter_sweep] {
        count("items", sweep.items)?;
        count("requests", sweep.requests)?;
    }
    duration("drain", report.quiescence.drain.unwrap_or_default())?;
    let skew = Duration::from_micros(report.clock_skew_bound_us);
    duration("clock_skew_bound_us", skew)?;
    for phase in &report.phases {
        duration("a phase's start", phase.start)?;
        duration("a phase's end", phase.end)?;
        for orders in [phase.scheduled, phase.attempted, phase.acknowledged] {
            count("a phase's orders", orders)?;
        }
    }
    check_workers(&report.workers)?;
    check_timeline(report)?;
    report.pipeline.as_ref().map_or(Ok(()), check_counters)?;
    report.cloudwatch.as_ref().map_or(Ok(()), check_cloudwatch)
}

fn check_workers(workers: &[WorkerRecord]) -> Checked {
    for (index, worker) in (0..).zip(workers) {
        if worker.worker != index {
            return Err(format!(
                "worker {} stands in the place of {index}",
                worker.worker
            ));
        }
        count("a worker's orders", worker.own_orders)?;
        worker.orders.as_ref().map_or(Ok(()), check_outcomes)?;
        for us in [worker.started_late_by_us, worker.clocks_apart_us] {
            duration(
                "a worker's time",
                Duration::from_micros(us.unwrap_or_default()),
            )?;
        }
    }
    Ok(())
}

fn check_timeline(report: &RunReport) -> Checked {
    for (second, row) in (0..).zip(&report.timeline) {
        if row.time_s != second {
            return Err(format!(
                "timeline row {second} is of second {}, and there is one a second",
                row.time_s
            ));
        }
        let orders = [
            row.scheduled_orders,
            row.offered_orders,
            row.acknowledged_orders,
            row.rejected_orders,
            row.indeterminate_orders,
            row.unsent_orders,
        ];
        let messages = [
            row.stored_orders,
            row.dead_lettered_orders,
            row.backlog_orders,
            row.queue_visible_messages,
            row.queue_in_flight_messages,
            row.queue_delayed_messages,
            row.in_flight_max_orders,
            row.throttled_writes,
            row.throttled_invocations,
        ];
        let messages = messages.into_iter().flatten();
        orders
            .into_iter()
            .chain(messages)
            .try_for_each(|number| count("a second's orders or messages", number))?;
        if row
            .harness_cpus
            .is_some_and(|cpus| !(0.0..1e6).contains(&cpus))
        {
            return Err("harness_cpus is out of range".into());
        }
    }
    let mut before = None;
    for interval in &report.intervals {
        if before.is_some_and(|before| interval.time_s <= before) {
            return Err(format!("interval {} is out of order", interval.time_s));
        }
        duration("an interval's time_s", Duration::from_secs(interval.time_s))?;
        before = Some(interval.time_s);
    }
    Ok(())
}

fn check_record(record: &SendRecord) -> Checked {
    duration("last_reply_at", record.last_reply_at)?;
    duration("cpu_time", record.cpu_time)?;
    let aborted = record.aborted.as_ref();
    duration("aborted.at", aborted.map(|it| it.at).unwrap_or_default())?;
    record
        .errors
        .values()
        .try_for_each(|&orders| count("orders", orders))?;
    for phase in &record.phases {
        for orders in [phase.scheduled, phase.attempted, phase.acknowledged] {
            count("a phase's orders", orders)?;
        }
    }
    for second in &record.seconds {
        let orders = [
            second.scheduled,
            second.offered,
            second.acknowledged,
            second.rejected,
            second.indeterminate,
            second.unsent,
        ];
        orders
            .into_iter()
            .try_for_each(|orders| count("a second's orders", orders))?;
        duration("schedule_lag_max", second.schedule_lag_max)?;
    }
    Ok(())
}

fn check_outcomes(orders: &OutcomeCounts) -> Checked {
    let all = [
        orders.planned,
        orders.attempted,
        orders.acknowledged,
        orders.rejected,
        orders.indeterminate,
        orders.unsent,
    ];
    all.into_iter()
        .try_for_each(|orders| count("orders", orders))
}

fn check_counters(counters: &PipelineCounters) -> Checked {
    let counts = [
        counters.invocations,
        counters.failed_invocations,
        counters.failed_records,
        counters.throttled_writes,
        counters.throttled_reads,
        counters.cold_starts,
        counters.crashes,
        counters.backed_off,
        counters.throttled_invocations,
        counters.filtered_messages,
    ];
    let reasons = counters.throttling_reasons.values();
    let faults = counters.faults_struck.values();
    let all = counts.iter().chain(reasons).chain(faults);
    all.into_iter()
        .try_for_each(|&number| count("the pipeline's counts", number))?;
    let failures = counters.failures.iter().flatten();
    let failures = failures.flat_map(|failure| {
        [
            failure.count,
            failure.without_bad_orders.unwrap_or_default(),
        ]
    });
    let services = counters.services.iter().flatten();
    let calls = services.flat_map(|count| [count.calls, count.refused]);
    let never = counters.never_started.iter();
    let starts = never.flat_map(|never| [never.starts, never.failed]);
    failures
        .chain(starts)
        .chain(counters.freezes)
        .chain(counters.incomplete_freezes)
        .chain(counters.failed_good_records)
        .chain(calls)
        .try_for_each(|number| count("the function's counts", number))
}

fn check_cloudwatch(metrics: &CloudWatch) -> Checked {
    count("missing_minutes", metrics.missing_minutes)?;
    let points = metrics.series.iter().flat_map(|series| &series.points);
    for &(at_s, value) in points {
        duration("a point's time", Duration::from_secs(at_s.unsigned_abs()))?;
        if !(0.0..1e15).contains(&value) {
            return Err(format!("a point of CloudWatch is {value}"));
        }
    }
    Ok(())
}

/// A scenario as resolved: no duration beyond the time axis, and a load that can be scheduled.
fn check_scenario(scenario: &Scenario) -> Checked {
    let value = serde_json::to_value(scenario).map_err(|error| error.to_string())?;
    check_durations(&value)?;
    crate::scenario::check_resolved(scenario)
}

/// Every duration within a value is one of at most [`DURATION_MAX`].
fn check_durations(value: &serde_json::Value) -> Checked {
    match value {
        serde_json::Value::Object(fields) => {
            if let (2, Some(secs), Some(_)) =
                (fields.len(), fields.get("secs"), fields.get("nanos"))
            {
                let secs = secs.as_u64().unwrap_or(u64::MAX);
                return duration("a duration", Duration::from_secs(secs));
            }
            fields.values().try_for_each(check_durations)
        }
        serde_json::Value::Array(items) => items.iter().try_for_each(check_durations),
        _ => Ok(()),
    }
}

fn count(what: &str, number: u64) -> Checked {
    match number <= COUNT_MAX {
        true => Ok(()),
        false => Err(format!("{what}: {number} is more than {COUNT_MAX}")),
    }
}

fn duration(what: &str, duration: Duration) -> Checked {
    match duration <= DURATION_MAX {
        true => Ok(()),
        false => Err(format!(
            "{what}: {} s is more than {} days",
            duration.as_secs(),
            DURATION_MAX.as_secs() / 86_400
        )),
    }
}
