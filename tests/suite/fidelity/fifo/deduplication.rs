//! What is sent twice within five minutes is delivered once.

use aws_sdk_sqs::types::{
    MessageAttributeValue, MessageSystemAttributeName as System, QueueAttributeName as Name,
    SendMessageBatchRequestEntry as Entry,
};

use super::super::answer::{equal, good, some};
use super::super::check::Documented::{Aws, Unknown};
use super::super::check::{Check, Outcome, check};
use super::super::peer::{Peer, system};
use super::{bodies, delete, fifo, fifo_with, message, push, push_as, take};

#[rustfmt::skip]
pub const CHECKS: &[Check] = &[
    check!(Sqs, "FIFO deduplication", "A message with the deduplication id of an earlier one is accepted and not delivered.", Aws("SQS API: SendMessage"), by_id),
    check!(Sqs, "FIFO deduplication", "So it is when the earlier one was received and deleted.", Aws("SQS API: SendMessage"), after_delete),
    check!(Sqs, "FIFO deduplication", "The copy is answered with the message id of the first.", Unknown("The pages say that a copy is accepted and not what the answer holds."), same_message_id),
    check!(Sqs, "FIFO deduplication", "The copy is answered with the sequence number of the first.", Unknown("The pages say that a copy is accepted and not what the answer holds."), same_number),
    check!(Sqs, "FIFO deduplication", "Messages with the same body and other attributes are copies where the body is the id.", Aws("SQS API: SendMessage"), attributes_do_not_count),
    check!(Sqs, "FIFO deduplication", "An id that is given comes before the body's.", Aws("SQS API: SendMessage"), given_id_first),
    check!(Sqs, "FIFO deduplication", "A message that is given the id made of an earlier one's body is a copy of it.", Aws("SQS API: SendMessage"), made_id_given),
    check!(Sqs, "FIFO deduplication", "With the scope `queue` a message of another group is a copy too.", Aws("SQS API: SetQueueAttributes"), scope_queue),
    check!(Sqs, "FIFO deduplication", "With the scope `messageGroup` it is none, and one of the same group is.", Aws("SQS API: SetQueueAttributes"), scope_group),
    check!(Sqs, "FIFO deduplication", "Copies within one batch are found as well.", Aws("SQS API: SendMessageBatch"), within_a_batch),
];

async fn by_id(peer: &Peer) -> Outcome {
    let url = fifo_with(peer, "q.fifo", &[]).await?;
    push_as(peer, &url, ("a", "1"), "first").await?;
    push_as(peer, &url, ("a", "1"), "copy").await?;
    push_as(peer, &url, ("a", "2"), "second").await?;
    let got = take(peer, &url, 10, 30).await?;
    equal("bodies", bodies(&got), vec!["first", "second"])
}

async fn after_delete(peer: &Peer) -> Outcome {
    let url = fifo_with(peer, "q.fifo", &[]).await?;
    push_as(peer, &url, ("a", "1"), "first").await?;
    let got = take(peer, &url, 1, 30).await?;
    delete(peer, &url, some("a message received", got.first())?).await?;
    push_as(peer, &url, ("a", "1"), "copy").await?;
    equal("messages", peer.counts(&url).await?, [0, 0, 0])?;
    equal(
        "messages received",
        take(peer, &url, 10, 30).await?.len(),
        0,
    )
}

async fn same_message_id(peer: &Peer) -> Outcome {
    let url = fifo(peer).await?;
    let first = push(peer, &url, "a", "1").await?;
    let copy = push(peer, &url, "a", "1").await?;
    let other = push(peer, &url, "a", "2").await?;
    let id = some("MessageId", first.message_id())?;
    equal("the same id", copy.message_id() == Some(id), true)?;
    equal("the id of another", other.message_id() == Some(id), false)
}

async fn same_number(peer: &Peer) -> Outcome {
    let url = fifo(peer).await?;
    let first = push(peer, &url, "a", "1").await?;
    push(peer, &url, "a", "2").await?;
    let copy = push(peer, &url, "a", "1").await?;
    let number = some("SequenceNumber", first.sequence_number())?;
    equal(
        "the same number",
        copy.sequence_number() == Some(number),
        true,
    )
}

async fn attributes_do_not_count(peer: &Peer) -> Outcome {
    let url = fifo(peer).await?;
    for value in ["1", "2"] {
        let attribute = MessageAttributeValue::builder().data_type("Number");
        let attribute = attribute.string_value(value).build();
        let send = message(peer, &url, "a", "same");
        let send = send.message_attributes("n", attribute.expect("it has a type"));
        good("SendMessage", send.send().await)?;
    }
    equal("messages", peer.counts(&url).await?, [1, 0, 0])
}

async fn given_id_first(peer: &Peer) -> Outcome {
    let url = fifo(peer).await?;
    push_as(peer, &url, ("a", "1"), "same").await?;
    push_as(peer, &url, ("a", "2"), "same").await?;
    equal("messages", peer.counts(&url).await?, [2, 0, 0])
}

async fn made_id_given(peer: &Peer) -> Outcome {
    let url = fifo(peer).await?;
    push(peer, &url, "a", "first").await?;
    let got = peer.receive_one(&url, Some(0)).await?;
    let id = system(&got, &System::MessageDeduplicationId);
    equal("MessageDeduplicationId is there", id.is_empty(), false)?;
    push_as(peer, &url, ("a", id), "copy").await?;
    equal("messages", peer.counts(&url).await?, [1, 0, 0])
}

async fn scope_queue(peer: &Peer) -> Outcome {
    let scope = [(Name::DeduplicationScope, "queue")];
    let url = fifo_with(peer, "q.fifo", &scope).await?;
    push_as(peer, &url, ("a", "1"), "first").await?;
    push_as(peer, &url, ("b", "1"), "copy").await?;
    equal(
        "bodies",
        bodies(&take(peer, &url, 10, 30).await?),
        vec!["first"],
    )
}

async fn scope_group(peer: &Peer) -> Outcome {
    let scope = [(Name::DeduplicationScope, "messageGroup")];
    let url = fifo_with(peer, "q.fifo", &scope).await?;
    push_as(peer, &url, ("a", "1"), "first").await?;
    push_as(peer, &url, ("b", "1"), "another").await?;
    push_as(peer, &url, ("b", "1"), "copy").await?;
    let got = take(peer, &url, 10, 30).await?;
    let mut bodies = bodies(&got);
    bodies.sort_unstable();
    equal("bodies", bodies, vec!["another", "first"])
}

async fn within_a_batch(peer: &Peer) -> Outcome {
    let url = fifo(peer).await?;
    let entries = [("1", "x"), ("2", "y"), ("3", "x")].map(|(id, body)| {
        let entry = Entry::builder()
            .id(id)
            .message_body(body)
            .message_group_id("a");
        entry.build().expect("it has an id and a body")
    });
    let send = peer.sqs().send_message_batch().queue_url(&url);
    let sent = good(
        "SendMessageBatch",
        send.set_entries(Some(entries.into())).send().await,
    )?;
    equal("entries accepted", sent.successful().len(), 3)?;
    equal(
        "bodies",
        bodies(&take(peer, &url, 10, 30).await?),
        vec!["x", "y"],
    )
}
