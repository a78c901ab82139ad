//! Concurrency grows by the time that messages wait, however long a receive takes.

use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use tokio::time::sleep;

use super::{
    EngineQueue, EventSource, EventSourceMapping, FunctionSettings, Mapping, MappingPlan,
    MessageQueue,
};
use crate::counters::Counters;
use crate::sqs::{QueueAttributes, ReceivedMessage, SendEntry, SqsEngine};

const QUEUE: &str = "orders-queue";

/// A queue of which each receive takes 2 ms.
struct SlowQueue(EngineQueue);

impl MessageQueue for SlowQueue {
    type Message = ReceivedMessage;

    async fn receive(&self, most: usize, wait: Duration, room: usize) -> Vec<ReceivedMessage> {
        sleep(Duration::from_millis(2)).await;
        self.0.receive(most, wait, room).await
    }

    async fn delete(&self, batch: &[ReceivedMessage], returning: &[usize]) -> u64 {
        self.0.delete(batch, returning).await
    }

    fn has_backlog(&self) -> bool {
        self.0.has_backlog()
    }

    fn visibility_timeout(&self) -> Duration {
        self.0.visibility_timeout()
    }
}

/// The most invocations at one time after 20 s, of messages of which so many are sent every 100 ms and take 1 s each.
async fn most_after_20_s(messages: usize) -> u32 {
    let engine = SqsEngine::new();
    let attributes = QueueAttributes::default();
    engine.create_queue(QUEUE, attributes).expect("a queue");
    let mapping = Mapping {
        batch_size: 1,
        ..Mapping::default()
    };
    let counters = Arc::new(Counters::default());
    let running = EventSourceMapping::new(
        SlowQueue(EngineQueue::new(engine.clone(), QUEUE)),
        MappingPlan {
            source: EventSource {
                arn: "arn:aws:sqs:us-east-1:000000000000:orders-queue".into(),
                region: "us-east-1".into(),
            },
            mapping: &mapping,
            function: &FunctionSettings {
                timeout: Duration::from_secs(3),
                ..FunctionSettings::default()
            },
            seed: 7,
            speed: 1.0,
        },
        Arc::clone(&counters),
        |_event: SqsEvent| async {
            sleep(Duration::from_secs(1)).await;
            Ok::<_, String>(SqsBatchResponse::default())
        },
    );
    let running = tokio::spawn(running.run());
    for _ in 0..200 {
        for order in 0..messages {
            let sent = engine.send(QUEUE, SendEntry::new(order.to_string()));
            sent.expect("it takes all");
        }
        sleep(Duration::from_millis(100)).await;
    }
    running.abort();
    counters.figures().max_concurrency
}

#[tokio::test(start_paused = true)]
async fn messages_that_wait_while_others_are_received_wait_too() {
    // One more every 200 ms of backlog: 100 in 20 s beside the first five. The receives take a fifth of that time at the end.
    let most = most_after_20_s(20).await;
    assert!((101..=105).contains(&most), "{most}");
    // The near miss: nothing waits while there is room for all.
    assert_eq!(most_after_20_s(0).await, 0);
}
