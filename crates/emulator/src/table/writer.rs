//! The thread that writes rows, and the handle a function of this process writes through.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;

use dynoxide::actions::delete_item::DeleteItemRequest;
use dynoxide::actions::put_item::PutItemRequest;
use dynoxide::types::item_size;
use dynoxide::{AttributeValue, Database, DynoxideError};
use orderproof_machines::table::{Side, hash_of_key, write_units};
use tokio::sync::oneshot;

use super::database::TableError;
use super::meters::Meters;
use super::room::Room;

/// An item of a table: its attributes by name.
pub type Item = HashMap<String, AttributeValue>;

/// What a put found.
#[derive(Debug, Clone, PartialEq)]
pub enum Put {
    /// The row is in the table now.
    Stored,
    /// The condition was that there is no row of its key, and there is this one; nothing was written.
    Exists(Option<Item>),
}

/// Why a row could not be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PutError {
    /// The table's write capacity is used up.
    #[error("the table throttled the write")]
    Throttled,
    /// Anything else.
    #[error("the table failed: {0}")]
    Failed(String),
}

type Outcomes = Vec<Result<Put, PutError>>;

enum Job<R> {
    Put {
        rows: Arc<[R]>,
        replace: bool,
        reply: oneshot::Sender<Outcomes>,
    },
    Delete(Item),
    Stop,
}

/// A table with its writing thread for rows of one type; dropping it stops the thread.
pub struct Table<R: Send + Sync + 'static> {
    jobs: flume::Sender<Job<R>>,
    thread: Option<JoinHandle<()>>,
}

impl<R: Send + Sync + 'static> Table<R> {
    /// Starts the thread that writes to the table `name`, whose partition key is `key`, of `database`, within what
    /// `meters` grant.
    ///
    /// # Errors
    /// When no thread can be started.
    pub(super) fn start(
        database: Database,
        (name, key): (&str, &str),
        meters: Meters,
        room: Room,
        item_of: impl Fn(&R) -> Item + Send + 'static,
    ) -> Result<Self, TableError> {
        let (jobs, queue) = flume::unbounded();
        let writer = Writer {
            database,
            table: name.to_owned(),
            key: key.to_owned(),
            is_new: format!("attribute_not_exists({key})"),
            meters,
            room,
            item_of,
        };
        let thread = std::thread::Builder::new()
            .name("table".into())
            .spawn(move || writer.run(&queue))?;
        Ok(Self {
            jobs,
            thread: Some(thread),
        })
    }

    /// A handle to write through.
    pub fn store(&self) -> TableStore<R> {
        TableStore {
            jobs: self.jobs.clone(),
        }
    }
}

impl<R: Send + Sync + 'static> Drop for Table<R> {
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
pub struct TableStore<R> {
    jobs: flume::Sender<Job<R>>,
}

impl<R> Clone for TableStore<R> {
    fn clone(&self) -> Self {
        Self {
            jobs: self.jobs.clone(),
        }
    }
}

impl<R: Send + Sync + 'static> TableStore<R> {
    /// Deletes the item of this key some time after this returns: nothing waits for it.
    pub fn delete(&self, key: Item) {
        let _ = self.jobs.send(Job::Delete(key));
    }

    /// Writes each of `rows` unless there is an item of its key.
    ///
    /// Rows come as one group because handing over is what costs; they are no transaction: each
    /// succeeds or fails alone, and the answer has exactly one entry a row, in the same order.
    pub async fn put_new(&self, rows: Arc<[R]>) -> Outcomes {
        self.put(rows, false).await
    }

    /// Writes each of `rows` over whatever item of its key there is, as a put without a condition does.
    pub async fn replace(&self, rows: Arc<[R]>) -> Outcomes {
        self.put(rows, true).await
    }

    async fn put(&self, rows: Arc<[R]>, replace: bool) -> Outcomes {
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
            vec![Err(PutError::Failed("the table has been stopped".into())); asked]
        })
    }
}

struct Writer<F> {
    database: Database,
    table: String,
    /// The partition key's name.
    key: String,
    /// The condition that there is no item of a row's key.
    is_new: String,
    meters: Meters,
    room: Room,
    item_of: F,
}

