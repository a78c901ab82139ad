//! SNS: publishing, and what queues get of it.

use super::super::answer::{equal, some};
use super::super::check::Documented::{Aws, Unknown};
use super::super::check::{Check, Outcome, check};
use super::super::peer::{Peer, body};
use super::{RAW, drain, json, publish, published, subscribed, topic};

#[rustfmt::skip]
pub const CHECKS: &[Check] = &[
    check!(Sns, "publishing", "A queue gets an envelope of type Notification with the message, its id, the topic's ARN, a time and a signature.", Aws("SNS guide: Parsing Amazon SNS message formats"), envelope),
    check!(Sns, "publishing", "The envelope has the subject and the message attributes.", Aws("SNS guide: Parsing Amazon SNS message formats"), subject_and_attributes),
    check!(Sns, "publishing", "Raw delivery gives the message as it was published.", Aws("SNS guide: Raw message delivery"), raw),
    check!(Sns, "publishing", "Raw delivery gives message attributes as the queue's own.", Aws("SNS guide: Raw message delivery"), raw_attributes),
    check!(Sns, "publishing", "An empty message is refused (InvalidParameter).", Aws("SNS API: Publish"), empty),
    check!(Sns, "publishing", "A message of 256 KiB is accepted and one byte more is refused (InvalidParameter).", Aws("SNS API: Publish"), size),
    check!(Sns, "publishing", "Message attributes count against the size.", Aws("SNS API: Publish"), attributes_count),
    check!(Sns, "publishing", "Publishing to a topic that does not exist is refused (NotFound).", Aws("SNS API: Publish"), no_topic),
    check!(Sns, "publishing", "With MessageStructure json a queue gets the text for sqs, or else the default.", Aws("SNS API: Publish"), structured),
    check!(Sns, "publishing", "MessageStructure json without a default text is refused (InvalidParameter).", Aws("SNS API: Publish"), structured_without_default),
    check!(Sns, "publishing", "A subject with a line break is refused.", Aws("SNS API: Publish"), subject),
    check!(Sns, "publishing", "A message attribute without a value is refused.", Aws("SNS API: Publish"), empty_attribute),
    check!(Sns, "publishing", "A message attribute of an unknown type is refused.", Aws("SNS API: MessageAttributeValue"), attribute_type),
    check!(Sns, "publishing", "A deduplication id is refused by a standard topic.", Unknown("The page says that it applies to FIFO topics only and not what becomes of it elsewhere."), id_of_standard),
    check!(Sns, "publishing", "A group id of a message to a standard topic comes with it to a standard queue.", Aws("SNS API: Publish"), group_of_standard),
];

const ATTRIBUTE: [(&str, &str); 3] = [
    ("MessageAttributes.entry.1.Name", "run"),
    ("MessageAttributes.entry.1.Value.DataType", "Number"),
    ("MessageAttributes.entry.1.Value.StringValue", "7"),
];

async fn envelope(peer: &Peer) -> Outcome {
    let (topic, url) = subscribed(peer, &[]).await?;
    let text = "{\"price\": 110.0, \"of\": \"zPhone \u{fc}\"}";
    let id = published(peer, &topic, &[("Message", text)])
        .await?
        .text("MessageId")?;
    let got = peer.receive_one(&url, None).await?;
    let envelope = json(body(&got))?;
    equal("Type", envelope["Type"].as_str(), Some("Notification"))?;
    equal("Message", envelope["Message"].as_str(), Some(text))?;
    equal(
        "MessageId is the reply's",
        envelope["MessageId"].as_str() == Some(&id),
        true,
    )?;
    equal(
        "TopicArn is the topic's",
        envelope["TopicArn"].as_str() == Some(&topic),
        true,
    )?;
    for field in [
        "Timestamp",
        "SignatureVersion",
        "Signature",
        "SigningCertURL",
        "UnsubscribeURL",
    ] {
        equal(
            &format!("{field} is there"),
            envelope[field].is_string(),
            true,
        )?;
    }
    equal(
        "Subject",
        envelope.get("Subject").and_then(|subject| subject.as_str()),
        None,
    )
}

async fn subject_and_attributes(peer: &Peer) -> Outcome {
    let (topic, url) = subscribed(peer, &[]).await?;
    let mut fields = vec![("Message", "1"), ("Subject", "an order")];
    fields.extend(ATTRIBUTE);
    published(peer, &topic, &fields).await?;
    let envelope = json(body(&peer.receive_one(&url, None).await?))?;
    equal("Subject", envelope["Subject"].as_str(), Some("an order"))?;
    let attribute = &envelope["MessageAttributes"]["run"];
    equal("Type", attribute["Type"].as_str(), Some("Number"))?;
    equal("Value", attribute["Value"].as_str(), Some("7"))
}

