//! A store in memory for tests, which misbehaves on request.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use super::{OrderRow, OrderStore, PutOutcome, WriteError};
use crate::order::OrderPlan;

/// The `order_details` of the row of order `k` of the lab's, out of its message.
pub(crate) fn details_of(plan: &OrderPlan, k: u64) -> String {
    let mut body = Vec::new();
    plan.write_body(k, &mut body);
    let body = String::from_utf8(body).unwrap();
    let (_number, fields) = body.split_once(", ").unwrap();
    format!("{{{fields}")
}

/// Rows in memory; orders of the named numbers misbehave.
#[derive(Default)]
pub(crate) struct MemoryStore {
    /// What has been stored.
    pub rows: Mutex<HashMap<u64, OrderRow>>,
    /// The sizes of the groups that were written.
    pub groups: Mutex<Vec<usize>>,
    /// Writing this order is throttled.
    pub throttles: Option<u64>,
    /// Writing this order panics.
    pub panics: Option<u64>,
    /// Every answer is empty.
    pub answers_nothing: bool,
}

impl MemoryStore {
    /// The content stored for an order.
    pub fn details(&self, id: u64) -> Option<String> {
        let rows = self.rows.lock().unwrap();
        rows.get(&id).map(|row| row.order_details.clone())
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.lock().unwrap().len()
    }

    fn put(&self, row: &OrderRow, replace: bool) -> Result<PutOutcome, WriteError> {
        assert_ne!(Some(row.id), self.panics, "this panic is wanted");
        if Some(row.id) == self.throttles {
            return Err(WriteError::Throttled);
        }
        if let Some(details) = self.details(row.id).filter(|_| !replace) {
            return Ok(PutOutcome::Exists {
                order_details: Some(details),
            });
        }
        self.rows.lock().unwrap().insert(row.id, row.clone());
        Ok(PutOutcome::Stored)
    }
}

impl OrderStore for MemoryStore {
    async fn put_new(&self, rows: Arc<[OrderRow]>) -> Vec<Result<PutOutcome, WriteError>> {
        self.groups.lock().unwrap().push(rows.len());
        if self.answers_nothing {
            return Vec::new();
        }
        rows.iter().map(|row| self.put(row, false)).collect()
    }

    async fn replace(&self, rows: Arc<[OrderRow]>) -> Vec<Result<PutOutcome, WriteError>> {
        rows.iter().map(|row| self.put(row, true)).collect()
    }
}
