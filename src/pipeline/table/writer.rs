//! The thread that writes rows, and the handle the function writes through.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;

use dynoxide::actions::delete_item::DeleteItemRequest;
use dynoxide::actions::put_item::PutItemRequest;
use dynoxide::types::item_size;
use dynoxide::{AttributeValue, Database, DynoxideError};
use tokio::sync::oneshot;

use super::cost::write_units;
use super::database::TableError;
use super::meter::Side;
use super::meters::{Meters, hash_of_key};
use super::room::Room;
use crate::processor::{OrderRow, OrderStore, PutOutcome, StoreError, attribute, unix_micros};

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
    /// Starts the thread that writes to the table `name` of `database`, within what `meters` grant.
    ///
    /// # Errors
    /// When no thread can be started.
    pub(super) fn start(
        database: Database,
        name: &str,
        meters: Meters,
        room: Room,
    ) -> Result<Self, TableError> {
        let (jobs, queue) = flume::unbounded();
        let writer = Writer {
            database: database.clone(),
            table: name.to_owned(),
            meters,
            room,
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
    meters: Meters,
    room: Room,
}

impl Writer {
    fn run(&self, queue: &flume::Receiver<Job>) {
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
                    let outcomes = match self.room.exceeded() {
                        Some(most) => vec![Err(full(most)); rows.len()],
                        None => rows
                            .iter()
                            .map(|row| self.put_isolated(row, replace))
                            .collect(),
                    };
                    let _ = reply.send(outcomes);
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

    fn put_isolated(&self, row: &OrderRow, replace: bool) -> Result<PutOutcome, StoreError> {
        catch_unwind(AssertUnwindSafe(|| self.put(row, replace)))
            .unwrap_or_else(|_| Err(StoreError::Failed("the write panicked".into())))
    }

    fn put(&self, row: &OrderRow, replace: bool) -> Result<PutOutcome, StoreError> {
        let item = item(row, unix_micros());
        if !self.meters.is_empty() {
            let key = hash_of_key(&row.id.to_string());
            let units = write_units(item_size(&item));
            let taken = self.meters.take(&self.table, Side::Write, units, Some(key));
            taken.map_err(|_| StoreError::Throttled)?;
        }
        let request = PutItemRequest {
            table_name: self.table.clone(),
            item,
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

fn full(most: u64) -> StoreError {
    StoreError::Failed(format!(
        "the tables take the {most} bytes they may take at most"
    ))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::counters::Counters;
    use crate::pipeline::table::Tables;
    use crate::scenario::TableCapacity;

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
        let tables = Tables::open(1.0, Arc::clone(&counters)).unwrap();
        tables.create("orders", capacity).unwrap();
        (tables.writer("orders").unwrap(), counters)
    }

    #[tokio::test]
    async fn a_new_number_is_stored_and_a_known_one_tells_what_is_there() {
        let (table, _) = table(TableCapacity::Unlimited);
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
            read_capacity_units: None,
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
    async fn a_full_table_fails_every_row_and_keeps_what_it_has() {
        let tables = Tables::open(1.0, Arc::default()).unwrap();
        let tables = tables.storing_at_most(Some(1_000_000));
        tables.create("orders", TableCapacity::Unlimited).unwrap();
        let table = tables.writer("orders").unwrap();
        let large = "x".repeat(100_000);
        let mut stored = 0;
        loop {
            let outcomes = table
                .store()
                .put_new(Arc::from([row(stored, &large)]))
                .await;
            match &outcomes[0] {
                Ok(_) => stored += 1,
                Err(error) => {
                    assert!(error.to_string().contains("1000000 bytes"), "{error}");
                    break;
                }
            }
            assert!(stored < 20, "2 MB do not fit in 1");
        }
        assert!(stored > 3, "{stored}");
    }

    #[tokio::test]
    async fn a_stopped_table_fails_every_row() {
        let (table, _) = table(TableCapacity::Unlimited);
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
            read_capacity_units: None,
        };
        let tables = Tables::open(1.0, Arc::default()).unwrap();
        assert!(tables.create("orders", none).is_err());
    }
}
