//! The looks after the first, for orders that may have landed and were seen nowhere.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use roaring::RoaringBitmap;

use super::look::{age, set, set_activity, sweep_of};
use super::places::LetterPlace;
use super::tables::read_again;
use super::{Activity, ObservePlan};
use crate::order::ExpectedRow;
use crate::records::Item;
use crate::store::{KEYS_PER_LOOKUP, Page, StoreError, Stores, TableAt};
use crate::verify::{Collector, Sweep};

/// The looks after the first, for orders that may have landed and were seen nowhere.
pub(super) struct Looking<'a> {
    pub(super) stores: &'a Stores,
    pub(super) plan: &'a ObservePlan,
    pub(super) collector: &'a mut Collector,
    /// The queues in which orders may end, swept.
    pub(super) places: &'a mut [LetterPlace],
    pub(super) status: &'a Mutex<Activity>,
}

impl Looking<'_> {
    /// Orders that may have landed and were seen nowhere, or only in part.
    fn missing(&self) -> Vec<u32> {
        let ledger = &self.plan.ledger;
        let sent = ledger.acknowledged() | ledger.indeterminate();
        self.collector.unseen(&sent).iter().collect()
    }

    /// Looks for every row that is missing: by key, and where nobody knows the key by a second scan of its table. Also how
    /// many of them were there after all, and whether a table was scanned.
    pub(super) async fn look_up_missing(&mut self) -> (Sweep, u64, bool) {
        let before = self.collector.filled_slots();
        let mut sweep = self.look_up_by_key().await;
        let again = match sweep.complete {
            true => self.tables_to_scan_again(),
            false => BTreeSet::new(),
        };
        if !again.is_empty() {
            let mut requests = 0;
            let result = self.scan_again(&again, &mut requests).await;
            let scanned = sweep_of(result, 0, requests, self.plan);
            sweep.requests += scanned.requests;
            sweep.complete = scanned.complete;
            sweep.error = scanned.error;
        }
        let found = self.collector.filled_slots() - before;
        (sweep, found, !again.is_empty())
    }

    fn tables_to_scan_again(&self) -> BTreeSet<String> {
        let missing: RoaringBitmap = self.missing().into_iter().collect();
        self.collector.tables_to_scan_again(&missing)
    }

    async fn scan_again(
        &mut self,
        tables: &BTreeSet<String>,
        requests: &mut u64,
    ) -> Result<(), StoreError> {
        let names: Vec<&str> = tables.iter().map(String::as_str).collect();
        let told = format!(
            "reading {} again for missing rows whose keys nobody knows",
            names.join(", ")
        );
        set(self.status, told);
        let (collector, plan) = (&mut *self.collector, self.plan);
        let take = |table: &TableAt, page: &Page| {
            collector.read_at(age(plan));
            collector.rows_again(&table.called, &page.rows);
        };
        read_again(self.stores, plan, tables, requests, take).await
    }

    async fn look_up_by_key(&mut self) -> Sweep {
        let missing = self.missing();
        let told = format!("looking up {} missing orders by key", missing.len());
        set(self.status, told);
        let (mut items, mut requests) = (0, 0);
        let mut result = Ok(());
        let (began, allowed) = (Instant::now(), self.stores.time_for_rows(0));
        for orders in missing.chunks(KEYS_PER_LOOKUP) {
            if began.elapsed() > allowed {
                result = Err(took_too_long(allowed, items, missing.len()));
                break;
            }
            result = self.look_up(orders, &mut requests).await;
            if result.is_err() {
                break;
            }
            items += orders.len() as u64;
        }
        sweep_of(result, items, requests, self.plan)
    }

    /// Asks for every row of these orders whose key is known.
    async fn look_up(&mut self, orders: &[u32], requests: &mut u64) -> Result<(), StoreError> {
        let rows = orders
            .iter()
            .flat_map(|&k| self.collector.rows_to_look_up(k));
        let rows: Vec<ExpectedRow> = rows.collect();
        for table in self.stores.tables() {
            let of_table = rows.iter().filter(|row| row.table == table.called);
            let keys: Vec<Item> = of_table.map(|row| row.key.clone()).collect();
            for keys in keys.chunks(KEYS_PER_LOOKUP) {
                let (collector, plan) = (&mut self.collector, self.plan);
                self.stores
                    .look_up(table, keys, requests, |row| {
                        collector.read_at(age(plan));
                        collector.row(&table.called, &row);
                    })
                    .await?;
            }
        }
        Ok(())
    }

    /// Where letters move on by being received, an acknowledged order that is seen nowhere may have done so.
    pub(super) fn may_have_moved_on(&mut self) {
        let unseen = self.collector.unseen(self.plan.ledger.acknowledged()).len();
        for place in &mut *self.places {
            place.may_have_lost(unseen);
        }
    }

    /// Before any order is called lost: waits as long as a message can have been hidden, looks again, and
    /// samples the queues again. Whatever has moved since proves that there was no rest.
    pub(super) async fn look_again(&mut self, lookups: &mut Sweep) -> Result<(), String> {
        let missing = self.missing().len();
        if missing > 0 {
            let hiding_time = self.hiding_time();
            let words = format!("{missing} orders missing: waiting for hidden messages");
            let until = Instant::now().checked_add(hiding_time);
            set_activity(self.status, Activity::Reading { words, until });
            tokio::time::sleep(hiding_time).await;
            let (again, found, _) = self.look_up_missing().await;
            lookups.requests += again.requests;
            if !again.complete {
                lookups.complete = false;
                lookups.error = again.error;
            }
            if found > 0 {
                return Err(format!(
                    "{found} orders were stored only after the counts had shown rest"
                ));
            }
            set(self.status, "sweeping the dead-letter queue again".into());
            for place in &mut *self.places {
                place.sweep_again(self.plan, self.collector).await?;
            }
        }
        for place in &*self.places {
            place.counts_what_was_seen().await?;
        }
        Ok(())
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
pub(super) fn not_looked_up() -> Sweep {
    Sweep {
        error: Some("left out, since the scan did not reach its end".into()),
        ..Sweep::default()
    }
}
