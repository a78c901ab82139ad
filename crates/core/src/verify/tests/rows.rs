//! Rows of the lab's table, made by hand.

use crate::records::{Item, Value};

/// A row of the lab's table, attribute by attribute.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Row {
    /// `id`, when it is a whole number.
    pub(super) order_number: Option<u64>,
    /// What `id` is otherwise; without either there is none.
    pub(super) odd_key: Option<Value>,
    pub(super) order_details: Option<String>,
    /// What `order_details` is when it is no text.
    pub(super) odd_details: Option<Value>,
    pub(super) stored_at_us: Option<u64>,
    pub(super) receive_count: Option<u64>,
}

impl Row {
    /// As the table gives it.
    pub(super) fn item(&self) -> Item {
        let number = |number: u64| Value::N(number.to_string());
        let details = self.order_details.clone().map(Value::S);
        let attributes = [
            ("id", self.order_number.map(number).or(self.odd_key.clone())),
            ("order_details", details.or(self.odd_details.clone())),
            ("stored_at", self.stored_at_us.map(number)),
            ("receive_count", self.receive_count.map(number)),
        ];
        let there = attributes
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)));
        there.collect()
    }
}
