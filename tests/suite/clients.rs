//! Clients of both of SQS's protocols, as their users install them.

use std::path::PathBuf;
use std::process::Command;

use super::program::Program;
use super::served::Served;

/// Every operation of SQS by the boto3 that the variable names a Python of.
fn drive(variable: &str, protocol: &str) {
    let python = std::env::var_os(variable);
    let python = python.unwrap_or_else(|| panic!("{variable} names a Python with boto3"));
    let program = Program::new(["serve", "--port", "0", "--empty", "--quiet"]);
    let served = Served::start(program);
    let script: PathBuf = [
        env!("CARGO_MANIFEST_DIR"),
        "tests",
        "peers",
        "sqs_client.py",
    ]
    .iter()
    .collect();
    let output = Command::new(python)
        .arg(script)
        .args([&served.endpoint(), protocol])
        .output()
        .expect("Python runs");
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains(&format!(" speaks {protocol}")), "{text}");
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
