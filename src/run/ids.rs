//! Run ids, and what the orders of a run contain.

use crate::order::{OrderPlan, RunId};
use crate::scenario::Scenario;

/// What each order of a run contains.
pub fn orders(scenario: &Scenario, run: RunId) -> OrderPlan {
    OrderPlan::lab(run, scenario.seed, scenario.bad_share)
}

/// Any run id: run ids need to differ, not to be secret.
pub fn random_run_id() -> RunId {
    let bytes = *uuid::Uuid::new_v4().as_bytes();
    let number = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    RunId::new(1 + number % RunId::MAX).expect("within its range")
}