async fn raw(peer: &Peer) -> Outcome {
    let (topic, url) = subscribed(peer, &[RAW]).await?;
    let text = "price < 110 & \"zTV\"\r\n\t\u{fc}";
    published(peer, &topic, &[("Message", text)]).await?;
    equal("the body", body(&peer.receive_one(&url, None).await?), text)
}

async fn raw_attributes(peer: &Peer) -> Outcome {
    let (topic, url) = subscribed(peer, &[RAW]).await?;
    let mut fields = vec![("Message", "1")];
    fields.extend(ATTRIBUTE);
    published(peer, &topic, &fields).await?;
    let got = peer.receive_one(&url, None).await?;
    let attribute = got
        .message_attributes()
        .and_then(|attributes| attributes.get("run"));
    let attribute = some("the attribute", attribute)?;
    equal("DataType", attribute.data_type(), "Number")?;
    equal("StringValue", attribute.string_value(), Some("7"))
}

async fn empty(peer: &Peer) -> Outcome {
    let topic = topic(peer, "t").await?;
    publish(peer, &topic, &[("Message", "")])
        .await?
        .refused("Publish", "InvalidParameter")
}

const MOST: usize = 256 << 10;

async fn size(peer: &Peer) -> Outcome {
    let topic = topic(peer, "t").await?;
    published(peer, &topic, &[("Message", &"x".repeat(MOST))]).await?;
    let longer = "x".repeat(MOST + 1);
    publish(peer, &topic, &[("Message", &longer)])
        .await?
        .refused("Publish", "InvalidParameter")
}

async fn attributes_count(peer: &Peer) -> Outcome {
    let topic = topic(peer, "t").await?;
    let text = "x".repeat(MOST - 5);
    published(peer, &topic, &[("Message", &text)]).await?;
    let mut fields = vec![("Message", text.as_str())];
    fields.extend(ATTRIBUTE);
    publish(peer, &topic, &fields)
        .await?
        .refused("Publish", "InvalidParameter")
}

async fn no_topic(peer: &Peer) -> Outcome {
    let gone = format!("{}x", topic(peer, "t").await?);
    publish(peer, &gone, &[("Message", "1")])
        .await?
        .refused("Publish", "NotFound")
}

async fn structured(peer: &Peer) -> Outcome {
    let (topic, url) = subscribed(peer, &[RAW]).await?;
    for message in [
        r#"{"default": "all", "sqs": "queues"}"#,
        r#"{"default": "all", "email": "people"}"#,
    ] {
        published(
            peer,
            &topic,
            &[("Message", message), ("MessageStructure", "json")],
        )
        .await?;
    }
    equal(
        "bodies",
        drain(peer, &url, 2).await?,
        vec!["all".to_owned(), "queues".to_owned()],
    )
}

async fn structured_without_default(peer: &Peer) -> Outcome {
    let topic = topic(peer, "t").await?;
    let fields = [
        ("Message", r#"{"sqs": "queues"}"#),
        ("MessageStructure", "json"),
    ];
    publish(peer, &topic, &fields)
        .await?
        .refused("Publish", "InvalidParameter")
}

async fn subject(peer: &Peer) -> Outcome {
    let topic = topic(peer, "t").await?;
    published(peer, &topic, &[("Message", "1"), ("Subject", "one line")]).await?;
    let fields = [("Message", "1"), ("Subject", "two\nlines")];
    publish(peer, &topic, &fields)
        .await?
        .refused_somehow("Publish")
}

async fn empty_attribute(peer: &Peer) -> Outcome {
    let topic = topic(peer, "t").await?;
    let fields = [
        ("Message", "1"),
        ATTRIBUTE[0],
        ("MessageAttributes.entry.1.Value.DataType", "String"),
        (ATTRIBUTE[2].0, ""),
    ];
    publish(peer, &topic, &fields)
        .await?
        .refused_somehow("Publish")
}

async fn attribute_type(peer: &Peer) -> Outcome {
    let topic = topic(peer, "t").await?;
    let fields = [
        ("Message", "1"),
        ATTRIBUTE[0],
        (ATTRIBUTE[1].0, "Color"),
        ATTRIBUTE[2],
    ];
    publish(peer, &topic, &fields)
        .await?
        .refused_somehow("Publish")
}

async fn id_of_standard(peer: &Peer) -> Outcome {
    let topic = topic(peer, "t").await?;
    let fields = [("Message", "1"), ("MessageDeduplicationId", "1")];
    publish(peer, &topic, &fields)
        .await?
        .refused_somehow("Publish")
}

async fn group_of_standard(peer: &Peer) -> Outcome {
    use aws_sdk_sqs::types::MessageSystemAttributeName as System;
    let (topic, url) = subscribed(peer, &[RAW]).await?;
    published(
        peer,
        &topic,
        &[("Message", "1"), ("MessageGroupId", "tenant-7")],
    )
    .await?;
    let got = peer.receive_one(&url, None).await?;
    equal(
        "MessageGroupId",
        super::super::peer::system(&got, &System::MessageGroupId),
        "tenant-7",
    )
}
