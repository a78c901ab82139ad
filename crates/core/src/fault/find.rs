//! Whose a message or a row is, as far as a fault has to know: by the id in it.

use serde_json::Value;

use crate::order::{Capture, Model, OrderPlan, RowOwner};
use crate::records::Item;

/// The sequence number of the plan's order whose message has this body; `None` when it holds no id of the run.
pub fn order_of_body(orders: &OrderPlan, body: &str) -> Option<u64> {
    order_of_document(orders, orders.model.document_of(body)?)
}

/// The id in a message's body, as it stands there; `None` when it holds none of the run.
pub fn id_of_body(orders: &OrderPlan, body: &str) -> Option<String> {
    let document = orders.model.document_of(body)?;
    found_in(orders, document).map(|(id, _)| id)
}

/// The same for a message as it was sent to a topic, to an event bus, or to a server in the queue's place.
pub fn order_of_sent(orders: &OrderPlan, sent: &str) -> Option<u64> {
    let taken = orders.taken_from_request(sent)?;
    order_of_document(orders, orders.model.document_of_sent(&taken)?)
}

fn order_of_document(orders: &OrderPlan, document: String) -> Option<u64> {
    found_in(orders, document).map(|(_, k)| k)
}

/// The id in a document, and whose it is.
fn found_in(orders: &OrderPlan, document: String) -> Option<(String, u64)> {
    let json: Option<Value> = serde_json::from_str(&document).ok();
    let mut places = orders.model.id_places().iter();
    places.find_map(|place| {
        let text = match place.pointer.as_str() {
            "" => document.clone(),
            pointer => plain(json.as_ref()?.pointer(pointer)?)?,
        };
        let found = place.template.matches(&text)?;
        let (run, k) = orders.model.owner_in(&found)?;
        let written = found.get(Capture::Id).map(str::to_owned);
        let id = || written.unwrap_or_else(|| orders.id(k).shown().to_string());
        (run == orders.run).then(|| (id(), k))
    })
}

/// A text or a number as its text.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The sequence number of the plan's order, of so many planned, whose row in `table` this is; `None` when it is nobody's.
pub fn order_of_row(orders: &OrderPlan, planned: u64, table: &str, item: &Item) -> Option<u64> {
    match orders.owner_of_row(planned, table, item) {
        RowOwner::Order { k, .. } => Some(k),
        _ => None,
    }
}

/// Whether a function is to refuse the message with this body: it is a bad order's, or holds no id though good orders do.
pub fn is_to_fail(orders: &OrderPlan, body: &str) -> bool {
    match order_of_body(orders, body) {
        Some(k) => orders.is_bad(k),
        None => orders.bodies_may_hold_no_id(),
    }
}

/// Why a fault cannot know an order by its message's body; `None` when it can.
pub fn why_hidden(model: &Model) -> Option<&'static str> {
    model.id_places().is_empty().then_some(
        "it strikes an order on its way, where only the message's body is seen, and no body of this scenario holds {{id}}",
    )
}

#[cfg(test)]
#[path = "find_tests.rs"]
mod tests;
