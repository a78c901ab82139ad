//! The rows of a run: found by a scan of keys, deleted in batches.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Builder;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::types::{
    AttributeValue, DeleteRequest, ReturnConsumedCapacity, WriteRequest,
};

use super::{Cleaner, Found, Owner};
use crate::account::AccountError;
use crate::records::Item;
use crate::store::{TableAt, item_of, key_of, sdk_item};

/// Rows looked at in one page: about 200 KB of the lab's.
const PAGE: i32 = 1_000;
/// Pages in a row without a row: more are no table's.
const EMPTY_PAGES_MAX: u32 = 1_000;
/// Deletes in one `BatchWriteItem`.
const BATCH: usize = 25;
/// Rounds of deletes that come back unprocessed, with pauses that double from the first to 10 s.
const ROUNDS: u32 = 10;
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// Attempts at one request: a throttled table gives in within the pauses between them.
const ATTEMPTS: u32 = 10;

pub(super) async fn clean(cleaner: &Cleaner, table: &TableAt) -> Result<Found, AccountError> {
    let client = cleaner.session.dynamodb();
    let mut found = Found::default();
    let mut scan = Scan::of(cleaner, table);
    while let Some(rows) = scan.next().await? {
        let mut doomed = Vec::new();
        for row in &rows {
            match cleaner.owner_of_row(&table.called, row) {
                Owner::Order(id) => found.add(id),
                Owner::Run => found.count += 1,
                Owner::Everybody => {
                    found.counters += 1;
                    continue;
                }
                Owner::Others => {
                    found.others += 1;
                    continue;
                }
            }
            doomed.push(deletion(row, table)?);
        }
        if cleaner.delete {
            for doomed in doomed.chunks(BATCH) {
                found.remaining += delete(&client, &table.name, doomed.to_vec()).await?;
            }
        }
    }
    Ok(found)
}

/// A scan of a whole table, page by page, within the read budget.
pub(super) struct Scan {
    client: Client,
    table: String,
    budget: Option<u32>,
    pages: Pages,
    start: Option<SdkItem>,
    ended: bool,
}

impl Scan {
    pub(super) fn of(cleaner: &Cleaner, table: &TableAt) -> Self {
        Self {
            client: cleaner.session.dynamodb(),
            table: table.name.clone(),
            budget: cleaner.read_units,
            pages: Pages::default(),
            start: None,
            ended: false,
        }
    }

    /// The rows of the next page; `None` after the last.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<Item>>, AccountError> {
        if self.ended {
            return Ok(None);
        }
        let page = page(&self.client, &self.table, self.start.take()).await?;
        let endless = |why| AccountError::new("DynamoDB Scan", &self.table, why);
        self.pages.goes_on(&page).map_err(endless)?;
        if let Some(budget) = self.budget {
            let pause = page.units / f64::from(budget.max(1));
            tokio::time::sleep(Duration::from_secs_f64(pause)).await;
        }
        self.ended = page.next.is_none();
        self.start = page.next;
        Ok(Some(page.items.into_iter().map(item_of).collect()))
    }
}

/// The pages of a scan that ends: each names another next one, and not too many are empty.
#[derive(Default)]
struct Pages {
    named: HashSet<String>,
    empty: u32,
}

impl Pages {
    fn goes_on(&mut self, page: &Page) -> Result<(), String> {
        let Some(next) = &page.next else {
            return Ok(());
        };
        if !self.named.insert(format!("{next:?}")) {
            return Err(
                "it says for the second time that more rows follow after the same key: it would never end".into(),
            );
        }
        self.empty = if page.items.is_empty() {
            self.empty + 1
        } else {
            0
        };
        match self.empty > EMPTY_PAGES_MAX {
            true => Err(format!(
                "{EMPTY_PAGES_MAX} pages in a row held no row, and each named another"
            )),
            false => Ok(()),
        }
    }
}

type SdkItem = HashMap<String, AttributeValue>;

struct Page {
    items: Vec<SdkItem>,
    units: f64,
    next: Option<SdkItem>,
}

fn patient() -> Builder {
    Builder::new().retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
}

async fn page(client: &Client, table: &str, start: Option<SdkItem>) -> Result<Page, AccountError> {
    let output = client
        .scan()
        .table_name(table)
        .consistent_read(true)
        .return_consumed_capacity(ReturnConsumedCapacity::Total)
        .limit(PAGE)
        .set_exclusive_start_key(start)
        .customize()
        .config_override(patient())
        .send()
        .await
        .map_err(AccountError::of("DynamoDB Scan", table))?;
    let consumed = output.consumed_capacity();
    let units = consumed.and_then(|consumed| consumed.capacity_units());
    Ok(Page {
        units: units.unwrap_or(0.0),
        items: output.items.unwrap_or_default(),
        next: output.last_evaluated_key,
    })
}

