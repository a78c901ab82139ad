//! `orderproof up --template`: a stack of CloudFormation holds what `up` creates.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::Value;

use super::stores::Stores;
use super::{at, says};
use crate::suite::peers::Peer;
use crate::suite::program::{Finished, Program, scenario};

/// Runs the Python of the peers.
fn python(arguments: &[&str]) -> String {
    let python = std::env::var_os("ORDERPROOF_PYTHON");
    let python =
        python.expect("ORDERPROOF_PYTHON names a Python with boto3, cfn-lint and moto[server]");
    let done = Command::new(python)
        .args(arguments)
        .output()
        .expect("Python runs");
    let told = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (stdout, stderr) = (told(&done.stdout), told(&done.stderr));
    assert!(done.status.success(), "{arguments:?}: {stdout}{stderr}");
    stdout
}

/// Prints the template of a scenario, to a file, which cfn-lint finds nothing wrong with.
fn template(file: &str) -> (Finished, PathBuf) {
    let printed = Program::new(["up", file, "--template"])
        .finish()
        .code(0)
        .quiet();
    let path = printed.path("template.yaml");
    std::fs::write(&path, &printed.stdout).expect("a file");
    let lint = "from cfnlint.runner import main; raise SystemExit(main())";
    let lint = ["-c", lint, "--non-zero-exit-code", "informational"];
    let path_text = path.display().to_string();
    python(&[&lint[..], &[path_text.as_str()]].concat());
    (printed, path)
}

/// Creates a stack of it in moto; its outputs.
fn stack(moto: &Peer, template: &Path, settings: &[&str]) -> BTreeMap<String, String> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/stack.py");
    let template = template.display().to_string();
    let arguments = [&[script, moto.endpoint(), template.as_str()][..], settings].concat();
    serde_json::from_str(&python(&arguments)).expect("JSON")
}

/// Settings of every queue and table, without what is of the moment.
fn settings(stores: &Stores) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for queue in stores.queues() {
        for name in [
            QueueAttributeName::VisibilityTimeout,
            QueueAttributeName::MessageRetentionPeriod,
            QueueAttributeName::FifoQueue,
            QueueAttributeName::ContentBasedDeduplication,
            QueueAttributeName::DelaySeconds,
        ] {
            all.insert(format!("{queue} {name}"), stores.attribute(&queue, &name));
        }
        let policy = stores.attribute(&queue, &QueueAttributeName::RedrivePolicy);
        let policy: Value = serde_json::from_str(&policy).unwrap_or_default();
        let count = policy["maxReceiveCount"].to_string().replace('"', "");
        all.insert(
            format!("{queue} redrive"),
            format!("{count} {}", policy["deadLetterTargetArn"]),
        );
    }
    for table in stores.tables() {
        let described = stores.dynamodb.describe_table().table_name(&table).send();
        let described = stores.runtime.block_on(described).expect("a table");
        let described = described.table.expect("described");
        let mut attributes = described.attribute_definitions().to_vec();
        attributes.sort_by(|a, b| a.attribute_name().cmp(b.attribute_name()));
        let units = described.provisioned_throughput();
        let units = units.map(|units| (units.write_capacity_units(), units.read_capacity_units()));
        all.insert(
            table,
            format!(
                "{attributes:?} {:?} {:?} {units:?}",
                described.key_schema(),
                described
                    .billing_mode_summary()
                    .and_then(|summary| summary.billing_mode())
            ),
        );
    }
    all
}

#[test]
#[ignore = "needs peers: moto and cfn-lint; .ci/run runs it"]
fn a_stack_of_the_template_holds_what_up_creates_and_passes_preflight() {
    let shop = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/shop/shop.toml");
    let fifo = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/examples/patterns/fifo_groups.toml"
    );
    for (file, count) in [(shop, 5), (fifo, 3)] {
        let (_printed, path) = template(file);
        let (by_stack, by_up) = (
            Peer::start("moto_pipeline.py", ["--empty"]),
            Peer::start("moto_pipeline.py", ["--empty"]),
        );
        stack(&by_stack, &path, &["AllowLoad=true"]);
        at(by_up.endpoint(), ["up", file]).finish().code(0);
        let (stacked, upped) = (
            Stores::at(by_stack.endpoint()),
            Stores::at(by_up.endpoint()),
        );
        assert_eq!(settings(&stacked), settings(&upped), "{file}");
        let seen = at(
            by_stack.endpoint(),
            ["preflight", file, "--processor", "local"],
        );
        let seen = seen.finish().code(0).quiet();
        assert!(!seen.stdout.contains("VOID"), "{}", seen.stdout);
        // What a stack made is the stack's.
        let down = at(by_stack.endpoint(), ["down", file]).finish().code(0);
        assert_eq!(down.stdout.matches("`up` did not create it").count(), count);
    }
}

#[test]
#[ignore = "needs peers: moto and cfn-lint; .ci/run runs it"]
fn the_labs_stack_feeds_a_function_that_is_there() {
    let lab = scenario("lab");
    let (_printed, path) = template(&lab);
    let moto = Peer::start("moto_pipeline.py", ["--empty"]);
    let settings = ["AllowLoad=true", "FunctionName=lab-order-processor"];
    let outputs = stack(&moto, &path, &settings);
    assert_eq!(
        outputs["PreflightCommand"],
        format!("orderproof preflight {lab} --target aws --region us-east-1")
    );
    let seen = at(moto.endpoint(), ["preflight", &lab])
        .finish()
        .code(0)
        .quiet();
    says(
        &seen,
        &[
            "orders-queue feeds lab-order-processor, 10 at a time",
            "ReportBatchItemFailures is",
        ],
    );
    assert!(!seen.stdout.contains("VOID"), "{}", seen.stdout);
}
