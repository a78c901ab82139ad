//! SQS: visibility is changed, and ends.

use aws_sdk_sqs::types::{ChangeMessageVisibilityBatchRequestEntry as Entry, Message};

use super::answer::{equal, good, refused, refused_somehow};
use super::check::Documented::{Aws, Unknown};
use super::check::{Check, Outcome, check};
use super::peer::{Peer, handle, pause};

#[rustfmt::skip]
pub const CHECKS: &[Check] = &[
    check!(Sqs, "visibility", "A changed visibility timeout counts from the change.", Aws("SQS API: ChangeMessageVisibility"), shortened),
    check!(Sqs, "visibility", "A visibility timeout can be extended.", Aws("SQS API: ChangeMessageVisibility"), extended),
    check!(Sqs, "visibility", "A change to 0 makes the message visible at once.", Aws("SQS API: ChangeMessageVisibility"), zero),
    check!(Sqs, "visibility", "A change of a batch does each entry.", Aws("SQS API: ChangeMessageVisibilityBatch"), batch),
    check!(Sqs, "visibility", "In a batch of changes a bad handle fails alone.", Aws("SQS API: ChangeMessageVisibilityBatch"), bad_handle_fails_alone),
    check!(Sqs, "visibility", "A change to more than 43,200 s is refused.", Aws("SQS API: ChangeMessageVisibility"), has_a_limit),
    check!(Sqs, "visibility", "A change with a handle that never was is refused (ReceiptHandleIsInvalid).", Aws("SQS API: ChangeMessageVisibility"), bad_handle),
    check!(Sqs, "visibility", "A change of a message that is visible again is refused (MessageNotInflight).", Aws("SQS API: ChangeMessageVisibility"), not_in_flight),
    check!(Sqs, "visibility", "A handle whose visibility timeout has ended still deletes, if nobody received the message since.", Unknown("The pages speak of the latest receipt handle and not of one whose timeout has ended."), expired_handle_deletes),
];

async fn change(peer: &Peer, url: &str, message: &Message, timeout_s: i32) -> Outcome {
    let change = peer.sqs().change_message_visibility().queue_url(url);
    let change = change
        .receipt_handle(handle(message))
        .visibility_timeout(timeout_s);
    good("ChangeMessageVisibility", change.send().await).map(|_| ())
}

async fn shortened(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    peer.send(&url, "a").await?;
    let message = peer.receive_one(&url, Some(600)).await?;
    change(peer, &url, &message, 1).await?;
    equal(
        "messages within the timeout",
        peer.receive(&url, 1, None, 0).await?.len(),
        0,
    )?;
    pause(1_200).await;
    equal(
        "messages after the timeout",
        peer.receive(&url, 1, None, 1).await?.len(),
        1,
    )
}

async fn extended(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    peer.send(&url, "a").await?;
    let message = peer.receive_one(&url, Some(2)).await?;
    change(peer, &url, &message, 600).await?;
    pause(2_200).await;
    equal(
        "messages after the first timeout",
        peer.receive(&url, 1, None, 0).await?.len(),
        0,
    )
}

async fn zero(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    peer.send(&url, "a").await?;
    let message = peer.receive_one(&url, Some(600)).await?;
    change(peer, &url, &message, 0).await?;
    equal(
        "messages received",
        peer.receive(&url, 1, None, 0).await?.len(),
        1,
    )
}

fn entry(id: &str, handle: &str, timeout_s: i32) -> Entry {
    let entry = Entry::builder()
        .id(id)
        .receipt_handle(handle)
        .visibility_timeout(timeout_s);
    entry.build().expect("it has an id and a handle")
}

/// Changes the visibility of up to ten messages in one request.
pub async fn change_all(peer: &Peer, url: &str, messages: &[Message], timeout_s: i32) -> Outcome {
    let entries = messages.iter().enumerate();
    let entries = entries.map(|(id, message)| entry(&id.to_string(), handle(message), timeout_s));
    let change = peer.sqs().change_message_visibility_batch().queue_url(url);
    let changed = change.set_entries(Some(entries.collect())).send().await;
    let changed = good("ChangeMessageVisibilityBatch", changed)?;
    equal("entries done", changed.successful().len(), messages.len())
}

async fn batch(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    for body in ["a", "b"] {
        peer.send(&url, body).await?;
    }
    let messages = peer.receive(&url, 10, Some(600), 1).await?;
    equal("messages received", messages.len(), 2)?;
    change_all(peer, &url, &messages, 0).await?;
    equal(
        "visible, in flight, delayed",
        peer.counts(&url).await?,
        [2, 0, 0],
    )
}

async fn bad_handle_fails_alone(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    peer.send(&url, "a").await?;
    let message = peer.receive_one(&url, Some(600)).await?;
    let changed = peer.sqs().change_message_visibility_batch().queue_url(&url);
    let changed = changed.entries(entry("bad", "never-was", 0));
    let changed = changed
        .entries(entry("good", handle(&message), 0))
        .send()
        .await;
    let changed = good("ChangeMessageVisibilityBatch", changed)?;
    let failed: Vec<_> = changed.failed().iter().map(|entry| entry.code()).collect();
    equal(
        "codes of the entries failed",
        failed,
        vec!["ReceiptHandleIsInvalid"],
    )?;
    equal(
        "visible, in flight, delayed",
        peer.counts(&url).await?,
        [1, 0, 0],
    )
}

async fn has_a_limit(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    peer.send(&url, "a").await?;
    let message = peer.receive_one(&url, Some(600)).await?;
    let change = peer.sqs().change_message_visibility().queue_url(&url);
    let change = change
        .receipt_handle(handle(&message))
        .visibility_timeout(43_201);
    refused_somehow("ChangeMessageVisibility", change.send().await)
}

async fn bad_handle(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    let change = peer.sqs().change_message_visibility().queue_url(&url);
    let change = change
        .receipt_handle("never-was")
        .visibility_timeout(0)
        .send()
        .await;
    refused(
        "ChangeMessageVisibility",
        change,
        "ReceiptHandleIsInvalid",
        |error| error.is_receipt_handle_is_invalid(),
    )
    .map(|_| ())
}

async fn not_in_flight(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    peer.send(&url, "a").await?;
    let message = peer.receive_one(&url, Some(1)).await?;
    pause(1_200).await;
    let change = peer.sqs().change_message_visibility().queue_url(&url);
    let change = change
        .receipt_handle(handle(&message))
        .visibility_timeout(10);
    refused(
        "ChangeMessageVisibility",
        change.send().await,
        "MessageNotInflight",
        |error| error.is_message_not_inflight(),
    )
    .map(|_| ())
}

async fn expired_handle_deletes(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    peer.send(&url, "a").await?;
    let message = peer.receive_one(&url, Some(1)).await?;
    pause(1_200).await;
    let delete = peer.sqs().delete_message().queue_url(&url);
    good(
        "DeleteMessage",
        delete.receipt_handle(handle(&message)).send().await,
    )?;
    equal(
        "visible, in flight, delayed",
        peer.counts(&url).await?,
        [0, 0, 0],
    )
}
