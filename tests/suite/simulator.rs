//! The simulator as Lambda runs it: the real bootstrap behind the Lambda Runtime API, sending to a real queue.

use std::collections::BTreeMap;
use std::sync::Arc;

use orderproof::embedded::EmbeddedPipeline;
use orderproof::emulator::runtime::{CommandConfig, CommandError, CommandFunction};
use orderproof::simulator::{Answer, QUEUE_VARIABLE};
use serde_json::{Value, json};

use super::endpoint::{pipeline_elsewhere, pipeline_with};
use super::program::function_binary;
use super::runtime::config;

fn simulator(environment: BTreeMap<String, String>, endpoint_url: String) -> CommandFunction {
    let config = CommandConfig {
        environment,
        endpoint_url: Some(endpoint_url),
        function_name: "lab-order-simulator".into(),
        ..config(&[&function_binary("lab-order-simulator")])
    };
    CommandFunction::start(config).expect("it starts")
}

fn sending_to(pipeline: &EmbeddedPipeline) -> CommandFunction {
    let target = pipeline.target();
    let queue = (QUEUE_VARIABLE.into(), target.orders_queue_url);
    simulator(BTreeMap::from([queue]), target.sqs_endpoint)
}

async fn answer(function: &CommandFunction, event: Value) -> Result<Answer, CommandError> {
    let answer = function.answer_to(event.to_string().into()).await?;
    Ok(serde_json::from_slice(&answer).expect("an answer"))
}

/// The order numbers in the pipeline, wherever they are: each once.
fn numbers(pipeline: &EmbeddedPipeline) -> Vec<u64> {
    let holdings = pipeline.holdings().expect("they can be read");
    let rows = holdings.lab_rows().into_iter();
    let rows = rows.map(|(id, _)| id.parse().expect("a number"));
    let number = |body: &Arc<str>| {
        let body: Value = serde_json::from_str(body).expect("an order");
        body["order_number"].as_u64().expect("a number")
    };
    let queued = holdings
        .queued
        .iter()
        .chain(&holdings.dead_letters)
        .map(number);
    let mut numbers: Vec<u64> = rows.chain(queued).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

#[tokio::test]
async fn it_sends_the_orders_it_is_asked_for_and_they_arrive() {
    let pipeline = pipeline_elsewhere(78);
    let function = sending_to(&pipeline);
    let event = json!({"orders": 25, "seed": 5, "run_id": 78});
    let answered = answer(&function, event).await.expect("an answer");
    let expected = Answer {
        run_id: 78,
        seed: 5,
        sent: 25,
        acknowledged: 25,
        resent: 0,
        bad: answered.bad,
        failed: Vec::new(),
    };
    assert_eq!(answered, expected);
    let sent: Vec<u64> = (0..25).map(|k| 78_000_000_000 + k).collect();
    assert_eq!(numbers(&pipeline), sent);
}

#[tokio::test]
async fn without_being_asked_it_sends_twenty_of_a_run_of_their_own() {
    let pipeline = pipeline_elsewhere(79);
    let function = sending_to(&pipeline);
    let first = answer(&function, json!({})).await.expect("an answer");
    let scheduled = json!({"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}});
    let second = answer(&function, scheduled).await.expect("an answer");
    assert_eq!((first.acknowledged, second.acknowledged), (20, 20));
    assert_ne!((first.run_id, first.seed), (second.run_id, second.seed));
}

#[tokio::test]
async fn refused_orders_and_refused_events_fail_the_invocation() {
    let faults = "fault=[{kind=\"entry_refused\", count=3}]";
    let pipeline = pipeline_with(80, &[faults]);
    let function = sending_to(&pipeline);
    // The fault strikes orders that the scenario plans, wherever among its first hundreds they are.
    let event = json!({"orders": 1_000, "seed": 5, "run_id": 80, "bad_orders": "0%"});
    let error = answer(&function, event)
        .await
        .expect_err("some are refused");
    let text = error.to_string();
    assert!(
        text.contains("3 of 1000 orders were not acknowledged"),
        "{text}"
    );
    assert_eq!(numbers(&pipeline).len(), 997);
    let error = answer(&function, json!({"order": 5}))
        .await
        .expect_err("refused");
    assert!(
        error.to_string().contains("unknown field `order`"),
        "{error}"
    );
}
