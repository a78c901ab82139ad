//! SQS: FIFO queues.

pub mod attempts;
pub mod dead_letters;
pub mod deduplication;
pub mod order;
pub mod queues;
pub mod send;

use std::collections::HashMap;

use aws_sdk_sqs::operation::send_message::SendMessageOutput;
use aws_sdk_sqs::operation::send_message::builders::SendMessageFluentBuilder;
use aws_sdk_sqs::types::{
    Message, MessageSystemAttributeName as System, QueueAttributeName as Name,
};

use super::answer::good;
use super::peer::{Peer, body, handle, redrive_policy};

/// What the pages that decide most are called.
const DELIVERY: &str = "SQS guide: FIFO queue delivery logic in Amazon SQS";
const REDRIVE: &str = "SQS guide: Learn how to configure a dead-letter queue redrive in Amazon SQS";

/// A FIFO queue whose messages are deduplicated by their bodies.
pub(super) async fn fifo(peer: &Peer) -> Result<String, String> {
    fifo_with(peer, "q.fifo", &[(Name::ContentBasedDeduplication, "true")]).await
}

async fn fifo_with(peer: &Peer, name: &str, attributes: &[(Name, &str)]) -> Result<String, String> {
    let attributes = [&[(Name::FifoQueue, "true")], attributes].concat();
    peer.queue_with(name, &attributes).await
}

/// The same with a dead-letter queue, which gets what was received so often; the source comes first.
async fn with_dead_letters(
    peer: &Peer,
    max_receive_count: u32,
) -> Result<(String, String), String> {
    let dead = fifo_with(peer, "dead.fifo", &[]).await?;
    let policy = redrive_policy(&peer.arn(&dead).await?, &max_receive_count.to_string());
    let attributes = [
        (Name::ContentBasedDeduplication, "true"),
        (Name::DeduplicationScope, "messageGroup"),
        (Name::RedrivePolicy, policy.as_str()),
    ];
    Ok((fifo_with(peer, "source.fifo", &attributes).await?, dead))
}

fn message(peer: &Peer, url: &str, group: &str, body: &str) -> SendMessageFluentBuilder {
    let send = peer.sqs().send_message().queue_url(url);
    send.message_body(body).message_group_id(group)
}

/// Sends a message without an id of its own.
async fn push(
    peer: &Peer,
    url: &str,
    group: &str,
    body: &str,
) -> Result<SendMessageOutput, String> {
    good("SendMessage", message(peer, url, group, body).send().await)
}

/// Sends a message with this deduplication id.
async fn push_as(
    peer: &Peer,
    url: &str,
    (group, id): (&str, &str),
    body: &str,
) -> Result<SendMessageOutput, String> {
    let send = message(peer, url, group, body).message_deduplication_id(id);
    good("SendMessage", send.send().await)
}

async fn push_all(peer: &Peer, url: &str, group: &str, bodies: &[&str]) -> Result<(), String> {
    for body in bodies {
        push(peer, url, group, body).await?;
    }
    Ok(())
}

/// What a short poll gives and hides for as long.
pub(super) async fn take(
    peer: &Peer,
    url: &str,
    most: i32,
    visibility_s: i32,
) -> Result<Vec<Message>, String> {
    peer.receive(url, most, Some(visibility_s), 0).await
}

async fn delete(peer: &Peer, url: &str, message: &Message) -> Result<(), String> {
    let delete = peer.sqs().delete_message().queue_url(url);
    let deleted = delete.receipt_handle(handle(message)).send().await;
    good("DeleteMessage", deleted).map(|_| ())
}

async fn show(peer: &Peer, url: &str, message: &Message) -> Result<(), String> {
    let change = peer.sqs().change_message_visibility().queue_url(url);
    let change = change.receipt_handle(handle(message)).visibility_timeout(0);
    good("ChangeMessageVisibility", change.send().await).map(|_| ())
}

pub(super) fn bodies(messages: &[Message]) -> Vec<&str> {
    messages.iter().map(body).collect()
}

/// Bodies by group, in the order in which they came.
fn by_group(messages: &[Message]) -> HashMap<&str, Vec<&str>> {
    let mut groups: HashMap<_, Vec<_>> = HashMap::new();
    for message in messages {
        let group = super::peer::system(message, &System::MessageGroupId);
        groups.entry(group).or_default().push(body(message));
    }
    groups
}
