//! What an emulator counts of itself while it runs.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::failures::{FailureCount, Failures};
use super::services::{ServiceCalls, ServiceCount};
use super::table::Side;

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

/// The counters shared by the parts of one emulator.
#[derive(Debug, Default)]
pub struct Counters {
    /// Invocations of the function.
    pub invocations: Counter,
    /// Invocations that failed whole: error, panic, time-out, or an answer that fits no batch.
    pub failed_invocations: Counter,
    /// Why they failed.
    pub failures: Failures,
    /// Records named in partial batch responses.
    pub failed_records: Counter,
    /// Those of them that were not expected to fail, where it is known which are.
    unexpected_records: Mutex<Option<u64>>,
    /// Operations the tables throttled, by AWS's reason.
    throttled: Mutex<BTreeMap<String, u64>>,
    /// Operations on the tables that were throttled: writes, and reads.
    pub throttled_writes: Counter,
    /// See `throttled_writes`.
    pub throttled_reads: Counter,
    /// Execution environments started.
    pub cold_starts: Counter,
    /// Times the mapping took back concurrency it had added.
    pub backed_off: Counter,
    /// Invocations that were throttled: messages received and not processed.
    pub throttled_invocations: Counter,
    /// Messages the mapping's filter discarded.
    pub filtered_messages: Counter,
    /// Messages the mapping could not delete: they come back.
    pub failed_deletes: Counter,
    /// Calls of services beside queues and tables.
    pub services: ServiceCalls,
    running: AtomicU32,
    max_concurrency: AtomicU32,
    recent_concurrency: AtomicU32,
}

/// What was counted up to some moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figures {
    /// Invocations of the function.
    pub invocations: u64,
    /// Invocations that failed whole (error or time-out).
    pub failed_invocations: u64,
    /// Records reported as failed in partial batch responses.
    pub failed_records: u64,
    /// Those of them that were not expected to fail; absent when nobody said which are.
    pub unexpected_records: Option<u64>,
    /// Writes the tables throttled.
    pub throttled_writes: u64,
    /// Reads the tables throttled.
    pub throttled_reads: u64,
    /// Both, by AWS's `ThrottlingReasons`.
    pub throttling_reasons: BTreeMap<String, u64>,
    /// Execution environments that were started.
    pub cold_starts: u64,
    /// Times the mapping took back concurrency it had added.
    pub backed_off: u64,
    /// Invocations that were throttled: messages received and not processed.
    pub throttled_invocations: u64,
    /// Messages the mapping's filter discarded.
    pub filtered_messages: u64,
    /// Messages the mapping could not delete: they come back.
    pub failed_deletes: u64,
    /// The most invocations at one time.
    pub max_concurrency: u32,
    /// Why invocations failed whole, the commonest first.
    pub failures: Vec<FailureCount>,
    /// Calls of services beside queues and tables, first those refused for want of something.
    pub services: Vec<ServiceCount>,
}

/// What a chart over time needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// The most invocations at one time since the last reading.
    pub concurrency_peak: u32,
    /// Writes throttled so far.
    pub throttled_writes: u64,
    /// Invocations throttled so far.
    pub throttled_invocations: u64,
}

impl Counters {
    /// Counts an operation that a table throttled for `reason`.
    pub fn throttled(&self, side: Side, reason: &str) {
        match side {
            Side::Read => self.throttled_reads.add(1),
            Side::Write => self.throttled_writes.add(1),
        }
        let mut reasons = self
            .throttled
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match reasons.get_mut(reason) {
            Some(count) => *count += 1,
            None => drop(reasons.insert(reason.to_owned(), 1)),
        }
    }

    /// Counts records named in a partial batch response that were not expected to fail.
    pub(super) fn named_unexpectedly(&self, records: u64) {
        let mut counted = self.unexpected_records();
        *counted = Some(counted.unwrap_or_default() + records);
    }

    fn unexpected_records(&self) -> MutexGuard<'_, Option<u64>> {
        let counted = self.unexpected_records.lock();
        counted.unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that `concurrency` invocations are running.
    pub fn saw_concurrency(&self, concurrency: u32) {
        self.running.store(concurrency, Ordering::Relaxed);
        for peak in [&self.max_concurrency, &self.recent_concurrency] {
            peak.fetch_max(concurrency, Ordering::Relaxed);
        }
    }

    /// What a chart over time needs; the peak starts anew, so one reader at a time.
    pub fn reading(&self) -> Reading {
        let running = self.running.load(Ordering::Relaxed);
        let peak = self.recent_concurrency.swap(running, Ordering::Relaxed);
        Reading {
            concurrency_peak: peak.max(running),
            throttled_writes: self.throttled_writes.get(),
            throttled_invocations: self.throttled_invocations.get(),
        }
    }

    /// All that was counted so far.
    pub fn figures(&self) -> Figures {
        let reasons = self
            .throttled
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        Figures {
            invocations: self.invocations.get(),
            failed_invocations: self.failed_invocations.get(),
            failed_records: self.failed_records.get(),
            unexpected_records: *self.unexpected_records(),
            throttled_writes: self.throttled_writes.get(),
            throttled_reads: self.throttled_reads.get(),
            throttling_reasons: reasons.clone(),
            cold_starts: self.cold_starts.get(),
            backed_off: self.backed_off.get(),
            throttled_invocations: self.throttled_invocations.get(),
            filtered_messages: self.filtered_messages.get(),
            max_concurrency: self.max_concurrency.load(Ordering::Relaxed),
            failed_deletes: self.failed_deletes.get(),
            failures: self.failures.counts(),
            services: self.services.counts(),
        }
    }
}
