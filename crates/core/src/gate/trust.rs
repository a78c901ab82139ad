//! What speaks against a report: contradictions in it, and evidence beside it that says otherwise.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Map, Value};

use super::RuleStanding;
use super::evaluate::evaluate;
use super::own::alone;
use crate::exit::Exit;
use crate::metrics::Histogram;
use crate::results::figures::orders;
use crate::results::{RunReport, workers_too_far_apart};
use crate::verdict::{Class, Judgment, Severity, Standing, Verdict};
use crate::verify::{Durations, Standpoint};

/// The run judged again, from the evidence in its folder.
#[derive(Debug, Clone)]
pub struct Rejudgment {
    /// What the evidence proves.
    pub judgment: Judgment,
    /// Every order by its class; `None` when the evidence could not be read.
    pub classes: Option<BTreeMap<Class, u64>>,
    /// How a command ends that comes to this.
    pub exit: Exit,
    /// Rows that do not tell when they were stored.
    pub untimed_rows: u64,
    /// Why the evidence is none: it is not sealed, not as it was sealed, or a part of it is missing. Then what it
    /// says is shown, and neither passes nor accuses.
    pub distrust: Option<String>,
    /// The report that the evidence amounts to.
    pub recomputed: Option<Box<RunReport>>,
}

/// A figure that versions before did not quote: a report that lacks it says nothing else than its evidence.
const QUOTED_SINCE: &str = "p95_us";

/// Figures that differ and are named.
const DIFFERENCES_MAX: usize = 10;

/// Everything that speaks against believing `report`, a sentence each.
pub fn doubts(report: &RunReport, rejudged: Option<&Rejudgment>) -> Vec<String> {
    let mut doubts = Vec::new();
    doubt_counts(report, &mut doubts);
    doubt_verdict(report, &mut doubts);
    doubt_pass(report, &mut doubts);
    if let Some(rejudged) = rejudged {
        doubt_against(report, rejudged, &mut doubts);
    }
    doubts
}

/// Whether the numbers add up.
fn doubt_counts(report: &RunReport, doubts: &mut Vec<String>) {
    let orders = &report.orders;
    let planned = report.scenario.schedule().count();
    if planned != orders.planned {
        doubts.push(format!(
            "the scenario plans {planned} orders, the report says {}",
            orders.planned
        ));
    }
    let sent = orders.acknowledged + orders.rejected + orders.indeterminate;
    if sent != orders.attempted || sent + orders.unsent != orders.planned {
        doubts.push("the outcomes of the sends do not add up to the planned orders".into());
    }
    let missing = Class::ALL
        .iter()
        .filter(|class| class.is_always_listed() && !report.classes.contains_key(class));
    let missing: Vec<_> = missing.map(|class| class.as_str()).collect();
    if !missing.is_empty() {
        doubts.push(format!("classes are not counted: {}", missing.join(", ")));
    }
    let placed: u64 = report
        .classes
        .iter()
        .filter(|(class, _)| **class != Class::Phantom)
        .map(|(_, count)| count)
        .sum();
    if placed != orders.planned {
        doubts.push(format!(
            "{placed} orders are in a class, {} were planned",
            orders.planned
        ));
    }
    let of_the_scenario = report.scenario.phases.iter();
    let of_the_scenario = of_the_scenario.map(|phase| (phase.name.as_str(), phase.warm_up));
    let measured = report.phases.iter().map(|phase| &phase.figures);
    if !measured
        .map(|phase| (phase.name.as_str(), phase.warm_up))
        .eq(of_the_scenario)
    {
        doubts.push("the phases measured are not those of the scenario".into());
    }
}

/// Whether verdict, findings and exit code say the same.
fn doubt_verdict(report: &RunReport, doubts: &mut Vec<String>) {
    let of_findings = verdict_of(report.findings.iter().map(|finding| finding.severity));
    if of_findings != report.verdict {
        doubts.push(format!(
            "the verdict is {}, the findings say {}",
            report.verdict.as_str(),
            of_findings.as_str()
        ));
    }
    let judgment = Judgment {
        verdict: report.verdict,
        findings: report.findings.clone(),
    };
    let exit = Exit::of(&judgment, report.interrupted).code();
    if exit != report.exit_code {
        doubts.push(format!(
            "the exit code is {}, and a run with this verdict exits with {exit}",
            report.exit_code
        ));
    }
    if report.gate != report.scenario.expect.gate {
        doubts.push("the gate is not the scenario's".into());
    }
}

