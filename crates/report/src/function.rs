//! What a function in this process did, in words: its invocations, why they failed, its processes.

use std::fmt::Write;

use crate::document::{Block, Medium, Table};
use orderproof_core::results::figures::thousands;
use orderproof_core::results::{FailureCount, PipelineCounters, RunReport, ServiceCount};

/// Reasons quoted at most.
const QUOTED: usize = 3;
/// Reasons in a table at most.
const LISTED: usize = 5;
/// Operations of other services quoted at most.
const SERVICES_QUOTED: usize = 8;

/// Evidence of the function: label and what was counted.
pub(crate) fn facts(report: &RunReport) -> Vec<(&'static str, String)> {
    let Some(pipeline) = &report.pipeline else {
        return Vec::new();
    };
    let mut words = vec![("function", invocations(pipeline))];
    let failures = pipeline.failures.as_deref().unwrap_or_default();
    if !failures.is_empty() {
        words.push(("failures", reasons(failures, QUOTED)));
    }
    words.extend(processes(report, pipeline).map(|processes| ("processes", processes)));
    words.extend(throttled(pipeline).map(|throttled| ("throttled", throttled)));
    words.extend(services(pipeline).map(|services| ("services", services)));
    words
}

/// The commonest reasons why invocations failed, in the function's own words; nothing where none failed or none was kept.
pub(crate) fn errors(report: &RunReport, medium: Medium) -> Vec<Block> {
    let pipeline = report.pipeline.as_ref();
    // Of one that never started its last lines say more.
    let pipeline = pipeline.filter(|pipeline| pipeline.never_started.is_none());
    let failures = pipeline.and_then(|pipeline| pipeline.failures.as_deref());
    let told: Vec<_> = failures.unwrap_or_default().iter().take(LISTED).collect();
    if told.is_empty() {
        return Vec::new();
    }
    let mut table = Table::each(
        "The commonest reasons; those that differ only in numbers count as one",
        told,
        &[
            ("#times", |it| thousands(it.count).into()),
            ("kind", |it| it.kind.told(it.count).into()),
            ("first order", |it| {
                it.first_order.as_deref().unwrap_or("-").into()
            }),
            ("log", |it| it.log.as_deref().unwrap_or("-").into()),
            ("why", |it| {
                let why = it.reason.as_deref();
                why.unwrap_or("many other reasons").into()
            }),
        ],
    );
    table.wrapped = medium == Medium::Terminal;
    vec![Block::Table(table)]
}

/// How the function was invoked.
fn invocations(pipeline: &PipelineCounters) -> String {
    let mut words = format!(
        "{} invocations, at most {} at one time, {} cold starts",
        thousands(pipeline.invocations),
        thousands(pipeline.max_concurrency.into()),
        thousands(pipeline.cold_starts)
    );
    for (count, what) in [
        (pipeline.failed_invocations, "failed whole"),
        (pipeline.crashes, "environments crashed"),
        (pipeline.backed_off, "times the mapping backed off"),
    ] {
        if count > 0 {
            let _ = write!(words, ", {} {what}", thousands(count));
        }
    }
    words
}

/// The commonest reasons with their counts, and how many more there are.
pub(super) fn reasons(failures: &[FailureCount], most: usize) -> String {
    let quoted: Vec<_> = failures.iter().take(most).map(FailureCount::told).collect();
    let mut words = quoted.join("; ");
    let more: u64 = failures.iter().skip(most).map(|more| more.count).sum();
    if more > 0 {
        let _ = write!(words, "; {} more for other reasons", thousands(more));
    }
    words
}

/// Whether processes were frozen between invocations; nothing of a function without processes.
fn processes(report: &RunReport, pipeline: &PipelineCounters) -> Option<String> {
    report.scenario.processor.as_ref()?;
    Some(match pipeline.freezes {
        Some(times) => {
            let mut words = format!(
                "frozen between invocations, as on Lambda, {} times",
                thousands(times)
            );
            let incomplete = pipeline.incomplete_freezes.unwrap_or_default();
            if incomplete > 0 {
                let _ = write!(
                    words,
                    "; {} of them perhaps not with all descendants (some could not be found or stopped): work after the answer may \
                     have been done that Lambda would stop",
                    thousands(incomplete)
                );
            }
            words
        }
        None => "not frozen between invocations (processor.freeze is off): work that goes on after the answer was \
                 done, and Lambda would stop it"
            .into(),
    })
}

/// What the function called of other services; nothing where that was not measured.
fn services(pipeline: &PipelineCounters) -> Option<String> {
    let counts = pipeline.services.as_deref()?;
    if counts.is_empty() {
        return Some("none of those that the scenario names was called".into());
    }
    let told = |count: &ServiceCount| {
        let calls = thousands(count.calls);
        let refused = match count.refused {
            0 => String::new(),
            all if all == count.calls => ", all refused".into(),
            some => format!(", {} refused", thousands(some)),
        };
        format!("{} {} {calls}{refused}", count.service, count.operation)
    };
    let quoted: Vec<_> = counts.iter().take(SERVICES_QUOTED).map(told).collect();
    let mut words = quoted.join("; ");
    let more: u64 = counts
        .iter()
        .skip(SERVICES_QUOTED)
        .map(|count| count.calls)
        .sum();
    if more > 0 {
        let _ = write!(words, "; {} calls of others", thousands(more));
    }
    Some(words)
}

