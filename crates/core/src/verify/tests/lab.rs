//! An order of the lab's as its message says it.

use serde_json::Value;

use crate::order::OrderPlan;

/// The three fields beside the number.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct LabOrder {
    pub(super) items: u8,
    /// The price; `None` is `err`, a bad order's.
    pub(super) dollars: Option<f64>,
    pub(super) article: String,
}

impl LabOrder {
    /// Order `k` of `plan`.
    pub(super) fn of(plan: &OrderPlan, k: u64) -> Self {
        let body: Value = serde_json::from_str(&body(plan, k)).expect("JSON");
        let price = &body["price_per_item"];
        assert!(price.is_f64() || price == "err", "{body}");
        Self {
            items: body["num_items"].as_u64().expect("a number") as u8,
            dollars: price.as_f64(),
            article: body["item_description"].as_str().expect("a text").into(),
        }
    }

    pub(super) fn is_bad(&self) -> bool {
        self.dollars.is_none()
    }
}

/// The message of order `k`.
pub(super) fn body(plan: &OrderPlan, k: u64) -> String {
    let mut body = Vec::new();
    plan.write_body(k, &mut body);
    String::from_utf8(body).expect("text")
}

/// What the row of order `k` keeps of its message: all but the number.
pub(super) fn details(plan: &OrderPlan, k: u64) -> String {
    let body = body(plan, k);
    let (_number, fields) = body.split_once(", ").expect("several fields");
    format!("{{{fields}")
}