/// Whether a pass is one by the report's own figures.
fn doubt_pass(report: &RunReport, doubts: &mut Vec<String>) {
    if report.verdict != Verdict::Pass {
        return;
    }
    for (class, &count) in &report.classes {
        let fails = matches!(
            class.standing(report.gate),
            Standing::Refused | Standing::Unproven
        );
        if fails && count > 0 {
            doubts.push(format!(
                "it passed with {} {}",
                orders(count),
                class.as_str()
            ));
        }
    }
    let looked = [&report.scan, &report.lookups, &report.dead_letter_sweep];
    if !report.quiescence.reached || looked.iter().any(|sweep| !sweep.complete) {
        doubts.push("it passed although the stores were not read completely".into());
    }
    if report.interrupted && report.orders.unsent > 0 {
        doubts.push("it passed although it was interrupted".into());
    }
    let mut lag = Histogram::new();
    for phase in report.phases.iter().filter(|phase| !phase.figures.warm_up) {
        lag.merge(&phase.figures.schedule_lag);
    }
    let limit = report.scenario.expect.max_schedule_lag_p99;
    if lag.quantile(0.99).is_none_or(|lag| lag > limit) {
        doubts.push("it passed although its load was not offered on time".into());
    }
    if workers_too_far_apart(&report.workers, limit).is_some() {
        doubts.push("it passed although the clocks of its workers may be too far apart".into());
    }
    let durations = Durations {
        phases: Some(report.phases.iter().map(|phase| &phase.figures).collect()),
        quiescence: Some(&report.quiescence),
        clock_skew_bound: Duration::from_micros(report.clock_skew_bound_us),
        untimed_rows: 0,
    };
    for rule in &report.scenario.expect.rules {
        let holds = match rule.duration() {
            Some((metric, bound)) => {
                let (_, standpoint) = durations.check(metric, rule.phase.as_deref(), &bound);
                standpoint == Standpoint::Holds
            }
            None => evaluate(rule, &alone(report)).standing == RuleStanding::Ok,
        };
        if !holds {
            doubts.push(format!("it passed although `{}` does not hold", rule.text));
        }
    }
}

/// Whether the evidence says the same.
fn doubt_against(report: &RunReport, rejudged: &Rejudgment, doubts: &mut Vec<String>) {
    if let Some(distrust) = &rejudged.distrust {
        doubts.push(distrust.clone());
        return;
    }
    let again = &rejudged.judgment;
    if again.verdict != report.verdict {
        let why = again.findings.first();
        let why = why.map_or(String::new(), |finding| format!(": {}", finding.message));
        doubts.push(format!(
            "the report says {}, its evidence judged again says {}{why}",
            report.verdict.as_str(),
            again.verdict.as_str()
        ));
    }
    let Some(classes) = &rejudged.classes else {
        return;
    };
    for class in Class::ALL {
        let count = |classes: &BTreeMap<Class, u64>| classes.get(&class).copied().unwrap_or(0);
        let (told, seen) = (count(&report.classes), count(classes));
        if told != seen {
            doubts.push(format!(
                "the report says {} {}, its evidence says {seen}",
                orders(told),
                class.as_str()
            ));
        }
    }
    match &rejudged.recomputed {
        None => doubts.push("a part of its evidence is missing".into()),
        Some(recomputed) => doubts.extend(differences(report, recomputed)),
    }
}

/// What the report says and its evidence does not, figure by figure; verdict and classes apart, which are told already.
fn differences(report: &RunReport, recomputed: &RunReport) -> Vec<String> {
    let mut found = Vec::new();
    // As texts are read: a number is compared as any reader of the file gets it.
    let value = |report: &RunReport| {
        let text = serde_json::to_vec(report).unwrap_or_default();
        serde_json::from_slice::<Value>(&text).unwrap_or_default()
    };
    if report != recomputed {
        differ("", &value(report), &value(recomputed), &mut found);
    }
    found.retain(|(path, _)| !["verdict", "exit_code"].contains(&path.as_str()));
    found.retain(|(path, _)| !path.starts_with("classes."));
    let count = found.len();
    let mut told: Vec<String> = found
        .into_iter()
        .take(DIFFERENCES_MAX)
        .map(|(_, difference)| difference)
        .collect();
    if count > DIFFERENCES_MAX {
        told.push(format!("{} more figures differ", count - DIFFERENCES_MAX));
    }
    told
}

