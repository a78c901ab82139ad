//! What a verdict rests on: a name for each piece of evidence, and what was seen.

use std::time::Duration;

use crate::document::Fact;
use crate::function;
use orderproof_core::results::RunReport;
use orderproof_core::results::figures::{duration, micros_if, orders, thousands};
use orderproof_core::scenario::FaultPlace;
use orderproof_core::verify::{Quiescence, Sweep};

/// Less is what it takes to read two clocks, and not worth a word.
const NOTABLE_SKEW: Duration = Duration::from_millis(1);

/// Every piece of evidence that the report holds.
pub(super) fn facts(report: &RunReport) -> Vec<Fact> {
    let rest = &report.quiescence;
    let scan = sweep(&report.scan, "rows read to the end");
    let lookups = sweep(&report.lookups, "looked up once more by key");
    let letters = sweep(&report.dead_letter_sweep, "received to the end");
    let cloudwatch = report.cloudwatch.as_ref().map(|seen| seen.told());
    let before = [
        ("target", target(report)),
        ("sent", Some(sent(report))),
        ("offered on time", Some(lag(report))),
        ("at rest", Some(rest.evidence.clone())),
        ("drained", Some(drained(rest, " after the last send"))),
        ("backlog", report.backlog_line()),
        (
            "caught up",
            report.backlog().and_then(|peak| peak.caught_up_line()),
        ),
        ("table", Some(scan)),
        ("missing orders", Some(lookups)),
        ("dead letters", Some(letters)),
        ("redelivered", Some(report.redelivered_told())),
        ("stored times", report.row_times_told()),
        ("clock", clock(report)),
    ];
    let after = [
        ("CloudWatch", cloudwatch),
        ("time", compressed(report)),
        ("faults planted", faults_planted(report)),
    ];
    let of_function = function::facts(report).into_iter();
    let of_function = of_function.map(|(name, seen)| (name, Some(seen)));
    let all = before.into_iter().chain(of_function).chain(after);
    all.filter_map(|(name, seen)| Some((name, seen?))).collect()
}

/// Where the run was driven, and the traps that were known there; nothing of the embedded pipeline.
fn target(report: &RunReport) -> Option<String> {
    report.scenario.target.aws()?;
    let made = &report.provenance;
    Some(match made.traps.as_slice() {
        [] => made.target.clone(),
        traps => format!(
            "{}; traps known before the run: {}",
            made.target,
            traps.join(", ")
        ),
    })
}

fn sent(report: &RunReport) -> String {
    let counts = &report.orders;
    let counts = [
        (counts.planned, "planned"),
        (counts.acknowledged, "acknowledged"),
        (counts.rejected, "rejected"),
        (counts.indeterminate, "indeterminate"),
        (counts.unsent, "unsent"),
    ];
    counts
        .map(|(count, what)| format!("{} {what}", thousands(count)))
        .join(", ")
}

fn lag(report: &RunReport) -> String {
    match report.schedule_lag_us.measured() {
        Some(lag) => {
            let p95 = micros_if(lag.p95_us).map_or_else(String::new, |p95| format!("p95 {p95}, "));
            format!(
                "schedule lag {p95}p99 {}, max {}",
                dash(micros_if(lag.p99_us)),
                dash(micros_if(lag.max_us))
            )
        }
        None => "schedule lag not measured".into(),
    }
}

/// How long the drain took, `after` behind it, if that was measured.
pub(super) fn drained(rest: &Quiescence, after: &str) -> String {
    match (rest.drain, rest.reached) {
        (Some(drain), _) => format!("{}{after}", duration(drain)),
        (None, false) => "not reached".into(),
        (None, true) => "not measured".into(),
    }
}

/// A figure, or a dash where there is none.
pub(super) fn dash(figure: Option<String>) -> String {
    figure.unwrap_or_else(|| "-".into())
}

fn sweep(sweep: &Sweep, done: &str) -> String {
    let items = thousands(sweep.items);
    match (&sweep.error, sweep.complete) {
        (_, true) => format!("{items} {done}"),
        (Some(error), false) => format!("INCOMPLETE after {items}: {error}"),
        (None, false) => format!("INCOMPLETE after {items}"),
    }
}

fn clock(report: &RunReport) -> Option<String> {
    let skew = Duration::from_micros(report.clock_skew_bound_us);
    let by = duration(skew);
    let impossible = report
        .row_clock
        .is_some_and(|seen| seen.early_rows + seen.late_rows > 0);
    let what = match report.scenario.target.aws() {
        None if impossible => format!(
            "this machine's clock and the one that wrote the rows' stored_at may be {by} apart"
        ),
        None => format!("the wall clock was stepped by {by} during the run"),
        Some(_) => format!("this machine's clock and the target's may be {by} apart"),
    };
    (skew >= NOTABLE_SKEW).then(|| format!("{what}: end-to-end latencies may be off by as much"))
}

fn compressed(report: &RunReport) -> Option<String> {
    let scale = report.scenario.time_scale;
    (scale != 1.0).then(|| {
        format!(
            "compressed {scale} times: 1 s here is {scale} s of the scenario; rates and durations are those of this run, \
             and the limit of a rule is given in both"
        )
    })
}

/// The faults of the scenario with the orders they struck, where that is known.
fn faults_planted(report: &RunReport) -> Option<String> {
    let pipeline = report.pipeline.as_ref();
    let faults = report.scenario.faults.iter().map(|fault| {
        let name = fault.kind.as_str();
        let struck = pipeline.and_then(|pipeline| pipeline.faults_struck.get(name));
        match struck {
            Some(struck) if fault.kind.place() != FaultPlace::Harness => {
                format!("{name} struck {}", orders(*struck))
            }
            _ => name.to_owned(),
        }
    });
    let faults: Vec<_> = faults.collect();
    (!faults.is_empty()).then(|| faults.join(", "))
}
