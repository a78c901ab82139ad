//! The thread that writes rows, and the handle the function writes through.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;

use dynoxide::actions::delete_item::DeleteItemRequest;
use dynoxide::actions::put_item::PutItemRequest;
use dynoxide::{AttributeValue, Database, DynoxideError};
use tokio::sync::oneshot;

use super::capacity::CapacityBucket;
use super::database::{TableError, create};
use crate::pipeline::counters::Counters;
use crate::processor::{OrderRow, OrderStore, PutOutcome, StoreError, attribute, unix_micros};
use crate::scenario::TableCapacity;

type Outcomes = Vec<Result<PutOutcome, StoreError>>;

enum Job {
    Put {
        rows: Arc<[OrderRow]>,
        replace: bool,
        reply: oneshot::Sender<Outcomes>,
    },
    Delete(u64),
    Stop,
}

/// The embedded table with its writing thread; dropping it stops the thread.
pub struct Table {
    database: Database,
    jobs: flume::Sender<Job>,
    thread: Option<JoinHandle<()>>,
}

impl Table {
    /// Creates the table and starts its thread.
    ///
    /// # Errors
    /// When the database refuses the table or no thread can be started.
    pub fn start(
        name: &str,
        capacity: TableCapacity,
        counters: Arc<Counters>,
    ) -> Result<Self, TableError> {
        let database = create(name, capacity)?;
        let (jobs, queue) = flume::unbounded();
        let mut writer = Writer {
            database: database.clone(),
            table: name.to_owned(),
            bucket: CapacityBucket::new(capacity, Instant::now()),
            counters,
        };
        let thread = std::thread::Builder::new()
            .name("table".into())
            .spawn(move || writer.run(&queue))?;
        Ok(Self {
            database,
            jobs,
            thread: Some(thread),
        })
    }

    /// The database, for serving it.
    pub fn database(&self) -> Database {
        self.database.clone()
    }

    /// A handle to write through.
    pub fn store(&self) -> TableStore {
        TableStore {
            jobs: self.jobs.clone(),
        }
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        let _ = self.jobs.send(Job::Stop);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the embedded table's thread panicked");
        }
    }
}

/// Writes rows on the table's thread. The channel is unbounded and yet never long: whoever calls waits
/// for the answer, and the mapping bounds the callers.
#[derive(Clone)]
pub struct TableStore {
    jobs: flume::Sender<Job>,
}

impl TableStore {
    /// Deletes the row of an order some time after this returns: nothing waits for it.
    pub fn delete(&self, id: u64) {
        let _ = self.jobs.send(Job::Delete(id));
    }

    async fn put(&self, rows: Arc<[OrderRow]>, replace: bool) -> Outcomes {
        let asked = rows.len();
        let (reply, answer) = oneshot::channel();
        let sent = self.jobs.send(Job::Put {
            rows,
            replace,
            reply,
        });
        let answered = match sent {
            Ok(()) => answer.await.ok(),
            Err(_) => None,
        };
        answered.unwrap_or_else(|| {
            vec![Err(StoreError::Failed("the table has been stopped".into())); asked]
        })
    }
}

impl OrderStore for TableStore {
    async fn put_new(&self, rows: Arc<[OrderRow]>) -> Outcomes {
        self.put(rows, false).await
    }

    async fn replace(&self, rows: Arc<[OrderRow]>) -> Outcomes {
        self.put(rows, true).await
    }
}

struct Writer {
    database: Database,
    table: String,
    bucket: Option<CapacityBucket>,
    counters: Arc<Counters>,
}

impl Writer {
    fn run(&mut self, queue: &flume::Receiver<Job>) {
        while let Ok(job) = queue.recv() {
            match job {
                Job::Stop => return,
                Job::Delete(id) => self.delete(id),
                // A function that was stopped by its time-out writes nothing any more.
                Job::Put { reply, .. } if reply.is_closed() => {}
                Job::Put {
                    rows,
                    replace,
                    reply,
                } => {
                    let outcomes = rows.iter().map(|row| self.put_isolated(row, replace));
                    let _ = reply.send(outcomes.collect());
                }
            }
        }
    }

    fn delete(&self, id: u64) {
        let request = DeleteItemRequest {
            table_name: self.table.clone(),
            key: HashMap::from([(attribute::ID.to_owned(), AttributeValue::N(id.to_string()))]),
            ..DeleteItemRequest::default()
        };
        if let Err(error) = self.database.delete_item(request) {
            tracing::error!(%error, id, "a row could not be deleted");
        }
    }

    fn put_isolated(&mut self, row: &OrderRow, replace: bool) -> Result<PutOutcome, StoreError> {
        catch_unwind(AssertUnwindSafe(|| self.put(row, replace)))
            .unwrap_or_else(|_| Err(StoreError::Failed("the write panicked".into())))
    }

