//! Which figures are told as which cause, each beside its near miss.

use super::*;
use orderproof_core::results::fixture::{SPIKE, World};
use orderproof_core::results::{NeverStarted, ServiceCount};
use orderproof_core::scenario::ProcessorCommand;

/// A report with these classes and counters, and a change of its settings.
fn diagnosed(
    classes: &[(Class, u64)],
    counters: PipelineCounters,
    change: impl FnOnce(&mut RunReport),
) -> Vec<String> {
    let mut report = World::new(&SPIKE).report();
    report.classes.extend(classes.iter().copied());
    report.pipeline = Some(counters);
    change(&mut report);
    diagnose(&report)
}

fn counted(change: impl FnOnce(&mut PipelineCounters)) -> PipelineCounters {
    let mut counters = PipelineCounters {
        invocations: 100,
        failures: Some(Vec::new()),
        ..PipelineCounters::default()
    };
    change(&mut counters);
    counters
}

fn failure(kind: FailureKind, reason: &str, count: u64, without_bad: u64) -> FailureCount {
    FailureCount {
        kind,
        reason: Some(reason.into()),
        count,
        without_bad_orders: Some(without_bad),
        first_order: None,
        log: None,
    }
}

/// 60 invocations that failed whole, for these reasons.
fn failed(failures: Vec<FailureCount>) -> PipelineCounters {
    counted(|counters| {
        counters.failed_invocations = 60;
        counters.failures = Some(failures);
    })
}

/// The function is one of the user's own.
fn own(report: &mut RunReport) {
    report.scenario.processor = Some(ProcessorCommand {
        name: None,
        command: vec!["./bootstrap".into()],
        working_dir: None,
        handler: "handler".into(),
        environment: Default::default(),
        memory_mb: 128,
        init_timeout: std::time::Duration::from_secs(10),
        max_environments: 20,
        freeze: true,
    });
}

/// Nothing is in the table, which was read to its end.
fn nothing_stored(report: &mut RunReport) {
    own(report);
    report.scan.complete = true;
    report.scan.items = report.foreign_rows.unwrap_or_default();
}

const DEAD: [(Class, u64); 2] = [
    (Class::GoodOrderDeadLettered, 3_000),
    (Class::StoredAndDeadLettered, 600),
];
const LOST: [(Class, u64); 1] = [(Class::Lost, 45)];

fn one(causes: &[String]) -> &str {
    assert_eq!(causes.len(), 1, "{causes:#?}");
    &causes[0]
}

#[test]
fn partial_responses_are_the_cure_only_where_each_failure_had_a_bad_order() {
    let raised = |without_bad| {
        failed(vec![failure(
            FailureKind::Error,
            "TypeError: no",
            60,
            without_bad,
        )])
    };
    let causes = diagnosed(&DEAD, raised(0), |_| {});
    let cause = one(&causes);
    assert!(
        cause.starts_with(
            "3,600 of 36,000 good orders (10%) are in the dead-letter queue: 60 of 100"
        ) && cause.contains("60 errors raised (TypeError: no)")
            && cause.ends_with("set ReportBatchItemFailures on the mapping"),
        "{cause}"
    );
    assert_eq!(
        diagnosed(&[], raised(0), |_| {}),
        [""; 0],
        "no good order suffered"
    );

    let causes = diagnosed(&DEAD, raised(1), own);
    let cause = one(&causes);
    assert!(
        cause.contains("60 errors raised (TypeError: no)"),
        "{cause}"
    );
    assert!(cause.contains("function-logs/environment-"), "{cause}");
    assert!(!cause.contains("named its bad records"), "{cause}");

    let mut named = raised(0);
    named.failed_records = 1;
    let causes = diagnosed(&DEAD, named, own);
    assert!(
        !one(&causes).contains("named its bad records"),
        "{causes:?}"
    );
    let mut unknown = raised(0);
    unknown.failures.as_mut().unwrap()[0].without_bad_orders = None;
    let causes = diagnosed(&DEAD, unknown, own);
    assert!(
        !one(&causes).contains("named its bad records"),
        "{causes:?}"
    );
}

