//! Mapping and function here, on queues and a table that are served without a function.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Region};
use aws_smithy_http_client::Builder;
use serde_json::json;

use super::*;
use crate::embedded::testing::{scenario, sqs_client};
use crate::embedded::{EmbeddedPipeline, Holdings, ServeOptions};
use crate::order::{OrderPlan, RunId};
use crate::scenario::{Mapping, ProcessorKind};
use crate::testing::stub::{Answer, Stub};

const ORDERS: u64 = 30;

fn plan() -> OrderPlan {
    OrderPlan::lab(RunId::new(7).unwrap(), 1, 0.2)
}

/// Messages come back within a second, which is the least an SQS queue can be asked for its setting.
fn quick(processor: ProcessorKind) -> Scenario {
    let mut scenario = scenario();
    scenario.pipeline.visibility_timeout = Duration::from_secs(1);
    scenario.pipeline.function.timeout = Duration::from_secs(1);
    scenario.pipeline.function.processor = processor;
    scenario
}

/// Queues and a table, and nobody who processes orders.
fn without_function(scenario: &Scenario) -> EmbeddedPipeline {
    let options = ServeOptions {
        runs_function: false,
        ..ServeOptions::default()
    };
    EmbeddedPipeline::start_with(scenario, plan(), ORDERS, &options).unwrap()
}

async fn send_orders(target: &Target) {
    let client = sqs_client(&target.sqs_endpoint);
    for k in 0..ORDERS {
        let mut body = Vec::new();
        plan().write_body(k, &mut body);
        let send = client.send_message().queue_url(&target.orders_queue_url);
        let body = String::from_utf8(body).unwrap();
        send.message_body(body).send().await.unwrap();
    }
}

/// What the pipeline holds once every order is in the table or a dead letter.
async fn settled(pipeline: &EmbeddedPipeline) -> Holdings {
    loop {
        let holdings = pipeline.holdings().unwrap();
        let ended = holdings.rows() + holdings.dead_letters.len();
        if ended as u64 >= ORDERS && holdings.queued.is_empty() {
            return holdings;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn orders_of_a_queue_elsewhere_end_in_the_table_elsewhere() {
    let scenario = quick(ProcessorKind::Orderproof);
    let pipeline = without_function(&scenario);
    let target = pipeline.target();
    send_orders(&target).await;
    assert_eq!(pipeline.holdings().unwrap().queued.len() as u64, ORDERS);

    let local = LocalProcessor::start(&scenario, plan(), &target, None).unwrap();
    let holdings = settled(&pipeline).await;
    let bad = (0..ORDERS).filter(|k| plan().is_bad(*k)).count();
    assert_eq!(holdings.dead_letters.len(), bad);
    assert_eq!(holdings.rows() as u64, ORDERS - bad as u64);
    let counters = local.counters();
    assert!(counters.invocations > 0 && counters.failed_invocations == 0);
    assert_eq!(counters.failed_records, 2 * bad as u64, "two receives each");
    assert_eq!(pipeline.counters().invocations, 0, "nobody else was there");
    local.shutdown();
}

#[tokio::test]
async fn the_labs_function_takes_good_orders_down_with_bad_ones_here_too() {
    let mut scenario = quick(ProcessorKind::Lab);
    scenario.pipeline.mapping = Mapping {
        report_batch_item_failures: false,
        ..scenario.pipeline.mapping
    };
    let pipeline = without_function(&scenario);
    let target = pipeline.target();
    send_orders(&target).await;
    let local = LocalProcessor::start(&scenario, plan(), &target, None).unwrap();
    let holdings = settled(&pipeline).await;
    let bad = (0..ORDERS).filter(|k| plan().is_bad(*k)).count();
    assert!(holdings.dead_letters.len() > bad);
    assert!(local.counters().failed_invocations > 0);
}

#[test]
fn a_function_that_may_outlive_the_visibility_is_refused() {
    let mut scenario = quick(ProcessorKind::Orderproof);
    let pipeline = without_function(&scenario);
    // The queue's own setting rules, whatever the scenario believes of it.
    scenario.pipeline.visibility_timeout = Duration::from_secs(60);
    for (timeout_ms, starts) in [(1_000, true), (1_001, false)] {
        scenario.pipeline.function.timeout = Duration::from_millis(timeout_ms);
        let started = LocalProcessor::start(&scenario, plan(), &pipeline.target(), None);
        match (started, starts) {
            (Ok(_), true) => {}
            (Err(error @ PipelineError::TimeoutAboveVisibility { .. }), false) => {
                let error = error.to_string();
                for word in ["1.001s", "1s", "orders-queue", "VisibilityTimeout"] {
                    assert!(error.contains(word), "{word} in {error}");
                }
            }
            (Err(error), _) => panic!("{timeout_ms} ms: {error}"),
            (Ok(_), false) => panic!("{timeout_ms} ms: it starts"),
        }
    }
}

#[test]
fn a_queue_that_is_not_there_is_named() {
    let scenario = quick(ProcessorKind::Orderproof);
    let pipeline = without_function(&scenario);
    let mut target = pipeline.target();
    target.orders_queue_url.push_str("-of-mine");
    let started = LocalProcessor::start(&scenario, plan(), &target, None);
    let error = started.map(drop).unwrap_err().to_string();
    assert!(
        error.contains("orders-queue-of-mine") && error.contains("NonExistentQueue")
            || error.contains("QueueDoesNotExist"),
        "{error}"
    );
}

#[tokio::test]
async fn throttled_writes_are_counted_and_other_refusals_are_not() {
    let cases = [
        ("ProvisionedThroughputExceededException", 1),
        ("ThrottlingException", 1),
        ("ResourceNotFoundException", 0),
    ];
    for (code, expected) in cases {
        let body =
            json!({"__type": format!("com.amazonaws.dynamodb.v20120810#{code}"), "message": "no"});
        let stub = Stub::start(move |_| Answer::Reply(400, body.to_string())).await;
        let counters = Arc::new(Counters::default());
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .endpoint_url(format!("http://{}", stub.address))
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .http_client(Builder::new().build_http())
            .retry_config(RetryConfig::disabled())
            .interceptor(ThrottledWrites(Arc::clone(&counters)))
            .build();
        let client = aws_sdk_dynamodb::Client::from_conf(config);
        let put = client.put_item().table_name("orders").send().await;
        assert!(put.is_err());
        let figures = counters.figures();
        assert_eq!(figures.throttled_writes, expected, "{code}");
        assert_eq!(
            figures.throttling_reasons.get(code).copied(),
            (expected > 0).then_some(expected)
        );
    }
}