fn differ(path: &str, told: &Value, seen: &Value, found: &mut Vec<(String, String)>) {
    let within = |key: &str| match path {
        "" => key.to_owned(),
        path => format!("{path}.{key}"),
    };
    match (told, seen) {
        (Value::Object(told), Value::Object(seen)) => {
            let keys: BTreeSet<&String> = told.keys().chain(seen.keys()).collect();
            for key in keys {
                let of = |fields: &Map<String, Value>| fields.get(key).cloned().unwrap_or_default();
                if key == QUOTED_SINCE && of(told).is_null() {
                    continue;
                }
                differ(&within(key), &of(told), &of(seen), found);
            }
        }
        (Value::Array(told), Value::Array(seen)) if told.len() == seen.len() => {
            for (index, (told, seen)) in told.iter().zip(seen).enumerate() {
                differ(&within(&index.to_string()), told, seen, found);
            }
        }
        (told, seen) if told != seen => {
            let difference = format!(
                "the report's {path} is {}, its evidence gives {}",
                short(told),
                short(seen)
            );
            found.push((path.to_owned(), difference));
        }
        _ => {}
    }
}

/// A value in a few words.
fn short(value: &Value) -> String {
    const LONG: usize = 60;
    match value {
        Value::Null => "absent".into(),
        Value::Array(items) => format!("a list of {}", items.len()),
        other => {
            let text = other.to_string();
            match text.chars().count() > LONG {
                true => format!("{}...", text.chars().take(LONG).collect::<String>()),
                false => text,
            }
        }
    }
}

fn verdict_of(severities: impl Iterator<Item = Severity>) -> Verdict {
    severities.fold(Verdict::Pass, |verdict, severity| {
        match (verdict, severity) {
            (_, Severity::OrderFailure | Severity::PerformanceFailure) | (Verdict::Fail, _) => {
                Verdict::Fail
            }
            (_, Severity::MissingEvidence) | (Verdict::Inconclusive, _) => Verdict::Inconclusive,
            (Verdict::Pass, Severity::Note) => Verdict::Pass,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::tests::{passed, rejudgment};
    use crate::gate::{GateInput, GateOutcome, RuleSources, conclude};

    fn held(report: &RunReport, rejudged: &Rejudgment, rule: &str) -> GateOutcome {
        let rules = RuleSources::parse(&[rule.to_owned()], None, false).expect("a legal rule");
        let rules = rules.fit(&report.scenario).expect("a fitting rule");
        let input = GateInput {
            report,
            rejudged: Some(rejudged),
            baseline: None,
        };
        conclude(&input, &rules)
    }

    #[test]
    fn evidence_that_is_none_neither_passes_nor_accuses() {
        let report = passed();
        for (verdict, severities) in [
            (Verdict::Pass, &[][..]),
            (Verdict::Fail, &[Severity::OrderFailure]),
            (Verdict::Fail, &[Severity::PerformanceFailure]),
        ] {
            let rejudged = rejudgment(verdict, severities, &report);
            let gravest = held(&report, &rejudged, "lost == 0").exit();
            assert_eq!(gravest == Exit::Success, verdict == Verdict::Pass);
            let distrusted = Rejudgment {
                distrust: Some("it was edited".into()),
                ..rejudged
            };
            for rule in ["lost == 0", "drain < 1ms", "stored < 1"] {
                let outcome = held(&report, &distrusted, rule);
                assert_eq!(outcome.exit(), Exit::Inconclusive, "{verdict:?} {rule}");
                assert!(outcome.doubts.contains(&"it was edited".to_owned()));
            }
        }
    }

    #[test]
    fn every_figure_must_be_the_one_the_evidence_gives() {
        let report = passed();
        let same = rejudgment(Verdict::Pass, &[], &report);
        assert_eq!(held(&report, &same, "lost == 0").exit(), Exit::Success);
        let mut edited = report.clone();
        edited.quiescence.drain = Some(Duration::from_millis(1));
        *edited.timeline[3].stored_orders.get_or_insert(0) += 1;
        let told = held(&edited, &same, "drain < 1s");
        assert_eq!(told.exit(), Exit::Inconclusive);
        let doubts = told.doubts.join("\n");
        for figure in ["quiescence.drain.secs is 0", "timeline.3.stored_orders is"] {
            assert!(doubts.contains(figure), "{figure} in {doubts}");
        }
        edited
            .timeline
            .iter_mut()
            .for_each(|row| *row.backlog_orders.get_or_insert(0) += 1);
        let many = held(&edited, &same, "lost == 0").doubts.join("\n");
        assert!(many.contains("more figures differ"), "{many}");
        let partial = Rejudgment {
            recomputed: None,
            ..same
        };
        assert_eq!(
            held(&report, &partial, "lost == 0").exit(),
            Exit::Inconclusive
        );
    }
}
