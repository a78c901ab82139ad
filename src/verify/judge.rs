//! From classes and expectations to a verdict.

use serde::{Deserialize, Serialize};

use crate::metrics::Histogram;

/// What the run proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every order is accounted for and every expectation held.
    Pass,
    /// An order was lost, altered or misplaced, or a performance rule was broken.
    Fail,
    /// Evidence is missing.
    Inconclusive,
}

/// One reason for a verdict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// What it does to the verdict.
    pub severity: Severity,
    /// What kind of finding it is, snake case: a class name, a rule, or a missing piece of evidence.
    pub code: String,
    /// One sentence, with counts.
    pub message: String,
    /// How many orders it concerns, where it concerns orders.
    pub orders: u64,
    /// The first few order numbers.
    pub first_ids: Vec<u64>,
}

/// What a finding does to the verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Orders lost, altered or misplaced: fail, exit 3.
    OrderFailure,
    /// A performance rule broken: fail, exit 5.
    PerformanceFailure,
    /// Evidence missing: inconclusive, exit 4.
    MissingEvidence,
    /// Worth knowing; does not change the verdict.
    Note,
}

/// The verdict with its reasons, gravest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Judgment {
    /// What the run proved.
    pub verdict: Verdict,
    /// Why.
    pub findings: Vec<Finding>,
}

/// The measured durations of one phase, for performance rules.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PhaseFigures {
    /// The phase's name.
    pub name: String,
    /// Reported apart; no rule applies unless it names the phase.
    pub warm_up: bool,
    /// `acked_at - intended_at` of acknowledged orders.
    pub response_time: Histogram,
    /// `acked_at - sent_at` of acknowledged orders.
    pub service_time: Histogram,
    /// `sent_at - due` of attempted orders, `due` being the instant their batch was to be sent.
    pub schedule_lag: Histogram,
    /// `stored_at - intended_at` of stored orders.
    pub end_to_end: Histogram,
}
