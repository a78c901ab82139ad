//! Whose a message or a row is, as far as a fault has to know: by the id in it.

use crate::order::{OrderId, OrderPlan};
use crate::records::Item;

/// The sequence number of the plan's order whose message has this body; `None` when it holds no id of the run.
pub fn order_of_body(orders: &OrderPlan, body: &str) -> Option<u64> {
    #[derive(serde::Deserialize)]
    struct Numbered {
        order_number: u64,
    }

    let numbered: Numbered = serde_json::from_str(body).ok()?;
    OrderId::sequence_in(orders.run, numbered.order_number)
}

/// The sequence number of the plan's order whose row in `table` this is; `None` when it holds no id of the run.
pub fn order_of_row(orders: &OrderPlan, _table: &str, item: &Item) -> Option<u64> {
    let number = item.get("id")?.as_number()?;
    OrderId::sequence_in(orders.run, number.parse().ok()?)
}

/// Whether a function is to refuse the message with this body: it is a bad order's, or holds no id though good orders do.
pub fn is_to_fail(orders: &OrderPlan, body: &str) -> bool {
    match order_of_body(orders, body) {
        Some(k) => orders.is_bad(k),
        None => orders.keeps_message_ids(),
    }
}
