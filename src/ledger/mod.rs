//! The ledger: what became of the sending of every planned order, durable from before it was sent.
//!
//! The journal is the file, the [`Ledger`] what it adds up to in memory: about a bit per order and
//! outcome, and nothing per order beside that.

mod journal;
mod totals;

pub use totals::{Ledger, Outcome, OutcomeCounts};
