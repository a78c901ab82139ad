//! Functions in other languages, whole runs: bootstraps by hand in Python, Node and bash, sound and not.
//!
//! A test whose interpreter is not on this machine says so and ends.

use std::process::Command;

use serde_json::Value;

use super::program::{Finished, Program};

/// 40 orders, some of them bad, through processes of somebody's own.
const SCENARIO: &str = r#"
name = "language"
question = "Does a function in another language see the same orders?"
seed = 5
bad_orders = "15%"

[[phase]]
name = "baseline"
rate = "40/s"
duration = "1s"

[processor]
command = ["replaced"]
max_environments = 2
init_timeout = "60s"

[pipeline]
visibility_timeout = "2s"
max_receive_count = 2

[pipeline.function]
timeout = "2s"

[settle]
deadline = "120s"

[expect]
max_schedule_lag_p99 = "30s"
"#;

/// Whether these programs can be started; says so if not.
pub fn all_there(programs: &[&str]) -> bool {
    let missing = |program: &&&str| Command::new(program).arg("--version").output().is_err();
    let missing: Vec<_> = programs.iter().filter(missing).collect();
    if !missing.is_empty() {
        eprintln!("skipped: {missing:?} not on the PATH");
    }
    missing.is_empty()
}

fn run(interpreter: &str, file: &str) -> Program {
    let file = format!("{}/tests/bootstraps/{file}", env!("CARGO_MANIFEST_DIR"));
    let command = format!("processor.command=[{interpreter:?}, {file:?}]");
    Program::new(["run", "scenario.toml", "--output-dir", "out", "--quiet"])
        .args(["--run-id", "7", "--set", &command])
        .file("scenario.toml", SCENARIO)
}

fn python(mode: &str) -> Program {
    let environment = format!("processor.environment={{MODE={mode:?}}}");
    run("python3", "function.py").args(["--set", &environment])
}

fn class(finished: &Finished, name: &str) -> u64 {
    let report = finished.json("out/run.json");
    report["classes"][name].as_u64().expect("a count")
}

