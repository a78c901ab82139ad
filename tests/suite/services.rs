//! Services that a function calls on its way: through boto3, beside moto, and in whole runs.

use std::path::PathBuf;
use std::process::Command;

use super::program::Program;
use super::served::Served;

const SERVICES: &str = r#"
[pipeline.services]
parameters = { "/shop/rate" = "0.19" }
secrets = { "shop/key" = "s3cret" }
buckets = ["receipts"]
state_machines = ["ship"]
topics = ["confirmations"]
buses = ["shop"]
email = true
"#;

const SCENARIO: &str = r#"
name = "services"
question = "Does the function get what it calls on its way?"
seed = 5

[[phase]]
name = "baseline"
rate = "10/s"
duration = "1s"

[processor]
command = ["replaced"]
max_environments = 2
init_timeout = "60s"

[pipeline]
visibility_timeout = "20s"
max_receive_count = 1

[pipeline.function]
timeout = "10s"

[settle]
deadline = "120s"

[expect]
max_schedule_lag_p99 = "30s"
"#;

fn peer(script: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "peers", script]
        .iter()
        .collect()
}

/// A pipeline with these services, being served.
fn served() -> Served {
    let scenario = SCENARIO.replace("\"replaced\"", "\"true\"");
    let program = Program::new([
        "serve",
        "--port",
        "0",
        "--empty",
        "--quiet",
        "scenario.toml",
    ]);
    Served::start(program.file("scenario.toml", &format!("{scenario}{SERVICES}")))
}

#[test]
#[ignore = "needs Python with boto3; .ci/run runs it"]
fn boto3_gets_what_functions_call() {
    let python =
        std::env::var_os("ORDERPROOF_PYTHON").expect("ORDERPROOF_PYTHON names a Python with boto3");
    let served = served();
    for (arguments, told) in [
        (vec![served.endpoint()], "services answered by the pipeline"),
        (Vec::new(), "services answered by moto"),
    ] {
        let mut client = Command::new(&python);
        client.arg(peer("services_client.py")).args(arguments);
        let output = client.output().expect("Python runs");
        assert!(output.status.success(), "{output:?}");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(text.contains(told), "{text}");
    }
}

/// A run of the function that calls services on its way, with these services.
fn run(services: &str) -> Program {
    let python =
        std::env::var("ORDERPROOF_PYTHON").expect("ORDERPROOF_PYTHON names a Python with boto3");
    let bootstrap = format!("{}/tests/bootstraps/calling.py", env!("CARGO_MANIFEST_DIR"));
    let command = format!("processor.command=[{python:?}, {bootstrap:?}]");
    Program::new(["run", "scenario.toml", "--output-dir", "out", "--quiet"])
        .args(["--run-id", "7", "--set", &command])
        .file("scenario.toml", &format!("{SCENARIO}{services}"))
}

#[test]
#[ignore = "needs Python with boto3; .ci/run runs it"]
fn a_run_counts_what_its_function_called() {
    let finished = run(SERVICES).finish().code(0);
    let report = finished.json("out/run.json");
    let counts = report["pipeline"]["services"].as_array().expect("counted");
    for (operation, calls) in [
        ("StartExecution", 10),
        ("PutObject", 10),
        ("Publish to confirmations", 10),
        ("PutEvents to shop", 10),
        ("SendEmail", 10),
    ] {
        let count = counts.iter().find(|count| count["operation"] == operation);
        let count = count.unwrap_or_else(|| panic!("{operation}: {counts:?}"));
        assert_eq!(
            (count["calls"].as_u64(), count["refused"].as_u64()),
            (Some(calls), Some(0)),
            "{count}"
        );
    }
    let words: Vec<_> = finished.stdout.split_whitespace().collect();
    assert!(
        words.join(" ").contains("states StartExecution 10"),
        "{}",
        finished.stdout
    );
    for file in ["out/report.html", "out/summary.md"] {
        let text = std::fs::read_to_string(finished.path(file)).expect("text");
        assert!(text.contains("states StartExecution 10"), "{file}");
    }
}

#[test]
#[ignore = "needs Python with boto3; .ci/run runs it"]
fn what_is_missing_is_the_cause_and_the_scenario_says_how_to_have_it() {
    let finished = run(&SERVICES.replace("state_machines = [\"ship\"]\n", ""))
        .finish()
        .code(3);
    let told = finished
        .stdout
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    assert!(
        told.contains("called StartExecution of the service states"),
        "{told}"
    );
    assert!(
        told.contains("write state_machines = [\"ship\"] under [pipeline.services]"),
        "{told}"
    );
}

#[test]
#[ignore = "needs Python with boto3; .ci/run runs it"]
fn what_terraform_asks_is_answered() {
    let python =
        std::env::var_os("ORDERPROOF_PYTHON").expect("ORDERPROOF_PYTHON names a Python with boto3");
    let served = served();
    let mut client = Command::new(python);
    client
        .arg(peer("terraform_calls.py"))
        .arg(served.endpoint());
    let output = client.output().expect("Python runs");
    assert!(output.status.success(), "{output:?}");
}

#[test]
#[ignore = "needs Node and the AWS SDKs for JavaScript, v2 and v3; .ci/run runs it"]
fn javascript_of_both_versions_is_answered() {
    let packages = std::env::var("ORDERPROOF_NODE_PACKAGES");
    let packages =
        packages.expect("ORDERPROOF_NODE_PACKAGES names the folder of their node_modules");
    let served = served();
    let mut client = Command::new("node");
    client
        .arg(peer("clients.mjs"))
        .args([served.endpoint(), packages]);
    let output = client.output().expect("Node runs");
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        text.contains("JavaScript v2 2.1490.0 and v3 are answered"),
        "{text}"
    );
}
