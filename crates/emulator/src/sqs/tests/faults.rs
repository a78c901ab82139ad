//! Queues that misbehave on purpose: each fault strikes its message, and no other.

use std::time::Duration;

use tokio::time::advance;

use super::*;

/// Misbehaves toward the message `unlucky` alone.
struct Unlucky(ReceiveFault, BuryFault, SendFault);

impl QueueFaults for Unlucky {
    fn on_send(&self, _queue: &str, body: &str) -> SendFault {
        if body == "unlucky" {
            self.2
        } else {
            SendFault::None
        }
    }

    fn on_receive(&self, _queue: &str, body: &str) -> ReceiveFault {
        if body == "unlucky" {
            self.0
        } else {
            ReceiveFault::None
        }
    }

    fn on_bury(&self, _queue: &str, body: &str) -> BuryFault {
        if body == "unlucky" {
            self.1
        } else {
            BuryFault::None
        }
    }

    fn hides_counts(&self, _queue: &str) -> bool {
        true
    }

    fn is_uncounted(&self, body: &str) -> bool {
        body == "unlucky"
    }
}

fn unlucky(receive: ReceiveFault, bury: BuryFault, sent: SendFault) -> SqsEngine {
    let engine = engine(QueueAttributes::default());
    engine.set_faults(Box::new(Unlucky(receive, bury, sent)));
    engine
}

fn bodies(received: &[ReceivedMessage]) -> Vec<&str> {
    received.iter().map(|message| &*message.body).collect()
}

async fn receive_all(engine: &SqsEngine) -> Vec<ReceivedMessage> {
    let options = ReceiveOptions {
        max_messages: 10,
        ..ReceiveOptions::default()
    };
    engine.receive("orders", options).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_lost_receive_counts_and_hides_and_hands_nothing_out() {
    let engine = unlucky(ReceiveFault::Lose, BuryFault::None, SendFault::None);
    send(&engine, "unlucky");
    send(&engine, "lucky");
    assert_eq!(bodies(&receive_all(&engine).await), ["lucky"]);
    assert_eq!(engine.counts("orders").unwrap().in_flight, 2);
    let counts = engine.describe_queue("orders").unwrap().counts;
    assert_eq!(counts.total(), 1, "its counts leave the other one out");
}

#[tokio::test(start_paused = true)]
async fn a_duplicate_is_handed_out_again_at_once_and_its_first_handle_deletes_nothing() {
    let engine = unlucky(ReceiveFault::Duplicate, BuryFault::None, SendFault::None);
    send(&engine, "unlucky");
    let first = receive_all(&engine).await;
    let second = receive_all(&engine).await;
    assert_eq!(bodies(&first), bodies(&second));
    assert_eq!(second[0].receive_count, 2);
    engine.delete("orders", &first[0].receipt_handle).unwrap();
    assert_eq!(engine.counts("orders").unwrap().total(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_visibility_of_its_own_ends_when_it_says() {
    let hide = ReceiveFault::HideFor(Duration::from_secs(2));
    let engine = unlucky(hide, BuryFault::None, SendFault::None);
    send(&engine, "unlucky");
    send(&engine, "lucky");
    receive_all(&engine).await;
    advance(Duration::from_secs(3)).await;
    assert_eq!(bodies(&receive_all(&engine).await), ["unlucky"]);
}

#[tokio::test(start_paused = true)]
async fn a_refused_message_is_an_error_of_its_own_and_a_purge_takes_what_is_there() {
    let engine = unlucky(ReceiveFault::None, BuryFault::None, SendFault::Refuse);
    let entries = ["lucky", "unlucky"].map(SendEntry::new);
    let results = engine.send_all("orders", entries.into()).unwrap();
    assert!(results[0].is_ok());
    let refused = results[1].as_ref().unwrap_err();
    assert_eq!(refused.kind, SqsErrorKind::RequestThrottled);
    assert_eq!(engine.counts("orders").unwrap().total(), 1);

    let engine = unlucky(ReceiveFault::None, BuryFault::None, SendFault::Purge);
    for body in ["before", "unlucky", "after"] {
        send(&engine, body);
    }
    assert_eq!(bodies(&receive_all(&engine).await), ["after"]);
}

#[tokio::test(start_paused = true)]
async fn a_dead_letter_is_taken_or_held_by_another_consumer() {
    for (fault, visible, in_flight) in [
        (BuryFault::None, 2, 0),
        (BuryFault::Consumed, 1, 0),
        (BuryFault::Held, 1, 1),
    ] {
        let engine = SqsEngine::new();
        engine.set_faults(Box::new(Unlucky(
            ReceiveFault::None,
            fault,
            SendFault::None,
        )));
        engine
            .create_queue("dead", QueueAttributes::default())
            .unwrap();
        let attributes = QueueAttributes {
            redrive: Some(Redrive {
                dead_letter_queue: "dead".into(),
                max_receive_count: 1,
            }),
            ..QueueAttributes::default()
        };
        engine.create_queue("orders", attributes).unwrap();
        send(&engine, "unlucky");
        send(&engine, "lucky");
        receive_all(&engine).await;
        advance(Duration::from_secs(31)).await;
        assert!(receive_all(&engine).await.is_empty());
        let counts = engine.counts("dead").unwrap();
        assert_eq!(
            (counts.visible, counts.in_flight),
            (visible, in_flight),
            "{fault:?}"
        );
    }
}
