//! Orders in the emulator's table: what a row's item is, and what a write's outcome says to the order processor.

use std::sync::Arc;

use super::Holdings;
use super::stored::JustStored;
use crate::emulator::table::{
    AttributeValue, Item, Put, PutError, Table, TableError, TableStore, Tables,
};
use crate::processor::{OrderRow, OrderStore, PutOutcome, WriteError, attribute, unix_micros};
use crate::records::{self, Value};
use crate::scenario::Resources;

/// The orders table with its writing thread.
pub type OrderTable = Table<OrderRow>;

/// The thread that writes orders to `table`, which is to have the key `id` (Number).
///
/// # Errors
/// When it cannot be started.
pub fn order_table(tables: &Tables, table: &str) -> Result<OrderTable, TableError> {
    tables.writer(table, attribute::ID, |row: &OrderRow| {
        item(row, unix_micros())
    })
}

/// The orders table as the processor sees it.
#[derive(Clone)]
pub struct Orders {
    table: TableStore<OrderRow>,
    stored: Option<JustStored>,
}

impl Orders {
    /// Those of this table.
    pub fn of(table: &OrderTable) -> Self {
        Self {
            table: table.store(),
            stored: None,
        }
    }

    /// The same, with the instant at which each order is stored added to `stored`.
    pub(super) fn noting(self, stored: JustStored) -> Self {
        Self {
            stored: Some(stored),
            ..self
        }
    }

    fn noted(&self, rows: &[OrderRow], outcomes: Outcomes) -> Outcomes {
        if let Some(noted) = &self.stored {
            let stored = rows.iter().zip(&outcomes);
            let stored = stored.filter(|(_, outcome)| **outcome == Ok(PutOutcome::Stored));
            noted.note(stored.map(|(row, _)| row.id));
        }
        outcomes
    }

    /// Deletes the row of an order some time after this returns: nothing waits for it.
    pub fn delete(&self, id: u64) {
        let key = (attribute::ID.to_owned(), number(id));
        self.table.delete([key].into());
    }
}

type Outcomes = Vec<Result<PutOutcome, WriteError>>;

impl OrderStore for Orders {
    async fn put_new(&self, rows: Arc<[OrderRow]>) -> Outcomes {
        let outcomes = told(self.table.put_new(Arc::clone(&rows)).await);
        self.noted(&rows, outcomes)
    }

    async fn replace(&self, rows: Arc<[OrderRow]>) -> Outcomes {
        let outcomes = told(self.table.replace(Arc::clone(&rows)).await);
        self.noted(&rows, outcomes)
    }
}

fn told(outcomes: Vec<Result<Put, PutError>>) -> Outcomes {
    let told = |outcome| match outcome {
        Ok(Put::Stored) => Ok(PutOutcome::Stored),
        Ok(Put::Exists(existing)) => Ok(PutOutcome::Exists {
            order_details: existing.and_then(details_of),
        }),
        Err(PutError::Throttled) => Err(WriteError::Throttled),
        Err(PutError::Failed(reason)) => Err(WriteError::Failed(reason)),
    };
    outcomes.into_iter().map(told).collect()
}

fn details_of(mut item: Item) -> Option<String> {
    match item.remove(attribute::ORDER_DETAILS) {
        Some(AttributeValue::S(details)) => Some(details),
        _ => None,
    }
}

impl Holdings {
    /// `id` and `order_details` of each row of the lab's table, empty where it has none.
    pub fn lab_rows(&self) -> Vec<(String, String)> {
        let rows = self.tables.get(&Resources::default().table);
        let text = |row: &records::Item, name: &str| match row.get(name) {
            Some(Value::N(text) | Value::S(text)) => text.clone(),
            _ => String::new(),
        };
        let both = |row| {
            (
                text(row, attribute::ID),
                text(row, attribute::ORDER_DETAILS),
            )
        };
        rows.into_iter().flatten().map(both).collect()
    }
}

fn number(value: u64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

fn item(row: &OrderRow, stored_at_us: u64) -> Item {
    Item::from([
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
    use crate::embedded::items::row as row_of;
    use crate::emulator::table::{KeyKind, TableCapacity, key};

    fn row(id: u64, order_details: &str) -> OrderRow {
        OrderRow {
            id,
            order_details: order_details.into(),
            received_at_us: 1,
            receive_count: 2,
        }
    }

    #[tokio::test]
    async fn a_row_is_stored_once_with_its_times_and_a_second_is_told_what_is_there() {
        let tables = Tables::open(1.0, Arc::default()).unwrap();
        let unlimited = TableCapacity::Unlimited;
        let by_id = key(attribute::ID, KeyKind::N);
        tables.create("orders", &by_id, unlimited).unwrap();
        let table = order_table(&tables, "orders").unwrap();
        let stored = JustStored::default();
        let orders = Orders::of(&table).noting(stored.clone());
        let rows = Arc::from([row(1, "a"), row(2, "b"), row(1, "c")]);
        let outcomes = orders.put_new(rows).await;
        let exists = PutOutcome::Exists {
            order_details: Some("a".into()),
        };
        assert_eq!(
            outcomes,
            [Ok(PutOutcome::Stored), Ok(PutOutcome::Stored), Ok(exists)]
        );
        let ids: Vec<u64> = stored.take().into_iter().map(|(id, _)| id).collect();
        assert_eq!(ids, [1, 2], "what was there was not stored now");
        orders.replace(Arc::from([row(1, "c")])).await;
        orders.delete(2);
        // The thread works in order: once this is answered, the row is gone.
        orders.put_new(Arc::from([row(1, "d")])).await;
        let items = tables.items("orders").unwrap();
        let [item] = &items[..] else {
            panic!("one row: {items:?}")
        };
        assert_eq!(item[attribute::RECEIVE_COUNT], number(2));
        assert_eq!(item[attribute::RECEIVED_AT], number(1));
        let AttributeValue::N(stored_at) = &item[attribute::STORED_AT] else {
            panic!("a number: {item:?}")
        };
        let stored_at: u64 = stored_at.parse().unwrap();
        assert!(
            stored_at > 1_700_000_000_000_000,
            "microseconds: {stored_at}"
        );
        let mut holdings = Holdings::default();
        holdings
            .tables
            .insert("orders".into(), vec![row_of(item.clone())]);
        assert_eq!(holdings.lab_rows(), [("1".into(), "c".into())]);
    }
}
