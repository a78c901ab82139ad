//! What the embedded pipeline counts of itself while it runs.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use crate::report::PipelineCounters;

/// A number that only grows; read while others write, exact once they have stopped.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Counts `more` of them.
    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    /// The number so far.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The counters shared by the parts of one embedded pipeline.
#[derive(Debug, Default)]
pub struct Counters {
    /// Invocations of the function.
    pub invocations: Counter,
    /// Invocations that failed whole: error, panic, time-out, or an answer that fits no batch.
    pub failed_invocations: Counter,
    /// Records named in partial batch responses.
    pub failed_records: Counter,
    /// Writes the table throttled.
    pub throttled_writes: Counter,
    /// Invocations that were throttled: messages received and not processed.
    pub throttled_invocations: Counter,
    /// Messages the mapping's filter discarded.
    pub filtered_messages: Counter,
    max_concurrency: AtomicU32,
}

impl Counters {
    /// Notes that `concurrency` invocations are in flight.
    pub fn saw_concurrency(&self, concurrency: u32) {
        self.max_concurrency
            .fetch_max(concurrency, Ordering::Relaxed);
    }

    /// The figures for the report.
    pub fn figures(&self, faults_struck: BTreeMap<String, u64>) -> PipelineCounters {
        PipelineCounters {
            invocations: self.invocations.get(),
            failed_invocations: self.failed_invocations.get(),
            failed_records: self.failed_records.get(),
            throttled_writes: self.throttled_writes.get(),
            throttled_invocations: self.throttled_invocations.get(),
            filtered_messages: self.filtered_messages.get(),
            max_concurrency: self.max_concurrency.load(Ordering::Relaxed),
            faults_struck,
        }
    }
}
