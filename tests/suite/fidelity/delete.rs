//! SQS: messages are deleted, once or twice, and stay deleted.

use aws_sdk_sqs::types::DeleteMessageBatchRequestEntry as Entry;

use super::answer::{equal, good, refused};
use super::check::Documented::{Aws, Unknown};
use super::check::{Check, Outcome, check};
use super::peer::{Peer, handle, pause};

#[rustfmt::skip]
pub const CHECKS: &[Check] = &[
    check!(Sqs, "delete", "A deleted message does not come back after its visibility timeout.", Aws("SQS API: DeleteMessage"), stays_away),
    check!(Sqs, "delete", "A message can be deleted twice.", Unknown("The page does not say what a second delete answers."), twice),
    check!(Sqs, "delete", "A handle that never was is refused (ReceiptHandleIsInvalid).", Aws("SQS API: DeleteMessage"), never_was),
    check!(Sqs, "delete", "A handle of an earlier receive is accepted and does not delete.", Unknown("The pages say that such a delete may succeed without deleting the message."), earlier_handle),
    check!(Sqs, "delete", "A batch deletes each of its messages.", Aws("SQS API: DeleteMessageBatch"), batch),
    check!(Sqs, "delete", "In a batch of deletes a handle that never was fails alone.", Aws("SQS API: DeleteMessageBatch"), bad_handle_fails_alone),
    check!(Sqs, "delete", "A batch of deletes with repeated ids is refused (BatchEntryIdsNotDistinct).", Aws("SQS API: DeleteMessageBatch"), repeated_ids),
];

async fn delete(peer: &Peer, url: &str, handle: &str) -> Outcome {
    let delete = peer.sqs().delete_message().queue_url(url);
    good("DeleteMessage", delete.receipt_handle(handle).send().await).map(|_| ())
}

async fn stays_away(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    peer.send(&url, "a").await?;
    let message = peer.receive_one(&url, Some(1)).await?;
    delete(peer, &url, handle(&message)).await?;
    pause(1_200).await;
    equal(
        "messages received",
        peer.receive(&url, 1, None, 0).await?.len(),
        0,
    )?;
    equal(
        "visible, in flight, delayed",
        peer.counts(&url).await?,
        [0, 0, 0],
    )
}

async fn twice(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    peer.send(&url, "a").await?;
    let message = peer.receive_one(&url, None).await?;
    for _ in 0..2 {
        delete(peer, &url, handle(&message)).await?;
    }
    Ok(())
}

async fn never_was(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    let delete = peer
        .sqs()
        .delete_message()
        .queue_url(url)
        .receipt_handle("never-was");
    refused(
        "DeleteMessage",
        delete.send().await,
        "ReceiptHandleIsInvalid",
        |error| error.is_receipt_handle_is_invalid(),
    )
    .map(|_| ())
}

async fn earlier_handle(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    peer.send(&url, "a").await?;
    let first = peer.receive_one(&url, Some(0)).await?;
    peer.receive_one(&url, Some(600)).await?;
    delete(peer, &url, handle(&first)).await?;
    equal(
        "visible, in flight, delayed",
        peer.counts(&url).await?,
        [0, 1, 0],
    )
}

fn entry(id: &str, handle: &str) -> Entry {
    let entry = Entry::builder().id(id).receipt_handle(handle).build();
    entry.expect("it has an id and a handle")
}

async fn batch(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    for body in ["a", "b", "c"] {
        peer.send(&url, body).await?;
    }
    let messages = peer.receive(&url, 10, None, 1).await?;
    equal("messages received", messages.len(), 3)?;
    let entries = ["x", "y", "z"].iter().zip(&messages);
    let entries = entries
        .map(|(id, message)| entry(id, handle(message)))
        .collect();
    let deleted = peer
        .sqs()
        .delete_message_batch()
        .queue_url(&url)
        .set_entries(Some(entries));
    let deleted = good("DeleteMessageBatch", deleted.send().await)?;
    equal("entries done", deleted.successful().len(), 3)?;
    equal(
        "visible, in flight, delayed",
        peer.counts(&url).await?,
        [0, 0, 0],
    )
}

async fn bad_handle_fails_alone(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    peer.send(&url, "a").await?;
    let message = peer.receive_one(&url, None).await?;
    let deleted = peer.sqs().delete_message_batch().queue_url(&url);
    let deleted = deleted.entries(entry("bad", "never-was"));
    let deleted = deleted
        .entries(entry("good", handle(&message)))
        .send()
        .await;
    let deleted = good("DeleteMessageBatch", deleted)?;
    let failed: Vec<_> = deleted.failed().iter().map(|entry| entry.code()).collect();
    equal(
        "codes of the entries failed",
        failed,
        vec!["ReceiptHandleIsInvalid"],
    )?;
    equal(
        "visible, in flight, delayed",
        peer.counts(&url).await?,
        [0, 0, 0],
    )
}

async fn repeated_ids(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    peer.send(&url, "a").await?;
    let message = peer.receive_one(&url, None).await?;
    let deleted = peer.sqs().delete_message_batch().queue_url(&url);
    let deleted = deleted.entries(entry("same", handle(&message)));
    let deleted = deleted
        .entries(entry("same", handle(&message)))
        .send()
        .await;
    refused(
        "DeleteMessageBatch",
        deleted,
        "BatchEntryIdsNotDistinct",
        |error| error.is_batch_entry_ids_not_distinct(),
    )
    .map(|_| ())
}
