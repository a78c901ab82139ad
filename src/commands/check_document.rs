//! `orderproof check --json`: what was found of a scenario, for programs.

use std::path::Path;

use serde_json::{Value, json};

use super::check::{Wrong, traps};
use crate::load::Phase;
use crate::scenario::{Scenario, Violation};

/// One scenario's entry: its plan, or everything that is wrong with it.
pub fn document(path: &Path, checked: &Result<Scenario, Wrong>) -> Value {
    let file = path.display().to_string();
    let (plan, problems) = match checked {
        Ok(scenario) => (Some(plan(scenario)), Vec::new()),
        Err(wrong) => (None, problems(wrong)),
    };
    json!({"file": file, "valid": plan.is_some(), "problems": problems, "plan": plan})
}

fn problems(wrong: &Wrong) -> Vec<Value> {
    let of_all =
        |rule: &str| json!({"key": null, "line": null, "column": null, "rule": rule, "hint": null});
    match wrong {
        Wrong::Unread(error) => vec![of_all(&error.to_string())],
        Wrong::Rules(problems) => problems.iter().map(|rule| of_all(rule)).collect(),
        Wrong::Invalid(errors) => errors.violations.iter().map(problem).collect(),
    }
}

fn problem(violation: &Violation) -> Value {
    json!({
        "key": violation.called.as_ref().unwrap_or(&violation.key),
        "line": violation.place.map(|place| place.line),
        "column": violation.place.map(|place| place.column),
        "rule": violation.rule,
        "hint": violation.hint,
    })
}

fn plan(scenario: &Scenario) -> Value {
    let schedule = scenario.schedule();
    let phases = scenario.phases.iter();
    let peak = phases
        .clone()
        .map(|phase| phase.start_rate.max(phase.end_rate));
    let traps: Vec<Value> = traps(scenario)
        .iter()
        .map(|check| {
            json!({
                "weight": check.weight.as_str(),
                "trap": check.trap.as_str(),
                "message": check.message,
                "cure": check.cure,
            })
        })
        .collect();
    json!({
        "scenario": scenario.name,
        "seed": scenario.seed,
        "orders": schedule.count(),
        "duration_us": micros(schedule.profile().duration()),
        "peak_rate_per_s": peak.fold(0.0, f64::max),
        "time_scale": scenario.time_scale,
        "phases": phases.map(phase).collect::<Vec<_>>(),
        "traps": traps,
    })
}

fn phase(phase: &Phase) -> Value {
    json!({
        "name": phase.name,
        "warm_up": phase.warm_up,
        "start_rate_per_s": phase.start_rate,
        "end_rate_per_s": phase.end_rate,
        "duration_us": micros(phase.duration),
    })
}

fn micros(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
