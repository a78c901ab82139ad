//! `run --find rate`: the limit of a pipeline is found, and that of the load generator is not taken for it.

use serde_json::Value;

use super::program::{Finished, Program, wait_for};

/// As much as anybody sends, of orders that take no time: the pipeline has no limit.
const UNLIMITED: &str = r#"
name = "unlimited"
question = "How many?"
seed = 7

[[phase]]
name = "baseline"
rate = "10/s"
duration = "3s"

[sending]
senders = 8

[pipeline]
visibility_timeout = "2s"
table_capacity = "unlimited"

[pipeline.mapping]
starting_concurrency = 100
maximum_concurrency = 100

[settle]
deadline = "30s"

[expect]
max_schedule_lag_p99 = "1s"
"#;

fn find(text: &str, arguments: &[&str]) -> Finished {
    let program = Program::new(["run", "small.toml", "--find", "rate", "--json", "--quiet"]);
    let program = program.file("small.toml", text);
    let all = arguments.iter();
    all.fold(program, |program, argument| program.args([*argument]))
        .finish()
}

fn json(finished: &Finished) -> Value {
    serde_json::from_str(&finished.stdout).expect("JSON")
}

/// Every step is a run of its own, with evidence that can be judged again.
fn each_step_is_a_run(finished: &Finished, found: &Value) {
    let steps = found["steps"].as_array().expect("steps");
    assert!(!steps.is_empty(), "{found:#}");
    for step in steps {
        let folder = step["folder"].as_str().expect("a folder");
        let report = finished.json(&format!("{folder}/run.json"));
        assert_eq!(report["verdict"], step["verdict"], "{step:#}");
        let verified = Program::new(["verify"]).here(finished.folder.path(), [folder].into_iter());
        let code = step["exit_code"].as_i64().expect("a code");
        assert_eq!(i64::from(verified.finish().code), code, "{step:#}");
    }
    let folder = finished.folder.path().join("out");
    let kept = std::fs::read(folder.join("find-rate.json")).expect("the document");
    let kept: Value = serde_json::from_slice(&kept).expect("JSON");
    assert_eq!(kept["answer"], found["answer"]);
    let text = std::fs::read_to_string(folder.join("find-rate.txt")).expect("the text");
    assert!(
        text.contains("Runs, the slowest first") || text.contains("runs"),
        "{text}"
    );
    assert!(
        text.lines().all(|line| line.chars().count() <= 120),
        "{text}"
    );
}

#[test]
fn a_slow_sender_is_a_limit_of_the_generator() {
    limits_of_the_generator(&["--set", "sending.senders=1"]);
}

#[test]
#[ignore = "full matrix: .ci/run runs it"]
fn full_matrix_of_too_few_in_flight_found_out() {
    limits_of_the_generator(&[
        "--set",
        "sending.senders=8",
        "--set",
        "sending.max_in_flight=1",
    ]);
}

fn limits_of_the_generator(sending: &[&str]) {
    let slow = [
        "--set",
        "fault=[{kind=\"reply_delayed\",share=\"100%\",delay=\"20ms\"}]",
    ];
    let bounds = ["--steps", "5", "--output-dir", "out"];
    let finished = find(UNLIMITED, &[&slow[..], sending, &bounds].concat()).code(4);
    let found = json(&finished);
    assert_eq!(found["limit"], "generator_limit", "{found:#}");
    let standings = found["steps"].as_array().expect("steps").iter();
    let mut standings = standings.map(|step| step["standing"].as_str().expect("a word"));
    assert!(
        standings.all(|standing| standing != "pipeline_limit"),
        "{found:#}"
    );
    let answer = found["answer"].as_str().expect("a sentence");
    assert!(
        answer.contains("the load generator could not offer"),
        "{answer}"
    );
    each_step_is_a_run(&finished, &found);
}

#[test]
fn what_has_no_limit_below_the_highest_rate_is_no_success_and_bounds_are_held() {
    let bounds = ["--up-to", "2x", "--output-dir", "out"];
    let finished = find(UNLIMITED, &bounds).code(4);
    let found = json(&finished);
    assert_eq!(
        (&found["holds_at"], &found["fails_at"]),
        (&2.0.into(), &Value::Null)
    );
    let answer = found["answer"].as_str().expect("a sentence");
    assert!(
        answer.contains("the highest rate that was to be tried"),
        "{answer}"
    );
    each_step_is_a_run(&finished, &found);
    for (arguments, said) in [
        (&["--up-to", "0.5x"][..], "below the scenario's own 1x"),
        (&["--up-to", "fast"], "not a multiple"),
        (&["--within", "soon"], "--within soon"),
        (&["--run-id", "7"], "cannot be used with"),
    ] {
        let refused = find(UNLIMITED, arguments).code(2);
        assert!(
            refused.stderr.contains(said),
            "{said} in {}",
            refused.stderr
        );
        assert!(!refused.path("reports").exists(), "nothing is written");
    }
}

