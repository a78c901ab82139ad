//! Connections that are lost, closed, late or left alone.

use tokio::task::coop;

use super::*;

#[tokio::test]
async fn a_connection_lost_after_reading_leaves_the_order_in_doubt_and_is_not_retried() {
    for raw in [
        "",
        "HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"Succ",
        "gibberish\r\n\r\n",
    ] {
        for kind in [SenderKind::Http, SenderKind::Sdk] {
            let stub = Stub::start(move |_| Answer::Raw(raw)).await;
            let reply = sender(&stub.target(), kind, PATIENT)
                .send(&batch(0..2))
                .await;
            let outcomes: Vec<Outcome> = reply.entries.iter().map(|entry| entry.outcome).collect();
            assert_eq!(outcomes, [Outcome::Indeterminate; 2], "{raw:?}, {kind:?}");
            assert_eq!(stub.recorded().len(), 1, "{raw:?}, {kind:?}: sent once");
        }
    }
}

#[tokio::test]
async fn a_connection_closed_while_idle_is_replaced_without_doubt() {
    let stub = Stub::start(|_| Answer::GoodThenClose).await;
    let mut ours = sender(&stub.target(), SenderKind::Http, PATIENT);
    for k in 0..3 {
        let reply = ours.send(&batch(k..k + 1)).await;
        assert_eq!(words(&reply), [ACKED], "order {k}");
        // Lets the close arrive; without it the outcome may rightly be in doubt.
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!((stub.recorded().len(), stub.connections()), (3, 3));

    let steady = Stub::start(|_| Answer::Good).await;
    let mut ours = sender(&steady.target(), SenderKind::Http, PATIENT);
    for k in 0..3 {
        ours.send(&batch(k..k + 1)).await;
    }
    assert_eq!((steady.recorded().len(), steady.connections()), (3, 1));
}

/// A task that has used up its budget gets `Pending` from every read, even if there is something to read.
#[tokio::test]
async fn a_closed_connection_is_replaced_by_a_task_without_budget_too() {
    let stub = Stub::start(|_| Answer::GoodThenClose).await;
    let mut ours = sender(&stub.target(), SenderKind::Http, PATIENT);
    for k in 0..3 {
        let order = batch(k..k + 1);
        tokio::time::sleep(Duration::from_millis(5)).await;
        while coop::has_budget_remaining() {
            coop::consume_budget().await;
        }
        let reply = ours.send(&order).await;
        assert_eq!(words(&reply), [ACKED], "order {k}");
    }
    assert_eq!((stub.recorded().len(), stub.connections()), (3, 3));
}

/// A reply that nobody waited for must not be taken for that to the next request.
#[tokio::test]
async fn a_sending_that_was_given_up_leaves_its_connection_to_nobody() {
    let stub = Stub::start(
        |request| match request.messages()[0].contains("7000000000,") {
            true => Answer::Late(Duration::from_millis(100)),
            false => Answer::Good,
        },
    )
    .await;
    let mut sender = sender(&stub.target(), SenderKind::Http, PATIENT);
    let order = batch(0..1);
    let given_up = tokio::time::timeout(Duration::from_millis(30), sender.send(&order)).await;
    assert!(given_up.is_err());
    for orders in [1..2, 2..3] {
        let reply = sender.send(&batch(orders)).await;
        assert_eq!(words(&reply), [ACKED]);
    }
    assert_eq!(stub.connections(), 2);
}

#[tokio::test]
async fn no_reply_in_time_is_in_doubt_and_the_next_order_gets_a_new_connection() {
    for kind in [SenderKind::Http, SenderKind::Sdk] {
        let stub = Stub::start(
            |request| match request.messages()[0].contains("7000000000,") {
                true => Answer::Silence,
                false => Answer::Late(Duration::from_millis(1)),
            },
        )
        .await;
        let mut sender = sender(&stub.target(), kind, Duration::from_millis(150));
        let reply = sender.send(&batch(0..1)).await;
        assert_eq!(
            words(&reply),
            [(Outcome::Indeterminate, "no reply in time")],
            "{kind:?}"
        );
        assert_eq!(words(&sender.send(&batch(1..2)).await), [ACKED], "{kind:?}");
        assert_eq!(stub.recorded().len(), 2, "{kind:?}: nothing is sent twice");
    }
}

#[tokio::test]
async fn an_order_of_which_nothing_left_is_rejected() {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let mut ours = sender(
        &target(&format!("http://{address}")),
        SenderKind::Http,
        PATIENT,
    );
    let reply = ours.send(&batch(0..2)).await;
    assert_eq!(
        words(&reply),
        [(Outcome::Rejected, "not sent: connection refused"); 2]
    );
    assert_eq!(reply.status, None);
}
