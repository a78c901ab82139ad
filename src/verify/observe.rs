//! Reading the stores once the pipeline is at rest: scan, sweep, and one more look for the missing.

use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime};

use super::collector::Collector;
use super::{Observation, Quiescence, Retention, StoredTimes, Sweep};
use crate::ledger::Ledger;
use crate::load::Schedule;
use crate::order::OrderPlan;
use crate::store::{KEYS_PER_LOOKUP, StoreError, Stores};

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
}

/// Reads everything there is; what cannot be read is marked incomplete, never left out silently.
pub(super) async fn observe(
    stores: &Stores,
    plan: &ObservePlan,
    quiescence: Quiescence,
    status: &Mutex<String>,
) -> (Observation, StoredTimes) {
    let mut collector = Collector::new(plan.orders, &plan.schedule, plan.start_wall, plan.phases);
    set(status, "reading the table".into());
    let scan = {
        let (mut items, mut requests) = (0, 0);
        let result = stores
            .scan(&mut requests, |row| {
                items += 1;
                collector.row(&row);
            })
            .await;
        sweep_of(result, items, requests)
    };
    set(
        status,
        format!("{} rows read, sweeping the dead-letter queue", scan.items),
    );
    let dead_letter_sweep = {
        let (mut items, mut requests) = (0, 0);
        let result = stores
            .sweep_dead_letters(&mut requests, |letter| {
                items += 1;
                collector.dead_letter(&letter);
            })
            .await;
        sweep_of(result, items, requests)
    };
    let lookups = look_up_missing(stores, plan, &mut collector, status).await;
    let retention = Retention {
        shortest: stores.shortest_retention().await.ok(),
        age: plan.start.elapsed(),
    };
    let mut phantoms = std::mem::take(&mut collector.phantoms);
    phantoms.sort_unstable();
    phantoms.dedup();
    let observation = Observation {
        quiescence,
        scan,
        lookups,
        dead_letter_sweep,
        stored: collector.stored.clone(),
        dead_lettered: collector.dead_lettered.clone(),
        altered: collector.altered(),
        overwritten: collector.overwritten.clone(),
        phantoms,
        foreign_rows: collector.foreign_rows,
        foreign_dead_letters: collector.foreign_dead_letters,
        extra_dead_letter_copies: collector.extra_dead_letter_copies,
        redelivered: collector.redelivered,
        untimed_rows: collector.untimed_rows,
        retention,
    };
    (observation, collector.into_times())
}

/// Asks once more, by key, for every order that may have landed and was seen in neither place.
async fn look_up_missing(
    stores: &Stores,
    plan: &ObservePlan,
    collector: &mut Collector,
    status: &Mutex<String>,
) -> Sweep {
    let sent = plan.ledger.acknowledged() | plan.ledger.indeterminate();
    let missing: Vec<u64> = collector
        .unseen(&sent)
        .iter()
        .map(|k| plan.orders.id(u64::from(k)).get())
        .collect();
    set(
        status,
        format!("looking up {} missing orders once more", missing.len()),
    );
    let (mut items, mut requests) = (0, 0);
    for numbers in missing.chunks(KEYS_PER_LOOKUP) {
        let found = stores
            .look_up(numbers, &mut requests, |row| collector.row(&row))
            .await;
        if found.is_err() {
            return sweep_of(found, items, requests);
        }
        items += numbers.len() as u64;
    }
    sweep_of(Ok(()), items, requests)
}

fn sweep_of(result: Result<(), StoreError>, items: u64, requests: u64) -> Sweep {
    Sweep {
        complete: result.is_ok(),
        items,
        requests,
        error: result.err().map(|error| error.to_string()),
    }
}

pub(super) fn set(status: &Mutex<String>, text: String) {
    *status
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner) = text;
}