#[test]
fn each_kind_of_failure_has_its_own_words_and_the_commonest_decides_the_cure() {
    let cases = [
        (
            FailureKind::TimedOut,
            "after 2s",
            "pipeline.function.timeout",
        ),
        (
            FailureKind::InvalidResponse,
            "an itemIdentifier is null",
            "itemIdentifier",
        ),
        (
            FailureKind::Crashed,
            "signal: 9",
            "returned its whole batch",
        ),
        (
            FailureKind::FailedStart,
            "exit status: 1",
            "returned its whole batch",
        ),
        (FailureKind::Error, "KeyError: 'x'", "fix the error"),
    ];
    for (kind, reason, cure) in cases {
        let other = failure(FailureKind::Error, "Rare: once", 1, 0);
        let causes = diagnosed(
            &DEAD,
            failed(vec![failure(kind, reason, 59, 40), other]),
            own,
        );
        let cause = one(&causes);
        let (told, cured) = cause.split_once(". Cure: ").expect("a cure");
        assert!(told.contains(&format!("({reason})")), "{cause}");
        assert!(
            told.contains("59 ") && told.contains("Rare: once"),
            "{cause}"
        );
        assert!(cured.contains(cure), "{cause}");
        assert!(!cause.contains("named its bad records"), "{cause}");
    }
}

#[test]
fn a_report_that_did_not_count_reasons_says_so_and_only_the_lab_is_known_without() {
    let uncounted = || {
        counted(|counters| {
            counters.failed_invocations = 60;
            counters.failures = None;
        })
    };
    let causes = diagnosed(&DEAD, uncounted(), |_| {});
    let cause = one(&causes);
    assert!(
        cause.ends_with("why was not counted by the version that ran this"),
        "{cause}"
    );
    let lab = |report: &mut RunReport| {
        report.scenario.pipeline.function.processor = ProcessorKind::Lab;
    };
    let causes = diagnosed(&DEAD, uncounted(), lab);
    assert!(one(&causes).contains("raises at the first"), "{causes:?}");
    let causes = diagnosed(&DEAD, uncounted(), |report| {
        lab(report);
        own(report);
    });
    assert!(
        !one(&causes).contains("raises at the first"),
        "it did not run: {causes:?}"
    );
}

#[test]
fn a_function_without_any_success_has_understood_no_order_and_bad_orders_are_no_design() {
    let dead = [
        (Class::Stored, 0),
        (Class::GoodOrderDeadLettered, 36_000),
        (Class::DeadLetteredByDesign, 4_000),
    ];
    let raised = || failed(vec![failure(FailureKind::Error, "TypeError: no", 60, 30)]);
    let causes = diagnosed(&dead, raised(), nothing_stored);
    let cause = one(&causes);
    assert!(
        cause.starts_with("the function stored no order: none of the 36,000 good orders"),
        "{cause}"
    );
    assert!(
        cause.contains("The 4,000 bad orders there were refused as good ones were: nothing"),
        "{cause}"
    );

    let named = || {
        counted(|counters| {
            counters.failed_records = 400;
            counters.failed_good_records = Some(360);
        })
    };
    let causes = diagnosed(&dead, named(), nothing_stored);
    let cause = one(&causes);
    assert!(cause.starts_with("the function stored no order"), "{cause}");
    let words = "it named 400 records as failed, 360 of them of good orders";
    assert!(cause.contains(words), "{cause}");
    assert!(cause.contains("refused as good ones were"), "{cause}");

    // One row in the table is one success.
    let causes = diagnosed(&dead, named(), |report| {
        nothing_stored(report);
        report.scan.items += 1;
    });
    let cause = one(&causes);
    assert!(!cause.contains("stored no order"), "{cause}");
    assert!(
        !cause.contains("refused") && !cause.contains("distinguishes them"),
        "records were judged one by one: {cause}"
    );
    // A table that was not read to its end proves no absence.
    let causes = diagnosed(&dead, raised(), |report| {
        nothing_stored(report);
        report.scan.complete = false;
    });
    assert!(!one(&causes).contains("stored no order"), "{causes:?}");
}

