//! One batch on its way from the pacer to a sender, and what pacer and senders share.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use super::alarm::{Alarms, SentOrder};
use super::lanes::Lanes;
use super::tally::Tally;
use super::{Progress, StopSignal};
use crate::journal::JournalHandle;
use crate::ledger::{MessageId, Outcome};
use crate::load::Dispatch;
use crate::order::{Door, OrderPlan};
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

    /// The first `count` orders, and the others if there are any; all are due when they were.
    ///
    /// # Panics
    /// When there are not so many.
    pub(super) fn split(self, count: usize) -> (Self, Option<Self>) {
        let all = usize::from(self.dispatch.count);
        let part = |range: Range<usize>| {
            let mut part = self;
            part.dispatch.first += range.start as u64;
            part.dispatch.count = u8::try_from(range.len()).expect("no more than all");
            part.intended_at[..range.len()].copy_from_slice(&self.intended_at[range]);
            part
        };
        (part(0..count), (count < all).then(|| part(count..all)))
    }

    /// The intended instant of each order, ascending.
    pub(super) fn intended_at(&self) -> &[Duration] {
        &self.intended_at[..self.dispatch.count.into()]
    }
}

/// What the pacer and the pool share.
pub(super) struct Shared {
    /// With their due times, once the run's start is known: before there is work.
    pub(super) orders: OnceLock<OrderPlan>,
    pub(super) pool: SenderPool,
    /// What orders are sent to.
    pub(super) door: Door,
    pub(super) queue: flume::Receiver<Work>,
    /// Who waits for whom, where the queue keeps groups in order.
    pub(super) lanes: Option<Lanes>,
    pub(super) progress: Arc<Progress>,
    pub(super) stop: StopSignal,
    /// The rules that end the sending.
    pub(super) alarms: Alarms,
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
    fn record(
        &self,
        outcome: Outcome,
        orders: Range<u64>,
        messages: impl IntoIterator<Item = (u64, MessageId)>,
    ) {
        self.journal
            .get()
            .expect("there is a journal before there is work")
            .record_named(outcome, orders, messages);
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

    /// What each order contains.
    pub(super) fn orders(&self) -> &OrderPlan {
        self.orders
            .get()
            .expect("orders are known before there is work")
    }

    /// A batch that will not be sent.
    pub(super) fn leave_unsent(&self, work: &Work) {
        self.record(Outcome::Unsent, work.orders(), None);
        let count = u64::from(work.dispatch.count);
        self.progress.unsent.fetch_add(count, Ordering::Relaxed);
    }

    /// Since the run's start.
    pub(super) fn now(&self) -> Duration {
        self.progress.elapsed()
    }
}

/// What of a batch waits until the rest of it has been sent, since one request does not take it all. Should the sender
/// end before, it stays unsent.
pub(super) struct Waiting<'a> {
    shared: &'a Shared,
    work: Option<Work>,
}

impl<'a> Waiting<'a> {
    pub(super) fn new(shared: &'a Shared, work: Option<Work>) -> Self {
        Self { shared, work }
    }

    /// It waits no longer.
    pub(super) fn take(mut self) -> Option<Work> {
        self.work.take()
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let Some(work) = self.work.take() else { return };
        self.shared.leave_unsent(&work);
        let tally = self.shared.tally.lock();
        let mut tally = tally.unwrap_or_else(PoisonError::into_inner);
        tally.unsent(&work, self.shared.now());
        let count = u64::from(work.dispatch.count);
        let in_flight = &self.shared.progress.in_flight;
        in_flight.fetch_sub(count, Ordering::AcqRel);
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

    /// Stops the sending once a rule is surely broken.
    fn alarm(&self, acked_at: Duration, reply: &SendReply) {
        let sent_at = self.sent_at;
        for (&intended_at, entry) in self.work.intended_at().iter().zip(&reply.entries) {
            let order = SentOrder {
                intended_at,
                schedule_lag: sent_at.saturating_sub(self.work.dispatch.due),
                response_time: acked_at.saturating_sub(intended_at),
                service_time: acked_at.saturating_sub(sent_at),
                outcome: entry.outcome,
            };
            if self.shared.alarms.settled(&order, acked_at) {
                self.shared.stop.stop();
            }
        }
    }

    fn conclude(&self, acked_at: Duration, reply: &SendReply) {
        let first = self.work.dispatch.first;
        let mut counts = [0u64; 3];
        let mut k = first;
        for alike in reply
            .entries
            .chunk_by(|one, next| one.outcome == next.outcome)
        {
            let outcome = alike[0].outcome;
            let end = k + alike.len() as u64;
            let messages = (k..end).zip(alike);
            let messages = messages.filter_map(|(k, entry)| Some((k, entry.message_id.clone()?)));
            self.shared.record(outcome, k..end, messages);
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
        if !self.shared.alarms.is_empty() {
            self.alarm(acked_at, reply);
        }
        let progress = &self.shared.progress;
        progress.answered(&self.work, self.sent_at, acked_at, reply);
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
            let entry = EntryOutcome::indeterminate("the sender was ended");
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_split_batch_is_the_same_orders_due_at_the_same_instants() {
        let dispatch = Dispatch {
            due: Duration::from_secs(9),
            first_due: Duration::from_secs(5),
            first: 40,
            count: 5,
        };
        let mut arrivals = (40..45).map(|k| (k, Duration::from_secs(k - 35)));
        let work = Work::new(dispatch, &mut arrivals);
        for count in 1..=5 {
            let (now, later) = work.split(count);
            let parts = [Some(now), later];
            let orders = parts.iter().flatten().flat_map(Work::orders);
            assert!(orders.eq(40..45), "{count}");
            let due = parts.iter().flatten().flat_map(Work::intended_at).copied();
            assert!(due.eq((5..10).map(Duration::from_secs)), "{count}");
            assert_eq!(later.is_some(), count < 5);
        }
    }
}