/// The text of findings and causes in one line.
fn findings(finished: &Finished) -> String {
    let (above, _) = finished.stdout.split_once("\nevidence").expect("evidence");
    above.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The kinds, reasons and counts of `run.json`.
fn failures(finished: &Finished) -> Vec<(String, String, u64)> {
    let report = finished.json("out/run.json");
    let failures = report["pipeline"]["failures"].as_array().expect("counted");
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    failures
        .iter()
        .map(|one| {
            (
                text(&one["kind"]),
                text(&one["reason"]),
                one["count"].as_u64().expect("a count"),
            )
        })
        .collect()
}

#[test]
fn the_same_orders_end_in_the_same_classes_whatever_the_function_is_written_in() {
    if !all_there(&["python3", "node", "bash", "curl"]) {
        return;
    }
    let languages = [
        ("python3", "function.py"),
        ("node", "function.mjs"),
        ("bash", "function.sh"),
    ];
    let runs = std::thread::scope(|scope| {
        let runs = languages.map(|(interpreter, file)| {
            // On a busy machine a batch may take seconds: it may be tried again, and no class hangs on it.
            let patient = run(interpreter, file)
                .args(["--set", "pipeline.visibility_timeout=5s"])
                .args(["--set", "pipeline.function.timeout=5s"])
                .args(["--set", "pipeline.max_receive_count=3"]);
            scope.spawn(move || patient.finish().code(0).quiet())
        });
        runs.map(|run| run.join().expect("a run"))
    });
    let [python, node, bash] = runs.each_ref().map(|finished| {
        let seen = &finished.json("out/observation.json")["observation"];
        let report = finished.json("out/run.json");
        assert!(
            report["pipeline"]["freezes"].as_u64() > Some(0),
            "{}",
            report["pipeline"]
        );
        (
            seen["stored"].clone(),
            seen["dead_lettered"].clone(),
            report["classes"].clone(),
        )
    });
    assert_eq!(python, node);
    assert_eq!(python, bash);
    assert_ne!(
        python.0, python.1,
        "some are stored, and others are letters"
    );
    let bad = class(&runs[0], "dead_lettered_by_design");
    assert!(bad > 0, "some are bad");
    assert_eq!(class(&runs[0], "stored") + bad, 40);
}

#[test]
fn work_after_the_answer_is_lost_and_with_freezing_off_the_report_says_so() {
    if !all_there(&["python3"]) {
        return;
    }
    let good = |program: Program| program.args(["--set", "bad_orders=0%"]).finish();
    let (frozen, awake) = std::thread::scope(|scope| {
        let frozen = scope.spawn(|| good(python("late")).code(3));
        let off = || python("late").args(["--set", "processor.freeze=false"]);
        let awake = scope.spawn(move || good(off()).code(0));
        (frozen.join().expect("a run"), awake.join().expect("a run"))
    });
    assert!(class(&frozen, "lost") > 0);
    let cause = findings(&frozen);
    assert!(cause.contains("answered that it had processed"), "{cause}");
    assert!(
        cause.contains("await every write before the answer"),
        "{cause}"
    );
    assert!(
        frozen.stdout.contains("frozen between invocations"),
        "{}",
        frozen.stdout
    );
    assert!(
        awake.stdout.contains("not frozen between invocations"),
        "{}",
        awake.stdout
    );
    assert_eq!(
        awake.json("out/run.json")["pipeline"].get("freezes"),
        None,
        "not measured"
    );
}

#[test]
fn a_descendant_that_left_its_group_is_frozen_too_unless_it_was_awaited() {
    if !all_there(&["python3"]) {
        return;
    }
    let of = |mode| {
        let patient = python(mode).args(["--set", "bad_orders=0%"]);
        patient
            .args(["--set", "pipeline.visibility_timeout=10s"])
            .args(["--set", "pipeline.function.timeout=10s"])
            .finish()
    };
    let left = ["group", "session", "daemon"];
    let (left, awaited) = std::thread::scope(|scope| {
        let left = left.map(|mode| scope.spawn(move || of(mode).code(3)));
        let awaited = scope.spawn(|| of("session-awaited").code(0));
        (
            left.map(|run| run.join().expect("a run")),
            awaited.join().expect("a run"),
        )
    });
    for finished in &left {
        assert!(class(finished, "lost") > 0);
        let cause = findings(finished);
        assert!(cause.contains("answered that it had processed"), "{cause}");
    }
    assert_eq!(class(&awaited, "stored"), 40);
    for finished in left.iter().chain([&awaited]) {
        let pipeline = &finished.json("out/run.json")["pipeline"];
        assert!(pipeline["freezes"].as_u64() > Some(0), "{pipeline}");
        assert_eq!(pipeline["incomplete_freezes"], 0, "{pipeline}");
    }
}

#[test]
fn a_function_that_cannot_be_imported_ends_the_run_with_its_traceback() {
    if !all_there(&["python3"]) {
        return;
    }
    // Long enough to be seen to end early: a minute of orders, two of settling.
    let finished = python("no-module")
        .args(["--set", "phase.baseline.duration=60s"])
        .finish()
        .code(4);
    let report = finished.json("out/run.json");
    assert_eq!(report["findings"][0]["code"], "function_never_started");
    assert_eq!(report["interrupted"], false, "nobody has");
    assert!(
        report["orders"]["unsent"].as_u64() > Some(2_000),
        "{}",
        report["orders"]
    );
    assert_eq!(report["pipeline"]["never_started"]["given_up"], true);
    let text = findings(&finished);
    for word in [
        "the function never started",
        "function-logs/environment-000",
        "Traceback (most recent call last):",
        "ModuleNotFoundError: No module named 'a_module_that_is_not_there'",
    ] {
        assert!(text.contains(word), "{word}: {text}");
    }
    assert!(
        !finished.stdout.contains("allows more time"),
        "{}",
        finished.stdout
    );
    let again = Program::new(["verify"]).args([&finished.path("out").display().to_string()[..]]);
    let again = again.finish().code(4);
    assert!(
        again.stdout.contains("function_never_started"),
        "{}",
        again.stdout
    );
}

#[test]
fn a_function_that_starts_at_the_third_attempt_loses_nothing() {
    if !all_there(&["python3"]) {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let starts = folder.path().join("starts");
    let environment = format!(
        "processor.environment={{MODE=\"third-start\", STARTS={:?}}}",
        starts
    );
    let finished = run("python3", "function.py")
        .args([
            "--set",
            &environment,
            "--set",
            "processor.max_environments=1",
        ])
        .args(["--set", "pipeline.max_receive_count=5"])
        .finish()
        .code(0);
    let report = finished.json("out/run.json");
    assert_eq!(report["pipeline"].get("never_started"), None);
    let failed = failures(&finished);
    assert!(
        failed
            .iter()
            .all(|(kind, reason, _)| kind == "failed_start" && reason.contains("not yet")),
        "{failed:?}"
    );
    // The first start is an event's; it is tried again with or without another.
    let count: u64 = failed.iter().map(|(_, _, count)| count).sum();
    assert!((1..=2).contains(&count), "{failed:?}");
}

#[test]
fn an_error_raised_every_time_is_quoted_and_no_order_is_called_understood() {
    if !all_there(&["python3"]) {
        return;
    }
    let finished = python("raises").finish().code(3);
    let [(kind, reason, count)] = &failures(&finished)[..] else {
        panic!("one reason, whatever number is in it");
    };
    assert_eq!(kind, "error");
    assert!(
        reason.starts_with("LookupError: no price list of day ") && !reason.contains("more lines")
    );
    let invocations = finished.json("out/run.json")["pipeline"]["invocations"].as_u64();
    assert_eq!(Some(*count), invocations);
    let cause = findings(&finished);
    for word in [
        "stored no order",
        reason,
        "refused as good ones were",
        "function-logs/environment-",
    ] {
        assert!(cause.contains(word), "{word}: {cause}");
    }
    assert!(!cause.contains("named its bad records"), "{cause}");
    tells_the_first(&finished, "LookupError");
}

/// The table of errors names an order of the run, and the log in which the error is.
fn tells_the_first(finished: &Finished, error: &str) {
    let failure = &finished.json("out/run.json")["pipeline"]["failures"][0];
    let order = failure["first_order"].as_str().expect("an order");
    assert!(
        order.parse::<u64>().is_ok_and(|id| id > 7_000_000),
        "{order}"
    );
    let log = failure["log"].as_str().expect("a log");
    let text = std::fs::read_to_string(finished.path("out").join(log)).expect("it is there");
    assert!(text.contains(error), "{log}: {text}");
    let page = std::fs::read_to_string(finished.path("out/report.html")).expect("a page");
    let summary = std::fs::read_to_string(finished.path("out/summary.md")).expect("a summary");
    for told in [&finished.stdout, &page, &summary] {
        for word in [order, log, error] {
            assert!(told.contains(word), "{word}");
        }
    }
}

#[test]
fn an_error_of_a_node_function_is_told_in_its_own_words() {
    if !all_there(&["node"]) {
        return;
    }
    let finished = run("node", "function.mjs")
        .args(["--set", "processor.environment={MODE=\"raises\"}"])
        .finish()
        .code(3);
    let (kind, reason, _) = &failures(&finished)[0];
    assert_eq!(kind, "error");
    assert!(
        reason.starts_with("TypeError: the price list is undefined"),
        "{reason}"
    );
    tells_the_first(&finished, "TypeError");
}

#[test]
fn a_command_that_is_not_there_is_refused_before_anything_is_sent() {
    let refused = run("there-is-no-such-program", "function.py")
        .finish()
        .code(2);
    let words = "`there-is-no-such-program` is not on the PATH";
    assert!(refused.stderr.contains(words), "{}", refused.stderr);
    assert!(!refused.path("out").exists());
}

#[test]
fn a_response_under_a_wrong_key_is_told_from_one_that_was_never_given() {
    if !all_there(&["python3"]) {
        return;
    }
    let finished = python("wrong-key")
        .args([
            "--set",
            "sending.batch=10",
            "--set",
            "phase.baseline.rate=400/s",
        ])
        .finish()
        .code(3);
    let failed = failures(&finished);
    assert!(
        failed.iter().all(|(kind, _, _)| kind == "invalid_response"),
        "{failed:?}"
    );
    assert!(
        failed[0]
            .1
            .contains("has no `itemIdentifier` but `messageId`"),
        "{failed:?}"
    );
    let cause = findings(&finished);
    assert!(cause.contains("itemIdentifier"), "{cause}");
    assert!(
        !cause.contains("return batchItemFailures, and set"),
        "{cause}"
    );
}
