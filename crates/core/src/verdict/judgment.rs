//! What a run proved, and why: the verdict with its findings.

use serde::{Deserialize, Serialize};

use crate::order::Id;

/// What the run proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every order is accounted for and every expectation held.
    Pass,
    /// An order was lost, altered or misplaced, or a performance rule was broken.
    Fail,
    /// Evidence is missing.
    Inconclusive,
}

impl Verdict {
    /// As `run.json` writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Inconclusive => "inconclusive",
        }
    }
}

/// One reason for a verdict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
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
    /// The ids of the first few, numbers or texts.
    pub first_ids: Vec<Id>,
}

/// What a finding does to the verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
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

impl Judgment {
    /// The judgment of a run of which nothing can be known, `code` and `message` saying why.
    pub fn without_evidence(code: &str, message: String) -> Self {
        Self {
            verdict: Verdict::Inconclusive,
            findings: vec![finding(Severity::MissingEvidence, code, message)],
        }
    }

    /// The same with further findings, and the verdict that they make it.
    pub fn with(self, more: impl Iterator<Item = Finding>) -> Self {
        Self::of(self.findings.into_iter().chain(more).collect())
    }

    /// The verdict that these findings make it.
    pub fn of(mut findings: Vec<Finding>) -> Self {
        findings.sort_by_key(|finding| gravity(finding.severity));
        let worst = findings.first().map(|finding| finding.severity);
        let verdict = match worst {
            Some(Severity::OrderFailure | Severity::PerformanceFailure) => Verdict::Fail,
            Some(Severity::MissingEvidence) => Verdict::Inconclusive,
            Some(Severity::Note) | None => Verdict::Pass,
        };
        Self { verdict, findings }
    }
}

fn gravity(severity: Severity) -> u8 {
    match severity {
        Severity::OrderFailure => 0,
        Severity::PerformanceFailure => 1,
        Severity::MissingEvidence => 2,
        Severity::Note => 3,
    }
}

/// A finding that names no orders.
pub fn finding(severity: Severity, code: &str, message: String) -> Finding {
    Finding {
        severity,
        code: code.to_owned(),
        message,
        orders: 0,
        first_ids: Vec::new(),
    }
}