#[test]
fn a_function_that_named_bad_orders_alone_has_understood_the_good_ones_that_it_lost() {
    let own_words = |good, lost, dead| {
        let classes = [
            (Class::Stored, 0),
            (Class::Lost, lost),
            (Class::GoodOrderDeadLettered, dead),
            (Class::DeadLetteredByDesign, 3),
        ];
        let counters = counted(|counters| {
            counters.freezes = Some(25);
            counters.failed_records = 6;
            counters.failed_good_records = good;
        });
        diagnosed(&classes, counters, nothing_stored)
    };
    // As counted, and as a version before counted it.
    for good in [Some(0), None] {
        let causes = own_words(good, 36_000, 0);
        let cause = one(&causes);
        let words = "answered that it had processed 36,000 orders that are not in the table (lost)";
        assert!(cause.contains(words), "{cause}");
        for word in ["understood", "named", "refused", "apart"] {
            assert!(!cause.contains(word), "{word}: {cause}");
        }
    }
    assert_eq!(
        own_words(Some(0), 0, 9),
        [""; 0],
        "it named none of the nine"
    );
    let causes = own_words(Some(2), 0, 36_000);
    assert!(one(&causes).contains("6 records as failed, 2 of them of good orders"));
    let causes = own_words(None, 0, 36_000);
    let cause = one(&causes);
    assert!(cause.contains("among them was not counted"), "{cause}");
}

#[test]
fn bad_orders_refused_by_failures_of_their_own_are_left_alone() {
    let dead = [DEAD[0], DEAD[1], (Class::DeadLetteredByDesign, 4_000)];
    for (without_bad, word) in [(0, false), (1, true)] {
        let raised = failed(vec![failure(
            FailureKind::TimedOut,
            "after 2s",
            60,
            without_bad,
        )]);
        let causes = diagnosed(&dead, raised, own);
        let cause = one(&causes);
        let told = cause.contains("may have been refused for the same reason");
        assert_eq!(told, word, "{without_bad}: {causes:?}");
        assert!(
            !cause.contains("distinguishes them"),
            "good ones are stored"
        );
    }
}

#[test]
fn a_function_that_never_started_is_the_only_cause() {
    let never = counted(|counters| {
        counters.failed_invocations = 3;
        counters.never_started = Some(NeverStarted {
            starts: 3,
            failed: 3,
            reason: Some("exit status: 1".into()),
            log: Some("function-logs/environment-0001.log".into()),
            last_lines: vec!["no module".into()],
            given_up: true,
        });
    });
    let causes = diagnosed(&DEAD, never, own);
    let cause = one(&causes);
    for word in [
        "never started",
        "3 of 3 starts failed",
        "function-logs/environment-0001.log",
    ] {
        assert!(cause.contains(word), "{word}: {cause}");
    }
}

#[test]
fn what_was_answered_and_is_not_there_is_told_of_ones_own_function_alone() {
    let whole = || counted(|counters| counters.freezes = Some(7));
    let causes = diagnosed(&LOST, whole(), own);
    let cause = one(&causes);
    assert!(
        cause.contains("45 orders that are not in the table") && cause.contains("frozen"),
        "{cause}"
    );
    let causes = diagnosed(&LOST, counted(|_| {}), own);
    assert!(!one(&causes).contains("frozen"), "it was off: {causes:?}");
    assert_eq!(diagnosed(&LOST, whole(), |_| {}), [""; 0], "not one's own");
    assert_eq!(diagnosed(&[], whole(), own), [""; 0], "nothing is lost");
    let elsewhere = |report: &mut RunReport| {
        own(report);
        report.scenario.pipeline.redrive_to = Some("another".into());
    };
    assert_eq!(
        diagnosed(&LOST, whole(), elsewhere),
        [""; 0],
        "letters went elsewhere"
    );
}

