//! SQS: errors carry the type the SDK maps to its own variants.

use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::operation::RequestId;
use aws_sdk_sqs::types::QueueAttributeName as Name;

use super::answer::{equal, good, refused, refused_somehow};
use super::check::Documented::{Aws, Unknown};
use super::check::{Check, Outcome, check};
use super::peer::Peer;

#[rustfmt::skip]
pub const CHECKS: &[Check] = &[
    check!(Sqs, "errors", "After its deletion every call on a queue is refused (QueueDoesNotExist).", Aws("SQS API: DeleteQueue"), gone),
    check!(Sqs, "errors", "A batch to a queue that does not exist is refused as a whole (QueueDoesNotExist).", Aws("SQS API: SendMessageBatch"), gone_for_batches),
    check!(Sqs, "errors", "GetQueueUrl of a name nobody has is refused (QueueDoesNotExist).", Aws("SQS API: GetQueueUrl"), no_such_name),
    check!(Sqs, "errors", "An error has the code of the query protocol, AWS.SimpleQueueService.NonExistentQueue, that older clients know.", Aws("SQS guide: Interpreting Amazon SQS JSON API responses"), query_code),
    check!(Sqs, "errors", "An error has a request id.", Aws("SQS guide: Interpreting Amazon SQS JSON API responses"), request_id),
    check!(Sqs, "errors", "An attribute nobody knows is refused on read (InvalidAttributeName).", Aws("SQS API: GetQueueAttributes"), unknown_attribute_read),
    check!(Sqs, "errors", "An attribute nobody knows is refused on write (InvalidAttributeName).", Aws("SQS API: SetQueueAttributes"), unknown_attribute_written),
    check!(Sqs, "errors", "A queue URL that is none is refused.", Aws("SQS API: SendMessage"), no_url),
    check!(Sqs, "errors", "A receipt handle of another queue is refused (ReceiptHandleIsInvalid).", Unknown("The page has the error and does not say whether a handle of another queue is one."), handle_of_another),
];

async fn deleted_queue(peer: &Peer) -> Result<String, String> {
    let url = peer.queue("q").await?;
    peer.send(&url, "a").await?;
    good(
        "DeleteQueue",
        peer.sqs().delete_queue().queue_url(&url).send().await,
    )?;
    Ok(url)
}

/// Each request is refused because its queue is gone.
macro_rules! gone {
    ($($what:literal: $request:expr),+ $(,)?) => {$(
        refused($what, $request.send().await, "QueueDoesNotExist", |error| {
            error.is_queue_does_not_exist()
        })?;
    )+};
}

async fn gone(peer: &Peer) -> Outcome {
    let url = deleted_queue(peer).await?;
    let sqs = peer.sqs();
    gone! {
        "SendMessage": sqs.send_message().queue_url(&url).message_body("b"),
        "ReceiveMessage": sqs.receive_message().queue_url(&url),
        "DeleteMessage": sqs.delete_message().queue_url(&url).receipt_handle("x"),
        "ChangeMessageVisibility":
            sqs.change_message_visibility().queue_url(&url).receipt_handle("x").visibility_timeout(0),
        "GetQueueAttributes": sqs.get_queue_attributes().queue_url(&url).attribute_names(Name::All),
        "SetQueueAttributes": sqs.set_queue_attributes().queue_url(&url).attributes(Name::DelaySeconds, "1"),
        "ListDeadLetterSourceQueues": sqs.list_dead_letter_source_queues().queue_url(&url),
        "ListQueueTags": sqs.list_queue_tags().queue_url(&url),
        "TagQueue": sqs.tag_queue().queue_url(&url).tags("a", "b"),
        "UntagQueue": sqs.untag_queue().queue_url(&url).tag_keys("a"),
        "PurgeQueue": sqs.purge_queue().queue_url(&url),
        "DeleteQueue": sqs.delete_queue().queue_url(&url),
    }
    Ok(())
}

async fn gone_for_batches(peer: &Peer) -> Outcome {
    let url = deleted_queue(peer).await?;
    let sent = aws_sdk_sqs::types::SendMessageBatchRequestEntry::builder();
    let sent = sent.id("a").message_body("a").build().expect("it has both");
    let deleted = aws_sdk_sqs::types::DeleteMessageBatchRequestEntry::builder();
    let deleted = deleted
        .id("a")
        .receipt_handle("x")
        .build()
        .expect("it has both");
    gone! {
        "SendMessageBatch": peer.sqs().send_message_batch().queue_url(&url).entries(sent),
        "DeleteMessageBatch": peer.sqs().delete_message_batch().queue_url(&url).entries(deleted),
    }
    Ok(())
}

async fn no_such_name(peer: &Peer) -> Outcome {
    gone! { "GetQueueUrl": peer.sqs().get_queue_url().queue_name(peer.name("none")) }
    Ok(())
}

async fn query_code(peer: &Peer) -> Outcome {
    let get = peer
        .sqs()
        .get_queue_url()
        .queue_name(peer.name("none"))
        .send()
        .await;
    let error = refused("GetQueueUrl", get, "an error", |_| true)?;
    equal(
        "code",
        error.code(),
        Some("AWS.SimpleQueueService.NonExistentQueue"),
    )
}

async fn request_id(peer: &Peer) -> Outcome {
    let get = peer
        .sqs()
        .get_queue_url()
        .queue_name(peer.name("none"))
        .send()
        .await;
    let error = refused("GetQueueUrl", get, "an error", |_| true)?;
    equal("a request id is there", error.request_id().is_some(), true)
}

async fn unknown_attribute_read(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    let get = peer.sqs().get_queue_attributes().queue_url(url);
    let get = get.attribute_names(Name::from("Nonsense")).send().await;
    refused("GetQueueAttributes", get, "InvalidAttributeName", |error| {
        error.is_invalid_attribute_name()
    })
    .map(|_| ())
}

async fn unknown_attribute_written(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    let set = peer.sqs().set_queue_attributes().queue_url(url);
    let set = set.attributes(Name::from("Nonsense"), "1").send().await;
    refused("SetQueueAttributes", set, "InvalidAttributeName", |error| {
        error.is_invalid_attribute_name()
    })
    .map(|_| ())
}

async fn no_url(peer: &Peer) -> Outcome {
    let send = peer
        .sqs()
        .send_message()
        .queue_url("not-a-url")
        .message_body("a");
    refused_somehow("SendMessage", send.send().await)
}

async fn handle_of_another(peer: &Peer) -> Outcome {
    let (here, there) = (peer.queue("here").await?, peer.queue("there").await?);
    peer.send(&here, "a").await?;
    let message = peer.receive_one(&here, None).await?;
    let delete = peer.sqs().delete_message().queue_url(there);
    let delete = delete
        .receipt_handle(super::peer::handle(&message))
        .send()
        .await;
    refused("DeleteMessage", delete, "ReceiptHandleIsInvalid", |error| {
        error.is_receipt_handle_is_invalid()
    })
    .map(|_| ())
}