impl<F> Writer<F> {
    fn run<R>(&self, queue: &flume::Receiver<Job<R>>)
    where
        F: Fn(&R) -> Item,
    {
        while let Ok(job) = queue.recv() {
            match job {
                Job::Stop => return,
                Job::Delete(key) => self.delete(key),
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

    fn delete(&self, key: Item) {
        let request = DeleteItemRequest {
            table_name: self.table.clone(),
            key,
            ..DeleteItemRequest::default()
        };
        if let Err(error) = self.database.delete_item(request) {
            tracing::error!(%error, "a row could not be deleted");
        }
    }

    fn put_isolated<R>(&self, row: &R, replace: bool) -> Result<Put, PutError>
    where
        F: Fn(&R) -> Item,
    {
        catch_unwind(AssertUnwindSafe(|| self.put(row, replace)))
            .unwrap_or_else(|_| Err(PutError::Failed("the write panicked".into())))
    }

    fn put<R>(&self, row: &R, replace: bool) -> Result<Put, PutError>
    where
        F: Fn(&R) -> Item,
    {
        let item = (self.item_of)(row);
        if !self.meters.is_empty() {
            let key = item.get(&self.key).and_then(key_text).map(hash_of_key);
            let units = write_units(item_size(&item));
            let taken = self.meters.take(&self.table, Side::Write, units, key);
            taken.map_err(|_| PutError::Throttled)?;
        }
        let request = PutItemRequest {
            table_name: self.table.clone(),
            item,
            condition_expression: (!replace).then(|| self.is_new.clone()),
            return_values_on_condition_check_failure: Some("ALL_OLD".into()),
            ..PutItemRequest::default()
        };
        match self.database.put_item(request) {
            Ok(_) => Ok(Put::Stored),
            Err(DynoxideError::ConditionalCheckFailedException(_, existing)) => {
                Ok(Put::Exists(existing))
            }
            Err(error) => Err(PutError::Failed(error.to_string())),
        }
    }
}

fn full(most: u64) -> PutError {
    PutError::Failed(format!(
        "the tables take the {most} bytes they may take at most"
    ))
}

/// A key's text, by which its partition is found.
fn key_text(value: &AttributeValue) -> Option<&str> {
    match value {
        AttributeValue::N(text) | AttributeValue::S(text) => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counters::Counters;
    use crate::table::{KeyKind, TableCapacity, TableKey, Tables, key};

    type Row = (u64, String);

    fn row(id: u64, text: &str) -> Row {
        (id, text.to_owned())
    }

    fn item(row: &Row) -> Item {
        HashMap::from([
            ("id".to_owned(), AttributeValue::N(row.0.to_string())),
            ("text".to_owned(), AttributeValue::S(row.1.clone())),
        ])
    }

    fn id() -> TableKey {
        key("id", KeyKind::N)
    }

    fn table(capacity: TableCapacity) -> (Table<Row>, Arc<Counters>) {
        let counters = Arc::new(Counters::default());
        let tables = Tables::open(1.0, Arc::clone(&counters)).unwrap();
        tables.create("orders", &id(), capacity).unwrap();
        (tables.writer("orders", "id", item).unwrap(), counters)
    }

    #[tokio::test]
    async fn a_new_number_is_stored_and_a_known_one_tells_what_is_there() {
        let (table, _) = table(TableCapacity::Unlimited);
        let rows = Arc::from([row(1, "a"), row(2, "b"), row(1, "c")]);
        let outcomes = table.store().put_new(rows).await;
        let exists = Put::Exists(Some(item(&row(1, "a"))));
        assert_eq!(outcomes, [Ok(Put::Stored), Ok(Put::Stored), Ok(exists)]);
    }

    #[tokio::test]
    async fn writes_beyond_the_burst_are_throttled_and_counted() {
        let (table, counters) = table(TableCapacity::Provisioned {
            write_capacity_units: 1,
            read_capacity_units: None,
        });
        let rows: Arc<[Row]> = (1..=320).map(|id| row(id, "{}")).collect();
        let outcomes = table.store().put_new(rows).await;
        let throttled = outcomes.iter().filter(|outcome| outcome.is_err()).count();
        // The bucket refills while the test runs, so a few beyond 300 may pass.
        assert!((1..=20).contains(&throttled), "{throttled} throttled");
        assert_eq!(counters.throttled_writes.get(), throttled as u64);
        assert!(outcomes[..300].iter().all(Result::is_ok));
        assert!(outcomes.contains(&Err(PutError::Throttled)));
    }

    #[tokio::test]
    async fn a_full_table_fails_every_row_and_keeps_what_it_has() {
        let tables = Tables::open(1.0, Arc::default()).unwrap();
        let tables = tables.storing_at_most(Some(1_000_000));
        let unlimited = TableCapacity::Unlimited;
        tables.create("orders", &id(), unlimited).unwrap();
        let table = tables.writer("orders", "id", item).unwrap();
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
        assert!(tables.create("orders", &id(), none).is_err());
    }
}
