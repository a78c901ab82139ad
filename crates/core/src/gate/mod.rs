//! The gate: rules held against a finished run, for a CI job that must not go on with a loss.
//!
//! Last stop after the report. Rules are gathered and checked before anything is read (`rules`), `trust` says what
//! in a `run.json` contradicts itself or the evidence beside it, `evaluate` holds each rule against the figures, and
//! `outcome` puts them together. Fail closed: a verdict that is no pass, a figure that is not there, a sample too
//! small and a report that cannot be trusted each fail the gate. Pure; reading, judging again and writing are left to
//! `commands`.

mod baseline;
mod evaluate;
mod outcome;
mod own;
mod rule_parts;
mod rules;
mod trust;

#[cfg(test)]
mod tests;

pub use crate::compare::ChangeVerdict;
pub use baseline::{Baseline, Change};
pub use evaluate::{Check, RuleStanding, evaluate};
pub use outcome::{GateInput, GateOutcome, conclude};
pub use own::{own_findings, own_findings_without_report, own_rules};
pub use rule_parts::RuleFigures;
pub use rules::{RuleSource, RuleSources, scenario_rules};
pub use trust::{Rejudgment, doubts};
