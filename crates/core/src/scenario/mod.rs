//! A scenario: the load to drive, the pipeline to drive it at and what is expected of it.
//!
//! First stop of the spine. The file format, its validation and its command-line overrides become a
//! [`Scenario`] in which every value is resolved and legal. Leaves the meaning of the load profile to
//! `load`.

mod asked;
mod capacity;
mod compress;
mod error;
mod expect;
mod fault;
mod file;
mod fixture;
mod guess;
mod lambda;
mod model;
mod orders;
mod overrides;
mod phases;
mod places;
mod processor;
mod proof;
mod queues;
mod reference;
mod rule;
#[cfg(test)]
mod said_tests;
mod secret;
#[cfg(test)]
mod secret_tests;
mod section;
mod sending;
mod services;
mod steady;
mod stored;
mod target;
mod template;
#[cfg(test)]
mod tests;
mod units;
mod whole;

pub use error::{ScenarioErrors, Violation};
pub use fault::{Fault, FaultExtent, FaultKind, FaultPlace, FaultTarget};
pub use file::{parse, parse_with_files, parse_with_proof};
#[doc(hidden)]
pub use fixture::fixture;
pub use guess::{FoundTable, scenario_from};
pub use model::*;
pub use orderproof_machines::mapping::{Mapping, MessageFilter, ProvisionedPollers, ServiceTime};
pub use orderproof_machines::table::TableCapacity;
pub use orders::{ReadFile, is_lab, lab_order};
pub use overrides::{Overrides, TargetOverride};
pub use places::Position;
pub use processor::{QueueProcessor, RESERVED_VARIABLES};
pub use proof::{LOSS_MODES, Proof, Quantity};
pub use reference::{reference, schema};
pub use rule::{
    Bound, Condition, Counted, Operator, OrderRate, RECOVERED_SECONDS, Rule, RuleProblem, Share,
    Span, contradictions, parse_gate_rule, recovery_from,
};
pub use secret::{NOT_KEPT, Secret, without_userinfo};
pub use services::Services;
pub use stored::check_resolved;
pub use target::{check_endpoint, is_loopback};
pub use template::template;
pub use units::{check_rate, parse_duration, parse_percent};

use sha2::{Digest, Sha256};

/// A short fingerprint of everything a scenario resolves to, but for values that are not kept: runs of one digest are
/// comparable.
pub fn digest(scenario: &Scenario) -> String {
    let canonical = serde_json::to_vec(scenario).expect("a scenario is plain data");
    fingerprint(&canonical)
}

/// Whether `text` is the digest of `scenario`, as this version or one up to 0.3.0 took it: those took in the values of a
/// function's environment, which their files hold.
pub fn is_digest(text: &str, scenario: &Scenario) -> bool {
    text == digest(scenario) || older_digest(scenario).is_some_and(|older| text == older)
}

fn older_digest(scenario: &Scenario) -> Option<String> {
    let environment = &scenario.processor.as_ref()?.environment;
    let written = |json: serde_json::Result<String>| json.expect("plain data");
    let revealed: std::collections::BTreeMap<&str, &str> = environment
        .iter()
        .map(|(name, value)| (name.as_str(), value.reveal()))
        .collect();
    let kept = format!(
        "\"environment\":{}",
        written(serde_json::to_string(environment))
    );
    let older = format!(
        "\"environment\":{}",
        written(serde_json::to_string(&revealed))
    );
    // Within a text the quotation marks would be escaped, so this is the one place.
    let canonical = written(serde_json::to_string(scenario)).replacen(&kept, &older, 1);
    Some(fingerprint(canonical.as_bytes()))
}

fn fingerprint(canonical: &[u8]) -> String {
    Sha256::digest(canonical)
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
