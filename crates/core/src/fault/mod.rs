//! Seeded faults: which orders a scenario's faults strike, and how often.
//!
//! A fault exists to prove the harness: whatever it does to the chosen orders must be found. Which
//! orders are chosen is a pure function of the seed, so a finding can be checked on paper. Leaves what
//! a strike does to the place it sits at: `embedded::fault` and `drive`.

mod find;
mod plan;

pub use find::{id_of_body, is_to_fail, order_of_body, order_of_row, order_of_sent, why_hidden};
pub use plan::{FaultError, FaultPlan};
