//! Reading the stores once the pipeline is at rest: scan, sweep, and one more look for the missing.

use std::path::PathBuf;
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime};

use super::Activity;
use super::missing::{Looking, not_looked_up};
use super::observation_log::Counting;
use super::places::LetterPlace;
use super::tables::{contradicted, read_tables};
use crate::clock;
use crate::ledger::Ledger;
use crate::load::Schedule;
use crate::order::OrderPlan;
use crate::store::{Page, StoreError, Stores, TableAt};
use crate::verify::{
    Collector, DoorSeen, FunctionStart, Observation, Quiescence, Retention, StoredTimes, Sweep,
};

/// Asks whether a function has started.
pub type AskFunction = dyn Fn() -> FunctionStart + Send;

/// Asks what orders were sent to in the queue's place.
pub type AskDoor = dyn Fn() -> DoorSeen + Send;

/// What is to be observed.
pub struct ObservePlan {
    /// What each order contains.
    pub orders: OrderPlan,
    /// When each was due.
    pub schedule: Schedule,
    /// Phases of the load profile.
    pub phases: usize,
    /// What became of the sends.
    pub ledger: Ledger,
    /// The run's start on the monotonic clock.
    pub start: Instant,
    /// The run's start on the wall clock.
    pub start_wall: SystemTime,
    /// From the start to the last reply.
    pub last_send: Duration,
    /// How long to wait for rest.
    pub patience: Duration,
    /// The orders queue's visibility timeout.
    pub visibility_timeout: Duration,
    /// Its receives before a message moves to the dead-letter queue.
    pub max_receive_count: u32,
    /// Whether the function has started, where one of the user's own runs here: one that never does is not waited
    /// for.
    pub function: Option<Box<AskFunction>>,
    /// Whether what orders were sent to in the queue's place still holds some; `None` where that was the queue itself.
    pub door: Option<Box<AskDoor>>,
    /// The run's folder, where what was seen is kept while it is being looked at; `None` for the embedded
    /// pipeline, which ends with its verifier.
    pub folder: Option<PathBuf>,
    /// Which pages of the tables count that are kept there.
    pub kept: KeptPages,
    /// Table and queues were made for this run, or were seen to be empty before its first send.
    pub own_stores: bool,
}

/// Which pages of the tables count that were read before, and are kept in the run's folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeptPages {
    /// Those that were read since; what is of before the last send says nothing of where orders have ended.
    pub since: SystemTime,
    /// Those that workers have read of their parts, too.
    pub parts: bool,
}

impl KeptPages {
    /// Those of earlier verifiers alone, of a run that began at `start`.
    pub fn of_verifiers(start: SystemTime) -> Self {
        Self {
            since: start,
            parts: false,
        }
    }
}

impl ObservePlan {
    /// Which pages count by now.
    pub(super) fn counting(&self) -> Counting {
        Counting {
            since: self.kept.since,
            now: clock::wall(),
        }
    }
}

/// Reads everything there is; what cannot be read is marked incomplete, never left out silently.
pub(super) async fn observe(
    stores: &Stores,
    plan: &ObservePlan,
    quiescence: Quiescence,
    status: &Mutex<Activity>,
) -> (Observation, StoredTimes) {
    // Before anything is read: what comes out of it later would not be seen.
    let door = plan.door.as_ref().map(|ask| ask());
    let stores = &stores.expecting(plan.schedule.count());
    let mut collector = Collector::new(
        plan.orders.clone(),
        &plan.schedule,
        plan.start_wall,
        plan.phases,
    );
    collector.messages(&plan.ledger);
    set(status, "reading the table".into());
    let scan = {
        let (mut items, mut requests) = (0, 0);
        let take = |table: &TableAt, page: &Page, read_at: Option<SystemTime>| {
            items += page.rows.len() as u64;
            collector.read_at(match read_at {
                None => age(plan),
                Some(at) => at.duration_since(plan.start_wall).unwrap_or_default(),
            });
            collector.rows(&table.called, &page.rows);
        };
        let result = read_tables(stores, plan, quiescence.reached, &mut requests, take).await;
        sweep_of(result, items, requests, plan)
    };
    set(
        status,
        format!("{} rows read, sweeping the dead-letter queue", scan.items),
    );
    let mut places = LetterPlace::all(stores);
    for place in &mut places {
        place.sweep(plan, &mut collector).await;
    }
    let mut looking = Looking {
        stores,
        plan,
        collector: &mut collector,
        places: &mut places,
        status,
    };
    let (lookups, found, scanned_again) = match scan.complete || plan.folder.is_none() {
        true => looking.look_up_missing().await,
        // Each key costs a read unit, and nobody is called lost after such a scan.
        false => (not_looked_up(), 0, false),
    };
    looking.may_have_moved_on();
    let scan = contradicted(scan, found, scanned_again);
    let mut retention = Retention {
        shortest: stores.shortest_retention().await.ok(),
        age: age(plan),
    };
    let swept = LetterPlace::swept(looking.places);
    let complete = [&scan, &lookups, &swept].iter().all(|part| part.complete);
    // Where evidence is missing anyway nothing will be called lost, and there is nothing to wait for.
    let (mut quiescence, mut lookups) = (quiescence, lookups);
    if complete && quiescence.reached && retention.holds() {
        let again = looking.look_again(&mut lookups);
        if let Err(evidence) = again.await {
            quiescence.reached = false;
            quiescence.evidence = evidence;
        }
        retention.age = age(plan);
    }
    let observation = collector.observation(Observation {
        quiescence,
        scan,
        lookups,
        dead_letter_sweep: LetterPlace::swept(&places),
        retention,
        own_stores: plan.own_stores,
        letter_receives: LetterPlace::receives(&places),
        door,
        ..Observation::default()
    });
    (observation, collector.into_times())
}

/// How long ago the run started: by the wall clock if that says more, since the monotonic one stands still
/// while the machine sleeps.
pub(super) fn age(plan: &ObservePlan) -> Duration {
    let by_wall = clock::wall().duration_since(plan.start_wall);
    plan.start.elapsed().max(by_wall.unwrap_or_default())
}

/// How reading a store went. Where it outlives its verifier, what failed can be tried again.
pub(super) fn sweep_of(
    result: Result<(), StoreError>,
    items: u64,
    requests: u64,
    plan: &ObservePlan,
) -> Sweep {
    let outlives = plan.folder.is_some();
    Sweep {
        complete: result.is_ok(),
        items,
        requests,
        error: result.err().map(|error| match outlives {
            true => error.while_observing(),
            false => error.to_string(),
        }),
    }
}

pub(super) fn set(status: &Mutex<Activity>, words: String) {
    set_activity(status, Activity::Reading { words, until: None });
}

pub(super) fn set_activity(status: &Mutex<Activity>, activity: Activity) {
    *status
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner) = activity;
}
