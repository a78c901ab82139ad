//! FIFO queues that misbehave on purpose.

use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

struct Planned(SendFault, ReceiveFault);

impl QueueFaults for Planned {
    fn on_send(&self, _queue: &str, body: &str) -> SendFault {
        match body {
            "unlucky" => self.0,
            _ => SendFault::None,
        }
    }

    fn on_receive(&self, _queue: &str, body: &str) -> ReceiveFault {
        match body {
            "unlucky" => self.1,
            _ => ReceiveFault::None,
        }
    }
}

fn planned(send: SendFault, receive: ReceiveFault) -> SqsEngine {
    let engine = fifo();
    engine.set_faults(Box::new(Planned(send, receive)));
    engine
}

#[tokio::test(start_paused = true)]
async fn a_doubled_message_is_there_twice_in_spite_of_its_id() {
    let engine = planned(SendFault::Double, ReceiveFault::None);
    push(&engine, "a", "unlucky");
    push(&engine, "a", "lucky");
    let got = take(&engine, 10).await;
    assert_eq!(bodies(&got), ["unlucky", "unlucky", "lucky"]);
    assert_ne!(got[0].message_id, got[1].message_id);
}

#[tokio::test(start_paused = true)]
async fn an_overtaken_message_comes_after_its_follower() {
    let engine = planned(SendFault::None, ReceiveFault::Overtake);
    push(&engine, "a", "unlucky");
    push(&engine, "a", "lucky");
    let got = take(&engine, 10).await;
    assert_eq!(bodies(&got), ["lucky"]);
    delete(&engine, &got[0]);
    assert_eq!(
        bodies(&take(&engine, 10).await),
        ["unlucky"],
        "nobody follows"
    );
}

#[tokio::test(start_paused = true)]
async fn a_lost_message_blocks_its_group_and_a_duplicate_does_not() {
    let engine = planned(SendFault::None, ReceiveFault::Lose);
    push(&engine, "a", "unlucky");
    push(&engine, "a", "lucky");
    push(&engine, "b", "other");
    assert!(take(&engine, 1).await.is_empty(), "it is lost");
    assert_eq!(bodies(&take(&engine, 10).await), ["other"]);
    assert!(take(&engine, 10).await.is_empty());
    let engine = planned(SendFault::None, ReceiveFault::Duplicate);
    push(&engine, "a", "unlucky");
    assert_eq!(bodies(&take(&engine, 1).await), ["unlucky"]);
    assert_eq!(bodies(&take(&engine, 1).await), ["unlucky"]);
}

#[tokio::test(start_paused = true)]
async fn a_vanished_message_has_a_number_and_is_remembered() {
    let engine = planned(SendFault::Vanish, ReceiveFault::None);
    let sent = push(&engine, "a", "unlucky");
    assert!(sent.sequence_number.is_some());
    let again = push(&engine, "a", "unlucky");
    assert_eq!(again.message_id, sent.message_id);
    assert_eq!(counts(&engine, QUEUE), (0, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_message_sent_again_is_left_out_where_messages_are_deduplicated() {
    let engine = planned(SendFault::Again, ReceiveFault::None);
    push(&engine, "a", "unlucky");
    push(&engine, "a", "lucky");
    assert_eq!(bodies(&take(&engine, 10).await), ["unlucky", "lucky"]);
    engine
        .create_queue("standard", QueueAttributes::default())
        .unwrap();
    engine.send("standard", SendEntry::new("unlucky")).unwrap();
    assert_eq!(counts(&engine, "standard"), (2, 0, 0));
}

/// Somebody else takes the message once, for 90 s.
struct TakenOnce(AtomicBool);

impl QueueFaults for TakenOnce {
    fn on_receive(&self, _queue: &str, body: &str) -> ReceiveFault {
        match body == "unlucky" && !self.0.swap(true, Ordering::Relaxed) {
            true => ReceiveFault::TakenFor(Duration::from_secs(90)),
            false => ReceiveFault::None,
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_that_somebody_took_blocks_its_group_for_so_long() {
    let engine = fifo();
    engine.set_faults(Box::new(TakenOnce(AtomicBool::new(false))));
    push(&engine, "a", "unlucky");
    push(&engine, "a", "lucky");
    push(&engine, "b", "other");
    let got = take(&engine, 10).await;
    assert_eq!(bodies(&got), ["other"]);
    delete(&engine, &got[0]);
    tokio::time::advance(Duration::from_secs(89)).await;
    assert!(take(&engine, 10).await.is_empty());
    tokio::time::advance(Duration::from_secs(2)).await;
    assert_eq!(bodies(&take(&engine, 10).await), ["unlucky", "lucky"]);
}
