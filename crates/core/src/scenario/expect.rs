//! The `[expect]` table: the gate, the budgets and the performance rules.

use std::time::Duration;

use super::rule::{check_phase, parse_gate_rule, upper_duration};
use super::section::Section;
use super::{Expectations, Rule};
use crate::load::Phase;
use crate::verdict::Gate;

const RULE_HINT: &str = "write `METRIC_QUANTILE < DURATION [for PHASE]`, such as \"end_to_end_p99 < 2s for spike\" \
     or \"drain < 60s\"; metrics: response_time, service_time, schedule_lag, end_to_end; \
     quantiles: p50, p90, p99, p999, max";

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
            format!("must be an array of texts, found {}", value.type_str()),
            RULE_HINT,
        );
        return Vec::new();
    };
    let mut rules = Vec::new();
    for (index, item) in array.iter().enumerate() {
        let parsed = item
            .as_str()
            .ok_or_else(|| format!("must be a text, found {}", item.type_str()))
            .and_then(|text| parse_rule(text, phases));
        match parsed {
            Ok(rule) => rules.push(rule),
            Err(rule) => section.problem(&format!("rules[{index}]"), rule, RULE_HINT),
        }
    }
    rules
}

/// Parses one performance rule; a rule that can never hold is refused. Of the one grammar of rules, what limits a
/// duration from above.
fn parse_rule(text: &str, phases: &[Phase]) -> Result<Rule, String> {
    let parsed = parse_gate_rule(text).map_err(|problem| problem.to_string())?;
    let (metric, inclusive, limit) = upper_duration(&parsed).ok_or_else(|| {
        format!(
            "{text:?} is not a duration below a limit: a scenario's own rules are; `orderproof gate` takes others, and \
             `gate` here says which orders may end where"
        )
    })?;
    // Unreadable phases are violations of their own.
    if let Some(name) = parsed.phase.as_ref().filter(|_| !phases.is_empty()) {
        check_phase(name, phases)?;
    }
    Ok(Rule {
        text: text.to_owned(),
        metric,
        inclusive,
        limit,
        phase: parsed.phase,
    })
}
