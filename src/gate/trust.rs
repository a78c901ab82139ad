//! What speaks against a report: contradictions in it, and evidence beside it that says otherwise.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::exit::Exit;
use crate::load::Schedule;
use crate::metrics::Histogram;
use crate::report::RunReport;
use crate::report::figures::orders;
use crate::verify::{Class, Durations, Judgment, Severity, Standing, Standpoint, Verdict};

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
}

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
    let planned = Schedule::new(&report.scenario).count();
    if planned != orders.planned {
        doubts.push(format!(
            "the scenario plans {planned} orders, the report says {}",
            orders.planned
        ));
    }
    let sent = orders.acknowledged + orders.rejected + orders.indeterminate;
    if sent != orders.attempted || sent + orders.unsent != orders.planned {
        doubts.push("what became of the sends does not add up to the planned orders".into());
    }
    let missing = Class::ALL
        .iter()
        .filter(|class| !report.classes.contains_key(class));
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
            word(report.verdict),
            word(of_findings)
        ));
    }
    let judgment = Judgment {
        verdict: report.verdict,
        findings: report.findings.clone(),
    };
    let exit = Exit::of(&judgment, report.interrupted).code();
    if exit != report.exit_code {
        doubts.push(format!(
            "the exit code is {}, to the verdict belongs {exit}",
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
        doubts.push("it passed although the looking was not complete".into());
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
    let durations = Durations {
        phases: Some(report.phases.iter().map(|phase| &phase.figures).collect()),
        quiescence: Some(&report.quiescence),
        clock_skew_bound: Duration::from_micros(report.clock_skew_bound_us),
        untimed_rows: 0,
    };
    for rule in &report.scenario.expect.rules {
        let (_, standpoint) = durations.check(rule.metric, rule.phase.as_deref(), &rule.bound());
        if standpoint != Standpoint::Holds {
            doubts.push(format!("it passed although `{}` does not hold", rule.text));
        }
    }
}

/// Whether the evidence says the same.
fn doubt_against(report: &RunReport, rejudged: &Rejudgment, doubts: &mut Vec<String>) {
    let again = &rejudged.judgment;
    if again.verdict != report.verdict {
        let why = again.findings.first();
        let why = why.map_or(String::new(), |finding| format!(": {}", finding.message));
        doubts.push(format!(
            "the report says {}, its evidence judged again says {}{why}",
            word(report.verdict),
            word(again.verdict)
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

pub(super) fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Fail => "fail",
        Verdict::Inconclusive => "inconclusive",
    }
}
