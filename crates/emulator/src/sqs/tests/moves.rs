//! Dead letters on their way back.

use std::time::Duration;

use tokio::time::advance;

use super::*;

/// The queue `orders` with these bodies in its dead-letter queue, each received once.
async fn with_buried(bodies: &[&str]) -> SqsEngine {
    let engine = with_dead_letters(1);
    for body in bodies {
        send(&engine, body);
    }
    while !receive(&engine).await.is_empty() {}
    advance(30 * SECOND).await;
    assert!(receive(&engine).await.is_empty());
    assert_eq!(counts(&engine, "dead"), (bodies.len() as u64, 0, 0));
    engine
}

fn start(engine: &SqsEngine, to: Option<&str>, rate: Option<u32>) -> uuid::Uuid {
    let (id, work) = engine.start_move("dead", to, rate).expect("it can start");
    tokio::spawn(work);
    id
}

fn latest(engine: &SqsEngine) -> MoveTask {
    let mut tasks = engine.moves("dead").expect("the queue is there");
    tasks.pop_front().expect("a task was started")
}

#[tokio::test(start_paused = true)]
async fn a_letter_comes_back_as_a_new_message() {
    let engine = with_buried(&["a"]).await;
    let letter = receive_from(&engine, "dead", Duration::ZERO)
        .await
        .remove(0);
    let shown = engine.change_visibility("dead", &letter.receipt_handle, Duration::ZERO);
    shown.expect("in flight");
    let waiting = tokio::spawn({
        let engine = engine.clone();
        async move { receive_from(&engine, "orders", 20 * SECOND).await }
    });
    tokio::task::yield_now().await;
    advance(SECOND).await;
    start(&engine, None, None);
    let back = waiting.await.expect("no panic").remove(0);
    assert_eq!(&*back.body, "a");
    assert_ne!(back.message_id, letter.message_id);
    assert_eq!(back.receive_count, 1);
    assert_eq!(back.sent_timestamp_ms, letter.sent_timestamp_ms + 31_000);
    assert_eq!(back.extras, None);
    assert_eq!(counts(&engine, "dead"), (0, 0, 0));
    let task = latest(&engine);
    assert_eq!(
        (task.status, task.moved, task.to_move),
        (MoveStatus::Completed, 1, 1)
    );
}

#[tokio::test(start_paused = true)]
async fn a_rate_is_kept_and_a_task_can_be_called_off() {
    let engine = with_buried(&["a", "b", "c", "d"]).await;
    let id = start(&engine, None, Some(2));
    for (ms, moved) in [(0, 1), (499, 1), (1, 2), (499, 2), (1, 3)] {
        advance(Duration::from_millis(ms)).await;
        tokio::time::sleep(Duration::ZERO).await;
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        assert_eq!(latest(&engine).moved, moved, "{ms} ms later");
    }
    let again = engine.start_move("dead", None, None).err();
    assert_eq!(
        again.expect("one runs").kind,
        SqsErrorKind::InvalidParameterValue
    );
    assert_eq!(engine.cancel_move("dead", id), Ok(3));
    advance(10 * SECOND).await;
    assert_eq!(latest(&engine).status, MoveStatus::Cancelled);
    assert_eq!(counts(&engine, "dead"), (1, 0, 0));
    assert_eq!(counts(&engine, "orders"), (3, 0, 0));
    let twice = engine.cancel_move("dead", id).expect_err("it has ended");
    assert_eq!(twice.kind, SqsErrorKind::InvalidParameterValue);
}

#[tokio::test(start_paused = true)]
async fn a_letter_that_cannot_be_moved_stays_and_fails_the_task() {
    let engine = with_buried(&["a"]).await;
    engine
        .send("dead", SendEntry::new("direct"))
        .expect("a good message");
    start(&engine, None, None);
    tokio::time::sleep(SECOND).await;
    let task = latest(&engine);
    assert_eq!(task.status, MoveStatus::Failed(MoveFailure::NoSource));
    assert_eq!((task.moved, task.to_move), (1, 2));
    assert_eq!(counts(&engine, "dead"), (1, 0, 0));

    let elsewhere = engine.create_queue("elsewhere", QueueAttributes::default());
    elsewhere.expect("a new queue");
    start(&engine, Some("elsewhere"), None);
    tokio::time::sleep(SECOND).await;
    assert_eq!(latest(&engine).status, MoveStatus::Completed);
    assert_eq!(counts(&engine, "elsewhere"), (1, 0, 0));

    for _ in 0..2 {
        engine
            .send("dead", SendEntry::new("direct"))
            .expect("a good message");
    }
    start(&engine, Some("elsewhere"), Some(1));
    tokio::time::sleep(Duration::from_millis(1)).await;
    engine.delete_queue("elsewhere").expect("it is there");
    tokio::time::sleep(SECOND).await;
    let task = latest(&engine);
    assert_eq!(task.status, MoveStatus::Failed(MoveFailure::NoQueue));
    assert_eq!(task.moved, 1);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_start_is_refused() {
    let engine = with_dead_letters(1);
    let invalid = SqsErrorKind::InvalidParameterValue;
    let unknown = SqsErrorKind::ResourceNotFound;
    for (source, to, rate, kind, why) in [
        ("orders", None, None, invalid, "nobody's dead-letter queue"),
        ("none", None, None, unknown, "no queue"),
        ("dead", Some("none"), None, unknown, "no destination"),
        ("dead", Some("dead"), None, invalid, "to itself"),
        ("dead", None, Some(0), invalid, "no message a second"),
        ("dead", None, Some(501), invalid, "over 500 a second"),
    ] {
        let refused = engine.start_move(source, to, rate).err().expect(why);
        assert_eq!(refused.kind, kind, "{why}");
    }
    let nobody = engine.cancel_move("dead", uuid::Uuid::nil());
    assert_eq!(nobody.expect_err("no task").kind, unknown);
    assert_eq!(engine.moves("none").expect_err("no queue").kind, unknown);
    for _ in 0..12 {
        start(&engine, None, Some(500));
        tokio::time::sleep(SECOND).await;
    }
    assert_eq!(engine.moves("dead").map(|tasks| tasks.len()), Ok(10));
}

#[tokio::test(start_paused = true)]
async fn letters_in_flight_are_left_alone_and_so_is_the_order() {
    let bodies: Vec<_> = (0..2_500).map(|number| number.to_string()).collect();
    let bodies: Vec<_> = bodies.iter().map(String::as_str).collect();
    let engine = with_buried(&bodies).await;
    let held = engine.receive("dead", ReceiveOptions::default()).await;
    assert_eq!(&*held.expect("good")[0].body, "0");
    start(&engine, None, None);
    tokio::time::sleep(SECOND).await;
    assert_eq!(counts(&engine, "dead"), (0, 1, 0));
    assert_eq!(counts(&engine, "orders"), (2_499, 0, 0));
    assert_eq!(&*receive(&engine).await[0].body, "1");
}
