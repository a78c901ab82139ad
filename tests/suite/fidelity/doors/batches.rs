//! SNS: PublishBatch.

use super::super::answer::equal;
use super::super::check::Documented::Aws;
use super::super::check::{Check, Outcome, check};
use super::super::peer::Peer;
use super::wire::{Reply, sns};
use super::{RAW, drain, subscribed, topic};

#[rustfmt::skip]
pub const CHECKS: &[Check] = &[
    check!(Sns, "batches", "A batch of ten is published, each entry answered under its id.", Aws("SNS API: PublishBatch"), ten),
    check!(Sns, "batches", "An entry that is refused fails alone, in a reply that is a success.", Aws("SNS API: PublishBatch"), fails_alone),
    check!(Sns, "batches", "Eleven entries are refused (TooManyEntriesInBatchRequest).", Aws("SNS API: PublishBatch"), eleven),
    check!(Sns, "batches", "A batch without entries is refused (EmptyBatchRequest).", Aws("SNS API: PublishBatch"), none),
    check!(Sns, "batches", "Two entries of one id are refused (BatchEntryIdsNotDistinct).", Aws("SNS API: PublishBatch"), same_id),
    check!(Sns, "batches", "An id with a dot is refused (InvalidBatchEntryId).", Aws("SNS API: PublishBatch"), bad_id),
    check!(Sns, "batches", "Messages of more than 256 KiB together are refused (BatchRequestTooLong).", Aws("SNS API: PublishBatch"), too_long),
    check!(Sns, "batches", "A batch to a topic that does not exist is refused (NotFound).", Aws("SNS API: PublishBatch"), no_topic),
];

/// Ids and messages.
async fn batch(peer: &Peer, topic: &str, entries: &[(&str, &str)]) -> Result<Reply, String> {
    let mut fields = vec![("TopicArn".to_owned(), topic.to_owned())];
    for (number, (id, message)) in entries.iter().enumerate() {
        let name = format!("PublishBatchRequestEntries.member.{}", number + 1);
        fields.push((format!("{name}.Id"), (*id).to_owned()));
        fields.push((format!("{name}.Message"), (*message).to_owned()));
    }
    if entries.is_empty() {
        // As botocore writes a list of nothing.
        fields.push(("PublishBatchRequestEntries".to_owned(), String::new()));
    }
    let fields: Vec<_> = fields
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    sns(peer, "PublishBatch", &fields).await
}

const TEN: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

async fn ten(peer: &Peer) -> Outcome {
    let (topic, url) = subscribed(peer, &[RAW]).await?;
    let reply = batch(peer, &topic, &TEN.map(|id| (id, id)))
        .await?
        .good("PublishBatch")?;
    equal(
        "entries that succeeded",
        reply.part("Successful").texts("Id").len(),
        10,
    )?;
    equal("ids of messages", reply.texts("MessageId").len(), 10)?;
    equal(
        "bodies",
        drain(peer, &url, 10).await?,
        TEN.map(str::to_owned).to_vec(),
    )
}

async fn fails_alone(peer: &Peer) -> Outcome {
    let (topic, url) = subscribed(peer, &[RAW]).await?;
    let entries = [("good", "1"), ("bad", ""), ("fine", "2")];
    let reply = batch(peer, &topic, &entries).await?.good("PublishBatch")?;
    let (good, bad) = (reply.part("Successful"), reply.part("Failed"));
    equal(
        "succeeded",
        good.texts("Id"),
        vec!["good".to_owned(), "fine".to_owned()],
    )?;
    equal("failed", bad.texts("Id"), vec!["bad".to_owned()])?;
    equal("Code", bad.text("Code")?.as_str(), "InvalidParameter")?;
    equal("SenderFault", bad.text("SenderFault")?.as_str(), "true")?;
    equal(
        "bodies",
        drain(peer, &url, 2).await?,
        vec!["1".to_owned(), "2".to_owned()],
    )
}

async fn eleven(peer: &Peer) -> Outcome {
    let topic = topic(peer, "t").await?;
    let mut entries = TEN.map(|id| (id, id)).to_vec();
    entries.push(("10", "10"));
    let reply = batch(peer, &topic, &entries).await?;
    reply.refused("PublishBatch", "TooManyEntriesInBatchRequest")
}

async fn none(peer: &Peer) -> Outcome {
    let topic = topic(peer, "t").await?;
    batch(peer, &topic, &[])
        .await?
        .refused("PublishBatch", "EmptyBatchRequest")
}

async fn same_id(peer: &Peer) -> Outcome {
    let topic = topic(peer, "t").await?;
    let reply = batch(peer, &topic, &[("a", "1"), ("a", "2")]).await?;
    reply.refused("PublishBatch", "BatchEntryIdsNotDistinct")
}

async fn bad_id(peer: &Peer) -> Outcome {
    let topic = topic(peer, "t").await?;
    batch(peer, &topic, &[("a.b", "1")])
        .await?
        .refused("PublishBatch", "InvalidBatchEntryId")
}

async fn too_long(peer: &Peer) -> Outcome {
    let topic = topic(peer, "t").await?;
    let half = "x".repeat(128 << 10);
    batch(peer, &topic, &[("a", &half), ("b", &half)])
        .await?
        .good("PublishBatch")?;
    let reply = batch(peer, &topic, &[("a", &half), ("b", &half), ("c", "x")]).await?;
    reply.refused("PublishBatch", "BatchRequestTooLong")
}

async fn no_topic(peer: &Peer) -> Outcome {
    let gone = format!("{}x", topic(peer, "t").await?);
    batch(peer, &gone, &[("a", "1")])
        .await?
        .refused("PublishBatch", "NotFound")
}
