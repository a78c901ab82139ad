//! Failed invocations and the messages their batches held.

use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent};
use tokio::time::sleep;

use super::{EngineQueue, EventSource, EventSourceMapping, FunctionSettings, Mapping, MappingPlan};
use crate::counters::Counters;
use crate::sqs::{QueueAttributes, SendEntry, SqsEngine};
use crate::testing::site;

const QUEUE: &str = "orders-queue";

/// What was counted of a function that gets "good", "bad" and "good", one at a time, three times before they go;
/// the bad one is expected to fail.
async fn counted<F, R>(function: F) -> Arc<Counters>
where
    F: Fn(SqsEvent) -> R + Send + Sync + 'static,
    R: Future<Output = Result<SqsBatchResponse, String>> + Send + 'static,
{
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
    let mapping = EventSourceMapping::new(queue, plan, Arc::clone(&counters), function)
        .expecting_failures_of(|body| body == "bad");
    tokio::spawn(mapping.run());
    for body in ["good", "bad", "good"] {
        engine.send(QUEUE, SendEntry::new(body.to_owned())).unwrap();
    }
    // Three receives, and none after.
    sleep(Duration::from_secs(130)).await;
    counters
}

#[tokio::test(start_paused = true)]
async fn failures_without_an_expected_one_in_their_batch_are_told_apart() {
    let counters = counted(|_event| async { Err("no".to_owned()) }).await;
    let [failure] = &counters.failures.counts()[..] else {
        panic!("one reason");
    };
    assert_eq!((failure.count, failure.unexpected), (9, Some(6)));
    let figures = counters.figures();
    assert_eq!(
        (figures.failed_records, figures.unexpected_records),
        (0, None)
    );
}

fn named(event: &SqsEvent, is_named: impl Fn(&str) -> bool) -> SqsBatchResponse {
    let mut response = SqsBatchResponse::default();
    for record in &event.records {
        if is_named(record.body.as_deref().unwrap_or_default()) {
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = record.message_id.clone().unwrap_or_default();
            response.batch_item_failures.push(failure);
        }
    }
    response
}

#[tokio::test(start_paused = true)]
async fn records_named_though_they_were_not_expected_to_fail_are_told_apart() {
    let all = counted(|event| async move { Ok(named(&event, |_| true)) }).await;
    let figures = all.figures();
    assert_eq!(
        (figures.failed_records, figures.unexpected_records),
        (9, Some(6))
    );
    let bad = counted(|event| async move { Ok(named(&event, |body| body == "bad")) }).await;
    let figures = bad.figures();
    assert_eq!(
        (figures.failed_records, figures.unexpected_records),
        (3, Some(0))
    );
}
