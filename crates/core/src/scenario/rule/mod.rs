//! Rules such as `end_to_end_p99 < 2s for spike`: what they say, whether they can be kept, whether they agree.
//!
//! One grammar for a scenario's `expect.rules` and for the rules of `orderproof gate`. Parsed before anything is sent
//! or read; what of a rule depends on the scenario is checked by [`Rule::fit`].
//! Holding a rule against a run is left to `verify` (in a run) and `gate` (after it).

mod abort;
mod bound;
mod conflict;
mod counted;
mod fit;
mod measured;
mod parse;
mod recovery;
mod stored;
#[cfg(test)]
mod tests;
mod words;

pub use bound::{Bound, Operator};
pub use conflict::contradictions;
pub use counted::Counted;
pub(super) use fit::check_phase;
pub use parse::parse_gate_rule;
pub use recovery::{RECOVERED_SECONDS, recovery_from};

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Metric;
use crate::verdict::Gate;

/// A rule of a scenario or of a gate, as written and as understood.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(try_from = "stored::StoredRule", into = "stored::StoredRule")]
pub struct Rule {
    /// As written; of a run in compressed time with what it means there.
    pub text: String,
    /// What must hold.
    pub condition: Condition,
    /// Only in this phase; otherwise over the whole run, durations and rates without warm-up.
    pub phase: Option<String>,
    /// Sending stops as soon as it is surely broken.
    pub abort: bool,
}

/// What must hold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// No order is in a class that this gate refuses.
    Keeps(Gate),
    /// A number of orders or the like.
    Count(Counted, Bound<u64>),
    /// A measured duration.
    Duration(Metric, Bound<Duration>),
    /// A duration that follows from what every second tells.
    Span(Span, Bound<Duration>),
    /// A rate, per second.
    Rate(OrderRate, Bound<f64>),
    /// A share, 0.0 to 1.0.
    Share(Share, Bound<f64>),
    /// How much worse than the baseline, as a share: of this metric, or of each that is compared.
    Regression(Option<Metric>, Bound<f64>),
}

/// How many orders a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrderRate {
    /// Orders handed to the network.
    Offered,
    /// Orders SQS accepted.
    Acknowledged,
    /// Orders stored, by the seconds in which they were.
    Stored,
}

/// A duration that follows from what every second tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Span {
    /// The age of the oldest order that was still to be stored, at the end of any second.
    OldestAge,
    /// From the end of a phase until the end-to-end latency is back at that of the baseline.
    Recovery,
}

/// A share of orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Share {
    /// Of the orders handed to the network, those that were not acknowledged.
    SendErrors,
}

/// What is wrong with a rule, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleProblem {
    /// What is wrong.
    pub problem: String,
    /// The next step.
    pub hint: String,
}

impl RuleProblem {
    fn new(problem: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            problem: problem.into(),
            hint: hint.into(),
        }
    }
}

impl fmt::Display for RuleProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.problem, self.hint)
    }
}

impl std::error::Error for RuleProblem {}
