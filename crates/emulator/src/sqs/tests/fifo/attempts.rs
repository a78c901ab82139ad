//! A receive that is asked for again by its attempt id.

use tokio::time::advance;

use super::*;

async fn attempt(engine: &SqsEngine, id: &str) -> Vec<ReceivedMessage> {
    let options = ReceiveOptions {
        max_messages: 10,
        ..ReceiveOptions::default()
    };
    let got = engine.receive_attempt(QUEUE, options, id).await;
    got.expect("a good receive")
}

fn with_three() -> SqsEngine {
    let engine = fifo();
    for body in ["1", "2", "3"] {
        push(&engine, "a", body);
    }
    engine
}

#[tokio::test(start_paused = true)]
async fn the_same_messages_come_again_and_are_hidden_anew() {
    let engine = with_three();
    let first = attempt(&engine, "x").await;
    advance(20 * SECOND).await;
    assert!(attempt(&engine, "y").await.is_empty(), "another attempt");
    assert_eq!(attempt(&engine, "x").await, first, "handles and counts too");
    advance(20 * SECOND).await;
    assert!(take(&engine, 10).await.is_empty(), "hidden from then on");
    advance(10 * SECOND).await;
    assert_eq!(bodies(&take(&engine, 10).await), ["1", "2", "3"]);
}

#[tokio::test(start_paused = true)]
async fn once_one_was_deleted_or_hidden_anew_the_attempt_is_a_new_one() {
    for deleted in [true, false] {
        let engine = with_three();
        let first = attempt(&engine, "x").await;
        let handle = &first[1].receipt_handle;
        match deleted {
            true => engine.delete(QUEUE, handle).expect("its own handle"),
            false => {
                let changed = engine.change_visibility(QUEUE, handle, 99 * SECOND);
                changed.expect("in flight");
            }
        }
        assert!(attempt(&engine, "x").await.is_empty(), "deleted: {deleted}");
    }
}

#[tokio::test(start_paused = true)]
async fn after_the_visibility_the_attempt_receives_anew() {
    let engine = with_three();
    let first = attempt(&engine, "x").await;
    advance(30 * SECOND).await;
    let again = attempt(&engine, "x").await;
    assert_eq!(bodies(&again), ["1", "2", "3"]);
    assert_eq!(again[0].receive_count, 2);
    assert_ne!(again[0].receipt_handle, first[0].receipt_handle);
    assert_eq!(attempt(&engine, "x").await, again, "the latest counts");
}

#[tokio::test(start_paused = true)]
async fn after_five_minutes_the_id_is_new() {
    let engine = with_three();
    let options = ReceiveOptions {
        max_messages: 10,
        visibility_timeout: Some(3_600 * SECOND),
        ..ReceiveOptions::default()
    };
    let first = engine.receive_attempt(QUEUE, options, "x").await;
    assert_eq!(first.expect("good").len(), 3);
    advance(299 * SECOND).await;
    let again = engine.receive_attempt(QUEUE, options, "x").await;
    assert_eq!(again.expect("good").len(), 3);
    advance(SECOND).await;
    let late = engine.receive_attempt(QUEUE, options, "x").await;
    assert!(late.expect("good").is_empty());
}

#[tokio::test(start_paused = true)]
async fn ids_are_of_fifo_queues_and_of_their_characters() {
    let engine = fifo();
    let standard = QueueAttributes::default();
    engine.create_queue("orders", standard).expect("new");
    let options = ReceiveOptions::default();
    for (queue, id) in [("orders", "x"), (QUEUE, "a b"), (QUEUE, "")] {
        let refused = engine.receive_attempt(queue, options, id).await;
        let error = refused.expect_err("refused");
        assert_eq!(error.kind, SqsErrorKind::InvalidParameterValue, "{id}");
    }
}
