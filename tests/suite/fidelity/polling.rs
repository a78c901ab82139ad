//! SQS: short polls answer at once, long polls wait and wake.

use std::time::{Duration, Instant};

use aws_sdk_sqs::types::QueueAttributeName as Name;

use super::answer::{ensure, equal, good};
use super::check::Documented::{Aws, Unknown};
use super::check::{Check, Outcome, check};
use super::peer::{Peer, body, handle, pause};

#[rustfmt::skip]
pub const CHECKS: &[Check] = &[
    check!(Sqs, "receive", "A short poll of an empty queue answers at once.", Aws("SQS guide: Amazon SQS short and long polling"), short_poll),
    check!(Sqs, "receive", "A long poll of an empty queue waits its time out.", Aws("SQS guide: Amazon SQS short and long polling"), waits_its_time_out),
    check!(Sqs, "receive", "The queue's ReceiveMessageWaitTimeSeconds makes a poll long.", Aws("SQS guide: Amazon SQS short and long polling"), queue_makes_it_long),
    check!(Sqs, "receive", "A wait of 0 overrides the queue's wait time.", Aws("SQS API: ReceiveMessage"), zero_overrides),
    check!(Sqs, "receive", "A long poll wakes when a message is sent.", Aws("SQS guide: Amazon SQS short and long polling"), wakes_on_send),
    check!(Sqs, "receive", "A long poll wakes when a message's delay ends.", Aws("SQS guide: Amazon SQS short and long polling"), wakes_on_delay),
    check!(Sqs, "receive", "A long poll wakes when a message's visibility timeout ends.", Aws("SQS guide: Amazon SQS short and long polling"), wakes_on_visibility),
    check!(Sqs, "receive", "A long poll wakes when a message is made visible.", Aws("SQS guide: Amazon SQS short and long polling"), wakes_on_change),
    check!(Sqs, "receive", "Of two pollers and one message, one gets it.", Aws("SQS guide: Amazon SQS visibility timeout"), one_of_two),
    check!(Sqs, "receive", "A long poll whose client has gone swallows no message.", Unknown("The pages do not say what becomes of a message that is handed to a client that has gone; it would be back after its visibility timeout."), gone_client),
];

/// Long against what it waits for, which comes within a second or so.
const LONG: i32 = 15;

async fn short_poll(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    let began = Instant::now();
    equal(
        "messages received",
        peer.receive(&url, 10, None, 0).await?.len(),
        0,
    )?;
    ensure(
        began.elapsed() < Duration::from_secs(10),
        "a short poll of an empty queue: expected an answer at once, seen a wait",
    )
}

async fn waits_its_time_out(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    takes_a_second(peer, &url, Some(1)).await
}

async fn queue_makes_it_long(peer: &Peer) -> Outcome {
    let url = peer
        .queue_with("q", &[(Name::ReceiveMessageWaitTimeSeconds, "1")])
        .await?;
    takes_a_second(peer, &url, None).await
}

async fn takes_a_second(peer: &Peer, url: &str, wait_s: Option<i32>) -> Outcome {
    let began = Instant::now();
    let receive = peer.sqs().receive_message().queue_url(url);
    let received = receive.set_wait_time_seconds(wait_s).send().await;
    equal(
        "messages received",
        good("ReceiveMessage", received)?.messages().len(),
        0,
    )?;
    ensure(
        began.elapsed() > Duration::from_millis(900),
        "a long poll of 1 s of an empty queue: expected to wait, seen an answer before its time",
    )
}

async fn zero_overrides(peer: &Peer) -> Outcome {
    let url = peer
        .queue_with("q", &[(Name::ReceiveMessageWaitTimeSeconds, "20")])
        .await?;
    let began = Instant::now();
    equal(
        "messages received",
        peer.receive(&url, 10, None, 0).await?.len(),
        0,
    )?;
    ensure(
        began.elapsed() < Duration::from_secs(10),
        "a poll with a wait of 0: expected an answer at once, seen a wait",
    )
}

/// A long poll gets the message `a` long before it would give up, while `act` makes that happen.
async fn wakes(peer: &Peer, url: &str, act: impl Future<Output = Outcome>) -> Outcome {
    let began = Instant::now();
    let (received, acted) = tokio::join!(peer.receive(url, 10, None, LONG), act);
    acted?;
    let received = received?;
    equal("messages received", received.len(), 1)?;
    equal("body", body(&received[0]), "a")?;
    ensure(
        began.elapsed() < Duration::from_secs(10),
        "a long poll: expected to wake with the message, seen to wait on",
    )
}

async fn wakes_on_send(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    let send = async {
        pause(300).await;
        peer.send(&url, "a").await.map(|_| ())
    };
    wakes(peer, &url, send).await
}

async fn wakes_on_delay(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    let send = peer.sqs().send_message().queue_url(&url).message_body("a");
    good("SendMessage", send.delay_seconds(1).send().await)?;
    wakes(peer, &url, async { Ok(()) }).await
}

async fn wakes_on_visibility(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    peer.send(&url, "a").await?;
    peer.receive_one(&url, Some(1)).await?;
    wakes(peer, &url, async { Ok(()) }).await
}

async fn wakes_on_change(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    peer.send(&url, "a").await?;
    let message = peer.receive_one(&url, Some(600)).await?;
    let show = async {
        pause(300).await;
        let change = peer.sqs().change_message_visibility().queue_url(&url);
        let change = change
            .receipt_handle(handle(&message))
            .visibility_timeout(0);
        good("ChangeMessageVisibility", change.send().await).map(|_| ())
    };
    wakes(peer, &url, show).await
}

async fn one_of_two(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    let send = async {
        pause(300).await;
        peer.send(&url, "a").await
    };
    let poll = || peer.receive(&url, 10, None, 2);
    let (first, second, sent) = tokio::join!(poll(), poll(), send);
    sent?;
    equal("receives of one message", first?.len() + second?.len(), 1)
}

async fn gone_client(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    let poll = peer.receive(&url, 10, None, 10);
    let gone = tokio::time::timeout(Duration::from_millis(300), poll).await;
    equal("an answer before anything was sent", gone.is_ok(), false)?;
    pause(100).await;
    peer.send(&url, "a").await?;
    // Time for a server that polls on behalf of a client that has gone.
    pause(1_500).await;
    equal(
        "messages received",
        peer.receive(&url, 10, None, 1).await?.len(),
        1,
    )
}
