//! One row of the table, and the attributes it has.

use serde::{Deserialize, Serialize};

/// The attributes of a row.
pub mod attribute {
    /// N, the key: the order number.
    pub const ID: &str = "id";
    /// S: the JSON of the order's three other fields.
    pub const ORDER_DETAILS: &str = "order_details";
    /// N: microseconds since the Unix epoch, taken at the put.
    pub const STORED_AT: &str = "stored_at";
    /// N: microseconds since the Unix epoch, when the function was given the record.
    pub const RECEIVED_AT: &str = "received_at";
    /// N: how often SQS had handed the message out, this time included.
    pub const RECEIVE_COUNT: &str = "receive_count";
}

/// One row of the table, as far as it can be read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Row {
    /// `id`, when it is a whole number below 2^64, however it is spelled.
    pub order_number: Option<u64>,
    /// What `id` is otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub odd_key: Option<OddKey>,
    /// `order_details`, when it is a text.
    pub order_details: Option<String>,
    /// What `order_details` is otherwise, in words; `None` when there is no such attribute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub odd_details: Option<String>,
    /// `stored_at`, microseconds since the Unix epoch.
    pub stored_at_us: Option<u64>,
    /// `receive_count`.
    pub receive_count: Option<u64>,
}

/// A key that is no order number. The texts are excerpts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum OddKey {
    /// A number, but a negative one, a fraction, or one beyond 64 bits.
    Number(String),
    /// Nothing that can be read as a number, in words: which row it is, is not known.
    Unreadable(String),
}
