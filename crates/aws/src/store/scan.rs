//! The scan: segments side by side, within the read budget, from wherever the last one stopped.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::ReturnConsumedCapacity;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::budget::ReadBudget;
use super::item::{SdkItem, item_of, key_in_words, key_of, sdk_item};
use super::{StoreError, Stores, TableAt};
use crate::order::spec::Key;
use crate::records::Item;

/// Items in one page. The embedded table reads the rest of the table for a page without a limit, and
/// holds its writers up meanwhile.
const PAGE: u32 = 2_000;
/// Rows of ours that one strongly consistent read unit gives, carefully: rows may be of 1 KB.
pub(super) const ROWS_PER_UNIT: u32 = 4;
/// Read units a second that one segment takes at most: a page of about 500 KB in a tenth of a second.
const UNITS_PER_SEGMENT: u32 = 1_000;
/// Segments at most.
const SEGMENTS_MAX: u32 = 32;
/// Segments where nothing limits the reading, but the counts are not those of the embedded pipeline.
const SEGMENTS_UNLIMITED: u32 = 4;
/// Pages in a row without a row: sparse partitions give some, and a table's end comes after them.
const EMPTY_PAGES_MAX: u32 = 1_000;
/// Pages that begin with a row another page began with: at rest there are none.
const REPEATED_PAGES_MAX: u32 = 3;
/// Pages read and not yet taken in.
const PAGES_AHEAD: usize = 2;
/// The first and the longest pause before a page is asked for again, beyond the SDK's own.
const RETRY_FIRST: Duration = Duration::from_millis(500);
const RETRY_LONGEST: Duration = Duration::from_secs(20);

/// How far a segment has been read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cursor {
    /// Nothing of it.
    Start,
    /// Up to and including the row of this key.
    After(Item),
    /// All of it.
    End,
}

/// One page of a segment.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// Which segment, from 0.
    pub segment: usize,
    /// Its rows.
    pub rows: Vec<Item>,
    /// How far the segment has been read with it.
    pub cursor: Cursor,
}

/// What the pages of a segment have told so far. Those of a table that ends differ, each from all before it.
#[derive(Debug, Default)]
struct Trail {
    cursors: BTreeSet<Item>,
    first_rows: BTreeSet<Item>,
    empty: u32,
    repeated: u32,
}

impl Trail {
    fn from(cursor: &Cursor) -> Self {
        let mut trail = Self::default();
        if let Cursor::After(key) = cursor {
            trail.cursors.insert(key.clone());
        }
        trail
    }

    /// Why there is no going on after `page` of a table with this key, if there is none.
    fn passes(&mut self, page: &Page, key: &Key) -> Result<(), String> {
        let Cursor::After(last) = &page.cursor else {
            return Ok(());
        };
        if !self.cursors.insert(last.clone()) {
            return Err(format!(
                "it says for the second time that more rows follow after {}: it would never end",
                key_in_words(last)
            ));
        }
        let first = page.rows.first();
        self.empty = if first.is_none() { self.empty + 1 } else { 0 };
        if self.empty > EMPTY_PAGES_MAX {
            return Err(format!(
                "{EMPTY_PAGES_MAX} pages in a row held no row, and each named another"
            ));
        }
        if let Some(first) = first.and_then(|row| key_of(row, key))
            && !self.first_rows.insert(first)
        {
            self.repeated += 1;
        }
        match self.repeated > REPEATED_PAGES_MAX {
            true => Err("it gives the same rows again and again".into()),
            false => Ok(()),
        }
    }
}

impl Stores {
    /// Segments the table is scanned in: one for the embedded table, which is faster so.
    pub fn segments(&self) -> usize {
        let segments = match (self.exact_counts(), self.target.read.units_per_second) {
            (true, None) => 1,
            (false, None) => SEGMENTS_UNLIMITED,
            (_, Some(units)) => units.div_ceil(UNITS_PER_SEGMENT).clamp(1, SEGMENTS_MAX),
        };
        segments as usize
    }

