//! The order processor: an SQS event in, a partial batch response out.
//!
//! Every record is read, validated and written for itself, so that a bad order, a panic or a refused
//! write fails this one record and no other. The write is conditional on the order number being new;
//! a row that is there already is told apart by its content: its own redelivery has succeeded before,
//! another order under the same number has not. Runs inside the embedded pipeline and behind Lambda
//! alike: the table is behind [`OrderStore`].

mod handler;
mod incoming;
mod isolate;
mod lab;
mod store;

pub use handler::process;
pub use incoming::{IncomingOrder, MAX_ITEMS, MAX_ORDER_NUMBER, MAX_PRICE, Refusal};
pub(crate) use isolate::caught;
pub use lab::process_like_the_lab;
pub use store::{OrderRow, OrderStore, PutOutcome, StoreError, attribute, unix_micros};

#[cfg(test)]
pub(crate) mod testing;
