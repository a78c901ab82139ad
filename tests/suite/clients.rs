//! Clients of SQS, by both of its protocols, of SNS and of EventBridge, as their users install them.

use std::path::PathBuf;
use std::process::Command;

use super::program::Program;
use super::served::Served;

/// Every operation of SQS by the boto3 that the variable names a Python of.
fn drive(variable: &str, protocol: &str) {
    run(
        variable,
        "sqs_client.py",
        &[protocol],
        &format!(" speaks {protocol}"),
    );
}

/// A script with an endpoint of ours, by the Python that the variable names.
fn run(variable: &str, script: &str, arguments: &[&str], said: &str) {
    let python = std::env::var_os(variable);
    let python = python.unwrap_or_else(|| panic!("{variable} names a Python with boto3"));
    let program = Program::new(["serve", "--port", "0", "--empty", "--quiet"]);
    let served = Served::start(program);
    let script: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests", "peers", script]
        .iter()
        .collect();
    let output = Command::new(python)
        .arg(script)
        .arg(served.endpoint())
        .args(arguments)
        .output()
        .expect("Python runs");
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains(said), "{text}");
}

#[test]
#[ignore = "needs Python with boto3; .ci/run runs it"]
fn boto3_speaks_json() {
    drive("ORDERPROOF_PYTHON", "json");
}

#[test]
#[ignore = "needs Python with boto3 1.28.80 and botocore 1.31.80; .ci/run runs it"]
fn an_old_boto3_speaks_query() {
    drive("ORDERPROOF_OLD_PYTHON", "query");
}

#[test]
#[ignore = "needs Python with boto3; .ci/run runs it"]
fn boto3_speaks_to_topics_and_event_buses() {
    run(
        "ORDERPROOF_PYTHON",
        "doors_client.py",
        &[],
        " speaks to the doors",
    );
}

#[test]
#[ignore = "needs Python with boto3 1.28.80 and botocore 1.31.80; .ci/run runs it"]
fn an_old_boto3_speaks_to_topics_and_event_buses() {
    run(
        "ORDERPROOF_OLD_PYTHON",
        "doors_client.py",
        &[],
        " speaks to the doors",
    );
}
