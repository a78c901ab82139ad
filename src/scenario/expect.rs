//! The `[expect]` table: the gate, the budgets and the performance rules.

use std::time::Duration;

use super::section::Section;
use super::units::parse_duration;
use super::{Expectations, Gate, Metric, Phase, Rule};
use crate::load::LoadProfile;

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

/// Parses one performance rule; a rule that can never hold is refused.
pub(super) fn parse_rule(text: &str, phases: &[Phase]) -> Result<Rule, String> {
    let (left, inclusive, right) = if let Some((left, right)) = text.split_once("<=") {
        (left, true, right)
    } else if let Some((left, right)) = text.split_once('<') {
        (left, false, right)
    } else {
        return Err(format!("{text:?} has neither < nor <="));
    };
    let (limit, phase) = match right.split_once(" for ") {
        Some((limit, phase)) => (limit, Some(phase.trim().to_owned())),
        None => (right, None),
    };
    let metric = parse_metric(left.trim())?;
    let limit = parse_duration(limit)?;
    if limit.is_zero() && !inclusive {
        return Err(format!(
            "{text:?} can never hold: nothing takes less than zero"
        ));
    }
    if let Some(name) = &phase {
        check_phase(name, metric, phases)?;
    }
    Ok(Rule {
        text: text.to_owned(),
        metric,
        inclusive,
        limit,
        phase,
    })
}

fn parse_metric(text: &str) -> Result<Metric, String> {
    if text == "drain" {
        return Ok(Metric::Drain);
    }
    let unknown = || format!("{text:?} is not a metric");
    let (name, quantile) = text.rsplit_once('_').ok_or_else(unknown)?;
    let quantile = match quantile {
        "p50" => 0.5,
        "p90" => 0.9,
        "p99" => 0.99,
        "p999" => 0.999,
        "max" => 1.0,
        _ => return Err(unknown()),
    };
    match name {
        "response_time" => Ok(Metric::ResponseTime(quantile)),
        "service_time" => Ok(Metric::ServiceTime(quantile)),
        "schedule_lag" => Ok(Metric::ScheduleLag(quantile)),
        "end_to_end" => Ok(Metric::EndToEnd(quantile)),
        _ => Err(unknown()),
    }
}

fn check_phase(name: &str, metric: Metric, phases: &[Phase]) -> Result<(), String> {
    if metric == Metric::Drain {
        return Err("drain follows the last phase and is measured for none".into());
    }
    // Unreadable phases are violations of their own.
    if phases.is_empty() {
        return Ok(());
    }
    let Some(index) = phases.iter().position(|phase| phase.name == name) else {
        let names: Vec<_> = phases.iter().map(|phase| phase.name.as_str()).collect();
        return Err(format!(
            "there is no phase {name:?}, only {}",
            names.join(", ")
        ));
    };
    let profile = LoadProfile::new(phases);
    let (start, end) = profile.phase_span(index);
    if profile.integral(end) - profile.integral(start) < 1.0 {
        return Err(format!("no order is due in the phase {name:?}"));
    }
    Ok(())
}
