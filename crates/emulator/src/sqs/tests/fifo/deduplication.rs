//! What is sent twice is stored once.

use tokio::time::advance;

use super::*;

#[tokio::test(start_paused = true)]
async fn a_copy_within_five_minutes_is_accepted_and_not_stored_even_after_the_first_is_gone() {
    let engine = fifo_with(FifoAttributes::default());
    let copy = |body: &str| {
        let entry = SendEntry::new(body).in_group("a").deduplicated_by("1");
        engine.send(QUEUE, entry).expect("accepted")
    };
    let first = copy("one");
    let got = take(&engine, 1).await;
    delete(&engine, &got[0]);
    advance(299 * SECOND).await;
    let second = copy("another body");
    assert_eq!(second.message_id, first.message_id);
    assert_eq!(second.sequence_number, first.sequence_number);
    assert_ne!(second.md5_of_body, first.md5_of_body, "of what was sent");
    assert_eq!(counts(&engine, QUEUE), (0, 0, 0));
    advance(SECOND).await;
    let third = copy("one");
    assert_ne!(third.message_id, first.message_id, "five minutes are over");
    assert_eq!(counts(&engine, QUEUE), (1, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn the_interval_passes_faster_where_time_does() {
    let engine = SqsEngine::with_speed(10.0);
    let attributes = QueueAttributes::fifo(FifoAttributes {
        content_based_deduplication: true,
        ..FifoAttributes::default()
    });
    engine.create_queue(QUEUE, attributes).expect("a new queue");
    push(&engine, "a", "1");
    advance(29 * SECOND).await;
    push(&engine, "a", "1");
    assert_eq!(counts(&engine, QUEUE), (1, 0, 0));
    advance(SECOND).await;
    push(&engine, "a", "1");
    assert_eq!(counts(&engine, QUEUE), (2, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_body_is_its_own_id_where_none_is_given_and_a_given_one_comes_first() {
    let engine = fifo();
    let given = |id: &str| {
        let entry = SendEntry::new("same").in_group("a").deduplicated_by(id);
        engine.send(QUEUE, entry).expect("accepted");
    };
    push(&engine, "a", "same");
    push(&engine, "b", "same");
    assert_eq!(counts(&engine, QUEUE), (1, 0, 0), "the scope is the queue");
    given("x");
    given("y");
    assert_eq!(counts(&engine, QUEUE), (3, 0, 0));
    let got = take(&engine, 1).await;
    let id = got[0]
        .extras
        .as_ref()
        .and_then(|extras| extras.deduplication_id.clone());
    let id = id.expect("the body's SHA-256");
    given(&id);
    assert_eq!(counts(&engine, QUEUE), (2, 1, 0), "the id of the first");
}

#[tokio::test(start_paused = true)]
async fn with_the_scope_of_a_group_the_same_id_is_another_message_in_another_group() {
    let engine = fifo_with(FifoAttributes {
        content_based_deduplication: true,
        ..FifoAttributes::high_throughput()
    });
    push(&engine, "a", "same");
    push(&engine, "b", "same");
    push(&engine, "b", "same");
    assert_eq!(counts(&engine, QUEUE), (2, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn copies_within_one_batch_are_found_too() {
    let engine = fifo();
    let entries = ["1", "2", "1"].map(|body| SendEntry::new(body).in_group("a"));
    let sent = engine.send_all(QUEUE, entries.into()).expect("there");
    let sent: Vec<_> = sent
        .into_iter()
        .map(|sent| sent.expect("accepted"))
        .collect();
    assert_eq!(sent[0].message_id, sent[2].message_id);
    assert!(sent[0].sequence_number < sent[1].sequence_number);
    assert_eq!(bodies(&take(&engine, 10).await), ["1", "2"]);
}

#[tokio::test(start_paused = true)]
async fn what_was_refused_is_not_remembered() {
    let engine = fifo();
    let bad = SendEntry::new("1").in_group("a");
    let bad = SendEntry {
        delay: Some(SECOND),
        ..bad
    };
    let error = engine.send(QUEUE, bad).expect_err("a delay of its own");
    assert_eq!(error.kind, SqsErrorKind::InvalidParameterValue);
    push(&engine, "a", "1");
    assert_eq!(counts(&engine, QUEUE), (1, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn what_is_remembered_takes_memory_and_gives_it_back() {
    let engine = fifo();
    engine.purge(QUEUE).expect("the first");
    let empty = engine.clone().lock().0.total.bytes();
    for k in 0..100 {
        push(&engine, "a", &k.to_string());
    }
    for message in take(&engine, 10).await {
        delete(&engine, &message);
    }
    advance(61 * SECOND).await;
    engine.purge(QUEUE).expect("the next");
    let remembered = engine.lock().0.total.bytes();
    assert!(remembered > empty + 100 * 32, "{remembered} {empty}");
    advance(300 * SECOND).await;
    push(&engine, "a", "last");
    engine.delete_queue(QUEUE).expect("there");
    assert_eq!(engine.lock().0.total.bytes(), 0);
}
