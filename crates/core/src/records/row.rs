//! One row of the table, and the attributes it has.

use serde::{Deserialize, Serialize};

use super::{Item, Value};
use crate::order::{Decimal, excerpt};

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

impl Row {
    /// A row of the lab's table, as far as it can be read.
    pub fn read(item: &Item) -> Self {
        let (order_number, odd_key) = match key(item) {
            Ok(number) => (Some(number), None),
            Err(odd) => (None, Some(odd)),
        };
        let (order_details, odd_details) = match item.get(attribute::ORDER_DETAILS) {
            Some(Value::S(text)) => (Some(text.clone()), None),
            Some(other) => (None, Some(kind(other))),
            None => (None, None),
        };
        Self {
            order_number,
            odd_key,
            order_details,
            odd_details,
            stored_at_us: number(item, attribute::STORED_AT),
            receive_count: number(item, attribute::RECEIVE_COUNT),
        }
    }
}

/// A whole number as DynamoDB may spell it: nearly always plain digits.
fn whole(text: &str) -> Option<u64> {
    let plain = text.parse().ok();
    plain.or_else(|| Decimal::parse(text)?.as_u64())
}

fn number(item: &Item, name: &str) -> Option<u64> {
    whole(item.get(name)?.as_number()?)
}

fn key(item: &Item) -> Result<u64, OddKey> {
    let unreadable = |what: String| OddKey::Unreadable(format!("`{}` is {what}", attribute::ID));
    match item.get(attribute::ID) {
        Some(Value::N(text)) => whole(text).ok_or_else(|| match Decimal::parse(text) {
            Some(_) => OddKey::Number(excerpt(text)),
            None => unreadable(format!("\"{}\", which is no number", excerpt(text))),
        }),
        Some(Value::S(text)) => Err(unreadable(format!("a text (S), \"{}\"", excerpt(text)))),
        Some(other) => Err(unreadable(kind(other))),
        None => Err(unreadable("missing".into())),
    }
}

/// What type a value has, in words.
fn kind(value: &Value) -> String {
    let kind = match value {
        Value::S(_) => "a text (S)",
        Value::N(_) => "a number (N)",
        Value::B(_) => "binary (B)",
        Value::Bool(_) => "a truth value (BOOL)",
        Value::Null => "null (NULL)",
        Value::M(_) => "a map (M)",
        Value::L(_) => "a list (L)",
        Value::Ss(_) => "a set of texts (SS)",
        Value::Ns(_) => "a set of numbers (NS)",
        Value::Bs(_) => "a set of binaries (BS)",
        Value::Unknown(_) => "of a type this program does not know",
    };
    kind.to_owned()
}

#[cfg(test)]
#[path = "row_tests.rs"]
mod tests;
