//! The look before a run's first send: whether anything in the stores carries one of its order numbers already.
//!
//! It goes the way of the looks afterwards (scan, look-up by key, sweep), so whatever they would take for the run's own
//! is found here. Nothing is written or deleted.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::{Cursor, Disposal, KEYS_PER_LOOKUP, StoreError, Stores, TableAt};
use crate::order::{MAX_ORDERS, OrderPlan, RowOwner};
use crate::records::{Counts, Item, LettersBefore, RowsBefore};

/// Rows read at least, before the run's order numbers are looked up one by one instead: at 4 KB a read unit, and rows of
/// 1 KB, 10,000 units.
const ROWS_MAX: u64 = 40_000;
/// Rows that cost as much as one look-up by key, carefully.
const ROWS_PER_LOOKUP: u64 = 4;
/// How long a letter is hidden by this look, should it be killed.
const LEASE: Duration = Duration::from_secs(60);
/// How long the counts of AWS may lag behind the queue.
const COUNTS_LAG: Duration = Duration::from_secs(60);
/// Between two samples of counts, of exact ones and of others.
const SAMPLE_EVERY: Duration = Duration::from_millis(200);
const SAMPLE_EVERY_AWS: Duration = Duration::from_secs(5);

impl Stores {
    /// Looks for the order numbers of a run in the tables: a whole table is scanned if that costs no more than to look
    /// every planned number up by key, which is done otherwise; and always where keys do not tell
    /// ([`tables_to_read_whole`](crate::order::Model::tables_to_read_whole)).
    ///
    /// # Errors
    /// When the table cannot be read that far.
    pub async fn rows_before(
        &self,
        orders: &OrderPlan,
        planned: u64,
        patience: Duration,
    ) -> Result<RowsBefore, StoreError> {
        let rows_max = ROWS_MAX.max(planned.saturating_mul(ROWS_PER_LOOKUP));
        self.rows_within(orders, planned, patience, rows_max).await
    }

    /// The same with another limit of rows.
    pub(super) async fn rows_within(
        &self,
        orders: &OrderPlan,
        planned: u64,
        patience: Duration,
        rows_max: u64,
    ) -> Result<RowsBefore, StoreError> {
        let mut seen = RowsBefore {
            whole_table: true,
            ..RowsBefore::default()
        };
        let whole = orders.model.tables_to_read_whole();
        for table in self.tables() {
            let rows_max = match whole.contains(table.called.as_str()) {
                true => u64::MAX,
                false => rows_max,
            };
            let before = self.table_before(table, orders, planned, patience, rows_max);
            seen = seen.and(before.await?);
            if seen.of_the_run > 0 {
                break;
            }
        }
        Ok(seen)
    }

    /// What one table held.
    async fn table_before(
        &self,
        table: &TableAt,
        orders: &OrderPlan,
        planned: u64,
        patience: Duration,
        rows_max: u64,
    ) -> Result<RowsBefore, StoreError> {
        let mut seen = RowsBefore::default();
        let mut requests = 0;
        let cursors = vec![Cursor::Start; self.segments()];
        let scanned = self
            .scan(table, &cursors, patience, &mut requests, |page| {
                seen.take(orders, &table.called, &page.rows);
                match seen.of_the_run > 0 || seen.read > rows_max {
                    true => Err(StoreError::new("DynamoDB Scan", "enough was seen")),
                    false => Ok(()),
                }
            })
            .await;
        match scanned {
            Ok(()) => seen.whole_table = true,
            Err(_) if seen.of_the_run > 0 => return Ok(seen),
            Err(_) if seen.read > rows_max => {
                self.look_each_up(table, orders, planned, &mut seen).await?;
            }
            Err(error) => return Err(error),
        }
        Ok(seen)
    }

    async fn look_each_up(
        &self,
        table: &TableAt,
        orders: &OrderPlan,
        planned: u64,
        seen: &mut RowsBefore,
    ) -> Result<(), StoreError> {
        let mut requests = 0;
        let mut next = 0;
        while next < planned && seen.of_the_run == 0 {
            let end = planned.min(next + KEYS_PER_LOOKUP as u64);
            let rows = (next..end).flat_map(|k| orders.expected_rows(k, None));
            let of_table = rows.filter(|row| row.table == table.called);
            let mut keys: Vec<Item> = of_table.map(|row| row.key).collect();
            keys.sort_unstable();
            keys.dedup();
            for keys in keys.chunks(KEYS_PER_LOOKUP) {
                self.look_up(table, keys, &mut requests, |row| {
                    // Whatever it says its key is, it was found under one of the run's.
                    let owner = orders.owner_of_row(MAX_ORDERS, &table.called, &row);
                    let k = match owner {
                        RowOwner::Order { k, .. } => k,
                        _ => next,
                    };
                    seen.found(orders.id(k));
                })
                .await?;
            }
            next = end;
        }
        seen.looked_up = next;
        Ok(())
    }

    /// Receives every dead letter once, looks for ids of the run, and shows the letters again.
    ///
    /// # Errors
    /// When not all of them can be received, or the queue has a redrive policy of its own: each receive would be a step of
    /// its letters towards the next queue.
    pub async fn letters_before(&self, orders: &OrderPlan) -> Result<LettersBefore, StoreError> {
        if let Some(redrive) = self.letter_redrive().await? {
            return Err(StoreError::new(
                "looking at the dead-letter queue",
                format!(
                    "its own redrive policy moves letters that are received to {}, and it holds some: empty it, or leave \
                     --run-id out",
                    redrive.name()
                ),
            ));
        }
        let brief = Self {
            lease: LEASE,
            ..self.clone()
        };
        let mut seen = LettersBefore::default();
        let mut requests = 0;
        brief
            .sweep_dead_letters(&mut requests, |letters| {
                seen.take(orders, None, letters);
                Ok(vec![Disposal::ShowAgain; letters.len()])
            })
            .await?;
        Ok(seen)
    }

    /// Waits until the orders queue counts no message, at most for `patience`, and gives the last counts of both queues.
    /// Off loopback counts may lag, and must stay zero for a minute.
    ///
    /// # Errors
    /// When the counts cannot be read.
    pub async fn until_idle(&self, patience: Duration) -> Result<(Counts, Counts), StoreError> {
        let exact = self.exact_counts() || self.target.is_on_loopback();
        let (pause, span) = match exact {
            true => (SAMPLE_EVERY, Duration::ZERO),
            false => (SAMPLE_EVERY_AWS, COUNTS_LAG),
        };
        let began = Instant::now();
        let mut idle_since = None;
        loop {
            let (orders, dead) = self.counts().await?;
            let now = Instant::now();
            idle_since = match orders.total() {
                0 => idle_since.or(Some(now)),
                _ => None,
            };
            let idle = idle_since.is_some_and(|since| now.duration_since(since) >= span);
            if idle || began.elapsed() + pause > patience + span {
                return Ok((orders, dead));
            }
            sleep(pause).await;
        }
    }
}
