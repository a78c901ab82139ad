//! What is known before anything is sent: the target's real settings, the traps in them at a scenario's
//! rate, what a run costs and takes, and whether it may be driven at all.
//!
//! Pure: [`Facts`] are read elsewhere (`account`). [`inspect`] names the traps, [`estimate`] the cost and the
//! time, [`guard`] the refusals. A fact that could not be read is unknown, never well.

mod allowance;
mod capacity;
mod check;
mod cost;
mod door;
mod facts;
mod footprint;
mod foreseen;
mod id_space;
mod load;
mod pattern;
mod policy;
mod prices;
mod traps;

#[doc(hidden)]
pub mod fixture;
#[cfg(test)]
mod tests;

pub use allowance::{ALLOWED_TAG, ALLOWED_VALUE, GuardInput, Refusal, guard};
pub use check::{Check, Trap, Weight, verdict};
pub use cost::{CostLine, Estimate, Work, estimate, estimate_worked};
pub use door::*;
pub use facts::*;
pub use foreseen::LoadForecast;
pub use id_space::IdSpace;
pub use prices::{PRICES_AS_OF, PRICES_REGION};
pub use traps::{inspect, inspect_embedded, inspect_foreseen};

use std::time::Duration;

use serde::Serialize;

use crate::scenario::{AwsTarget, Scenario};

/// How far a clock nobody could read may be off: as far as AWS takes signatures.
const UNKNOWN_CLOCK: Duration = Duration::from_secs(300);

/// Everything that is known before a run.
#[derive(Debug, Clone, Serialize)]
pub struct Preflight {
    /// The scenario's name.
    pub scenario: String,
    /// What was read.
    pub facts: Facts,
    /// What a forecast with these settings says of the load; null where none can be made.
    pub forecast: Option<LoadForecast>,
    /// What it means.
    pub checks: Vec<Check>,
    /// What a run costs and takes.
    pub estimate: Estimate,
    /// Why the guard refuses it, if it does.
    pub refusals: Vec<Refusal>,
    /// What the stores held of the run's order numbers, once they were claimed for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_space: Option<IdSpace>,
}

impl Preflight {
    /// What `facts` mean for `scenario` at `target`, without a forecast.
    pub fn of(scenario: &Scenario, target: &AwsTarget, facts: Facts) -> Self {
        Self::foreseen(scenario, target, facts, None)
    }

    /// The same with what a forecast with the target's settings says of the load: the traps of capacity and concurrency
    /// quote it.
    pub fn foreseen(
        scenario: &Scenario,
        target: &AwsTarget,
        facts: Facts,
        forecast: Option<LoadForecast>,
    ) -> Self {
        let estimate = estimate(scenario, target, &facts);
        let input = GuardInput {
            scenario,
            facts: &facts,
            target,
            estimate: &estimate,
        };
        Self {
            scenario: scenario.name.clone(),
            refusals: guard(input),
            checks: inspect_foreseen(scenario, target, &facts, forecast.as_ref()),
            forecast,
            estimate,
            facts,
            id_space: None,
        }
    }

    /// Adds what was found of the run's order numbers.
    pub fn claimed(&mut self, id_space: IdSpace) {
        self.checks.extend(id_space.checks());
        self.id_space = Some(id_space);
    }

    /// How far the target's clock may be from this machine's. An endpoint on loopback may be a container, a virtual
    /// machine or a tunnel, with a clock of its own: what was measured counts there, too.
    pub fn clocks_apart(&self) -> Duration {
        match &self.facts.place.clock {
            Known::Is(offset) => {
                Duration::try_from_secs_f64(offset.seconds.abs() + offset.uncertainty)
                    .unwrap_or(UNKNOWN_CLOCK)
            }
            // Nothing that hangs on it can be decided.
            Known::Absent | Known::Unknown(_) => UNKNOWN_CLOCK,
        }
    }

    /// The traps of this weight.
    pub fn of_weight(&self, weight: Weight) -> impl Iterator<Item = &Check> {
        self.checks
            .iter()
            .filter(move |check| check.weight == weight)
    }
}
