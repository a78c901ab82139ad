//! Orders of several rows, ends and keys: each class with what trips it and a near miss, and a naive reference for all of
//! them together.

mod classes;
mod contents;
mod evidence;
mod message;
mod model;
mod reference;
mod spec;
mod world;

use crate::ledger::{MessageId, MessageIds};
use crate::order::OrderPlan;

/// The message of order `k` is called `m` and its number.
fn message_ids(plan: &OrderPlan, orders: u64) -> MessageIds {
    let mut ids = MessageIds::default();
    for k in (0..orders).filter(|&k| plan.keeps_message_id(k)) {
        let id = MessageId::parse(&format!("m{k}")).expect("a message id");
        ids.insert(k, id);
    }
    ids
}
