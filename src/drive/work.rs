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
use crate::load::{Dispatch, OwnDispatch};
use crate::order::{Door, OrderPlan};
use crate::send::{BATCH_MAX, EntryOutcome, SendReply, SenderPool};

/// A batch that is due, and when each of its orders was.
#[derive(Debug, Clone, Copy)]
pub(super) struct Work {
    pub(super) dispatch: Dispatch,
    orders: [u64; BATCH_MAX],
    intended_at: [Duration; BATCH_MAX],
}

impl From<&OwnDispatch> for Work {
    fn from(own: &OwnDispatch) -> Self {
        let mut work = Self {
            dispatch: own.dispatch,
            orders: [0; BATCH_MAX],
            intended_at: [own.dispatch.due; BATCH_MAX],
        };
        work.orders[..own.orders().len()].copy_from_slice(own.orders());
        work.intended_at[..own.orders().len()].copy_from_slice(own.intended_at());
        work
    }
}

impl Work {
    /// The next dispatch of a whole schedule with the arrivals it is made of.
    #[cfg(test)]
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
        let mut orders = [0; BATCH_MAX];
        let numbers = orders.iter_mut().zip(dispatch.orders());
        numbers.for_each(|(slot, k)| *slot = k);
        Self {
            dispatch,
            orders,
            intended_at,
        }
    }

    /// Its sequence numbers, ascending; in the shard of a worker others may lie between them.
    pub(super) fn orders(&self) -> &[u64] {
        &self.orders[..self.dispatch.count.into()]
    }

    /// Above all of its sequence numbers.
    pub(super) fn end(&self) -> u64 {
        self.orders().last().map_or(self.dispatch.first, |k| k + 1)
    }

    /// The first `count` orders, and the others if there are any; all are due when they were.
    ///
    /// # Panics
    /// When there are not so many.
    pub(super) fn split(self, count: usize) -> (Self, Option<Self>) {
        let all = usize::from(self.dispatch.count);
        let part = |range: Range<usize>| {
            let mut part = self;
            part.dispatch.first = self.orders[range.start];
            part.dispatch.count = u8::try_from(range.len()).expect("no more than all");
            part.orders[..range.len()].copy_from_slice(&self.orders[range.clone()]);
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

/// Ascending numbers as ranges of neighbors.
fn runs(orders: &[u64]) -> impl Iterator<Item = Range<u64>> {
    orders
        .chunk_by(|one, next| one + 1 == *next)
        .map(|run| run[0]..run[run.len() - 1] + 1)
}

/// What the pacer and the pool of one thread share, and partly those of the others.
pub(super) struct Shared {
    /// With their due times, once the run's start is known: before there is work.
    pub(super) orders: OnceLock<OrderPlan>,
    pub(super) pool: Arc<SenderPool>,
    /// What orders are sent to.
    pub(super) door: Door,
    pub(super) queue: flume::Receiver<Work>,
    /// Who waits for whom, where the queue keeps groups in order.
    pub(super) lanes: Option<Lanes>,
    pub(super) progress: Arc<Progress>,
    pub(super) stop: StopSignal,
    /// The rules that end the sending.
    pub(super) alarms: Arc<Alarms>,
    /// What the senders measured.
    pub(super) tally: Mutex<Tally>,
    pub(super) journal: OnceLock<JournalHandle>,
    pub(super) barrier: SenderBarrier,
}

/// Which of the pool's senders are there.
pub(super) struct SenderBarrier {
    expected: usize,
    counts: Mutex<usize>,
    changed: Condvar,
    /// The pool is no more.
    over: AtomicBool,
}

impl SenderBarrier {
    pub(super) fn new(expected: usize) -> Self {
        Self {
            expected,
            counts: Mutex::new(0),
            changed: Condvar::new(),
            over: AtomicBool::new(false),
        }
    }

    pub(super) fn enter(&self) {
        *self.counts.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.changed.notify_all();
    }

    /// The pool has ended, to its time or before.
    pub(super) fn end(&self) {
        self.over.store(true, Ordering::Release);
        self.changed.notify_all();
    }

    pub(super) fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }

    /// Waits until every sender is there, or those that made it before `until` or a stop; false if the pool ended.
    pub(super) fn wait_complete(&self, until: Instant, stop: &StopSignal) -> bool {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        while *counts < self.expected && !self.is_over() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || stop.is_stopped() {
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

    /// Counts a batch in that the pacer hands over; false if that would be too many in flight, of all threads together.
    pub(super) fn admit(&self, work: &Work, max_in_flight: u64) -> bool {
        let count = u64::from(work.dispatch.count);
        let in_flight = &self.progress.in_flight;
        let admitted = |now: u64| (now + count <= max_in_flight).then_some(now + count);
        let Ok(before) = in_flight.fetch_update(Ordering::AcqRel, Ordering::Acquire, admitted)
        else {
            return false;
        };
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
        for orders in runs(work.orders()) {
            self.record(Outcome::Unsent, orders, None);
        }
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
        let mut counts = [0u64; 3];
        let mut rest = self.work.orders();
        for alike in reply
            .entries
            .chunk_by(|one, next| one.outcome == next.outcome)
        {
            let outcome = alike[0].outcome;
            let (orders, later) = rest.split_at(alike.len().min(rest.len()));
            rest = later;
            let mut entries = alike.iter();
            for orders in runs(orders) {
                let messages = orders.clone().zip(entries.by_ref());
                let messages =
                    messages.filter_map(|(k, entry)| Some((k, entry.message_id.clone()?)));
                self.shared.record(outcome, orders, messages);
            }
            let count = orders.len() as u64;
            match outcome {
                Outcome::Acknowledged => counts[0] += count,
                Outcome::Rejected => counts[1] += count,
                Outcome::Indeterminate | Outcome::Unsent => counts[2] += count,
            }
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
    fn senders_are_waited_for_until_a_stop() {
        let (barrier, stop) = (SenderBarrier::new(2), StopSignal::new());
        let hour = Duration::from_secs(3_600);
        let until = Instant::now() + hour;
        barrier.enter();
        stop.stop();
        assert!(barrier.wait_complete(until, &stop), "one has made it");
        assert!(Instant::now() < until);
        barrier.end();
        assert!(!barrier.wait_complete(until, &stop), "nobody is there");
    }

    #[test]
    fn numbers_are_told_in_runs_of_neighbors() {
        let told: Vec<_> = runs(&[3, 4, 5, 9, 11, 12]).collect();
        assert_eq!(told, [3..6, 9..10, 11..13]);
        assert_eq!(runs(&[]).count(), 0);
    }

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
            let orders = parts.iter().flatten().flat_map(Work::orders).copied();
            assert!(orders.eq(40..45), "{count}");
            let due = parts.iter().flatten().flat_map(Work::intended_at).copied();
            assert!(due.eq((5..10).map(Duration::from_secs)), "{count}");
            assert_eq!(later.is_some(), count < 5);
        }
    }
}