/// The wall of a pipeline that does not hold at its own rate is the run's own end.
#[test]
fn a_scenario_that_breaks_at_its_own_rate_ends_as_its_run_does() {
    let broken = [
        "--set",
        "pipeline.function.service_time=300ms",
        "--set",
        "expect.rules=[\"end_to_end_p99 < 200ms\"]",
        "--output-dir",
        "out",
    ];
    let finished = find(UNLIMITED, &broken).code(5);
    let found = json(&finished);
    assert_eq!(found["limit"], "pipeline_limit", "{found:#}");
    assert_eq!(found["steps"].as_array().map(Vec::len), Some(1));
    each_step_is_a_run(&finished, &found);
    // Whoever watches is told each verdict, and the rule in a person's numbers.
    let watched = Program::new(["run", "small.toml", "--find", "rate"]);
    let watched = watched.file("small.toml", UNLIMITED).args(broken).finish();
    let watched = watched.code(5);
    assert!(
        watched.stderr.contains("run 1: FAIL  strict"),
        "{}",
        watched.stderr
    );
    let broken = watched.stdout.replace('\n', " ");
    assert!(broken.contains("is broken: measured "), "{broken}");
    assert!(broken.contains(" result "), "the table's head: {broken}");
}

/// Ctrl-c ends the run that goes on, and the search with what was found.
#[test]
fn an_interrupt_ends_the_search_with_what_was_found() {
    let arguments = [
        "run",
        "small.toml",
        "--find",
        "rate",
        "--duration",
        "2s",
        "--output-dir",
        "out",
    ];
    let program = Program::new(arguments).file("small.toml", UNLIMITED);
    let mut child = program
        .command()
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("it starts");
    let out = program.folder().join("out");
    wait_for("a second run", || {
        std::fs::read_dir(&out).is_ok_and(|mut entries| {
            entries.any(|entry| {
                let path = entry.expect("an entry").path();
                path.ends_with("02-2x") && path.join("ledger.journal").exists()
            })
        })
    });
    let id = child.id().to_string();
    let killed = std::process::Command::new("kill")
        .args(["-INT", &id])
        .status();
    assert!(killed.expect("kill").success());
    let ended = child.wait().expect("it ends");
    let text = std::fs::read_to_string(out.join("find-rate.json")).expect("the document");
    let found: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(ended.code(), Some(130), "{found:#}");
    assert_eq!(
        (&found["holds_at"], &found["interrupted"]),
        (&1.0.into(), &true.into())
    );
    assert_eq!(found["steps"].as_array().map(Vec::len), Some(2));
}

/// Ten invocations at a time of 200 ms each are 50 orders a second; a table of 5 write units that has saved 1,500 takes 12.5 a
/// second for 200 s.
#[test]
#[ignore = "full matrix: .ci/run runs it"]
fn full_matrix_of_measured_limits() {
    let concurrency = [
        "--rate",
        "20/s",
        "--duration",
        "4s",
        "--set",
        "pipeline.mapping.batch_size=1",
        "--set",
        "pipeline.mapping.starting_concurrency=10",
        "--set",
        "pipeline.mapping.maximum_concurrency=10",
        "--set",
        "pipeline.mapping.added_concurrency_per_minute=0",
        "--set",
        "pipeline.function.service_time=200ms",
        "--set",
        "expect.rules=[\"end_to_end_p99 < 600ms\"]",
    ];
    let table = [
        "--rate",
        "4/s",
        "--duration",
        "200s",
        "--set",
        "time_scale=40",
        "--set",
        "pipeline.table_capacity=5 wcu",
        "--set",
        "pipeline.visibility_timeout=80s",
        "--set",
        "expect.rules=[\"throttled_writes == 0\"]",
        "--set",
        "settle.deadline=2000s",
    ];
    for (name, pipeline, limit) in [
        ("concurrency", &concurrency[..], 50.0),
        ("table", &table, 12.5),
    ] {
        let busy = [
            "--set",
            "expect.max_schedule_lag_p99=20s",
            "--output-dir",
            "out",
        ];
        let finished = find(UNLIMITED, &[pipeline, &busy].concat()).code(0);
        let found = json(&finished);
        let rate = |key: &str| {
            let multiple = found[key].as_f64().expect("a multiple");
            multiple * found["baseline_per_s"].as_f64().expect("a rate")
        };
        let (holds, fails) = (rate("holds_at"), rate("fails_at"));
        // A busy machine takes some of it.
        assert!(
            (0.75 * limit..=1.15 * limit).contains(&holds) && fails <= 1.3 * limit,
            "{name}: {holds} {fails} {found:#}"
        );
        assert_eq!(found["limit"], "pipeline_limit", "{name}");
        each_step_is_a_run(&finished, &found);
    }
}
