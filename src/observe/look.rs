//! Reading the stores once the pipeline is at rest: scan, sweep, and one more look for the missing.

use std::path::PathBuf;
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime};

use super::letters::{KnownLetters, LetterLook, look_at_letters};
use super::sightings::{ScanLog, SightingsError, scan_log};
use crate::clock;
use crate::ledger::Ledger;
use crate::load::Schedule;
use crate::order::OrderPlan;
use crate::records::{DeadLetter, Item, Row, Value, attribute};
use crate::store::{Cursor, KEYS_PER_LOOKUP, Page, StoreError, Stores, TableAt};
use crate::verify::{
    Collector, FunctionStart, Observation, Quiescence, Retention, StoredTimes, Sweep,
};

/// Asks whether a function has started.
pub type AskFunction = dyn Fn() -> FunctionStart + Send;

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
    /// The run's folder, where what was seen is kept while it is being looked at; `None` for the embedded
    /// pipeline, which ends with its verifier.
    pub folder: Option<PathBuf>,
    /// Table and queues were made for this run, or were seen to be empty before its first send.
    pub own_stores: bool,
}

/// Reads everything there is; what cannot be read is marked incomplete, never left out silently.
pub(super) async fn observe(
    stores: &Stores,
    plan: &ObservePlan,
    quiescence: Quiescence,
    status: &Mutex<String>,
) -> (Observation, StoredTimes) {
    let stores = &stores.expecting(plan.schedule.count());
    let mut collector = Collector::new(
        plan.orders.clone(),
        &plan.schedule,
        plan.start_wall,
        plan.phases,
    );
    set(status, "reading the table".into());
    let scan = {
        let (mut items, mut requests) = (0, 0);
        let take = |_: &TableAt, page: &Page| {
            items += page.rows.len() as u64;
            collector.read_at(age(plan));
            page.rows
                .iter()
                .for_each(|row| collector.row(&Row::read(row)));
        };
        let result = read_tables(stores, plan, quiescence.reached, &mut requests, take).await;
        sweep_of(result, items, requests, plan)
    };
    set(
        status,
        format!("{} rows read, sweeping the dead-letter queue", scan.items),
    );
    let mut known = KnownLetters::default();
    let (mut letters, mut dead_letter_sweep) = {
        let mut items = 0;
        let take = |letters: &[DeadLetter]| {
            items += letters.len() as u64;
            for letter in letters {
                known.is_new(letter);
                collector.dead_letter(letter);
            }
        };
        let mut look = look_at_letters(stores, plan, take).await;
        let result = std::mem::replace(&mut look.result, Ok(()));
        let sweep = sweep_of(result, items, look.requests, plan);
        (look, sweep)
    };
    let mut looking = Looking {
        stores,
        plan,
        collector: &mut collector,
        known,
        status,
    };
    let (lookups, found) = match scan.complete || plan.folder.is_none() {
        true => looking.look_up_missing().await,
        // Each key costs a read unit, and nobody is called lost after such a scan.
        false => (not_looked_up(), 0),
    };
    looking.may_have_moved_on(&letters, &mut dead_letter_sweep);
    let scan = contradicted(scan, found);
    let mut retention = Retention {
        shortest: stores.shortest_retention().await.ok(),
        age: age(plan),
    };
    let parts = [&scan, &lookups, &dead_letter_sweep];
    let complete = parts.iter().all(|part| part.complete);
    // Where evidence is missing anyway nothing will be called lost, and there is nothing to wait for.
    let (mut quiescence, mut lookups) = (quiescence, lookups);
    if complete && quiescence.reached && retention.holds() {
        let again = looking.look_again(&mut lookups, &mut letters, &mut dead_letter_sweep);
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
        dead_letter_sweep,
        retention,
        own_stores: plan.own_stores,
        letter_receives: letters.receives,
        ..Observation::default()
    });
    (observation, collector.into_times())
}

/// Scans every table and hands each page to `take`.
async fn read_tables(
    stores: &Stores,
    plan: &ObservePlan,
    at_rest: bool,
    requests: &mut u64,
    mut take: impl FnMut(&TableAt, &Page),
) -> Result<(), StoreError> {
    for (index, table) in stores.tables().iter().enumerate() {
        let log = plan.folder.as_ref().filter(|_| at_rest);
        let log = log.map(|folder| folder.join(scan_log(index)));
        read_table(stores, plan, (table, log), requests, |page| {
            take(table, page)
        })
        .await?;
    }
    Ok(())
}

