//! What a FIFO queue promises beside that, on a paused clock.

mod attempts;
mod conservation;
mod dead_letters;
mod deduplication;
mod faults;
mod order;
mod quotas;
mod settings;

use super::*;

const QUEUE: &str = "orders.fifo";
const DEAD: &str = "dead.fifo";

/// One queue, whose messages are deduplicated by their bodies.
fn fifo() -> SqsEngine {
    fifo_with(FifoAttributes {
        content_based_deduplication: true,
        ..FifoAttributes::default()
    })
}

fn fifo_with(attributes: FifoAttributes) -> SqsEngine {
    let engine = SqsEngine::new();
    let created = engine.create_queue(QUEUE, QueueAttributes::fifo(attributes));
    created.expect("a new queue");
    engine
}

/// The same with a dead-letter queue.
fn fifo_with_dead_letters(max_receive_count: u32) -> SqsEngine {
    let by_content = FifoAttributes {
        content_based_deduplication: true,
        ..FifoAttributes::default()
    };
    let engine = SqsEngine::new();
    let dead = engine.create_queue(DEAD, QueueAttributes::fifo(by_content));
    dead.expect("a new queue");
    let attributes = QueueAttributes {
        redrive: Some(Redrive {
            dead_letter_queue: DEAD.to_owned(),
            max_receive_count,
        }),
        ..QueueAttributes::fifo(by_content)
    };
    engine.create_queue(QUEUE, attributes).expect("a new queue");
    engine
}

/// Sends a message of this body to this group.
fn push(engine: &SqsEngine, group: &str, body: &str) -> Sent {
    let sent = engine.send(QUEUE, SendEntry::new(body).in_group(group));
    sent.expect("a good message")
}

async fn take(engine: &SqsEngine, most: usize) -> Vec<ReceivedMessage> {
    take_from(engine, QUEUE, most).await
}

async fn take_from(engine: &SqsEngine, queue: &str, most: usize) -> Vec<ReceivedMessage> {
    let options = ReceiveOptions {
        max_messages: most,
        ..ReceiveOptions::default()
    };
    engine
        .receive(queue, options)
        .await
        .expect("a good receive")
}

fn delete(engine: &SqsEngine, message: &ReceivedMessage) {
    let deleted = engine.delete(QUEUE, &message.receipt_handle);
    deleted.expect("its own handle");
}

fn bodies(received: &[ReceivedMessage]) -> Vec<&str> {
    received.iter().map(|message| &*message.body).collect()
}
