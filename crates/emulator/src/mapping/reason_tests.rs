//! Failed invocations and the messages their batches held.

use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::event::sqs::SqsBatchResponse;
use tokio::time::sleep;

use super::{EngineQueue, EventSource, EventSourceMapping, FunctionSettings, Mapping, MappingPlan};
use crate::counters::Counters;
use crate::sqs::{QueueAttributes, SendEntry, SqsEngine};
use crate::testing::site;

const QUEUE: &str = "orders-queue";

#[tokio::test(start_paused = true)]
async fn failures_without_an_expected_one_in_their_batch_are_told_apart() {
    let engine = SqsEngine::new();
    let attributes = QueueAttributes {
        visibility_timeout: Duration::from_secs(60),
        ..QueueAttributes::default()
    };
    engine.create_queue(QUEUE, attributes).unwrap();
    let counters = Arc::new(Counters::default());
    let plan = MappingPlan {
        source: EventSource {
            arn: site().queue_arn(QUEUE),
            region: site().region,
        },
        mapping: &Mapping {
            batch_size: 1,
            ..Mapping::default()
        },
        function: &FunctionSettings::default(),
        seed: 2026,
        speed: 1.0,
    };
    let queue = EngineQueue::new(engine.clone(), QUEUE);
    let fails = |_event| async { Err::<SqsBatchResponse, _>("no".to_owned()) };
    let mapping = EventSourceMapping::new(queue, plan, Arc::clone(&counters), fails)
        .expecting_failures_of(|body| body == "bad");
    tokio::spawn(mapping.run());
    for body in ["good", "bad", "good"] {
        engine.send(QUEUE, SendEntry::new(body.to_owned())).unwrap();
    }
    // Three receives, and none after.
    sleep(Duration::from_secs(130)).await;
    let [failure] = &counters.failures.counts()[..] else {
        panic!("one reason");
    };
    assert_eq!((failure.count, failure.unexpected), (9, Some(6)));
}
