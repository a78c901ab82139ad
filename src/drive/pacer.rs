//! The pacer: walks the schedule and hands each batch over when it is due, never before its intent is
//! in the journal.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime};

use roaring::RoaringBitmap;

use super::before::RowsBefore;
use super::pace::{Pace, thread_cpu_time};
use super::plan::DrivePlan;
use super::sabotage::Sabotage;
use super::tally::Tally;
use super::work::{Shared, Work};
use super::{DriveError, Started};
use crate::clock;
use crate::journal::JournalWriter;
use crate::ledger::{
    JOURNAL_SCHEMA_VERSION, JOURNAL_SCHEMA_VERSION_NAMED, JOURNAL_SCHEMA_VERSION_SHARD,
    JournalError, JournalHeader, Outcome,
};
use crate::load::{OwnDispatch, Schedule, Shard, Split};
use crate::order::Times;
use crate::store::Target;

/// From when everything is ready to when the first order may be due: time to make the journal.
const LEAD: Duration = Duration::from_millis(300);
/// The same where rows are written before orders are sent: time for the first of them, too.
const LEAD_WITH_ROWS: Duration = Duration::from_secs(2);
/// Rows are written this long before their orders are due, so that no table holds up a sender for a while.
const ROWS_AHEAD: Duration = Duration::from_secs(10);
/// How long the senders get to be there; those that come later are welcome.
const POOL_WAIT_MAX: Duration = Duration::from_secs(10);
/// Orders are intended this long before they are due, so that no disk holds up a sender.
const INTENT_AHEAD: Duration = Duration::from_secs(2);
/// What is intended at once.
const INTENT_BLOCK: Duration = Duration::from_secs(1);
/// The pacer wakes no more often than this: above 10,000 batches a second it sends what is due.
const SLOT: Duration = Duration::from_micros(100);
/// The longest it sleeps without looking whether to stop.
const STOP_CHECK: Duration = Duration::from_millis(20);

/// Makes the journal, once its header is known, and of a part of the schedule its orders.
pub(super) type NewJournal<'a> = dyn Fn(
        &JournalHeader,
        Option<RoaringBitmap>,
        Option<&Sabotage>,
    ) -> Result<JournalWriter, JournalError>
    + Sync
    + 'a;

/// What the pacer leaves behind.
pub(super) struct Paced {
    pub(super) journal: JournalWriter,
    pub(super) started: Started,
    pub(super) late_by: Duration,
    /// Orders that were to be sent.
    pub(super) own_orders: u64,
    pub(super) tally: Tally,
    pub(super) interrupted: bool,
    pub(super) cpu_time: Duration,
}

/// Waits for the pool, creates the journal and walks the whole schedule; `None` if the pool ended
/// before there was anything to send.
pub(super) fn pace(
    plan: &DrivePlan,
    target: &Target,
    schedule: &Schedule,
    new_journal: &NewJournal<'_>,
    sabotage: Option<Sabotage>,
    shared: &Arc<Shared>,
    queue: flume::Sender<Work>,
) -> Result<Option<Paced>, DriveError> {
    if !shared.barrier.wait_complete(POOL_WAIT_MAX) {
        return Ok(None);
    }
    let lead = match plan.orders.model.spec().before.is_empty() {
        true => LEAD,
        false => LEAD_WITH_ROWS,
    };
    let started = match plan.part {
        Some(part) => start_at(part.start_at),
        None => Started {
            instant: Instant::now() + lead,
            wall: clock::wall() + lead,
        },
    };
    let orders = plan.orders.clone();
    let orders = orders.due(Times::new(started.unix_ms(), schedule.clone()));
    let shard = plan.part.map_or(Shard::WHOLE, |part| part.shard);
    let sending = &plan.scenario.sending;
    let group = |k| orders.group(k).unwrap_or_default();
    let split = match plan.scenario.pipeline.fifo {
        true => Split::Groups(&group),
        false => Split::Dispatches,
    };
    let own = plan
        .part
        .map(|_| shard.orders(schedule, sending.batch, sending.linger, split));
    let before = RowsBefore::start(&orders, own.as_ref(), target)?;
    let _ = shared.orders.set(orders.clone());
    let header = JournalHeader {
        schema_version: match (plan.part, plan.orders.keeps_message_ids()) {
            (Some(_), _) => JOURNAL_SCHEMA_VERSION_SHARD,
            (None, true) => JOURNAL_SCHEMA_VERSION_NAMED,
            (None, false) => JOURNAL_SCHEMA_VERSION,
        },
        run_id: plan.orders.run,
        seed: plan.scenario.seed,
        planned: schedule.count(),
        scenario_digest: plan.scenario_digest.clone(),
        started_at: started.wall,
        plan_digest: plan.plan_digest.clone(),
        shard: plan.part.map(|part| part.shard),
    };
    let journal = new_journal(&header, own.clone(), sabotage.as_ref())?;
    let _ = shared.journal.set(journal.handle());
    shared.progress.start(started);
    let mut pacer = Pacer {
        shared,
        journal: &journal,
        schedule,
        tally: Tally::new(schedule.profile(), plan.scenario.phases.len()),
        pace: Pace::new(started.instant),
        own,
        wanted: 0,
        before,
        woken_at: Duration::ZERO,
        sabotage,
        max_in_flight: u64::from(plan.scenario.sending.max_in_flight),
    };
    let dispatches = shard.dispatches(schedule, sending.batch, sending.linger, split);
    if let Some(lanes) = &shared.lanes {
        lanes.open(queue.clone());
    }
    let _end = EndOfWork(shared);
    let late_by = Instant::now().saturating_duration_since(started.instant);
    let own_orders = pacer.own.as_ref().map(RoaringBitmap::len);
    let interrupted = !pacer.walk(dispatches, &queue);
    let tally = pacer.tally;
    Ok(Some(Paced {
        journal,
        started,
        late_by,
        own_orders: own_orders.unwrap_or(schedule.count()),
        tally,
        interrupted,
        cpu_time: thread_cpu_time(),
    }))
}