/// Scans one table. With a log, pages are kept there, and those kept by a verifier that did not come to its end are not
/// read again.
async fn read_table(
    stores: &Stores,
    plan: &ObservePlan,
    (table, log): (&TableAt, Option<PathBuf>),
    requests: &mut u64,
    mut take: impl FnMut(&Page),
) -> Result<(), StoreError> {
    let failed =
        |error: SightingsError| StoreError::new("keeping what was seen", error.to_string());
    let mut cursors = vec![Cursor::Start; stores.segments()];
    let path = log;
    let mut log = None;
    if let Some(path) = path {
        let (opened, resumed) =
            ScanLog::open(&path, plan.orders.run, cursors.len(), clock::wall()).map_err(failed)?;
        resumed.pages.iter().for_each(&mut take);
        cursors = resumed.cursors;
        log = Some(opened);
    }
    let scanned = stores
        .scan(table, &cursors, plan.patience, requests, |page| {
            if let Some(log) = &mut log {
                log.keep(&page).map_err(failed)?;
            }
            take(&page);
            Ok(())
        })
        .await;
    let goes_on = scanned
        .as_ref()
        .is_err_and(StoreError::leaves_what_was_read);
    match log {
        // Nobody goes on from a scan that has ended, or from pages that contradict each other.
        Some(log) if !goes_on => scanned.and(log.finish().map_err(failed)),
        _ => scanned,
    }
}

/// How long ago the run started: by the wall clock if that says more, since the monotonic one stands still
/// while the machine sleeps.
fn age(plan: &ObservePlan) -> Duration {
    let by_wall = clock::wall().duration_since(plan.start_wall);
    plan.start.elapsed().max(by_wall.unwrap_or_default())
}

/// At rest a scan shows every row. One found by key that it did not show was left out: by a stale or cut-short
/// scan, or it was written later, and then nothing was at rest.
fn contradicted(scan: Sweep, found: u64) -> Sweep {
    if found == 0 || !scan.complete {
        return scan;
    }
    let noun = if found == 1 { "row" } else { "rows" };
    Sweep {
        complete: false,
        error: Some(format!(
            "{found} {noun} it did not show were found by key: it was stale or cut short, or rows were \
             still being written"
        )),
        ..scan
    }
}

/// The looks after the first, for orders that may have landed and were seen nowhere.
struct Looking<'a> {
    stores: &'a Stores,
    plan: &'a ObservePlan,
    collector: &'a mut Collector,
    /// The dead letters that were seen.
    known: KnownLetters,
    status: &'a Mutex<String>,
}

