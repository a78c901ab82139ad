//! Run ids, and what the orders of a run contain.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::order::{OrderPlan, RunId, Times};
use crate::scenario::Scenario;

/// What each order of a run contains, but for when it is due.
///
/// # Panics
/// When the orders of the scenario break a rule: one that was read from a file, or passed `scenario::check_resolved`, has
/// none that do.
pub fn orders(scenario: &Scenario, run: RunId) -> OrderPlan {
    let model = scenario.model();
    OrderPlan {
        model: model.unwrap_or_else(|problems| panic!("the scenario's orders: {problems:?}")),
        ..OrderPlan::lab(run, scenario.seed, scenario.bad_share)
    }
}

/// The same for a run whose first order might be due at `started_at`: orders may say when they are due.
pub fn orders_since(scenario: &Scenario, run: RunId, started_at: SystemTime) -> OrderPlan {
    let since = started_at.duration_since(UNIX_EPOCH).unwrap_or_default();
    let start_unix_ms = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
    orders(scenario, run).due(Times::new(start_unix_ms, scenario.schedule()))
}

/// Any run id: run ids need to differ, not to be secret.
pub fn random_run_id() -> RunId {
    let bytes = *uuid::Uuid::new_v4().as_bytes();
    let number = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    RunId::new(1 + number % RunId::MAX).expect("within its range")
}
