//! Hidden, shown, deleted: what visibility time-outs and handles do.

use std::time::Duration;

use tokio::time::{Instant, advance};

use super::*;

#[tokio::test(start_paused = true)]
async fn a_message_is_hidden_for_its_visibility_and_then_comes_back() {
    let engine = engine(QueueAttributes::default());
    let id = send(&engine, "a");
    assert_eq!(counts(&engine, "orders"), (1, 0, 0));
    let first = receive(&engine).await;
    assert_eq!((first[0].message_id, &*first[0].body), (id, "a"));
    assert_eq!(counts(&engine, "orders"), (0, 1, 0));
    advance(30 * SECOND - Duration::from_nanos(1)).await;
    assert!(receive(&engine).await.is_empty(), "still hidden");
    advance(Duration::from_nanos(1)).await;
    assert_eq!(
        counts(&engine, "orders"),
        (1, 0, 0),
        "visible without a receive"
    );
    let second = receive(&engine).await;
    assert_eq!((second[0].message_id, second[0].receive_count), (id, 2));
    assert_eq!(
        second[0].first_receive_timestamp_ms,
        first[0].first_receive_timestamp_ms
    );
    assert_eq!(second[0].sent_timestamp_ms, first[0].sent_timestamp_ms);
}

#[tokio::test(start_paused = true)]
async fn a_handle_deletes_until_the_message_is_received_again() {
    let engine = engine(QueueAttributes::default());
    send(&engine, "a");
    let first = receive(&engine).await.remove(0);
    advance(31 * SECOND).await;
    let second = receive(&engine).await.remove(0);
    let late = engine.delete("orders", &first.receipt_handle);
    assert_eq!(late, Ok(()), "accepted, as on AWS");
    assert_eq!(counts(&engine, "orders"), (0, 1, 0), "and without effect");
    advance(31 * SECOND).await;
    assert_eq!(counts(&engine, "orders"), (1, 0, 0));
    let deleted = engine.delete("orders", &second.receipt_handle);
    assert_eq!(deleted, Ok(()), "visible again, not received since");
    assert_eq!(counts(&engine, "orders"), (0, 0, 0));
    assert_eq!(
        engine.delete("orders", &second.receipt_handle),
        Ok(()),
        "twice is fine"
    );
    assert!(receive(&engine).await.is_empty());
    send(&engine, "b");
    assert_eq!(engine.delete("orders", &second.receipt_handle), Ok(()));
    assert_eq!(
        counts(&engine, "orders"),
        (1, 0, 0),
        "its slot's next message is not it"
    );
}

#[tokio::test(start_paused = true)]
async fn a_handle_that_never_was_is_refused() {
    let engine = with_dead_letters(3);
    send(&engine, "a");
    let message = receive(&engine).await.remove(0);
    for (queue, handle) in [("orders", "nonsense"), ("dead", &*message.receipt_handle)] {
        let error = engine.delete(queue, handle).expect_err("not this queue's");
        assert_eq!(error.kind, SqsErrorKind::ReceiptHandleIsInvalid);
        let error = engine.change_visibility(queue, handle, SECOND);
        assert_eq!(
            error.expect_err("not this queue's").kind,
            SqsErrorKind::ReceiptHandleIsInvalid
        );
    }
}

#[tokio::test(start_paused = true)]
async fn visibility_can_be_changed_while_in_flight_only() {
    let engine = engine(QueueAttributes::default());
    send(&engine, "a");
    let first = receive(&engine).await.remove(0);
    let change = |handle: &str, seconds: u32| {
        engine
            .change_visibility("orders", handle, seconds * SECOND)
            .map_err(|error| error.kind)
    };
    assert_eq!(change(&first.receipt_handle, 60), Ok(()));
    advance(59 * SECOND).await;
    assert_eq!(counts(&engine, "orders"), (0, 1, 0), "lengthened");
    assert_eq!(change(&first.receipt_handle, 0), Ok(()));
    assert_eq!(
        counts(&engine, "orders"),
        (1, 0, 0),
        "zero shows it at once"
    );
    assert_eq!(
        change(&first.receipt_handle, 5),
        Err(SqsErrorKind::MessageNotInflight)
    );
    let second = receive(&engine).await.remove(0);
    assert_eq!(
        change(&first.receipt_handle, 5),
        Err(SqsErrorKind::InvalidParameterValue),
        "the handle of an earlier receive"
    );
    assert_eq!(
        change(&second.receipt_handle, 43_201),
        Err(SqsErrorKind::InvalidParameterValue)
    );
    assert_eq!(change(&second.receipt_handle, 43_200), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_visibility_of_zero_gives_the_message_to_the_next_receive() {
    let engine = engine(QueueAttributes::default());
    send(&engine, "a");
    let options = ReceiveOptions {
        max_messages: 10,
        visibility_timeout: Some(Duration::ZERO),
        wait: None,
    };
    for times in 1..=3 {
        let received = engine.receive("orders", options).await.expect("good");
        assert_eq!(received.len(), 1, "once in one receive");
        assert_eq!(received[0].receive_count, times);
        assert_eq!(counts(&engine, "orders"), (1, 0, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn delays_are_the_messages_or_the_queues() {
    let engine = engine(QueueAttributes {
        delay: 5 * SECOND,
        ..QueueAttributes::default()
    });
    let mut prompt = SendEntry::new("prompt");
    prompt.delay = Some(Duration::ZERO);
    engine.send("orders", prompt).expect("good");
    let mut late = SendEntry::new("late");
    late.delay = Some(9 * SECOND);
    engine.send("orders", late).expect("good");
    send(&engine, "default");
    assert_eq!(counts(&engine, "orders"), (1, 0, 2));
    let long_poll = 20 * SECOND;
    let began = Instant::now();
    for (body, after) in [("prompt", 0), ("default", 5), ("late", 9)] {
        let received = receive_from(&engine, "orders", long_poll).await;
        assert_eq!(&*received[0].body, body);
        assert_eq!(began.elapsed().as_secs(), after, "{body}");
    }
}