/// The start at `wall`, which may lie a little behind.
fn start_at(wall: SystemTime) -> Started {
    let (now, now_wall) = (Instant::now(), clock::wall());
    let instant = match wall.duration_since(now_wall) {
        Ok(ahead) => now + ahead,
        Err(behind) => now.checked_sub(behind.duration()).unwrap_or(now),
    };
    Started { instant, wall }
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
    shared: &'a Shared,
    journal: &'a JournalWriter,
    schedule: &'a Schedule,
    tally: Tally,
    pace: Pace,
    /// The orders of the part that is sent, where it is not the whole.
    own: Option<RoaringBitmap>,
    /// Orders before this were asked to be intended.
    wanted: u64,
    /// Who writes the rows that are there before orders are sent.
    before: Option<RowsBefore>,
    woken_at: Duration,
    sabotage: Option<Sabotage>,
    max_in_flight: u64,
}

impl Pacer<'_> {
    /// Whether every dispatch was handed over or counted unsent.
    fn walk(
        &mut self,
        dispatches: impl Iterator<Item = OwnDispatch>,
        queue: &flume::Sender<Work>,
    ) -> bool {
        let mut next = 0;
        for own in dispatches {
            let work = Work::from(&own);
            let (due, end) = (own.dispatch.due, work.end());
            self.intend_ahead(due, end);
            if !self.wait_for(due) || self.journal.wait_intended(end).is_err() {
                self.leave_rest(next);
                return false;
            }
            if !self.release(work, queue) {
                self.leave_rest(next);
                return false;
            }
            next = end;
            if let Some(sabotage) = &mut self.sabotage {
                sabotage.reached(end);
            }
        }
        true
    }

    /// Asks for the next block while the one before it is being sent.
    fn intend_ahead(&mut self, due: Duration, end: u64) {
        let profile = self.schedule.profile();
        let planned = self.schedule.count();
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
    fn release(&mut self, work: Work, queue: &flume::Sender<Work>) -> bool {
        let Some(before) = &self.before else {
            self.hand_over(work, queue);
            return true;
        };
        let stopped = || self.shared.stop.is_stopped() || self.shared.barrier.is_over();
        let Some(refused) = before.wait(work.dispatch.first..work.end(), stopped) else {
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
        self.tally.unsent(work, self.pace.elapsed());
        for why in work.orders().iter().filter_map(|k| refused.get(k)) {
            let reason = format!("a row that must be there before could not be written: {why}");
            self.tally.withheld(&reason);
        }
    }

    /// Sleeps until `due`; false if sending is to stop.
    fn wait_for(&mut self, due: Duration) -> bool {
        loop {
            let journal_failed = self.journal.is_stopped();
            if self.shared.stop.is_stopped() || journal_failed || self.shared.barrier.is_over() {
                return false;
            }
            if !self.pace.has_started() {
                self.pace.sleep_until(Duration::ZERO);
                continue;
            }
            let now = self.pace.elapsed();
            if now >= due {
                return true;
            }
            // No sooner than a slot after the last wake-up: then everything due by then goes at once.
            let step = due.max(self.woken_at + SLOT).min(now + STOP_CHECK);
            self.pace.sleep_until(step);
            self.woken_at = step;
        }
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
        self.tally.unsent(&work, self.pace.elapsed());
    }

    /// What is intended and will not be sent is recorded as such; what is not intended needs no word.
    fn leave_rest(&self, next: u64) {
        // If the journal fails here it says so itself when it is finished.
        let _ = self.journal.wait_intended(self.wanted);
        let intended = self.journal.intended();
        let Some(own) = &self.own else {
            if next < intended {
                self.journal.record(Outcome::Unsent, next..intended);
            }
            return;
        };
        let narrow = |k: u64| u32::try_from(k).expect("a sequence number below 10^9");
        for k in own.range(narrow(next)..narrow(intended.max(next))) {
            let k = u64::from(k);
            self.journal.record(Outcome::Unsent, k..k + 1);
        }
    }
}

/// Whole orders of an integral, within the plan.
fn arrived(integral: f64, planned: u64) -> u64 {
    (integral.max(0.0).ceil() as u64).min(planned)
}
