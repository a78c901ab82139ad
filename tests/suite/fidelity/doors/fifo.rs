//! SNS: FIFO topics.

use aws_sdk_sqs::types::MessageSystemAttributeName as System;

use super::super::answer::{ensure, equal};
use super::super::check::Documented::{Aws, Unknown};
use super::super::check::{Check, Outcome, check};
use super::super::fifo::{bodies, fifo, take};
use super::super::peer::{Peer, system};
use super::{RAW, drain, publish, published, subscribe, topic_with};

#[rustfmt::skip]
pub const CHECKS: &[Check] = &[
    check!(Sns, "FIFO topics", "A message without a group is refused (InvalidParameter).", Aws("SNS API: Publish"), needs_group),
    check!(Sns, "FIFO topics", "A message without a deduplication id is refused where its body is not one (InvalidParameter).", Aws("SNS API: Publish"), needs_id),
    check!(Sns, "FIFO topics", "A publication answers with a sequence number, which rises within a group.", Aws("SNS API: Publish"), numbers),
    check!(Sns, "FIFO topics", "A FIFO queue gets messages in their order, with group and deduplication id.", Aws("SNS guide: FIFO topics, message delivery"), order),
    check!(Sns, "FIFO topics", "A message with the same deduplication id is accepted and not delivered.", Aws("SNS API: Publish"), same_id),
    check!(Sns, "FIFO topics", "With ContentBasedDeduplication the same body is accepted and delivered once.", Aws("SNS guide: FIFO topics, message deduplication"), same_body),
    check!(Sns, "FIFO topics", "A standard queue may subscribe to a FIFO topic.", Aws("SNS guide: FIFO topics, message delivery"), standard_queue),
    check!(Sns, "FIFO topics", "The envelope names the sequence number of the reply.", Unknown("The guide's example of an envelope has the field and no sentence says whose number it is."), number_in_envelope),
];

async fn topic(peer: &Peer, by_content: bool) -> Result<String, String> {
    let by_content = if by_content { "true" } else { "false" };
    let attributes = [
        ("Attributes.entry.1.key", "FifoTopic"),
        ("Attributes.entry.1.value", "true"),
        ("Attributes.entry.2.key", "ContentBasedDeduplication"),
        ("Attributes.entry.2.value", by_content),
    ];
    topic_with(peer, "t.fifo", &attributes).await
}

/// A FIFO topic and the FIFO queue that is subscribed to it.
async fn subscribed(peer: &Peer, by_content: bool) -> Result<(String, String), String> {
    let (url, topic) = (fifo(peer).await?, topic(peer, by_content).await?);
    subscribe(peer, &topic, &url, &[RAW]).await?;
    Ok((topic, url))
}

fn message<'a>(text: &'a str, group: &'a str, id: &'a str) -> [(&'a str, &'a str); 3] {
    [
        ("Message", text),
        ("MessageGroupId", group),
        ("MessageDeduplicationId", id),
    ]
}

async fn needs_group(peer: &Peer) -> Outcome {
    let topic = topic(peer, true).await?;
    publish(peer, &topic, &[("Message", "1")])
        .await?
        .refused("Publish", "InvalidParameter")
}

async fn needs_id(peer: &Peer) -> Outcome {
    let topic = topic(peer, false).await?;
    let fields = [("Message", "1"), ("MessageGroupId", "a")];
    publish(peer, &topic, &fields)
        .await?
        .refused("Publish", "InvalidParameter")
}

async fn numbers(peer: &Peer) -> Outcome {
    let topic = topic(peer, false).await?;
    let mut last = 0;
    for id in ["1", "2", "3"] {
        let number = published(peer, &topic, &message(id, "a", id))
            .await?
            .text("SequenceNumber")?;
        let number: u128 = number
            .parse()
            .map_err(|_| "SequenceNumber: expected digits, seen others".to_owned())?;
        ensure(
            number > last,
            "SequenceNumber: expected a larger one, seen a smaller one",
        )?;
        last = number;
    }
    Ok(())
}

async fn order(peer: &Peer) -> Outcome {
    let (topic, url) = subscribed(peer, false).await?;
    let texts = ["1", "2", "3", "4", "5"];
    for text in texts {
        published(peer, &topic, &message(text, "a", text)).await?;
    }
    let got = take(peer, &url, 5, 30).await?;
    equal("bodies", bodies(&got), texts.to_vec())?;
    equal(
        "MessageGroupId",
        system(&got[0], &System::MessageGroupId),
        "a",
    )?;
    equal(
        "MessageDeduplicationId",
        system(&got[0], &System::MessageDeduplicationId),
        "1",
    )
}

async fn same_id(peer: &Peer) -> Outcome {
    let (topic, url) = subscribed(peer, false).await?;
    for text in ["1", "2"] {
        published(peer, &topic, &message(text, "a", "one")).await?;
    }
    published(peer, &topic, &message("3", "a", "three")).await?;
    equal(
        "bodies",
        bodies(&take(peer, &url, 2, 30).await?),
        vec!["1", "3"],
    )
}

async fn same_body(peer: &Peer) -> Outcome {
    let (topic, url) = subscribed(peer, true).await?;
    for text in ["1", "1", "2"] {
        published(peer, &topic, &[("Message", text), ("MessageGroupId", "a")]).await?;
    }
    equal(
        "bodies",
        bodies(&take(peer, &url, 2, 30).await?),
        vec!["1", "2"],
    )
}

async fn standard_queue(peer: &Peer) -> Outcome {
    let (url, topic) = (peer.queue("q").await?, topic(peer, false).await?);
    subscribe(peer, &topic, &url, &[RAW]).await?;
    for text in ["1", "2"] {
        published(peer, &topic, &message(text, "a", text)).await?;
    }
    equal(
        "bodies",
        drain(peer, &url, 2).await?,
        vec!["1".to_owned(), "2".to_owned()],
    )
}

async fn number_in_envelope(peer: &Peer) -> Outcome {
    let (url, topic) = (fifo(peer).await?, topic(peer, false).await?);
    subscribe(peer, &topic, &url, &[]).await?;
    let number = published(peer, &topic, &message("1", "a", "1"))
        .await?
        .text("SequenceNumber")?;
    let envelope = super::json(super::super::peer::body(
        &peer.receive_one(&url, None).await?,
    ))?;
    equal(
        "it is the reply's",
        envelope["SequenceNumber"].as_str() == Some(&number),
        true,
    )
}