/// What was throttled, if anything, with the table's own reasons.
fn throttled(pipeline: &PipelineCounters) -> Option<String> {
    let mut words = Vec::new();
    for (count, what) in [
        (pipeline.throttled_invocations, "invocations"),
        (pipeline.throttled_writes, "writes"),
        (pipeline.throttled_reads, "reads"),
    ] {
        if count > 0 {
            words.push(format!("{} {what}", thousands(count)));
        }
    }
    let reasons: Vec<_> = pipeline
        .throttling_reasons
        .keys()
        .map(String::as_str)
        .collect();
    match (words.is_empty(), reasons.is_empty()) {
        (true, _) => None,
        (false, true) => Some(words.join(", ")),
        (false, false) => Some(format!("{} ({})", words.join(", "), reasons.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::services as services_of;
    use super::*;
    use orderproof_core::results::FailureKind;
    use orderproof_core::results::fixture::{SPIKE, World};
    use orderproof_core::scenario::ProcessorCommand;

    fn processes_of(freezes: Option<u64>, incomplete: Option<u64>) -> String {
        let mut report = World::new(&SPIKE).report();
        report.scenario.processor = Some(ProcessorCommand {
            name: None,
            command: vec!["./bootstrap".into()],
            working_dir: None,
            handler: "handler".into(),
            environment: Default::default(),
            memory_mb: 128,
            init_timeout: std::time::Duration::from_secs(10),
            max_environments: 20,
            freeze: freezes.is_some(),
        });
        let pipeline = PipelineCounters {
            freezes,
            incomplete_freezes: incomplete,
            ..PipelineCounters::default()
        };
        processes(&report, &pipeline).expect("it has processes")
    }

    #[test]
    fn the_commonest_errors_are_told_with_their_first_order_and_log_and_no_text_becomes_markup() {
        let failure = |reason: &str, count| FailureCount {
            kind: FailureKind::Error,
            reason: Some(reason.into()),
            count,
            without_bad_orders: None,
            first_order: Some("70000012".into()),
            log: Some("function-logs/environment-0001.log".into()),
        };
        let mut report = World::new(&SPIKE).report();
        let all = || {
            [
                crate::render_markdown(&report),
                crate::render_html(&report).unwrap(),
            ]
        };
        for told in all() {
            assert!(!told.contains("Why invocations failed"), "none did");
        }
        let mut failures = vec![failure("KeyError: <b>|total", 1_234)];
        failures.extend((0..6).map(|n| failure(&format!("Error{n}"), 9 - n)));
        report.pipeline = Some(PipelineCounters {
            failures: Some(failures),
            ..PipelineCounters::default()
        });
        let all = [
            crate::render_markdown(&report),
            crate::render_html(&report).unwrap(),
        ];
        for told in all {
            for word in [
                "Why invocations failed",
                "1,234",
                "70000012",
                "environment-0001.log",
            ] {
                assert!(told.contains(word), "{word}");
            }
            assert!(!told.contains("<b>|"), "escaped");
            assert!(
                told.contains("Error3") && !told.contains("Error4"),
                "five of them"
            );
        }
    }

    #[test]
    fn calls_of_other_services_are_told_and_what_was_not_measured_is_not() {
        let count = |operation: &str, calls, refused| ServiceCount {
            service: "states".into(),
            operation: operation.into(),
            calls,
            refused,
            wanting: None,
        };
        let told = |services| {
            services_of(&PipelineCounters {
                services,
                ..PipelineCounters::default()
            })
        };
        assert_eq!(told(None), None);
        let none = "none of those that the scenario names was called";
        assert_eq!(told(Some(Vec::new())).as_deref(), Some(none));
        let some = vec![count("A", 2_000, 2_000), count("B", 3, 1), count("C", 1, 0)];
        let words = "states A 2,000, all refused; states B 3, 1 refused; states C 1";
        assert_eq!(told(Some(some)).as_deref(), Some(words));
        let many = (0..10).map(|_| count("A", 1, 0)).collect();
        assert!(told(Some(many)).is_some_and(|words| words.ends_with("; 2 calls of others")));
    }

    #[test]
    fn freezes_that_may_have_left_somebody_out_are_told() {
        let whole = "frozen between invocations, as on Lambda, 2,621 times";
        // The versions before did not count it.
        for incomplete in [Some(0), None] {
            assert_eq!(processes_of(Some(2_621), incomplete), whole);
        }
        let words = processes_of(Some(2_621), Some(7));
        assert!(words.starts_with(&format!("{whole}; 7 of them perhaps not")));
        assert!(processes_of(None, None).starts_with("not frozen"));
    }
}
