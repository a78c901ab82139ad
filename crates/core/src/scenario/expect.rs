//! The `[expect]` table: the gate, the budgets and the performance rules.

use std::time::Duration;

use toml::Value;

use super::asked::Problems;
use super::rule::{check_phase, contradictions, parse_gate_rule};
use super::section::Section;
use super::{Condition, Expectations, Rule, RuleProblem, Scenario, Violation};
use crate::load::Phase;
use crate::verdict::Gate;

const RULE_HINT: &str = "write `WHAT OPERATOR LIMIT [for PHASE]`, such as \"end_to_end_p99 < 2s for spike\", \
     \"drain < 60s\", \"peak_backlog < 5000\" or \"send_error_rate < 1%\"; or, to stop sending when it is broken, \
     { rule = \"send_error_rate < 1%\", abort = true }";

/// Reads the expectations; rules may name one of `phases`.
pub(super) fn read_expectations(mut section: Section<'_>, phases: &[Phase]) -> Expectations {
    let expectations = Expectations {
        gate: section.choice(
            "gate",
            Gate::Strict,
            &[("strict", Gate::Strict), ("conserved", Gate::Conserved)],
        ),
        max_unsent_share: section.share("max_unsent", 0.0),
        max_indeterminate: section.integer("max_indeterminate", 0, 0, crate::order::MAX_ORDERS),
        max_schedule_lag_p99: section.duration_within(
            "max_schedule_lag_p99",
            Duration::from_millis(20),
            Duration::from_micros(1),
            Duration::from_secs(3600),
        ),
        rules: read_rules(&mut section, phases),
    };
    section.finish();
    expectations
}

fn read_rules(section: &mut Section<'_>, phases: &[Phase]) -> Vec<Rule> {
    let Some(value) = section.value("rules") else {
        return Vec::new();
    };
    let Some(array) = value.as_array() else {
        section.problem(
            "rules",
            format!("must be an array of rules, found {}", value.type_str()),
            RULE_HINT,
        );
        return Vec::new();
    };
    let mut rules = Vec::new();
    for (index, item) in array.iter().enumerate() {
        match read_rule(item, phases) {
            Ok(rule) => rules.push(rule),
            Err(found) => section.problem(&format!("rules[{index}]"), found.problem, found.hint),
        }
    }
    rules
}

/// A rule: a text, or a table of the text and what is to be done when it is broken.
fn read_rule(item: &Value, phases: &[Phase]) -> Result<Rule, RuleProblem> {
    if let Some(text) = item.as_str() {
        return parse_rule(text, phases);
    }
    let Some(table) = item.as_table() else {
        let found = format!("must be a text or a table, found {}", item.type_str());
        return Err(wrong(found));
    };
    let unknown = |key: &&String| !["rule", "abort"].contains(&key.as_str());
    if let Some(key) = table.keys().find(unknown) {
        let found = format!("unknown key {key:?}; there are `rule` and `abort`");
        return Err(wrong(found));
    }
    let text = table.get("rule").and_then(Value::as_str);
    let text = text.ok_or_else(|| wrong("`rule` must be a text"))?;
    let mut rule = parse_rule(text, phases)?;
    if let Some(abort) = table.get("abort") {
        let abort = abort.as_bool();
        rule.abort = abort.ok_or_else(|| wrong("`abort` must be true or false"))?;
    }
    Ok(rule)
}

fn wrong(problem: impl Into<String>) -> RuleProblem {
    RuleProblem {
        problem: problem.into(),
        hint: RULE_HINT.into(),
    }
}

/// Parses one rule; one that can never hold is refused. Of the one grammar of rules, what a run alone can break.
fn parse_rule(text: &str, phases: &[Phase]) -> Result<Rule, RuleProblem> {
    let rule = parse_gate_rule(text)?;
    let (problem, hint) = match rule.condition {
        Condition::Keeps(gate) => (
            format!("`{text}` is the gate, which a scenario has once"),
            format!("write gate = {:?} under [expect]", gate.as_str()),
        ),
        Condition::Regression(..) => (
            format!("`{text}` takes a run to compare with, which a scenario has not"),
            format!("hold it after the run: `orderproof gate DIR --baseline DIR --rule '{text}'`"),
        ),
        _ => {
            // Unreadable phases are violations of their own.
            if let Some(name) = rule.phase.as_ref().filter(|_| !phases.is_empty()) {
                check_phase(name, phases).map_err(wrong)?;
            }
            return Ok(rule);
        }
    };
    Err(RuleProblem { problem, hint })
}

/// Makes a violation of each rule that no run of `scenario` could break or keep, or not while it sends.
pub(super) fn check_rules(scenario: &Scenario, problems: &Problems) {
    for RuleProblem { problem, hint } in contradictions(&scenario.expect.rules) {
        let violation = Violation::new("expect.rules", problem, hint);
        problems.borrow_mut().push(violation);
    }
    for (index, rule) in scenario.expect.rules.iter().enumerate() {
        let checked = rule.check(scenario).and_then(|()| rule.check_abort());
        if let Err(RuleProblem { problem, hint }) = checked {
            let path = format!("expect.rules[{index}]");
            let violation = Violation::new(path, problem, hint);
            problems.borrow_mut().push(violation);
        }
    }
}