    fn put(&mut self, row: &OrderRow, replace: bool) -> Result<PutOutcome, StoreError> {
        if let Some(bucket) = &mut self.bucket
            && !bucket.take(row_bytes(row), Instant::now())
        {
            self.counters.throttled_writes.add(1);
            return Err(StoreError::Throttled);
        }
        let request = PutItemRequest {
            table_name: self.table.clone(),
            item: item(row, unix_micros()),
            condition_expression: (!replace)
                .then(|| format!("attribute_not_exists({})", attribute::ID)),
            return_values_on_condition_check_failure: Some("ALL_OLD".into()),
            ..PutItemRequest::default()
        };
        match self.database.put_item(request) {
            Ok(_) => Ok(PutOutcome::Stored),
            Err(DynoxideError::ConditionalCheckFailedException(_, existing)) => {
                Ok(PutOutcome::Exists {
                    order_details: existing.and_then(details_of),
                })
            }
            Err(error) => Err(StoreError::Failed(error.to_string())),
        }
    }
}

fn details_of(mut item: HashMap<String, AttributeValue>) -> Option<String> {
    match item.remove(attribute::ORDER_DETAILS) {
        Some(AttributeValue::S(details)) => Some(details),
        _ => None,
    }
}

fn item(row: &OrderRow, stored_at_us: u64) -> HashMap<String, AttributeValue> {
    let number = |value: u64| AttributeValue::N(value.to_string());
    HashMap::from([
        (attribute::ID.to_owned(), number(row.id)),
        (
            attribute::ORDER_DETAILS.to_owned(),
            AttributeValue::S(row.order_details.clone()),
        ),
        (attribute::STORED_AT.to_owned(), number(stored_at_us)),
        (
            attribute::RECEIVED_AT.to_owned(),
            number(row.received_at_us),
        ),
        (
            attribute::RECEIVE_COUNT.to_owned(),
            number(u64::from(row.receive_count)),
        ),
    ])
}

/// About the item's size as DynamoDB counts it: names and strings by their bytes, a number by half of
/// its digits and one.
fn row_bytes(row: &OrderRow) -> usize {
    const NAMES_AND_NUMBERS: usize = 90;
    NAMES_AND_NUMBERS + row.order_details.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: u64, order_details: &str) -> OrderRow {
        OrderRow {
            id,
            order_details: order_details.into(),
            received_at_us: 1,
            receive_count: 1,
        }
    }

    fn table(capacity: TableCapacity) -> (Table, Arc<Counters>) {
        let counters = Arc::new(Counters::default());
        let table = Table::start("orders", capacity, Arc::clone(&counters)).unwrap();
        (table, counters)
    }

    #[tokio::test]
    async fn a_new_number_is_stored_and_a_known_one_tells_what_is_there() {
        let (table, _) = table(TableCapacity::OnDemand);
        let rows = Arc::from([row(1, "a"), row(2, "b"), row(1, "c")]);
        let outcomes = table.store().put_new(rows).await;
        let exists = PutOutcome::Exists {
            order_details: Some("a".into()),
        };
        assert_eq!(
            outcomes,
            [Ok(PutOutcome::Stored), Ok(PutOutcome::Stored), Ok(exists)]
        );
    }

    #[tokio::test]
    async fn writes_beyond_the_burst_are_throttled_and_counted() {
        let (table, counters) = table(TableCapacity::Provisioned {
            write_capacity_units: 1,
        });
        let rows: Arc<[OrderRow]> = (1..=320).map(|id| row(id, "{}")).collect();
        let outcomes = table.store().put_new(rows).await;
        let throttled = outcomes.iter().filter(|outcome| outcome.is_err()).count();
        // The bucket refills while the test runs, so a few beyond 300 may pass.
        assert!((1..=20).contains(&throttled), "{throttled} throttled");
        assert_eq!(counters.throttled_writes.get(), throttled as u64);
        assert!(outcomes[..300].iter().all(Result::is_ok));
        assert!(outcomes.contains(&Err(StoreError::Throttled)));
    }

    #[tokio::test]
    async fn a_stopped_table_fails_every_row() {
        let (table, _) = table(TableCapacity::OnDemand);
        let store = table.store();
        drop(table);
        let outcomes = store.put_new(Arc::from([row(1, "a"), row(2, "b")])).await;
        assert_eq!(outcomes.len(), 2);
        assert!(outcomes.iter().all(Result::is_err));
    }

    #[test]
    fn a_capacity_no_table_can_have_is_an_error() {
        let none = TableCapacity::Provisioned {
            write_capacity_units: 0,
        };
        assert!(create("orders", none).is_err());
    }
}
