//! What all threads of a drive walk, and how it begins: when all senders are there, a start is set and the journal made.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use roaring::{MultiOps, RoaringBitmap};

use super::before::RowsBefore;
use super::plan::DrivePlan;
use super::sabotage::Sabotage;
use super::work::Shared;
use super::{DriveError, Started};
use crate::clock;
use crate::journal::{JournalHandle, JournalWriter};
use crate::ledger::{
    JOURNAL_SCHEMA_VERSION, JOURNAL_SCHEMA_VERSION_NAMED, JOURNAL_SCHEMA_VERSION_SHARD,
    JournalError, JournalHeader,
};
use crate::load::{OwnDispatches, Schedule, Shard, Split};
use crate::order::{OrderPlan, Times};
use crate::store::Target;

/// From when everything is ready to when the first order may be due: time to make the journal.
const LEAD: Duration = Duration::from_millis(300);
/// The same where rows are written before orders are sent: time for the first of them, too.
const LEAD_WITH_ROWS: Duration = Duration::from_secs(2);
/// How long the senders get to be there; those that come later are welcome.
const POOL_WAIT_MAX: Duration = Duration::from_secs(10);

/// Makes the journal, once its header is known, and of a part of the schedule its orders.
pub(super) type NewJournal<'a> = dyn Fn(
        &JournalHeader,
        Option<RoaringBitmap>,
        Option<&Sabotage>,
    ) -> Result<JournalWriter, JournalError>
    + Sync
    + 'a;

/// What is to be sent, where, and what goes wrong on the way.
pub(super) struct Course {
    pub(super) plan: DrivePlan,
    pub(super) target: Target,
    pub(super) schedule: Schedule,
    pub(super) sabotage: Option<Mutex<Sabotage>>,
    /// One thread has stopped before its time, so that all do.
    pub(super) halted: AtomicBool,
}

/// What a thread needs to know when the sending begins.
#[derive(Clone)]
pub(super) struct Begun {
    pub(super) journal: JournalHandle,
    pub(super) started: Started,
    /// With their due times.
    pub(super) orders: OrderPlan,
}

/// A drive that has begun.
pub(super) struct Beginning {
    pub(super) journal: JournalWriter,
    pub(super) begun: Begun,
    /// Who writes, for each thread, the rows that are there before orders are sent.
    pub(super) before: Vec<Option<RowsBefore>>,
    pub(super) late_by: Duration,
    /// Orders that are to be sent.
    pub(super) own_orders: u64,
}

impl Course {
    /// Stops all threads.
    pub(super) fn halt(&self) {
        self.halted.store(true, Ordering::Release);
    }

    /// Whether all threads are to stop.
    pub(super) fn is_halted(&self) -> bool {
        self.halted.load(Ordering::Acquire)
    }

    /// What `shard` sends of the schedule.
    pub(super) fn dispatches<'a>(
        &self,
        shard: Shard,
        group: &'a dyn Fn(u64) -> String,
    ) -> OwnDispatches<'a> {
        let sending = &self.plan.scenario.sending;
        let split = self.split(group);
        shard.dispatches(&self.schedule, sending.batch, sending.linger, split)
    }

    fn orders_of(&self, shard: Shard, orders: &OrderPlan) -> RoaringBitmap {
        let sending = &self.plan.scenario.sending;
        let group = |k| orders.group(k).unwrap_or_default();
        let split = self.split(&group);
        shard.orders(&self.schedule, sending.batch, sending.linger, split)
    }

    fn split<'a>(&self, group: &'a dyn Fn(u64) -> String) -> Split<'a> {
        match self.plan.scenario.pipeline.fifo {
            true => Split::Groups(group),
            false => Split::Dispatches,
        }
    }

    /// The orders before `end` are due: brings about what goes wrong with them.
    pub(super) fn reached(&self, end: u64) {
        if let Some(sabotage) = &self.sabotage {
            let mut sabotage = sabotage.lock().unwrap_or_else(PoisonError::into_inner);
            sabotage.reached(end);
        }
    }

    /// Waits for the senders of all threads, of each shard of `shards` one, sets the start, makes the journal and has the rows
    /// written that are there before; `None` if a pool ended before there was anything to send.
    pub(super) fn begin(
        &self,
        (threads, shards): (&[Arc<Shared>], &[Shard]),
        new_journal: &NewJournal<'_>,
    ) -> Result<Option<Beginning>, DriveError> {
        let until = Instant::now() + POOL_WAIT_MAX;
        if !threads
            .iter()
            .all(|shared| shared.barrier.wait_complete(until, &shared.stop))
        {
            return Ok(None);
        }
        let plan = &self.plan;
        let lead = match self.has_rows_before() {
            false => LEAD,
            true => LEAD_WITH_ROWS,
        };
        let started = match plan.part {
            Some(part) => start_at(part.start_at),
            None => Started {
                instant: Instant::now() + lead,
                wall: clock::wall() + lead,
            },
        };
        let times = Times::new(started.unix_ms(), self.schedule.clone());
        let orders = plan.orders.clone().due(times);
        // A walk of the whole schedule for each thread may take longer than the lead.
        let hands: Vec<_> = match self.has_rows_before() {
            false => shards.iter().map(|_| None).collect(),
            true => {
                let hand = |&shard| (shard != Shard::WHOLE).then(|| self.orders_of(shard, &orders));
                shards.iter().map(hand).collect()
            }
        };
        let own = plan.part.map(|part| match self.has_rows_before() {
            true if part.shard != Shard::WHOLE => hands.iter().flatten().union(),
            _ => self.orders_of(part.shard, &orders),
        });
        let own_orders = own.as_ref().map(RoaringBitmap::len);
        let header = JournalHeader {
            schema_version: match (plan.part, plan.orders.keeps_message_ids()) {
                (Some(_), _) => JOURNAL_SCHEMA_VERSION_SHARD,
                (None, true) => JOURNAL_SCHEMA_VERSION_NAMED,
                (None, false) => JOURNAL_SCHEMA_VERSION,
            },
            run_id: plan.orders.run,
            seed: plan.scenario.seed,
            planned: self.schedule.count(),
            scenario_digest: plan.scenario_digest.clone(),
            started_at: started.wall,
            plan_digest: plan.plan_digest.clone(),
            shard: plan.part.map(|part| part.shard),
        };
        let sabotage = self.sabotage.as_ref();
        let sabotage = sabotage.map(|it| it.lock().unwrap_or_else(PoisonError::into_inner));
        let journal = new_journal(&header, own, sabotage.as_deref())?;
        if let Some(shared) = threads.first() {
            shared.progress.start(started);
        }
        let before = hands.iter();
        let before = before.map(|own| RowsBefore::start(&orders, own.as_ref(), &self.target));
        let before = before.collect::<Result<Vec<_>, _>>()?;
        Ok(Some(Beginning {
            before,
            begun: Begun {
                journal: journal.handle(),
                started,
                orders,
            },
            journal,
            late_by: Instant::now().saturating_duration_since(started.instant),
            own_orders: own_orders.unwrap_or(self.schedule.count()),
        }))
    }

    fn has_rows_before(&self) -> bool {
        !self.plan.orders.model.spec().before.is_empty()
    }
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
