//! The look before a run's first send: whether anything in the stores carries one of its order numbers already.
//!
//! It goes the way of the looks afterwards (scan, look-up by key, sweep), so whatever they would take for the run's own
//! is found here. Nothing is written or deleted.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep};

use super::{Counts, Cursor, DeadLetter, Disposal, KEYS_PER_LOOKUP, Page, StoreError, Stores};
use crate::order::{OrderId, OrderPlan, RunId, order_numbers};

/// Rows read at least, before the run's order numbers are looked up one by one instead: at 4 KB a read unit, and rows of
/// 1 KB, 10,000 units.
const ROWS_MAX: u64 = 40_000;
/// Rows that cost as much as one look-up by key, carefully.
const ROWS_PER_LOOKUP: u64 = 4;
/// Order numbers that are named.
const FIRST_IDS: usize = 5;
/// How long a letter is hidden by this look, should it be killed.
const LEASE: Duration = Duration::from_secs(60);
/// How long the counts of AWS may lag behind the queue.
const COUNTS_LAG: Duration = Duration::from_secs(60);
/// Between two samples of counts, of exact ones and of others.
const SAMPLE_EVERY: Duration = Duration::from_millis(200);
const SAMPLE_EVERY_AWS: Duration = Duration::from_secs(5);

/// What the table held before the first send.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RowsBefore {
    /// Rows read by the scan.
    pub read: u64,
    /// The scan reached the table's end.
    pub whole_table: bool,
    /// Order numbers looked up by key, where it did not: every planned one, or none.
    pub looked_up: u64,
    /// Rows with an order number of the run; the look ends with the first page that shows one.
    pub of_the_run: u64,
    /// The first few of them.
    pub first_ids: Vec<u64>,
    /// The row of another run that says it was stored last: its run and when, microseconds since the Unix epoch.
    pub latest_of_others: Option<(RunId, u64)>,
}

/// What the dead-letter queue held before the first send.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LettersBefore {
    /// Letters received, each once, and shown again.
    pub received: u64,
    /// Letters with an order number of the run.
    pub of_the_run: u64,
    /// The first few of them.
    pub first_ids: Vec<u64>,
}

impl RowsBefore {
    fn take(&mut self, run: RunId, page: &Page) {
        self.read += page.rows.len() as u64;
        for row in &page.rows {
            let Some(number) = row.order_number else {
                continue;
            };
            match OrderId::run_of(number) {
                Some(found) if found == run => self.found(number),
                Some(other) => self.other(other, row.stored_at_us),
                None => {}
            }
        }
    }

    fn found(&mut self, number: u64) {
        self.of_the_run += 1;
        if self.first_ids.len() < FIRST_IDS {
            self.first_ids.push(number);
        }
    }

    fn other(&mut self, run: RunId, stored_at_us: Option<u64>) {
        let latest = self.latest_of_others.map(|(_, at)| at);
        if stored_at_us > latest {
            self.latest_of_others = stored_at_us.map(|at| (run, at));
        }
    }
}

impl LettersBefore {
    fn take(&mut self, run: RunId, letters: &[DeadLetter]) {
        self.received += letters.len() as u64;
        let of_the_run = |number: &u64| OrderId::sequence_in(run, *number).is_some();
        for letter in letters {
            let number = order_numbers(&letter.body).into_iter().find(of_the_run);
            let Some(number) = number else {
                continue;
            };
            self.of_the_run += 1;
            if self.first_ids.len() < FIRST_IDS {
                self.first_ids.push(number);
            }
        }
    }
}

