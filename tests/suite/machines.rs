//! What programs read: one JSON document on standard output, objects on standard error, durations as numbers, a link.

use serde_json::Value;

use super::program::{Finished, Program, scenario, sealed_run};

/// Two seconds of load.
const SHORT: [&str; 4] = [
    "phase=[{name=\"baseline\", rate=\"40/s\", duration=\"2s\"}]",
    "expect.max_schedule_lag_p99=10s",
    "expect.rules=[\"end_to_end_p99 < 50s\"]",
    "pipeline.visibility_timeout=1s",
];

fn short(arguments: &[&str]) -> Program {
    let program = Program::new(["run", &scenario("smoke"), "--json"]);
    let program = arguments
        .iter()
        .fold(program, |program, argument| program.args([*argument]));
    SHORT
        .iter()
        .fold(program, |program, set| program.args(["--set", set]))
}

/// Standard output is this one document.
fn document(finished: &Finished) -> Value {
    let value = serde_json::from_str(&finished.stdout).expect("one document and nothing else");
    assert_eq!(
        spelled_out(&value),
        Vec::<String>::new(),
        "durations are numbers"
    );
    value
}

/// The keys whose values are seconds and nanoseconds.
fn spelled_out(value: &Value) -> Vec<String> {
    match value {
        Value::Object(map) => map
            .iter()
            .flat_map(|(key, inner)| match inner.get("nanos") {
                Some(_) => vec![key.clone()],
                None => spelled_out(inner),
            })
            .collect(),
        Value::Array(items) => items.iter().flat_map(spelled_out).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn a_run_is_one_document_and_its_progress_an_object_a_line() {
    let finished = short(&["--progress", "ndjson"]).finish().code(0);
    let run = document(&finished);
    assert_eq!(run["verdict"], "pass");
    assert_eq!(run["exit_code"], 0);
    assert_eq!(run["orders"]["planned"], run["orders"]["acknowledged"]);
    assert_eq!(run["phases"][0]["name"], "baseline");
    assert_eq!(run["phases"][0]["end_us"], 2_000_000);
    assert_eq!(run["rules"][0]["standing"], "ok");
    assert!(run["drain_us"].as_u64() > Some(0));
    let folder = run["folder"].as_str().expect("a folder");
    let report = finished.json(&format!("{folder}/run.json"));
    assert_eq!(report["classes"], run["classes"]);
    assert_eq!(report["run_id"], run["run_id"]);

    let lines: Vec<Value> = finished
        .stderr
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}")))
        .collect();
    let of = |event: &str| lines.iter().filter(|line| line["event"] == event).count();
    assert!(of("progress") >= 3, "{}", finished.stderr);
    let last = lines.last().expect("some");
    assert_eq!(last["event"], "finished");
    assert_eq!(last["folder"], run["folder"]);
    let sending = lines.iter().find(|line| line["stage"] == "sending");
    let sending = sending.expect("two seconds of it");
    assert_eq!(sending["phase"], "baseline");
    assert_eq!(sending["sending_us"], 2_000_000);
    let known = |key: &str| lines.iter().any(|line| line[key].as_u64() > Some(0));
    for key in ["response_time_p50_us", "service_time_p99_us"] {
        assert!(known(key), "{key}\n{}", finished.stderr);
    }
    assert!(sending["wait_left_max_us"].is_null(), "it does not wait");

    // Scripts find the newest run; a list shows it once.
    let latest = finished.path("reports/latest");
    let name = folder.trim_start_matches("reports/");
    assert_eq!(
        std::fs::read_link(&latest).expect("a link"),
        std::path::Path::new(name)
    );
    let listed = Program::new(["list"]).here(finished.folder.path(), std::iter::empty());
    let listed = listed.args(["--json"]).finish().code(0);
    let listed = document(&listed);
    assert_eq!(listed.as_array().map(Vec::len), Some(1), "{listed}");
    assert_eq!(listed[0]["run"]["drain_us"], run["drain_us"]);
    let verified = Program::new(["verify"]).here(
        finished.folder.path(),
        ["reports/latest", "--json"].into_iter(),
    );
    let verified = document(&verified.finish().code(0).quiet());
    assert_eq!(verified["verdict"], "pass");
    assert_eq!(verified["changed"], false);
    assert_eq!(verified["reported"]["classes"], verified["classes"]);
}

#[test]
fn a_refusal_is_an_object_too_and_no_document() {
    let refused = short(&["--progress", "ndjson", "--rate", "0/s"])
        .finish()
        .code(2);
    assert_eq!(refused.stdout, "");
    let error: Value = serde_json::from_str(refused.stderr.trim()).expect("one object");
    assert_eq!(error["event"], "error");
    let text = error["text"].as_str().expect("a text");
    assert!(text.contains("--rate: must be above zero"), "{text}");
    assert!(!refused.path("reports").exists());
    let plain = short(&["--rate", "0/s"]).finish().code(2);
    assert!(plain.stderr.starts_with("error: "), "{}", plain.stderr);
}

#[test]
fn what_stands_at_the_links_place_and_is_no_link_stays() {
    let program = short(&["--quiet"]).file("here", "");
    let reports = program.folder().join("reports/latest");
    std::fs::create_dir_all(&reports).expect("a folder of somebody's");
    let finished = program.finish().code(0).quiet();
    assert!(reports.is_dir() && !reports.is_symlink());
    // A run in a folder of its own choice is not one of these.
    let elsewhere = short(&["--quiet", "--output-dir", "out"])
        .finish()
        .code(0)
        .quiet();
    assert!(!elsewhere.path("reports").exists());
    document(&finished);
}

#[test]
fn a_check_says_for_programs_what_is_planned_and_what_is_wrong_and_where() {
    let bad = "name = \"x\"\nquestion = \"Does it hold?\"\n[[phase]]\nname = \"sale\"\nrate = \"fast\"\nduration = \"2s\"\n";
    let smoke = scenario("smoke");
    let checked = Program::new(["check", &smoke, "bad.toml", "none.toml", "--json"])
        .file("bad.toml", bad)
        .finish()
        .code(2)
        .quiet();
    let found = document(&checked);
    assert_eq!(found["valid"], false);
    let plan = &found["scenarios"][0]["plan"];
    assert_eq!(plan["orders"], 675);
    assert_eq!(plan["duration_us"], 6_000_000);
    assert_eq!(plan["phases"][2]["end_rate_per_s"], 250.0);
    assert_eq!(plan["traps"][0]["weight"], "caution");
    let wrong = &found["scenarios"][1];
    assert_eq!(wrong["plan"], Value::Null);
    assert_eq!(wrong["problems"][0]["key"], "phase \"sale\".rate");
    assert_eq!(wrong["problems"][0]["line"], 5);
    assert_eq!(found["scenarios"][2]["problems"][0]["line"], Value::Null);
    let told = Program::new(["check", "bad.toml"])
        .file("bad.toml", bad)
        .finish()
        .code(2);
    let line = "phase \"sale\".rate (line 5, column 1): \"fast\" is not a rate";
    assert!(told.stderr.contains(line), "{}", told.stderr);
}

#[test]
fn a_scenario_may_come_by_standard_input() {
    let text = std::fs::File::open(scenario("smoke")).expect("a scenario");
    let program = Program::new(["check", "-"]);
    let checked = program.command().stdin(text).output();
    let checked = checked.expect("it starts");
    let told = String::from_utf8_lossy(&checked.stdout);
    assert!(told.starts_with("-: ok, 675 orders"), "{told}");
}

#[test]
fn a_comparison_and_a_self_test_are_documents() {
    let run = sealed_run().display().to_string();
    let compared = Program::new(["compare", &run, &run, "--json"])
        .finish()
        .code(0)
        .quiet();
    let compared = document(&compared);
    assert_eq!(compared["options"]["noise_floor_us"], 1_000);
    assert_eq!(compared["classes"][0]["call"], "unchanged");
    let fault = scenario("faults/16-event-filter-discards");
    let tested = document(
        &Program::new(["self-test", &fault, "--json"])
            .finish()
            .code(0),
    );
    assert_eq!(tested["passed"], true);
    assert_eq!(tested["trials"][0]["verdict"], "fail");
    assert_eq!(tested["trials"][0]["exit_code"], 3);
    assert!(tested["trials"][0]["classes"]["lost"].as_u64() > Some(0));
    assert!(tested["trials"][0]["took_us"].as_u64() > Some(0));
}