#[test]
fn each_cause_is_told_with_its_number_and_its_cure_and_its_near_miss_is_not() {
    let flag_off = |report: &mut RunReport| {
        report.scenario.pipeline.mapping.report_batch_item_failures = false;
    };
    let throttled = counted(|counters| counters.throttled_writes = 7);
    assert!(diagnosed(&DEAD, throttled.clone(), |_| {})[0].contains("throttled 7 writes"));
    assert_eq!(diagnosed(&[], throttled, |_| {}), [""; 0]);
    let invocations = counted(|counters| {
        counters.throttled_invocations = 8;
        counters.failures = Some(vec![failure(FailureKind::Throttled, "no room", 2, 2)]);
    });
    let causes = diagnosed(&DEAD, invocations, |_| {});
    let cause = one(&causes);
    assert!(
        cause.contains("8 invocations were throttled; 2 batches came back"),
        "{cause}"
    );
    let filtered = counted(|counters| counters.filtered_messages = 45);
    assert!(diagnosed(&LOST, filtered.clone(), |_| {})[0].contains("discarded 45 messages"));
    assert_eq!(
        diagnosed(&[], filtered, |_| {}),
        [""; 0],
        "what it discarded was no order"
    );
    let records = counted(|counters| counters.failed_records = 45);
    assert!(diagnosed(&LOST, records.clone(), flag_off)[0].contains("ignored them, 45 orders"));
    assert_eq!(diagnosed(&LOST, records, |_| {}), [""; 0], "the flag is on");
    let no_redrive = |report: &mut RunReport| {
        report.scenario.pipeline.redrive_to = None;
        report.quiescence.reached = false;
    };
    assert!(diagnosed(&[], counted(|_| {}), no_redrive)[0].contains("no redrive policy"));
}

#[test]
fn followers_of_a_bad_order_in_its_group_are_a_cause_of_their_own() {
    let told = |code: &str| {
        diagnosed(
            &[(Class::GoodOrderDeadLettered, 9)],
            counted(|_| {}),
            |report| {
                let finding = orderproof_core::verdict::finding(
                    orderproof_core::verdict::Severity::Note,
                    code,
                    "9 of 9 good orders stand behind a bad one".into(),
                );
                report.findings.push(finding);
            },
        )
    };
    let causes = told("group_followers");
    assert_eq!(causes[0], "9 of 9 good orders stand behind a bad one");
    assert!(
        told("foreign_rows")
            .iter()
            .all(|cause| !cause.contains("stand behind"))
    );
}

#[test]
fn what_the_function_called_and_was_not_there_is_the_first_cause() {
    let diagnosed_with = |failed: u64, wanting: Option<&str>| {
        let counters = counted(|counters| {
            counters.failed_invocations = failed;
            counters.services = Some(vec![ServiceCount {
                service: "states".into(),
                operation: "StartExecution".into(),
                calls: 60,
                refused: 60,
                wanting: wanting.map(Into::into),
            }]);
        });
        diagnosed(&[], counters, own)
    };
    let told = diagnosed_with(60, Some("Write it."));
    let called = "called StartExecution of the service states 60 times, 60 of them refused";
    assert!(
        told[0].contains(called) && told[0].ends_with("Write it."),
        "{told:?}"
    );
    let is_told = |told: Vec<String>| told.iter().any(|cause| cause.contains(called));
    assert!(!is_told(diagnosed_with(60, None)), "refused as AWS would");
    assert!(
        !is_told(diagnosed_with(0, Some("Write it."))),
        "nothing failed"
    );
}
