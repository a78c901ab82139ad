//! The pacer of a thread: walks its part of the schedule and hands each batch over when it is due, never before its intent
//! is in the journal.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::before::RowsBefore;
use super::course::{Begun, Course};
use super::tally::Tally;
use super::timer::Timer;
use super::work::{Shared, Work};
use crate::journal::JournalHandle;
use crate::ledger::Outcome;
use crate::load::{OwnDispatch, OwnDispatches, Shard};

/// Rows are written this long before their orders are due, so that no table holds up a sender for a while.
const ROWS_AHEAD: Duration = Duration::from_secs(10);
/// Orders are intended this long before they are due, so that no disk holds up a sender.
const INTENT_AHEAD: Duration = Duration::from_secs(2);
/// What is intended at once.
const INTENT_BLOCK: Duration = Duration::from_secs(1);
/// The pacer wakes no more often than this: above 5,000 batches a second it sends what is due. To set an alarm costs as much
/// as a third of a batch where a hypervisor has to be asked.
const SLOT: Duration = Duration::from_micros(200);
/// The longest it sleeps without looking whether to stop.
const STOP_CHECK: Duration = Duration::from_millis(20);

/// Batches that are handed over before the senders get a turn, should more be due.
const HANDED_OVER_AT_ONCE: u32 = 16;

/// Arrivals that are looked through for groups of its own before the senders get a turn.
const LOOKED_THROUGH_AT_ONCE: usize = 256;

/// What a pacer leaves behind.
pub(super) struct Paced {
    pub(super) tally: Tally,
    pub(super) interrupted: bool,
}

/// Walks `shard`'s part of the schedule, once it has begun. With `shared` its senders end, too.
pub(super) async fn walk(
    course: &Course,
    shard: Shard,
    begun: &Begun,
    before: Option<RowsBefore>,
    shared: &Arc<Shared>,
    queue: flume::Sender<Work>,
) -> Paced {
    let scenario = &course.plan.scenario;
    let journal = shared.journal.get_or_init(|| begun.journal.lane());
    let _ = shared.orders.set(begun.orders.clone());
    let mut pacer = Pacer {
        course,
        shared,
        journal,
        tally: Tally::new(course.schedule.profile(), scenario.phases.len()),
        timer: Timer::new(begun.started.instant),
        wanted: 0,
        before,
        woken_at: Duration::ZERO,
        in_a_row: 0,
        max_in_flight: u64::from(scenario.sending.max_in_flight),
    };
    let group = |k| begun.orders.group(k).unwrap_or_default();
    let mut dispatches = course.dispatches(shard, &group);
    if let Some(lanes) = &shared.lanes {
        lanes.open(queue.clone());
    }
    let _end = EndOfWork(shared);
    let left = pacer.walk(&mut dispatches, &queue).await;
    // Its thread may be in the middle of a write: replies are read meanwhile.
    if let Some(before) = pacer.before.take() {
        let _ = tokio::task::spawn_blocking(move || drop(before)).await;
    }
    let interrupted = left.is_some();
    if let Some(left) = left {
        course.halt();
        pacer.leave(left, dispatches).await;
    }
    Paced {
        tally: pacer.tally,
        interrupted,
    }
}

/// However the pacer ends, those that wait for nobody else are the last.
struct EndOfWork<'a>(&'a Shared);

impl Drop for EndOfWork<'_> {
    fn drop(&mut self) {
        if let Some(lanes) = &self.0.lanes {
            lanes.close();
        }
    }
}

struct Pacer<'a> {
    course: &'a Course,
    shared: &'a Shared,
    journal: &'a JournalHandle,
    tally: Tally,
    timer: Timer,
    /// Orders before this were asked to be intended.
    wanted: u64,
    /// Who writes the rows that are there before orders are sent.
    before: Option<RowsBefore>,
    woken_at: Duration,
    /// Batches that were handed over since the senders had a turn.
    in_a_row: u32,
    max_in_flight: u64,
}

