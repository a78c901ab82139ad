//! What the processor's bootstrap reads of its environment and writes to its log.

use std::path::Path;

use orderproof::embedded::EmbeddedPipeline;
use orderproof::emulator::runtime::{CommandConfig, CommandFunction};
use orderproof::processor::KIND_VARIABLE;
use serde_json::{Value, json};

use super::endpoint::pipeline_elsewhere;
use super::program::function_binary;
use super::runtime::{batch, body, config};

/// The processor with this variable set, logging to `logs`.
fn processor(pipeline: &EmbeddedPipeline, kind: Option<&str>, logs: &Path) -> CommandFunction {
    let mut config = CommandConfig {
        endpoint_url: Some(pipeline.target().dynamodb_endpoint),
        logs: Some(logs.into()),
        ..config(&[&function_binary("lab-order-processor")])
    };
    let kind = kind.map(|kind| (KIND_VARIABLE.to_owned(), kind.to_owned()));
    config.environment.extend(kind);
    CommandFunction::start(config).expect("it starts")
}

#[tokio::test]
async fn each_failed_record_is_one_line_of_json_that_says_which_and_why() {
    let (pipeline, logs) = (pipeline_elsewhere(81), tempfile::tempdir().unwrap());
    let function = processor(&pipeline, None, logs.path());
    let long = body(7, "\"err\"").replace("zPen", &"z".repeat(5_000));
    let bodies = [body(5, "110.0"), long, "no order".to_owned()];
    let response = function.invoke(batch(&bodies)).await.expect("a response");
    assert_eq!(response.batch_item_failures.len(), 2);
    let log = std::fs::read_to_string(logs.path().join("environment-0001.log")).unwrap();
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let [bad, garbage] = &lines[..] else {
        panic!("a line for each failed record and none besides: {log}");
    };
    for line in [bad, garbage] {
        assert_eq!(line["level"], "WARN");
        assert_eq!(line["message"], "record failed");
        assert_eq!(line["receive_count"], 1);
        assert!(line["span"]["requestId"].is_string(), "{line}");
    }
    assert_eq!(bad["message_id"], "m1");
    assert_eq!(bad["order_number"], 7);
    assert!(bad["reason"].as_str().unwrap().contains("decimal point"));
    assert_eq!(garbage["message_id"], "m2");
    assert_eq!(garbage["order_number"], json!(null), "it has none");
    assert!(!log.contains("zzz"), "the body stays out of the log");
}

#[tokio::test]
async fn as_the_labs_it_fails_the_whole_batch() {
    let (pipeline, logs) = (pipeline_elsewhere(82), tempfile::tempdir().unwrap());
    let function = processor(&pipeline, Some("lab"), logs.path());
    let error = function
        .invoke(batch(&[body(1, "110.0"), body(2, "\"err\"")]))
        .await
        .expect_err("the batch");
    assert!(
        error.to_string().contains("the price is not a number"),
        "{error}"
    );
    let response = function.invoke(batch(&[body(3, "110.0")])).await;
    assert!(
        response
            .expect("a good batch")
            .batch_item_failures
            .is_empty()
    );
    assert_eq!(pipeline.holdings().expect("the table").rows(), 2);
}
