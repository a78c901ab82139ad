//! Dead letters and their way back keep the order of their group.

use tokio::time::advance;

use super::*;

/// Receives everything so often without deleting.
async fn fail(engine: &SqsEngine, times: u32) {
    for _ in 0..times {
        take(engine, 10).await;
        advance(30 * SECOND).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_group_is_moved_in_order_with_its_ids_and_a_new_age() {
    let engine = fifo_with_dead_letters(2);
    let sent: Vec<_> = ["1", "2", "3"].map(|body| push(&engine, "a", body)).into();
    fail(&engine, 2).await;
    assert!(take(&engine, 10).await.is_empty(), "moved, not given");
    let dead = take_from(&engine, DEAD, 10).await;
    assert_eq!(bodies(&dead), ["1", "2", "3"]);
    for (letter, sent) in dead.iter().zip(&sent) {
        assert_eq!(letter.message_id, sent.message_id);
        assert_eq!(letter.receive_count, 3);
        assert_eq!(letter.group_id(), Some("a"));
        let extras = letter.extras.as_ref().expect("of a FIFO queue");
        assert_eq!(extras.deduplication_id.as_deref(), Some(&*sent.message_id));
        assert_eq!(extras.dead_letter_source.as_deref(), Some(QUEUE));
    }
    let age = |message: &ReceivedMessage| message.sent_timestamp_ms;
    let first = engine.describe_queue(QUEUE).expect("there").created_s * 1_000;
    assert!(age(&dead[0]) >= first + 60_000, "reset on the way");
}

#[tokio::test(start_paused = true)]
async fn followers_of_a_bad_message_share_its_receives_and_are_moved_with_it() {
    let engine = fifo_with_dead_letters(3);
    push(&engine, "a", "bad");
    push(&engine, "a", "good");
    push(&engine, "b", "other");
    let first = take(&engine, 10).await;
    delete(&engine, &first[2]);
    advance(30 * SECOND).await;
    fail(&engine, 2).await;
    assert!(take(&engine, 10).await.is_empty());
    assert_eq!(bodies(&take_from(&engine, DEAD, 10).await), ["bad", "good"]);
}

#[tokio::test(start_paused = true)]
async fn a_bad_message_received_alone_frees_its_group_once_it_is_moved() {
    let engine = fifo_with_dead_letters(2);
    push(&engine, "a", "bad");
    push(&engine, "a", "good");
    for _ in 0..2 {
        assert_eq!(bodies(&take(&engine, 1).await), ["bad"]);
        advance(30 * SECOND).await;
    }
    assert_eq!(bodies(&take(&engine, 1).await), ["good"]);
    assert_eq!(counts(&engine, DEAD), (1, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_redrive_brings_a_group_back_in_order_as_new_messages() {
    let engine = fifo_with_dead_letters(1);
    let sent = push(&engine, "a", "1");
    push(&engine, "a", "2");
    fail(&engine, 1).await;
    assert!(take(&engine, 10).await.is_empty());
    let (_, work) = engine
        .start_move(DEAD, None, None)
        .expect("a dead-letter queue");
    work.await;
    let back = take(&engine, 10).await;
    assert_eq!(bodies(&back), ["1", "2"]);
    assert_ne!(back[0].message_id, sent.message_id);
    assert!(back[0].sequence_number() > sent.sequence_number);
    assert_eq!(back[0].receive_count, 1);
}

#[tokio::test(start_paused = true)]
async fn queues_of_both_types_do_not_mix() {
    let engine = fifo_with_dead_letters(1);
    engine
        .create_queue("standard", QueueAttributes::default())
        .expect("new");
    let redrive = |to: &str| Redrive {
        dead_letter_queue: to.to_owned(),
        max_receive_count: 1,
    };
    for (name, to) in [(QUEUE, "standard"), ("standard", DEAD)] {
        let changed = engine.update_attributes(name, |attributes| {
            attributes.redrive = Some(redrive(to));
            Ok(())
        });
        let error = changed.expect_err("of another type");
        assert_eq!(error.kind, SqsErrorKind::InvalidParameterValue, "{name}");
    }
    let moved = engine.start_move(DEAD, Some("standard"), None).map(|_| ());
    let error = moved.expect_err("of another type");
    assert_eq!(error.kind, SqsErrorKind::InvalidParameterValue);
}
