//! What `orderproof` asks of AWS, and of endpoints that answer like it.
//!
//! - [`send`]: one batch of orders to the queue, once, and what became of each;
//! - [`store`]: sessions, and readers of tables and queues, which change nothing that is not the run's own;
//! - [`objects`]: objects of S3 through which processes meet: read, listed, created if they are not there;
//! - [`account`]: the real settings of a target, and creating, deleting and cleaning;
//! - [`clock`]: the wall clock, which a reply's date is held against.
//!
//! It knows no pipeline and no run: what is sent and what rows mean is `orderproof-core`'s.

pub mod account;
pub mod clock;
pub mod objects;
pub mod send;
pub mod store;
mod xml;

// The core's modules under the names that the program's facade gives them.
use orderproof_core::{evidence, ledger, order, preflight, records, results, scenario};
#[cfg(test)]
use orderproof_emulator as emulator;
