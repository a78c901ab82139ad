//! Messages received too often, and messages too old.

use std::time::Duration;

use tokio::time::advance;

use super::*;

#[tokio::test(start_paused = true)]
async fn the_attempt_after_the_last_receive_moves_the_message() {
    let engine = with_dead_letters(3);
    let mut entry = SendEntry::new("poison");
    entry.attributes = vec![(
        "kind".to_owned(),
        MessageAttribute {
            data_type: "String".to_owned(),
            value: AttributeValue::Text("x".to_owned()),
        },
    )];
    let id = engine.send("orders", entry).expect("good").message_id;
    let mut sent_timestamp_ms = 0;
    for times in 1..=3 {
        let received = receive(&engine).await;
        assert_eq!(received[0].receive_count, times);
        sent_timestamp_ms = received[0].sent_timestamp_ms;
        advance(30 * SECOND).await;
        assert_eq!(counts(&engine, "orders"), (1, 0, 0), "expiry moves nothing");
        assert_eq!(counts(&engine, "dead"), (0, 0, 0));
    }
    assert!(receive(&engine).await.is_empty());
    assert_eq!(counts(&engine, "orders"), (0, 0, 0));
    assert_eq!(counts(&engine, "dead"), (1, 0, 0));
    let letter = receive_from(&engine, "dead", Duration::ZERO)
        .await
        .remove(0);
    assert_eq!((letter.message_id, &*letter.body), (id, "poison"));
    assert_eq!(letter.sent_timestamp_ms, sent_timestamp_ms);
    assert_eq!(letter.receive_count, 4);
    assert_eq!(letter.attributes().len(), 1);
    let source = letter
        .extras
        .as_ref()
        .and_then(|extras| extras.dead_letter_source.clone());
    assert_eq!(source.as_deref(), Some("orders"));
}

#[tokio::test(start_paused = true)]
async fn poison_does_not_hold_up_healthy_messages() {
    let engine = with_dead_letters(1);
    for _ in 0..300 {
        send(&engine, "poison");
    }
    while !receive(&engine).await.is_empty() {}
    advance(30 * SECOND).await;
    assert_eq!(counts(&engine, "orders"), (300, 0, 0));
    send(&engine, "healthy");
    let received = receive(&engine).await;
    assert_eq!(
        received.len(),
        1,
        "the first receive finds it behind them all"
    );
    assert_eq!(&*received[0].body, "healthy");
    assert_eq!(counts(&engine, "dead"), (300, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_queue_without_its_dead_letter_queue_keeps_its_messages() {
    let engine = with_dead_letters(1);
    send(&engine, "a");
    engine.delete_queue("dead").expect("it is there");
    for times in 1..=3 {
        assert_eq!(receive(&engine).await[0].receive_count, times);
        advance(30 * SECOND).await;
    }
}

#[tokio::test(start_paused = true)]
async fn retention_counts_from_the_first_send() {
    let engine = with_dead_letters(1);
    let keep = |queue: &str, seconds: u32| {
        let result = engine.update_attributes(queue, |attributes| {
            attributes.retention = seconds * SECOND;
            Ok(())
        });
        result.expect("in range");
    };
    keep("orders", 100);
    keep("dead", 110);
    send(&engine, "a");
    receive(&engine).await;
    advance(90 * SECOND).await;
    assert!(receive(&engine).await.is_empty());
    assert_eq!(counts(&engine, "dead"), (1, 0, 0));
    send(&engine, "b");
    advance(19 * SECOND).await;
    assert_eq!(counts(&engine, "dead"), (1, 0, 0), "109 s old");
    advance(SECOND).await;
    assert_eq!(counts(&engine, "dead"), (0, 0, 0), "110 s old, 20 s there");
    assert_eq!(counts(&engine, "orders"), (1, 0, 0));
    advance(80 * SECOND).await;
    assert_eq!(counts(&engine, "orders"), (0, 0, 0));
    assert!(receive(&engine).await.is_empty());
}

/// Queues `orders`, `dead` and `last`, each the dead-letter queue of the one before.
fn chain(in_orders: u32, in_dead: u32) -> SqsEngine {
    let engine = with_dead_letters(in_orders);
    let last = engine.create_queue("last", QueueAttributes::default());
    last.expect("a new queue");
    let redrive = Redrive {
        dead_letter_queue: "last".to_owned(),
        max_receive_count: in_dead,
    };
    let chained = engine.update_attributes("dead", |attributes| {
        attributes.redrive = Some(redrive);
        Ok(())
    });
    chained.expect("in range");
    engine
}

#[tokio::test(start_paused = true)]
async fn a_chain_of_dead_letter_queues_counts_the_receives_of_each_and_skips_none() {
    for (in_orders, in_dead) in [(1, 1), (3, 1), (2, 4)] {
        let engine = chain(in_orders, in_dead);
        send(&engine, "poison");
        let mut received = 0;
        for (queue, times) in [("orders", in_orders), ("dead", in_dead)] {
            for _ in 0..times {
                let letter = receive_from(&engine, queue, Duration::ZERO).await.remove(0);
                received += 1;
                assert_eq!(letter.receive_count, received, "it goes on in {queue}");
                advance(30 * SECOND).await;
            }
            let moved = receive_from(&engine, queue, Duration::ZERO).await;
            assert!(moved.is_empty(), "{queue} gives it {times} times");
        }
        assert_eq!(counts(&engine, "dead"), (0, 0, 0));
        assert_eq!(counts(&engine, "last"), (1, 0, 0));
    }
}