impl Pacer<'_> {
    /// Hands over every dispatch, or counts it unsent: the one at which this was to stop, if it was.
    async fn walk(
        &mut self,
        dispatches: &mut OwnDispatches<'_>,
        queue: &flume::Sender<Work>,
    ) -> Option<OwnDispatch> {
        while let Some(own) = next_of(dispatches).await {
            let work = Work::from(&own);
            let (due, end) = (own.dispatch.due, work.end());
            self.intend_ahead(due, end);
            if !self.wait_for(due).await || !self.wait_intended(end).await {
                return Some(own);
            }
            if !self.release(work, queue).await {
                return Some(own);
            }
            self.course.reached(end);
        }
        None
    }

    /// Asks for the next block while the one before it is being sent.
    fn intend_ahead(&mut self, due: Duration, end: u64) {
        let profile = self.course.schedule.profile();
        let planned = self.course.schedule.count();
        let needed = arrived(profile.integral(due + INTENT_AHEAD), planned).max(end);
        if needed > self.wanted {
            let block = profile.integral(due + INTENT_AHEAD + INTENT_BLOCK);
            self.wanted = arrived(block, planned).max(end);
            self.journal.intend(self.wanted);
        }
        if let Some(before) = &self.before {
            let rows = arrived(profile.integral(due + ROWS_AHEAD), planned).max(end);
            before.want(rows);
        }
    }

    /// Hands over those orders of `work` whose rows are there; the others stay unsent. False if sending is to stop.
    async fn release(&mut self, work: Work, queue: &flume::Sender<Work>) -> bool {
        let Some(before) = &self.before else {
            self.hand_over(work, queue);
            return true;
        };
        let stopped = || self.is_to_stop();
        let Some(refused) = before.wait(work.dispatch.first..work.end(), stopped).await else {
            return false;
        };
        let mut rest = Some(work);
        while let Some(work) = rest {
            let first = work.dispatch.first;
            let ends = |k: &u64| refused.contains_key(k) != refused.contains_key(&first);
            let alike = work.orders().iter().position(ends);
            let (part, left) = work.split(alike.unwrap_or(work.orders().len()));
            rest = left;
            match refused.get(&first) {
                None => self.hand_over(part, queue),
                Some(_) => self.withhold(&part, &refused),
            }
        }
        true
    }

    /// Orders that fall due and are not sent, as some of their rows could not be written.
    fn withhold(&mut self, work: &Work, refused: &BTreeMap<u64, String>) {
        self.tally.scheduled(work);
        let count = u64::from(work.dispatch.count);
        let scheduled = &self.shared.progress.scheduled;
        scheduled.fetch_add(count, Ordering::Relaxed);
        self.shared.leave_unsent(work);
        self.tally.unsent(work, self.timer.elapsed());
        for why in work.orders().iter().filter_map(|k| refused.get(k)) {
            let reason = format!("a row that must be there before could not be written: {why}");
            self.tally.withheld(&reason);
        }
    }

    /// Sleeps until `due`; false if sending is to stop.
    async fn wait_for(&mut self, due: Duration) -> bool {
        loop {
            if self.is_to_stop() {
                return false;
            }
            if !self.timer.has_started() {
                // Workers may have agreed on a start that is far ahead.
                let start = self.timer.sleep_until(Duration::ZERO);
                let _ = tokio::time::timeout(STOP_CHECK, start).await;
                continue;
            }
            let now = self.timer.elapsed();
            if now >= due {
                self.in_a_row += 1;
                if self.in_a_row > HANDED_OVER_AT_ONCE {
                    self.in_a_row = 0;
                    tokio::task::yield_now().await;
                }
                return true;
            }
            // No sooner than a slot after the last wake-up: then everything due by then goes at once.
            let step = due.max(self.woken_at + SLOT).min(now + STOP_CHECK);
            self.timer.sleep_until(step).await;
            (self.woken_at, self.in_a_row) = (step, 0);
        }
    }

    /// Waits until the orders before `end` are intended; false if sending is to stop.
    async fn wait_intended(&self, end: u64) -> bool {
        while self.journal.intended() < end {
            if self.is_to_stop() {
                return false;
            }
            // Asked for long before: this is for a disk that does not keep up.
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        !self.journal.is_stopped()
    }

    fn is_to_stop(&self) -> bool {
        let shared = self.shared;
        let is_over = shared.stop.is_stopped() || shared.barrier.is_over();
        is_over || self.journal.is_stopped() || self.course.is_halted()
    }

    fn hand_over(&mut self, work: Work, queue: &flume::Sender<Work>) {
        self.tally.scheduled(&work);
        let progress = &self.shared.progress;
        let count = u64::from(work.dispatch.count);
        progress.scheduled.fetch_add(count, Ordering::Relaxed);
        let admitted = self.shared.admit(&work, self.max_in_flight);
        let handed_over = |shared: &Shared| match &shared.lanes {
            None => queue.send(work).is_ok(),
            Some(lanes) => lanes.enter(work, shared.orders()),
        };
        if admitted && handed_over(self.shared) {
            return;
        }
        if admitted {
            progress.in_flight.fetch_sub(count, Ordering::AcqRel);
        }
        self.shared.leave_unsent(&work);
        self.tally.unsent(&work, self.timer.elapsed());
    }

    /// What is intended and will not be sent is recorded as such; what is not intended needs no word.
    async fn leave(&self, left: OwnDispatch, mut dispatches: OwnDispatches<'_>) {
        let end = self.journal.close();
        // If the journal fails here it says so itself when it is finished.
        while self.journal.intended() < end && !self.journal.is_stopped() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let intended = self.journal.intended();
        let (mut left, mut at) = (Some(left), 0_u64);
        while let Some(own) = left {
            if own.dispatch.first >= intended {
                return;
            }
            for &k in own.orders().iter().filter(|&&k| k < intended) {
                self.journal.record(Outcome::Unsent, k..k + 1);
            }
            // Replies to what is on its way are read meanwhile.
            at += 1;
            if at.is_multiple_of(HANDED_OVER_AT_ONCE.into()) {
                tokio::task::yield_now().await;
            }
            left = next_of(&mut dispatches).await;
        }
    }
}

/// The next dispatch. Where groups of its own are rare the senders get their turns meanwhile.
async fn next_of(dispatches: &mut OwnDispatches<'_>) -> Option<OwnDispatch> {
    while !dispatches.look_ahead(LOOKED_THROUGH_AT_ONCE) {
        tokio::task::yield_now().await;
    }
    dispatches.next()
}

/// Whole orders of an integral, within the plan.
fn arrived(integral: f64, planned: u64) -> u64 {
    (integral.max(0.0).ceil() as u64).min(planned)
}
