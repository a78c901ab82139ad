//! SQS: batches are sent, and a bad entry fails alone.

use aws_sdk_sqs::operation::send_message_batch::{SendMessageBatchError, SendMessageBatchOutput};
use aws_sdk_sqs::types::SendMessageBatchRequestEntry as Entry;

use super::answer::{equal, good, refused, some};
use super::check::Documented::Aws;
use super::check::{Check, Outcome, check};
use super::peer::{Peer, body, pause};

#[rustfmt::skip]
pub const CHECKS: &[Check] = &[
    check!(Sqs, "send batches", "A batch of ten is accepted, each entry with its id and MD5.", Aws("SQS API: SendMessageBatch"), ten),
    check!(Sqs, "send batches", "A batch of eleven is refused (TooManyEntriesInBatchRequest).", Aws("SQS API: SendMessageBatch"), eleven),
    check!(Sqs, "send batches", "An empty batch is refused (EmptyBatchRequest).", Aws("SQS API: SendMessageBatch"), empty),
    check!(Sqs, "send batches", "Repeated ids are refused (BatchEntryIdsNotDistinct).", Aws("SQS API: SendMessageBatch"), repeated_ids),
    check!(Sqs, "send batches", "An id with characters that are not allowed is refused (InvalidBatchEntryId).", Aws("SQS API: SendMessageBatchRequestEntry"), bad_id),
    check!(Sqs, "send batches", "An entry with characters that are not allowed fails alone, in `Failed`; the others are stored.", Aws("SQS API: SendMessageBatch"), fails_alone),
    check!(Sqs, "send batches", "An entry with a delay over 900 s fails alone.", Aws("SQS API: SendMessageBatch"), bad_delay_fails_alone),
    check!(Sqs, "send batches", "A batch of exactly 1 MiB in all is accepted.", Aws("SQS API: SendMessageBatch"), one_mebibyte),
    check!(Sqs, "send batches", "A batch over 1 MiB in all is refused (BatchRequestTooLong), and nothing of it is stored.", Aws("SQS API: SendMessageBatch"), too_long),
    check!(Sqs, "send batches", "Each entry has its own delay.", Aws("SQS API: SendMessageBatchRequestEntry"), own_delay),
];

fn entry(id: impl Into<String>, body: impl Into<String>) -> Entry {
    let entry = Entry::builder().id(id).message_body(body).build();
    entry.expect("it has an id and a body")
}

fn entries(many: usize) -> Vec<Entry> {
    let entries = (0..many).map(|number| entry(format!("id-{number}"), format!("body {number}")));
    entries.collect()
}

async fn send(
    peer: &Peer,
    url: &str,
    entries: Vec<Entry>,
) -> Result<SendMessageBatchOutput, aws_sdk_sqs::error::SdkError<SendMessageBatchError>> {
    let batch = peer.sqs().send_message_batch().queue_url(url);
    batch.set_entries(Some(entries)).send().await
}

async fn ten(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    let sent = good("SendMessageBatch", send(peer, &url, entries(10)).await)?;
    equal("entries stored", sent.successful().len(), 10)?;
    equal("entries failed", sent.failed().len(), 0)?;
    let fifth = sent.successful().iter().find(|entry| entry.id() == "id-5");
    let fifth = some("the entry `id-5`", fifth)?;
    let md5 = "f2c66aa54a6cbd647b4dc0c048f276ec";
    equal(
        "MD5OfMessageBody of `body 5`",
        fifth.md5_of_message_body(),
        md5,
    )?;
    equal(
        "visible, in flight, delayed",
        peer.counts(&url).await?,
        [10, 0, 0],
    )
}

async fn eleven(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    let sent = send(peer, &url, entries(11)).await;
    refused(
        "SendMessageBatch",
        sent,
        "TooManyEntriesInBatchRequest",
        |error| error.is_too_many_entries_in_batch_request(),
    )?;
    equal(
        "visible, in flight, delayed",
        peer.counts(&url).await?,
        [0, 0, 0],
    )
}

async fn empty(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    let sent = send(peer, &url, Vec::new()).await;
    refused("SendMessageBatch", sent, "EmptyBatchRequest", |error| {
        error.is_empty_batch_request()
    })
    .map(|_| ())
}

async fn repeated_ids(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    let sent = send(peer, &url, vec![entry("same", "a"), entry("same", "b")]).await;
    refused(
        "SendMessageBatch",
        sent,
        "BatchEntryIdsNotDistinct",
        |error| error.is_batch_entry_ids_not_distinct(),
    )?;
    equal(
        "visible, in flight, delayed",
        peer.counts(&url).await?,
        [0, 0, 0],
    )
}

async fn bad_id(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    let long = "x".repeat(81);
    for id in ["a b", "\u{e9}", long.as_str()] {
        let sent = send(peer, &url, vec![entry(id, "a")]).await;
        refused("SendMessageBatch", sent, "InvalidBatchEntryId", |error| {
            error.is_invalid_batch_entry_id()
        })?;
    }
    Ok(())
}

async fn fails_alone(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    let mixed = vec![
        entry("good", "a"),
        entry("bad", "\u{1}"),
        entry("fine", "b"),
    ];
    one_fails(peer, &url, mixed).await
}

async fn bad_delay_fails_alone(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    let mut mixed = vec![entry("good", "a"), entry("bad", "x"), entry("fine", "b")];
    mixed[1].delay_seconds = Some(901);
    one_fails(peer, &url, mixed).await
}

/// Of three entries, that with the id `bad`.
async fn one_fails(peer: &Peer, url: &str, mixed: Vec<Entry>) -> Outcome {
    let sent = good("SendMessageBatch", send(peer, url, mixed).await)?;
    let failed: Vec<_> = sent
        .failed()
        .iter()
        .map(|entry| (entry.id(), entry.sender_fault()))
        .collect();
    equal(
        "entries failed, and whether by the sender",
        failed,
        vec![("bad", true)],
    )?;
    equal("entries stored", sent.successful().len(), 2)?;
    equal(
        "visible, in flight, delayed",
        peer.counts(url).await?,
        [2, 0, 0],
    )
}

async fn one_mebibyte(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    let half = "x".repeat(1 << 19);
    let sent = send(peer, &url, vec![entry("a", &half), entry("b", &half)]).await;
    equal(
        "entries stored",
        good("SendMessageBatch", sent)?.successful().len(),
        2,
    )
}

async fn too_long(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    let half = "x".repeat(1 << 19);
    let sent = vec![entry("a", &half), entry("b", &half), entry("c", "y")];
    let sent = send(peer, &url, sent).await;
    refused("SendMessageBatch", sent, "BatchRequestTooLong", |error| {
        error.is_batch_request_too_long()
    })?;
    equal(
        "visible, in flight, delayed",
        peer.counts(&url).await?,
        [0, 0, 0],
    )
}

async fn own_delay(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    let mut two = vec![entry("late", "late"), entry("now", "now")];
    two[0].delay_seconds = Some(1);
    good("SendMessageBatch", send(peer, &url, two).await)?;
    let bodies = |messages: Vec<aws_sdk_sqs::types::Message>| {
        messages
            .iter()
            .map(|message| body(message).to_owned())
            .collect::<Vec<_>>()
    };
    let first = bodies(peer.receive(&url, 10, None, 1).await?);
    equal("received at once", first, vec!["now".to_owned()])?;
    pause(1_200).await;
    let second = bodies(peer.receive(&url, 10, None, 1).await?);
    equal("received after the delay", second, vec!["late".to_owned()])
}