impl Looking<'_> {
    /// Order numbers that may have landed and were seen nowhere.
    fn missing(&self) -> Vec<u64> {
        let ledger = &self.plan.ledger;
        let sent = ledger.acknowledged() | ledger.indeterminate();
        let unseen = self.collector.unseen(&sent);
        let number = |k: u32| self.plan.orders.id(u64::from(k)).get();
        unseen.iter().map(number).collect()
    }

    /// Asks by key for every order that is missing; also how many of them were there after all.
    async fn look_up_missing(&mut self) -> (Sweep, u64) {
        let missing = self.missing();
        let told = format!("looking up {} missing orders by key", missing.len());
        set(self.status, told);
        let before = self.collector.stored_orders();
        let (mut items, mut requests) = (0, 0);
        let mut result = Ok(());
        let (began, allowed) = (Instant::now(), self.stores.time_for_rows(0));
        for numbers in missing.chunks(KEYS_PER_LOOKUP) {
            if began.elapsed() > allowed {
                result = Err(took_too_long(allowed, items, missing.len()));
                break;
            }
            let (collector, plan) = (&mut self.collector, self.plan);
            let keys: Vec<Item> = numbers.iter().map(|number| lab_key(*number)).collect();
            let Some(table) = self.stores.tables().first() else {
                break;
            };
            result = self
                .stores
                .look_up(table, &keys, &mut requests, |row| {
                    collector.read_at(age(plan));
                    collector.row(&Row::read(&row));
                })
                .await;
            if result.is_err() {
                break;
            }
            items += numbers.len() as u64;
        }
        let found = self.collector.stored_orders() - before;
        (sweep_of(result, items, requests, self.plan), found)
    }

    /// Where letters move on by being received, an acknowledged order that is seen nowhere may have done so.
    fn may_have_moved_on(&self, letters: &LetterLook, dead_letter_sweep: &mut Sweep) {
        let Some(receives) = &letters.receives else {
            return;
        };
        let unseen = self.collector.unseen(self.plan.ledger.acknowledged()).len();
        if unseen == 0 || !dead_letter_sweep.complete {
            return;
        }
        dead_letter_sweep.complete = false;
        dead_letter_sweep.error = Some(format!(
            "the dead-letter queue has a redrive policy of its own, by which letters move to {} after {} receives: {unseen} \
             orders that were seen nowhere may be there",
            receives.moves_to, receives.max_receive_count
        ));
    }

    /// Before any order is called lost: waits as long as a message can have been hidden, looks again, and
    /// samples the queues again. Whatever has moved since proves that there was no rest.
    async fn look_again(
        &mut self,
        lookups: &mut Sweep,
        letters: &mut LetterLook,
        dead_letter_sweep: &mut Sweep,
    ) -> Result<(), String> {
        if !self.missing().is_empty() {
            let missing = self.missing().len();
            set(
                self.status,
                format!("{missing} orders missing: waiting for hidden messages"),
            );
            tokio::time::sleep(self.hiding_time()).await;
            let (again, found) = self.look_up_missing().await;
            lookups.requests += again.requests;
            if !again.complete {
                lookups.complete = false;
                lookups.error = again.error;
            }
            if found > 0 {
                return Err(format!(
                    "{found} orders were stored only after the counts had told of rest"
                ));
            }
            // With a redrive policy of its own the queue is not looked at more than once.
            if letters.receives.is_none() {
                self.sweep_again(letters, dead_letter_sweep).await?;
            }
        }
        let staying = letters.staying;
        match self.stores.counts().await {
            Err(error) => Err(format!(
                "the counts could not be read again at the end: {error}"
            )),
            Ok((orders, _)) if orders.total() > 0 => Err(format!(
                "after all had been read the queue counted {} messages again",
                orders.total()
            )),
            Ok((_, dead)) if dead.total() > staying => Err(format!(
                "after all had been read the dead-letter queue held {} messages, and {staying} had been \
                 received and left there",
                dead.total()
            )),
            Ok(_) => Ok(()),
        }
    }

    /// Sweeps the dead-letter queue a second time: a letter that was not there the first time arrived when all was said
    /// to be at rest.
    async fn sweep_again(
        &mut self,
        letters: &mut LetterLook,
        dead_letter_sweep: &mut Sweep,
    ) -> Result<(), String> {
        set(self.status, "sweeping the dead-letter queue again".into());
        let mut late = 0_u64;
        let (known, collector) = (&mut self.known, &mut self.collector);
        let take = |letters: &[DeadLetter]| {
            for letter in letters {
                if known.is_new(letter) {
                    late += 1;
                    collector.dead_letter(letter);
                }
            }
        };
        let again = look_at_letters(self.stores, self.plan, take).await;
        let swept = sweep_of(again.result, late, again.requests, self.plan);
        letters.staying = again.staying;
        dead_letter_sweep.requests += swept.requests;
        dead_letter_sweep.items += swept.items;
        if !swept.complete {
            dead_letter_sweep.complete = false;
            dead_letter_sweep.error = swept.error;
        }
        match late {
            0 => Ok(()),
            1 => Err("a dead letter arrived only after the counts had told of rest".into()),
            _ => Err(format!(
                "{late} dead letters arrived only after the counts had told of rest"
            )),
        }
    }

    /// How long a message can take to end somewhere behind counts that should have told of it: all of its
    /// receives, within the patience there is. Where counts may lag, settling has waited since the last send, and
    /// what is left of that time is waited for.
    fn hiding_time(&self) -> Duration {
        let plan = self.plan;
        let all_receives = plan
            .visibility_timeout
            .saturating_mul(plan.max_receive_count);
        match self.stores.exact_counts() {
            true => all_receives.min(plan.patience),
            false => {
                let since = plan.start.elapsed().saturating_sub(plan.last_send);
                all_receives.saturating_sub(since).min(plan.patience)
            }
        }
    }
}

/// The key of a row of the lab's table.
fn lab_key(number: u64) -> Item {
    [(attribute::ID.to_owned(), Value::N(number.to_string()))].into()
}

fn took_too_long(allowed: Duration, answered: u64, missing: usize) -> StoreError {
    StoreError::new(
        "DynamoDB BatchGetItem",
        format!(
            "{answered} of {missing} orders were answered in {:.0} s, far too few",
            allowed.as_secs_f64()
        ),
    )
}

/// Nothing was asked for by key.
fn not_looked_up() -> Sweep {
    Sweep {
        error: Some("left out, since the scan did not reach its end".into()),
        ..Sweep::default()
    }
}

/// How reading a store went. Where it outlives its verifier, what failed can be tried again.
fn sweep_of(
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

pub(super) fn set(status: &Mutex<String>, text: String) {
    *status
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner) = text;
}
