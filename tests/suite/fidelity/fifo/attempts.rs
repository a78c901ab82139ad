//! A receive that failed on the way is tried again under its attempt id.

use aws_sdk_sqs::types::Message;

use super::super::answer::{equal, good, refused_somehow};
use super::super::check::Documented::{Aws, Unknown};
use super::super::check::{Check, Outcome, check};
use super::super::peer::{Peer, handle, pause};
use super::{bodies, delete, fifo, push_all, take};

#[rustfmt::skip]
pub const CHECKS: &[Check] = &[
    check!(Sqs, "FIFO receive attempts", "The same attempt id gives the same messages again, under the same handles.", Aws("SQS API: ReceiveMessage"), same_again),
    check!(Sqs, "FIFO receive attempts", "It hides them anew.", Aws("SQS API: ReceiveMessage"), hides_anew),
    check!(Sqs, "FIFO receive attempts", "Another attempt id gives nothing of a group in flight.", Aws("SQS API: ReceiveMessage"), another_id),
    check!(Sqs, "FIFO receive attempts", "Once one of its messages is deleted an attempt does not give the others again.", Unknown("The page says when a retry is possible and not what it gives when it is not."), after_delete),
    check!(Sqs, "FIFO receive attempts", "An attempt id of 129 characters is refused.", Aws("SQS API: ReceiveMessage"), id_has_a_limit),
    check!(Sqs, "FIFO receive attempts", "An attempt id is refused by a standard queue.", Unknown("The page says that it applies to FIFO queues only and not what becomes of it elsewhere."), id_of_standard),
];

async fn attempt(
    peer: &Peer,
    url: &str,
    id: &str,
    visibility_s: i32,
) -> Result<Vec<Message>, String> {
    let receive = peer.sqs().receive_message().queue_url(url);
    let receive = receive
        .max_number_of_messages(10)
        .visibility_timeout(visibility_s);
    let received = receive.receive_request_attempt_id(id).send().await;
    Ok(good("ReceiveMessage", received)?
        .messages
        .unwrap_or_default())
}

async fn same_again(peer: &Peer) -> Outcome {
    let url = fifo(peer).await?;
    push_all(peer, &url, "g", &["1", "2"]).await?;
    let first = attempt(peer, &url, "x", 30).await?;
    equal("bodies", bodies(&first), vec!["1", "2"])?;
    let again = attempt(peer, &url, "x", 30).await?;
    equal("bodies again", bodies(&again), vec!["1", "2"])?;
    let same = first
        .iter()
        .zip(&again)
        .all(|(first, again)| handle(first) == handle(again));
    equal("the same handles", same, true)
}

async fn hides_anew(peer: &Peer) -> Outcome {
    let url = fifo(peer).await?;
    push_all(peer, &url, "g", &["1"]).await?;
    attempt(peer, &url, "x", 2).await?;
    pause(500).await;
    equal(
        "bodies again",
        bodies(&attempt(peer, &url, "x", 30).await?),
        vec!["1"],
    )?;
    pause(2_000).await;
    equal(
        "messages after the first time-out",
        take(peer, &url, 10, 30).await?.len(),
        0,
    )
}

async fn another_id(peer: &Peer) -> Outcome {
    let url = fifo(peer).await?;
    push_all(peer, &url, "g", &["1", "2"]).await?;
    equal("messages", attempt(peer, &url, "x", 30).await?.len(), 2)?;
    equal(
        "messages of another attempt",
        attempt(peer, &url, "y", 30).await?.len(),
        0,
    )
}

async fn after_delete(peer: &Peer) -> Outcome {
    let url = fifo(peer).await?;
    push_all(peer, &url, "g", &["1", "2"]).await?;
    let first = attempt(peer, &url, "x", 30).await?;
    equal("bodies", bodies(&first), vec!["1", "2"])?;
    delete(peer, &url, &first[0]).await?;
    equal(
        "messages again",
        attempt(peer, &url, "x", 30).await?.len(),
        0,
    )
}

async fn id_has_a_limit(peer: &Peer) -> Outcome {
    let url = fifo(peer).await?;
    let receive = peer.sqs().receive_message().queue_url(&url);
    let receive = receive.receive_request_attempt_id("x".repeat(129));
    refused_somehow("ReceiveMessage", receive.send().await)
}

async fn id_of_standard(peer: &Peer) -> Outcome {
    let url = peer.queue("standard").await?;
    let receive = peer.sqs().receive_message().queue_url(&url);
    refused_somehow(
        "ReceiveMessage",
        receive.receive_request_attempt_id("x").send().await,
    )
}
