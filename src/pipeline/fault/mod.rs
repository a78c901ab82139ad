//! Seeded faults: which orders a scenario's faults strike, and the store that lets them.
//!
//! A fault exists to prove the harness: whatever it does to the chosen orders must be found. Which
//! orders are chosen is a pure function of the seed, so a finding can be checked on paper.

mod plan;
mod store;

pub use plan::{FaultError, FaultPlan, kind_name};
pub use store::FaultyStore;
