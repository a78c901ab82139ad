//! One batch on its way from the pacer to a sender, and what pacer and senders share.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use super::tally::Tally;
use super::{Progress, StopSignal};
use crate::journal::JournalHandle;
use crate::ledger::Outcome;
use crate::load::Dispatch;
use crate::order::OrderPlan;
use crate::send::{BATCH_MAX, EntryOutcome, SendReply, SenderPool};

/// A batch that is due, and when each of its orders was.
#[derive(Debug, Clone, Copy)]
pub(super) struct Work {
    pub(super) dispatch: Dispatch,
    intended_at: [Duration; BATCH_MAX],
}

impl Work {
    /// The next dispatch with the arrivals it is made of.
    pub(super) fn new(
        dispatch: Dispatch,
        arrivals: &mut impl Iterator<Item = (u64, Duration)>,
    ) -> Self {
        let mut intended_at = [dispatch.due; BATCH_MAX];
        for (slot, (k, due)) in intended_at
            .iter_mut()
            .zip(arrivals.take(dispatch.count.into()))
        {
            debug_assert!(dispatch.orders().contains(&k));
            *slot = due;
        }
        Self {
            dispatch,
            intended_at,
        }
    }

    pub(super) fn orders(&self) -> Range<u64> {
        self.dispatch.orders()
    }

    /// The intended instant of each order, ascending.
    pub(super) fn intended_at(&self) -> &[Duration] {
        &self.intended_at[..self.dispatch.count.into()]
    }
}

/// What the pacer and the pool share.
pub(super) struct Shared {
    pub(super) orders: OrderPlan,
    pub(super) pool: SenderPool,
    pub(super) queue: flume::Receiver<Work>,
    pub(super) progress: Arc<Progress>,
    pub(super) stop: StopSignal,
    /// What the senders measured.
    pub(super) tally: Mutex<Tally>,
    pub(super) journal: OnceLock<JournalHandle>,
    pub(super) roll: Roll,
}

/// Which of the pool's senders are there.
pub(super) struct Roll {
    expected: usize,
    counts: Mutex<(usize, usize)>,
    changed: Condvar,
    /// The pool is no more.
    over: AtomicBool,
}

impl Roll {
    pub(super) fn new(expected: usize) -> Self {
        Self {
            expected,
            counts: Mutex::new((0, 0)),
            changed: Condvar::new(),
            over: AtomicBool::new(false),
        }
    }

    pub(super) fn enter(&self) {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).0 += 1;
        self.changed.notify_all();
    }

    /// Whether this was the last one to leave.
    pub(super) fn leave(&self) -> bool {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.1 += 1;
        counts.1 == self.expected
    }

    /// The pool has ended, to its time or before.
    pub(super) fn end(&self) {
        self.over.store(true, Ordering::Release);
        self.changed.notify_all();
    }

    pub(super) fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }

    /// Waits until every sender is there, or those that made it within `limit`; false if the pool ended.
    pub(super) fn wait_complete(&self, limit: Duration) -> bool {
        let until = Instant::now() + limit;
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        while counts.0 < self.expected && !self.is_over() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let step = left.min(Duration::from_millis(20));
            let woken = self.changed.wait_timeout(counts, step);
            counts = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        !self.is_over()
    }
}

impl Shared {
    fn record(&self, outcome: Outcome, orders: Range<u64>) {
        self.journal
            .get()
            .expect("there is a journal before there is work")
            .record(outcome, orders);
    }

    /// Counts a batch in that the pacer hands over; false if that would be too many in flight.
    pub(super) fn admit(&self, work: &Work, max_in_flight: u64) -> bool {
        let count = u64::from(work.dispatch.count);
        let in_flight = &self.progress.in_flight;
        if in_flight.load(Ordering::Acquire) + count > max_in_flight {
            return false;
        }
        let before = in_flight.fetch_add(count, Ordering::AcqRel);
        let peak = &self.progress.in_flight_peak;
        peak.fetch_max(before + count, Ordering::Relaxed);
        true
    }

    /// A batch that will not be sent.
    pub(super) fn leave_unsent(&self, work: &Work) {
        self.record(Outcome::Unsent, work.orders());
        let count = u64::from(work.dispatch.count);
        self.progress.unsent.fetch_add(count, Ordering::Relaxed);
    }

    /// Since the run's start.
    pub(super) fn now(&self) -> Duration {
        self.progress.elapsed()
    }
}

/// A batch in a sender's hand. Whatever happens to the sender, its orders get an outcome.
pub(super) struct InHand<'a> {
    shared: &'a Shared,
    work: Work,
    pub(super) sent_at: Duration,
    settled: bool,
}

impl<'a> InHand<'a> {
    /// The batch goes out now.
    pub(super) fn send(shared: &'a Shared, work: Work) -> Self {
        let sent_at = shared.now();
        let lag = sent_at.saturating_sub(work.dispatch.due);
        let progress = &shared.progress;
        let lag_us = u64::try_from(lag.as_micros()).unwrap_or(u64::MAX);
        progress.lag_us.store(lag_us, Ordering::Relaxed);
        let count = u64::from(work.dispatch.count);
        progress.offered.fetch_add(count, Ordering::Relaxed);
        Self {
            shared,
            work,
            sent_at,
            settled: false,
        }
    }

    /// The reply is here.
    pub(super) fn settle(mut self, acked_at: Duration, reply: &SendReply) {
        self.settled = true;
        self.conclude(acked_at, reply);
    }

    fn conclude(&self, acked_at: Duration, reply: &SendReply) {
        let first = self.work.dispatch.first;
        let mut counts = [0u64; 3];
        let mut entries = reply.entries.iter().map(|entry| entry.outcome).peekable();
        let mut k = first;
        while let Some(outcome) = entries.next() {
            let mut end = k + 1;
            while entries.next_if_eq(&outcome).is_some() {
                end += 1;
            }
            self.shared.record(outcome, k..end);
            match outcome {
                Outcome::Acknowledged => counts[0] += end - k,
                Outcome::Rejected => counts[1] += end - k,
                Outcome::Indeterminate | Outcome::Unsent => counts[2] += end - k,
            }
            k = end;
        }
        let mut tally = self
            .shared
            .tally
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        tally.settled(&self.work, self.sent_at, acked_at, reply);
        drop(tally);
        let progress = &self.shared.progress;
        progress
            .acknowledged
            .fetch_add(counts[0], Ordering::Relaxed);
        progress.rejected.fetch_add(counts[1], Ordering::Relaxed);
        progress
            .indeterminate
            .fetch_add(counts[2], Ordering::Relaxed);
        let count = u64::from(self.work.dispatch.count);
        progress.in_flight.fetch_sub(count, Ordering::AcqRel);
    }
}

impl Drop for InHand<'_> {
    fn drop(&mut self) {
        if !self.settled {
            let entry = EntryOutcome {
                outcome: Outcome::Indeterminate,
                reason: Some("the sender was ended".into()),
            };
            let entries = vec![entry; self.work.dispatch.count.into()];
            self.conclude(
                self.shared.now(),
                &SendReply {
                    entries,
                    status: None,
                },
            );
        }
    }
}