/// Deletes rows; how many would not go.
async fn delete(
    client: &Client,
    table: &str,
    open: Vec<WriteRequest>,
) -> Result<u64, AccountError> {
    let attempt = async |open| {
        let output = client
            .batch_write_item()
            .request_items(table, open)
            .customize()
            .config_override(patient())
            .send()
            .await
            .map_err(AccountError::of("DynamoDB BatchWriteItem", table))?;
        let unprocessed = output.unprocessed_items.unwrap_or_default();
        Ok(unprocessed.into_values().flatten().collect())
    };
    until_processed(open, attempt).await
}

/// The deletion of a row by its key, as the table gave it.
fn deletion(row: &Item, table: &TableAt) -> Result<WriteRequest, AccountError> {
    let unusable = || {
        let why = format!("a row of the run has a key that is not {}", table.key);
        AccountError::new("DynamoDB Scan", &table.name, why)
    };
    let key = key_of(row, &table.key).ok_or_else(unusable)?;
    let key = sdk_item(&key).ok_or_else(unusable)?;
    let delete = DeleteRequest::builder().set_key(Some(key)).build();
    let delete = delete.map_err(|_| unusable())?;
    Ok(WriteRequest::builder().delete_request(delete).build())
}

/// Repeats what comes back unprocessed, after longer and longer pauses; how many are left at last.
async fn until_processed(
    mut open: Vec<WriteRequest>,
    attempt: impl AsyncFn(Vec<WriteRequest>) -> Result<Vec<WriteRequest>, AccountError>,
) -> Result<u64, AccountError> {
    let mut pause = FIRST_PAUSE;
    for round in 0..ROUNDS {
        if open.is_empty() {
            return Ok(0);
        }
        if round > 0 {
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        open = attempt(open).await?;
    }
    Ok(open.len() as u64)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::records::Value;

    fn naming(items: usize, next: u64) -> Page {
        let key = |number: u64| {
            let id = AttributeValue::N(number.to_string());
            SdkItem::from([("id".to_owned(), id)])
        };
        Page {
            items: vec![key(1); items],
            units: 0.0,
            next: Some(key(next)),
        }
    }

    #[test]
    fn a_scan_that_names_a_page_twice_or_only_empty_ones_is_given_up() {
        let mut pages = Pages::default();
        assert!(pages.goes_on(&naming(1, 5)).is_ok());
        assert!(pages.goes_on(&naming(1, 6)).is_ok());
        assert!(
            pages
                .goes_on(&naming(1, 5))
                .unwrap_err()
                .contains("second time")
        );
        let mut pages = Pages::default();
        for next in 0..u64::from(EMPTY_PAGES_MAX) {
            assert!(pages.goes_on(&naming(0, next)).is_ok());
        }
        assert!(pages.goes_on(&naming(0, 9_999)).is_err());
        let end = Page {
            next: None,
            ..naming(0, 0)
        };
        assert!(pages.goes_on(&end).is_ok(), "an end is an end");
    }

    #[tokio::test(start_paused = true)]
    async fn what_comes_back_unprocessed_is_asked_again_and_counted_if_it_never_goes() {
        let cases = [
            (25, 25, 1, 0, "all at once"),
            (25, 10, 3, 0, "in three rounds"),
            (25, 0, ROUNDS, 25, "never"),
            (25, 1, ROUNDS, 15, "one a round"),
            (0, 25, 0, 0, "nothing to do"),
        ];
        for (asked, processed, rounds, left, why) in cases {
            let round = Cell::new(0);
            let attempt = async |mut open: Vec<WriteRequest>| {
                round.set(round.get() + 1);
                open.truncate(open.len().saturating_sub(processed));
                Ok(open)
            };
            let row = |number: u64| [("id".to_owned(), Value::N(number.to_string()))].into();
            let one = |number| {
                deletion(&row(number), &TableAt::all(&crate::order::lab().tables)[0]).unwrap()
            };
            let open = (0..asked).map(one).collect();
            assert_eq!(until_processed(open, attempt).await, Ok(left), "{why}");
            assert_eq!(round.get(), rounds, "{why}");
        }
    }
}
