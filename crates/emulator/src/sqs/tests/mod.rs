//! What a standard queue promises: the engine on a paused clock, and the server through an SDK.

mod conservation;
mod dead_letters;
mod faults;
mod fifo;
mod limits;
mod moves;
mod polling;
mod protocol;
mod visibility;

use std::time::Duration;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn engine(attributes: QueueAttributes) -> SqsEngine {
    let engine = SqsEngine::new();
    engine
        .create_queue("orders", attributes)
        .expect("a new queue");
    engine
}

fn with_dead_letters(max_receive_count: u32) -> SqsEngine {
    let engine = SqsEngine::new();
    let dead = engine.create_queue("dead", QueueAttributes::default());
    dead.expect("a new queue");
    let attributes = QueueAttributes {
        redrive: Some(Redrive {
            dead_letter_queue: "dead".to_owned(),
            max_receive_count,
        }),
        ..QueueAttributes::default()
    };
    engine
        .create_queue("orders", attributes)
        .expect("a new queue");
    engine
}

fn send(engine: &SqsEngine, body: &str) -> MessageId {
    let sent = engine.send("orders", SendEntry::new(body));
    sent.expect("a good message").message_id
}

async fn receive_from(engine: &SqsEngine, queue: &str, wait: Duration) -> Vec<ReceivedMessage> {
    let options = ReceiveOptions {
        max_messages: 10,
        visibility_timeout: None,
        wait: Some(wait),
    };
    engine
        .receive(queue, options)
        .await
        .expect("a good receive")
}

async fn receive(engine: &SqsEngine) -> Vec<ReceivedMessage> {
    receive_from(engine, "orders", Duration::ZERO).await
}

fn counts(engine: &SqsEngine, queue: &str) -> (u64, u64, u64) {
    let counts = engine.counts(queue).expect("the queue is there");
    (counts.visible, counts.in_flight, counts.delayed)
}
