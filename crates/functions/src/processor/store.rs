//! The table as the processor sees it: rows and one conditional write.

use std::future::Future;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

#[cfg(doc)]
use super::attribute;
use crate::clock;

/// A row about to be written; the store adds [`attribute::STORED_AT`] as it writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderRow {
    /// The order number.
    pub id: u64,
    /// The JSON of the three other fields, as [`super::IncomingOrder::details`] writes it.
    pub order_details: String,
    /// When the function was given the record, microseconds since the Unix epoch.
    pub received_at_us: u64,
    /// How often SQS had handed the message out.
    pub receive_count: u32,
}

/// What a conditional write found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PutOutcome {
    /// The number was new and the row is durable now.
    Stored,
    /// There is a row of that number; nothing was written.
    Exists {
        /// Its `order_details`, if it has any.
        order_details: Option<String>,
    },
}

/// Why a row could not be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// The table's write capacity is used up.
    #[error("the table throttled the write")]
    Throttled,
    /// Anything else.
    #[error("the table failed: {0}")]
    Failed(String),
}

/// A table that takes rows.
pub trait OrderStore: Send + Sync {
    /// Writes each of `rows` unless there is a row of its number (`attribute_not_exists(id)`).
    ///
    /// Rows come as one group because handing over is what costs; they are no transaction: each
    /// succeeds or fails alone, and the answer has exactly one entry a row, in the same order.
    fn put_new(
        &self,
        rows: Arc<[OrderRow]>,
    ) -> impl Future<Output = Vec<Result<PutOutcome, WriteError>>> + Send;

    /// Writes each of `rows` over whatever row of its number there is, as a put without a condition does.
    /// No sound processor needs it; the lab's does so.
    fn replace(
        &self,
        rows: Arc<[OrderRow]>,
    ) -> impl Future<Output = Vec<Result<PutOutcome, WriteError>>> + Send;
}

/// Shared by several invocations.
impl<S: OrderStore> OrderStore for Arc<S> {
    async fn put_new(&self, rows: Arc<[OrderRow]>) -> Vec<Result<PutOutcome, WriteError>> {
        (**self).put_new(rows).await
    }

    async fn replace(&self, rows: Arc<[OrderRow]>) -> Vec<Result<PutOutcome, WriteError>> {
        (**self).replace(rows).await
    }
}

/// The time now, microseconds since the Unix epoch.
pub fn unix_micros() -> u64 {
    clock::wall().duration_since(UNIX_EPOCH).map_or(0, |since| {
        u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
    })
}
