//! What a function in this process did, in words: its invocations, why they failed, its processes.

use std::fmt::Write;

use orderproof_core::results::figures::thousands;
use orderproof_core::results::{FailureCount, PipelineCounters, RunReport};

/// Reasons quoted at most.
const QUOTED: usize = 3;

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
    words
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
    use super::*;
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