    /// Reads `table` from `cursors` on (one a segment), strongly consistent, and hands each page to `each`.
    /// What fails for a while (throttling, a server's fault, the network) is asked for again until it has
    /// failed for as long as `patience`; the other segments go on meanwhile.
    ///
    /// # Errors
    /// When a page cannot be read, the pages do not come to an end, or `each` does not take one; what was handed over
    /// before stands.
    pub async fn scan(
        &self,
        table: &TableAt,
        cursors: &[Cursor],
        patience: Duration,
        requests: &mut u64,
        mut each: impl FnMut(Page) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let (give, mut pages) = mpsc::channel(PAGES_AHEAD);
        // Dropped with this future, and all of its tasks with it.
        let mut readers = JoinSet::new();
        for (segment, cursor) in cursors.iter().enumerate() {
            let reader = Reader {
                dynamodb: self.dynamodb.clone(),
                table: table.clone(),
                segment,
                segments: cursors.len(),
                limit: self.target.read.units_per_second.map_or(PAGE, |units| {
                    units.saturating_mul(ROWS_PER_UNIT).clamp(1, PAGE)
                }),
                budget: Arc::clone(&self.budget),
                patience,
                stores: self.clone(),
            };
            readers.spawn(reader.read(cursor.clone(), give.clone()));
        }
        drop(give);
        while let Some(page) = pages.recv().await {
            let (page, asked) = page?;
            *requests += asked;
            each(page)?;
        }
        while let Some(ended) = readers.join_next().await {
            ended.map_err(StoreError::of("DynamoDB Scan"))?;
        }
        Ok(())
    }
}

impl Stores {
    /// Rows in the table as it counted them some hours ago; 0 when that is not known.
    async fn items(&self, table: &TableAt) -> u64 {
        let described = self.dynamodb.describe_table();
        let described = described.table_name(&table.name).send().await;
        let items = described
            .ok()
            .and_then(|described| described.table?.item_count);
        items
            .and_then(|items| u64::try_from(items).ok())
            .unwrap_or(0)
    }
}

/// How long a segment has been read, and how long it may be.
struct Clock {
    began: Instant,
    allowed: Duration,
    asked: bool,
}

impl Clock {
    fn start(stores: &Stores) -> Self {
        Self {
            began: Instant::now(),
            allowed: stores.time_for_rows(0),
            asked: false,
        }
    }

    /// Rows of others are known only to the table, which is asked for their number when it matters.
    async fn has_run_out(&mut self, stores: &Stores, table: &TableAt) -> bool {
        if self.began.elapsed() > self.allowed && !self.asked {
            self.asked = true;
            self.allowed = stores.time_for_rows(stores.items(table).await);
        }
        self.began.elapsed() > self.allowed
    }
}

/// Reads one segment.
struct Reader {
    dynamodb: Client,
    table: TableAt,
    segment: usize,
    segments: usize,
    limit: u32,
    budget: Arc<ReadBudget>,
    patience: Duration,
    stores: Stores,
}

type Pages = mpsc::Sender<Result<(Page, u64), StoreError>>;

impl Reader {
    async fn read(self, mut cursor: Cursor, pages: Pages) {
        let mut trail = Trail::from(&cursor);
        let mut clock = Clock::start(&self.stores);
        while cursor != Cursor::End {
            let mut asked = 0;
            let mut page = self.page(&cursor, &mut asked).await;
            if let Ok(read) = &page
                && let Err(endless) = self.goes_on(read, &mut trail, &mut clock).await
            {
                page = Err(endless);
            }
            let failed = page.is_err();
            if let Ok(page) = &page {
                cursor = page.cursor.clone();
            }
            let gone = pages.send(page.map(|page| (page, asked))).await.is_err();
            if failed || gone {
                return;
            }
        }
    }

    /// Whether the page after this one may be asked for, if there is one.
    async fn goes_on(
        &self,
        page: &Page,
        trail: &mut Trail,
        clock: &mut Clock,
    ) -> Result<(), StoreError> {
        let endless = |why| StoreError::new("DynamoDB Scan", format!("{}: {why}", self.table.name));
        trail.passes(page, &self.table.key).map_err(endless)?;
        if page.cursor == Cursor::End || !clock.has_run_out(&self.stores, &self.table).await {
            return Ok(());
        }
        Err(endless(format!(
            "it was still naming further pages after {:.0} s, far more than the run's orders and the rows it \
             is said to hold would take",
            clock.allowed.as_secs_f64()
        )))
    }

    /// The page after `cursor`, asked for again while that may help.
    async fn page(&self, cursor: &Cursor, asked: &mut u64) -> Result<Page, StoreError> {
        let mut pause = RETRY_FIRST;
        let began = Instant::now();
        loop {
            *asked += 1;
            let error = match self.attempt(cursor).await {
                Ok(page) => return Ok(page),
                Err(error) => error,
            };
            if !error.is_transient() || began.elapsed() + pause > self.patience {
                return Err(error);
            }
            tracing::warn!(%error, segment = self.segment, "a page is asked for again");
            sleep(pause).await;
            pause = (pause * 2).min(RETRY_LONGEST);
        }
    }