impl Stores {
    /// Looks for the order numbers of a run in the table: the whole table is scanned if that costs no more than to look
    /// every planned number up by key, which is done otherwise.
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
        let run = orders.run;
        let mut seen = RowsBefore::default();
        let mut requests = 0;
        let cursors = vec![Cursor::Start; self.segments()];
        let scanned = self
            .scan(&cursors, patience, &mut requests, |page| {
                seen.take(run, &page);
                match seen.of_the_run > 0 || seen.read > rows_max {
                    true => Err(StoreError::new("DynamoDB Scan", "enough was seen")),
                    false => Ok(()),
                }
            })
            .await;
        match scanned {
            Ok(()) => seen.whole_table = true,
            Err(_) if seen.of_the_run > 0 => return Ok(seen),
            Err(_) if seen.read > rows_max => self.look_each_up(orders, planned, &mut seen).await?,
            Err(error) => return Err(error),
        }
        Ok(seen)
    }

    async fn look_each_up(
        &self,
        orders: &OrderPlan,
        planned: u64,
        seen: &mut RowsBefore,
    ) -> Result<(), StoreError> {
        let mut requests = 0;
        let mut next = 0;
        while next < planned && seen.of_the_run == 0 {
            let end = planned.min(next + KEYS_PER_LOOKUP as u64);
            let numbers: Vec<u64> = (next..end).map(|k| orders.id(k).get()).collect();
            self.look_up(&numbers, &mut requests, |row| {
                // Whatever it says its key is, it was found under one of the run's.
                seen.found(row.order_number.unwrap_or(numbers[0]));
            })
            .await?;
            next = end;
        }
        seen.looked_up = next;
        Ok(())
    }

    /// Receives every dead letter once, looks for order numbers of `run`, and shows the letters again.
    ///
    /// # Errors
    /// When not all of them can be received, or the queue has a redrive policy of its own: each receive would be a step of
    /// its letters towards the next queue.
    pub async fn letters_before(&self, run: RunId) -> Result<LettersBefore, StoreError> {
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
                seen.take(run, letters);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Row;

    fn row(number: u64, stored_at_us: Option<u64>) -> Row {
        Row {
            order_number: Some(number),
            stored_at_us,
            ..Row::default()
        }
    }

    #[test]
    fn rows_of_the_run_are_found_among_its_neighbors_and_the_latest_of_others_is_kept() {
        let run = RunId::new(7).expect("in range");
        let rows = vec![
            row(6_999_999_999, Some(5)),
            row(8_000_000_000, Some(9)),
            row(8_000_000_001, None),
            row(42, Some(100)),
            Row::default(),
        ];
        let page = |rows| Page {
            segment: 0,
            rows,
            cursor: Cursor::End,
        };
        let mut seen = RowsBefore::default();
        seen.take(run, &page(rows));
        assert_eq!(
            (seen.read, seen.of_the_run),
            (5, 0),
            "its neighbors are others"
        );
        assert_eq!(seen.latest_of_others, RunId::new(8).map(|run| (run, 9)));
        let own = [7_000_000_000, 7_999_999_999].map(|number| row(number, None));
        seen.take(run, &page(own.into()));
        assert_eq!(seen.of_the_run, 2);
        assert_eq!(seen.first_ids, [7_000_000_000, 7_999_999_999]);
    }

    #[test]
    fn a_letter_is_of_the_run_however_its_number_is_spelled() {
        let run = RunId::new(7).expect("in range");
        for (body, of_the_run) in [
            (r#"{"order_number": 7000000001}"#, 1),
            (r#"{"order_number": 7000000001.0}"#, 1),
            (r#"{"order_number": "7000000001"}"#, 1),
            (r#"{"order_number": 7000000001, "order_number": 5}"#, 1),
            (r#"{"order_number": 8000000001}"#, 0),
            (r#"{"order_number": -7000000001}"#, 0),
            (r#"{"order_number": 7000000001.5}"#, 0),
            ("no order", 0),
        ] {
            let mut seen = LettersBefore::default();
            let letter = DeadLetter {
                body: body.into(),
                message_id: "m".into(),
            };
            seen.take(run, &[letter]);
            assert_eq!((seen.received, seen.of_the_run), (1, of_the_run), "{body}");
        }
    }
}
