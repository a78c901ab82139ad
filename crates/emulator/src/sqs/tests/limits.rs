//! What is refused, and faults made on purpose.

use std::time::Duration;

use tokio::time::{Instant, advance};

use super::*;

#[tokio::test(start_paused = true)]
async fn purge_empties_the_queue_once_a_minute() {
    let engine = engine(QueueAttributes::default());
    for body in ["a", "b"] {
        send(&engine, body);
    }
    let mut delayed = SendEntry::new("c");
    delayed.delay = Some(SECOND);
    engine.send("orders", delayed).expect("good");
    engine
        .receive("orders", ReceiveOptions::default())
        .await
        .expect("good");
    assert_eq!(counts(&engine, "orders"), (1, 1, 1));
    assert_eq!(engine.purge("orders"), Ok(()));
    assert_eq!(counts(&engine, "orders"), (0, 0, 0));
    advance(60 * SECOND - Duration::from_nanos(1)).await;
    let again = engine.purge("orders").expect_err("too soon");
    assert_eq!(again.kind, SqsErrorKind::PurgeQueueInProgress);
    advance(Duration::from_nanos(1)).await;
    assert_eq!(engine.purge("orders"), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn receiving_is_refused_at_120_000_in_flight() {
    let engine = engine(QueueAttributes::default());
    for _ in 0..120_002 {
        send(&engine, "x");
    }
    let mut last = Vec::new();
    for _ in 0..12_000 {
        last = receive(&engine).await;
        assert_eq!(last.len(), 10);
    }
    assert_eq!(counts(&engine, "orders"), (2, 120_000, 0));
    let options = ReceiveOptions::default();
    let error = engine.receive("orders", options).await.expect_err("full");
    assert_eq!(error.kind, SqsErrorKind::OverLimit);
    let poll = || {
        let (engine, wait) = (engine.clone(), Some(20 * SECOND));
        let options = ReceiveOptions { wait, ..options };
        tokio::spawn(async move { engine.receive("orders", options).await.map(|got| got.len()) })
    };
    let polls = [poll(), poll()];
    tokio::task::yield_now().await;
    let began = Instant::now();
    for message in &last[..2] {
        let deleted = engine.delete("orders", &message.receipt_handle);
        deleted.expect("a good handle");
    }
    for poll in polls {
        let got = poll.await.expect("no panic");
        assert_eq!(
            got,
            Ok(1),
            "a delete makes room, and a poll passes the word on"
        );
    }
    assert_eq!(began.elapsed(), Duration::ZERO);
}

/// Forgets one message that it acknowledges.
struct Forgetful;

impl QueueFaults for Forgetful {
    fn on_send(&self, queue: &str, body: &str) -> SendFault {
        match queue == "orders" && body == "unlucky" {
            true => SendFault::Vanish,
            false => SendFault::None,
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_send_fault_acknowledges_and_forgets() {
    let engine = engine(QueueAttributes::default());
    engine.set_faults(Box::new(Forgetful));
    let unlucky = engine.send("orders", SendEntry::new("unlucky"));
    let unlucky = unlucky.expect("acknowledged");
    let lucky = send(&engine, "lucky");
    assert_ne!(unlucky.message_id, lucky);
    assert_eq!(&*unlucky.md5_of_body, "8cb566ca365bf2e4711a8a51d73cee58");
    let received = receive(&engine).await;
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].message_id, lucky);
}

#[tokio::test(start_paused = true)]
async fn messages_out_of_bounds_are_refused() {
    let engine = engine(QueueAttributes::default());
    let long = "x".repeat(1 << 20);
    for (body, kind, why) in [
        ("", Some(SqsErrorKind::MissingParameter), "empty"),
        (
            "\u{1}",
            Some(SqsErrorKind::InvalidMessageContents),
            "a control character",
        ),
        (
            "é\u{ffff}",
            Some(SqsErrorKind::InvalidMessageContents),
            "not a character",
        ),
        (
            "\t\r\n \u{d7ff}\u{e000}\u{fffd}\u{10ffff}",
            None,
            "every border of the allowed",
        ),
        (&*long, None, "1 MiB"),
        (
            &*format!("{long}y"),
            Some(SqsErrorKind::InvalidParameterValue),
            "a byte more",
        ),
    ] {
        let result = engine.send("orders", SendEntry::new(body));
        assert_eq!(result.err().map(|error| error.kind), kind, "{why}");
    }
    for (delay, is_good) in [(900, true), (901, false)] {
        let mut entry = SendEntry::new("x");
        entry.delay = Some(delay * SECOND);
        assert_eq!(engine.send("orders", entry).is_ok(), is_good, "{delay} s");
    }
}

#[test]
fn queues_tags_and_policies_take_room_and_give_it_back() {
    let engine = SqsEngine::new();
    engine.store_at_most(100_000);
    let tags: std::collections::BTreeMap<_, _> = (0..50)
        .map(|number| (format!("{number:0>128}"), "v".repeat(256)))
        .collect();
    let create = |name: &str| engine.create_queue_with(name, tags.clone(), |_| Ok(()));
    let refused = (0..100).find_map(|number| create(&format!("q{number}")).err());
    let refused = refused.expect("the limit is met");
    assert_eq!(refused.kind, SqsErrorKind::OverLimit);
    let made = engine.list_queues("").len();
    assert_eq!(made, 4, "23,000 bytes each");
    // What is there may be changed, if it does not grow.
    engine
        .create_queue_with("q0", tags.clone(), |_| Ok(()))
        .expect("it is there");
    engine
        .update_tags("q0", std::collections::BTreeMap::clear)
        .expect("less");
    let policy = |bytes: usize| {
        engine.update_attributes("q0", |attributes| {
            let policy = format!("{{\"Id\":\"{}\"}}", "p".repeat(bytes));
            attributes.inert.insert("Policy".into(), policy);
            Ok(())
        })
    };
    policy(20_000).expect("there is room");
    assert_eq!(policy(50_000).unwrap_err().kind, SqsErrorKind::OverLimit);
    let message = SendEntry::new("x".repeat(20_000));
    let sent = engine.send("q0", message.clone()).unwrap_err();
    assert_eq!(sent.kind, SqsErrorKind::OverLimit);
    engine.delete_queue("q1").expect("it is there");
    engine.send("q0", message).expect("room again");
    engine.delete_queue("q0").expect("with all it holds");
    create("q1").expect("room again");
}

#[test]
fn tags_are_as_many_and_as_long_as_aws_takes() {
    let engine = SqsEngine::new();
    let create = |tags: Vec<(String, String)>| {
        engine.create_queue_with("q", tags.into_iter().collect(), |_| Ok(()))
    };
    let many = |count: usize| (0..count).map(|n| (n.to_string(), String::new())).collect();
    assert!(create(many(51)).is_err() && create(many(50)).is_ok());
    for (key, value, fits) in [
        (128, 256, true),
        (129, 0, false),
        (0, 1, false),
        (1, 257, false),
    ] {
        let tagged = engine.update_tags("q", |tags| {
            *tags = [("k".repeat(key), "v".repeat(value))].into();
        });
        assert_eq!(tagged.is_ok(), fits, "{key} {value}");
    }
}

#[test]
fn groups_and_trace_headers_take_room() {
    let engine = engine(QueueAttributes::default());
    engine.store_at_most(10_000);
    let mut entry = SendEntry::new("x");
    entry.trace_header = Some("t".repeat(20_000));
    let refused = engine.send("orders", entry).unwrap_err();
    assert_eq!(refused.kind, SqsErrorKind::OverLimit);
}