    async fn attempt(&self, cursor: &Cursor) -> Result<Page, StoreError> {
        let estimate = f64::from(self.limit) / f64::from(ROWS_PER_UNIT);
        self.budget.take(estimate).await;
        let start = match cursor {
            Cursor::After(key) => sdk_item(key),
            Cursor::Start | Cursor::End => None,
        };
        let mut request = self
            .dynamodb
            .scan()
            .table_name(&self.table.name)
            .consistent_read(true)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .limit(self.limit as i32)
            .set_exclusive_start_key(start);
        if self.segments > 1 {
            request = request
                .segment(self.segment as i32)
                .total_segments(self.segments as i32);
        }
        let output = request
            .send()
            .await
            .map_err(StoreError::of_named("DynamoDB Scan", &self.table.name))?;
        let consumed = output
            .consumed_capacity()
            .and_then(|consumed| consumed.capacity_units());
        self.budget.correct(consumed.unwrap_or(estimate) - estimate);
        Ok(Page {
            segment: self.segment,
            cursor: self.cursor(output.last_evaluated_key)?,
            rows: output
                .items
                .unwrap_or_default()
                .into_iter()
                .map(item_of)
                .collect(),
        })
    }

    fn cursor(&self, last: Option<SdkItem>) -> Result<Cursor, StoreError> {
        let Some(last) = last.map(item_of) else {
            return Ok(Cursor::End);
        };
        match key_of(&last, &self.table.key) {
            // As it was given, so that the request for the next page names it so.
            Some(key) if key.len() == last.len() => Ok(Cursor::After(last)),
            _ => Err(StoreError::new(
                "DynamoDB Scan",
                format!(
                    "{}: its key is not {} alone",
                    self.table.name, self.table.key
                ),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::Value;

    fn row(number: u64) -> Item {
        [("id".to_owned(), Value::N(number.to_string()))].into()
    }

    fn key() -> Key {
        crate::order::lab().tables["orders"].clone()
    }

    /// A page of these rows that says more follow after `cursor`.
    fn page(rows: &[u64], cursor: u64) -> Page {
        Page {
            segment: 0,
            rows: rows.iter().map(|number| row(*number)).collect(),
            cursor: Cursor::After(row(cursor)),
        }
    }

    #[test]
    fn a_page_that_is_named_twice_is_the_last_one() {
        let mut trail = Trail::from(&Cursor::After(row(7)));
        assert_eq!(trail.passes(&page(&[8, 9], 9), &key()), Ok(()));
        assert_eq!(trail.passes(&page(&[10], 10), &key()), Ok(()));
        let error = trail.passes(&page(&[11], 9), &key()).unwrap_err();
        assert!(
            error.contains("second time") && error.contains("after id 9"),
            "{error}"
        );
        let mut resumed = Trail::from(&Cursor::After(row(7)));
        assert!(
            resumed.passes(&page(&[8], 7), &key()).is_err(),
            "where it began"
        );
        let end = Page {
            cursor: Cursor::End,
            ..page(&[8], 9)
        };
        assert_eq!(trail.passes(&end, &key()), Ok(()), "an end is an end");
    }

    #[test]
    fn pages_without_rows_and_rows_without_end_are_no_table() {
        let mut trail = Trail::default();
        for cursor in 0..u64::from(EMPTY_PAGES_MAX) {
            assert_eq!(trail.passes(&page(&[], cursor), &key()), Ok(()));
        }
        assert_eq!(
            trail.passes(&page(&[5], 10_000), &key()),
            Ok(()),
            "one row ends the row of them"
        );
        for cursor in 20_000..20_000 + u64::from(EMPTY_PAGES_MAX) {
            assert_eq!(trail.passes(&page(&[], cursor), &key()), Ok(()));
        }
        assert!(
            trail.passes(&page(&[], 30_000), &key()).is_err(),
            "one too many"
        );

        let mut trail = Trail::default();
        for cursor in 0..=u64::from(REPEATED_PAGES_MAX) {
            assert_eq!(trail.passes(&page(&[1, 2], cursor), &key()), Ok(()));
        }
        let error = trail.passes(&page(&[1, 2], 99), &key()).unwrap_err();
        assert!(error.contains("same rows"), "{error}");
    }
}
