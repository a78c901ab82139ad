//! `orderproof plan`: a forecast is no evidence, names what it refuses, and agrees with a run.

use serde_json::Value;

use super::program::{Finished, Program, scenario};

const SMALL: &str = r#"
name = "small"
question = "What becomes of it?"
seed = 7
bad_orders = "10%"

[[phase]]
name = "baseline"
rate = "20/s"
duration = "5s"

[[phase]]
name = "spike"
rate = "5x"
duration = "5s"

[pipeline]
visibility_timeout = "2s"

[pipeline.mapping]
batch_size = 1
starting_concurrency = 20
added_concurrency_per_minute = 0
maximum_concurrency = 20

[pipeline.function]
timeout = "2s"
service_time = "100ms"

[expect]
rules = ["end_to_end_p99 < 1s"]
"#;

fn plan(arguments: &[&str]) -> Finished {
    let program = Program::new(["plan", "small.toml"]).file("small.toml", SMALL);
    let program = arguments
        .iter()
        .fold(program, |program, argument| program.args([*argument]));
    program.finish()
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

#[test]
fn a_forecast_says_that_it_is_no_evidence_and_never_exits_with_0() {
    let shown = plan(&[]).code(7).quiet();
    for part in ["FORECAST", "gate and rules would hold", "no order was sent"] {
        assert!(shown.stdout.contains(part), "{part} in {}", shown.stdout);
    }
    let made = std::fs::read_dir(shown.folder.path())
        .expect("a folder")
        .count();
    assert_eq!(made, 1, "the scenario alone: nothing is written");
    let forecast = json(&plan(&["--json", "--seeds", "3"]).code(7).quiet().stdout);
    assert_eq!(forecast["kind"], "forecast");
    assert_eq!(forecast["evidence"], false);
    assert_eq!(forecast["seeds"], serde_json::json!([7, 8, 9]));
    assert_eq!(forecast["planned_orders"]["min"], 600);
    assert_eq!(forecast["gate_outlook"], "holds");
    let bad = plan(&["--set", "pipeline.function.service_time=1500ms"]);
    assert!(bad.code(7).stdout.contains("is broken"));
    assert_eq!(plan(&["--json"]).stdout, plan(&["--json"]).stdout);
}

#[test]
fn the_highest_rate_is_found_and_its_answer_is_a_sentence() {
    let found = json(&plan(&["--find", "rate", "--json"]).code(7).quiet().stdout);
    // 20 invocations of 100 ms take 200 orders/s, bad ones up to three times: ten times the baseline, less those.
    let (passes, fails) = (&found["passes_at"], &found["fails_at"]);
    let (passes, fails) = (
        passes.as_f64().expect("it passes"),
        fails.as_f64().expect("it fails"),
    );
    assert!((8.0..=11.5).contains(&passes), "{found:#}");
    assert!(fails > passes && fails - passes < 0.31, "{found:#}");
    let answer = found["answer"].as_str().expect("a sentence");
    assert!(
        answer.starts_with("passes up to ") && answer.contains("end_to_end_p99"),
        "{answer}"
    );
    assert!(answer.contains("maximum concurrency"), "{answer}");
    assert_eq!(found["evidence"], false);
    // Just below and just above, played by themselves.
    for (multiple, outlook) in [(passes, "holds"), (fails, "broken")] {
        let rate = format!("phase.spike.rate={multiple}x");
        let played = json(&plan(&["--json", "--set", &rate]).code(7).stdout);
        assert_eq!(played["rules"][0]["outlook"], outlook, "{multiple}");
    }
    let shown = plan(&["--find", "rate"]).code(7).quiet().stdout;
    assert!(shown.contains("FORECAST  passes up to "), "{shown}");
}

#[test]
fn what_is_not_forecast_is_refused_by_its_key() {
    let cases = [
        (&["--target", "aws"][..], "target: "),
        (
            &["--set", "fault=[{kind=\"message_vanishes\",count=1}]"],
            "fault: ",
        ),
        (&["--rate", "40000/s", "--duration", "10m"], "phase: "),
    ];
    for (arguments, key) in cases {
        let refused = plan(arguments).code(2);
        assert!(refused.stderr.contains(key), "{key} in {}", refused.stderr);
        assert_eq!(refused.stdout, "");
    }
}

/// The forecast of the lab's default table, made with other seeds before the run, against a real run: what the machine has to
/// do besides makes orders later, and changes little of where they end.
#[test]
#[ignore = "needs a machine by itself, since it offers a fixed rate at a table's limit"]
fn a_forecast_and_its_run() {
    let table = scenario("default-table");
    let plan = ["plan", &table, "--seed", "1", "--seeds", "20", "--json"];
    let forecast = json(&Program::new(plan).finish().code(7).stdout);
    let run = Program::new(["run", &table, "--quiet", "--output-dir", "out"])
        .args(["--set", "expect.max_schedule_lag_p99=10s"])
        .finish()
        .code(3);
    let report = run.json("out/run.json");
    let class = |name: &str| report["classes"][name].as_u64().expect("a count") as f64;
    let timeline = report["timeline"].as_array().expect("rows").iter();
    let peak = timeline
        .filter_map(|row| row["backlog_orders"].as_u64())
        .max();
    let cells = [
        ("stored", &forecast["classes"]["stored"], class("stored")),
        (
            "good orders dead-lettered",
            &forecast["classes"]["good_order_dead_lettered"],
            class("good_order_dead_lettered"),
        ),
        (
            "backlog",
            &forecast["backlog_peak_orders"],
            peak.expect("it was measured") as f64,
        ),
    ];
    for (what, range, counted) in cells {
        let end = |name: &str| range[name].as_f64().expect("a figure");
        // Its own range, and a quarter more: the machine may be busy.
        let (least, most) = (0.75 * end("min"), 1.25 * end("max"));
        assert!(
            (least..=most).contains(&counted),
            "{what}: {range} forecast, {counted} counted"
        );
    }
}
