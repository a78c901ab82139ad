//! What an order load test is, what its evidence says, and what it proves.
//!
//! Everything that decides a verdict, and everything a verdict is about:
//!
//! ```text
//! scenario -> load::Schedule        order k is due at start + t(k)
//!   ledger::Ledger                  acknowledged | rejected | indeterminate | unsent
//!   verify::Observation             what the table and the dead-letter queue hold
//!   -> verify::reconcile            every order in exactly one class (verdict::Class)
//!   -> verify::judge                pass | fail | inconclusive (verdict::Judgment)
//!   -> results::RunReport           run.json
//!   -> gate                         rules held against a report, an exit code for CI
//!   -> compare                      two reports, or repeats: what changed beyond noise
//! ```
//!
//! No I/O, no clock, no async: bytes, instants and what stores hold are handed in. Nothing here knows AWS, HTTP or a
//! terminal. `fixture` modules hold synthetic values for tests of this crate and of those that stand on it.

pub mod compare;
pub mod escape;
pub mod evidence;
pub mod exit;
pub mod fault;
pub mod gate;
pub mod ledger;
pub mod load;
pub mod metrics;
pub mod order;
pub mod preflight;
pub mod records;
pub mod results;
pub mod scenario;
pub mod verdict;
pub mod verify;
