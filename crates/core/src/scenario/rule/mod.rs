//! Rules such as `end_to_end_p99 < 2s for spike`: what they say, whether they can be kept, whether they agree.
//!
//! One grammar for a scenario's `expect.rules` (durations only) and for the rules of `orderproof gate`. Parsed
//! before anything is sent or read; what of a rule depends on the scenario is checked by [`GateRule::fit`].
//! Holding a rule against a run is left to `verify` (in a run) and `gate` (after it).

mod bound;
mod conflict;
mod fit;
mod parse;
#[cfg(test)]
mod tests;
mod words;

pub use bound::{Bound, Operator};
pub use conflict::contradictions;
pub(super) use fit::check_phase;
pub use parse::parse_gate_rule;
pub(super) use parse::upper_duration;

use std::fmt;
use std::time::Duration;

use super::Metric;
use crate::verdict::{Class, Gate};

/// A rule of a gate, as written and as understood.
#[derive(Debug, Clone, PartialEq)]
pub struct GateRule {
    /// As written; of a run in compressed time with what it means there.
    pub text: String,
    /// What must hold.
    pub condition: Condition,
    /// Only in this phase; otherwise over the whole run, durations and rates without warm-up.
    pub phase: Option<String>,
}

/// What must hold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Condition {
    /// No order is in a class that this gate refuses.
    Keeps(Gate),
    /// A number of orders or the like.
    Count(Counted, Bound<u64>),
    /// A measured duration.
    Duration(Metric, Bound<Duration>),
    /// A rate, per second.
    Rate(SendRate, Bound<f64>),
    /// How much worse than the baseline, as a share: of this metric, or of each that is compared.
    Regression(Option<Metric>, Bound<f64>),
}

/// What can be counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// The orders in a class.
    Class(Class),
    /// Planned orders.
    Planned,
    /// Orders SQS accepted.
    Acknowledged,
    /// Orders seen with a receive count above 1.
    Redelivered,
    /// Dead letters beyond the first copy of an order.
    ExtraDeadLetterCopies,
    /// Invocations that failed whole; known of the embedded pipeline only.
    FailedInvocations,
    /// Writes the table throttled; known of the embedded pipeline only.
    ThrottledWrites,
    /// Invocations that were throttled; known of the embedded pipeline only.
    ThrottledInvocations,
}

/// A rate of sending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendRate {
    /// Orders handed to the network.
    Offered,
    /// Orders SQS accepted.
    Acknowledged,
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
