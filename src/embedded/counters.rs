//! What the emulator counts, as the report has it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use super::stored::JustStored;
use crate::emulator::counters::Counters;
use crate::emulator::failures::{self, FailureKind};
use crate::emulator::runtime;
use crate::emulator::services;
use crate::fault::id_of_body;
use crate::order::OrderPlan;
use crate::results::{
    self, FailureCount, NeverStarted, PipelineCounters, PipelineReading, ServiceCount,
};

/// The figures for the report, as far as the emulator counts them itself; logs of functions are in the folder `logs`.
pub(super) fn figures(
    counters: &Counters,
    faults_struck: BTreeMap<String, u64>,
    orders: &OrderPlan,
    logs: &str,
) -> PipelineCounters {
    let figures = counters.figures();
    PipelineCounters {
        invocations: figures.invocations,
        failed_invocations: figures.failed_invocations,
        failed_records: figures.failed_records,
        failed_good_records: figures.unexpected_records,
        throttled_writes: figures.throttled_writes,
        throttled_reads: figures.throttled_reads,
        throttling_reasons: figures.throttling_reasons,
        cold_starts: figures.cold_starts,
        crashes: 0,
        backed_off: figures.backed_off,
        throttled_invocations: figures.throttled_invocations,
        filtered_messages: figures.filtered_messages,
        max_concurrency: figures.max_concurrency,
        faults_struck,
        failures: Some(
            figures
                .failures
                .into_iter()
                .map(|it| failure(it, orders, logs))
                .collect(),
        ),
        never_started: None,
        freezes: None,
        incomplete_freezes: None,
        services: match figures.services.is_empty() {
            true => None,
            false => Some(figures.services.into_iter().map(calls).collect()),
        },
    }
}

fn calls(count: services::ServiceCount) -> ServiceCount {
    ServiceCount {
        service: count.service,
        operation: count.operation,
        calls: count.calls,
        refused: count.refused,
        wanting: count.wanting,
    }
}

fn failure(failure: failures::FailureCount, orders: &OrderPlan, logs: &str) -> FailureCount {
    FailureCount {
        kind: match failure.kind {
            FailureKind::Error => results::FailureKind::Error,
            FailureKind::TimedOut => results::FailureKind::TimedOut,
            FailureKind::InvalidResponse => results::FailureKind::InvalidResponse,
            FailureKind::FailedStart => results::FailureKind::FailedStart,
            FailureKind::Crashed => results::FailureKind::Crashed,
            FailureKind::Throttled => results::FailureKind::Throttled,
        },
        reason: failure.reason,
        count: failure.count,
        without_bad_orders: failure.unexpected,
        first_order: failure
            .first_message
            .and_then(|body| id_of_body(orders, &body)),
        log: failure.log.map(|file| format!("{logs}/{file}")),
    }
}

/// What only grows, of what rules may limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Invocations that failed whole.
    pub failed_invocations: u64,
    /// Writes the tables throttled.
    pub throttled_writes: u64,
    /// Invocations that were throttled.
    pub throttled_invocations: u64,
}

/// What a live view may read of a pipeline or a function while it runs; clones read the same.
#[derive(Debug, Clone)]
pub struct Gauges {
    counters: Arc<Counters>,
    stored: Option<JustStored>,
}

impl Gauges {
    pub(super) fn of(counters: &Arc<Counters>) -> Self {
        Self {
            counters: Arc::clone(counters),
            stored: None,
        }
    }

    /// The same, where it is known when orders are stored.
    pub(super) fn storing(self, stored: Option<JustStored>) -> Self {
        Self { stored, ..self }
    }

    /// The orders stored since this was last asked for, and when; `None` where that is known only from the rows. One
    /// reader at a time.
    pub fn take_stored(&self) -> Option<Vec<(u64, Instant)>> {
        self.stored.as_ref().map(JustStored::take)
    }

    /// What was counted so far.
    pub fn counts(&self) -> Counts {
        let figures = self.counters.figures();
        Counts {
            failed_invocations: figures.failed_invocations,
            throttled_writes: figures.throttled_writes,
            throttled_invocations: figures.throttled_invocations,
        }
    }

    /// What a chart over time needs; the peak starts anew, so one reader at a time.
    pub fn reading(&self) -> PipelineReading {
        let reading = self.counters.reading();
        PipelineReading {
            concurrency_peak: reading.concurrency_peak,
            throttled_writes: reading.throttled_writes,
            throttled_invocations: reading.throttled_invocations,
        }
    }
}

/// The folder of a function's logs, below that of the run; the one behind the orders queue has no name.
pub(super) fn logs_of(name: &str) -> String {
    let logs = results::file_name::FUNCTION_LOGS;
    match name {
        "" => logs.to_owned(),
        name => format!("{logs}/{name}"),
    }
}

/// Tells whether functions of one's own have started, as long as anybody asks; holds no process.
#[derive(Debug, Clone)]
pub struct StartWatch {
    /// With the folder of its logs, below that of the run.
    functions: Vec<(String, runtime::StartWatch)>,
}

impl StartWatch {
    /// Of functions, each with the folder of its logs below that of all functions' logs, empty for that one itself.
    /// `None` when there is no function.
    pub(super) fn of<'a>(
        functions: impl Iterator<Item = (&'a str, &'a runtime::CommandFunction)>,
    ) -> Option<Self> {
        let watch = |(name, function): (&str, &runtime::CommandFunction)| {
            (logs_of(name), function.watch_start())
        };
        let functions: Vec<_> = functions.map(watch).collect();
        (!functions.is_empty()).then_some(Self { functions })
    }

    /// That no process of a function has ever asked for an invocation, though one has been started. Of several such
    /// functions one that is given up is told.
    pub fn never_started(&self) -> Option<NeverStarted> {
        let told = self.functions.iter().filter_map(|(folder, watch)| {
            let never = watch.never_started()?;
            Some(NeverStarted {
                starts: never.starts,
                failed: never.failed,
                reason: never.reason,
                log: never.log.map(|file| format!("{folder}/{file}")),
                last_lines: never.last_lines,
                given_up: never.given_up,
            })
        });
        told.max_by_key(|never| never.given_up)
    }
}
