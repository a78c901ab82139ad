//! SNS: topics, their attributes and tags.

use super::super::answer::{ensure, equal};
use super::super::check::Documented::{Aws, Unknown};
use super::super::check::{Check, Outcome, check};
use super::super::peer::Peer;
use super::wire::sns;
use super::{subscribed, topic, topic_with};

#[rustfmt::skip]
pub const CHECKS: &[Check] = &[
    check!(Sns, "topics", "Creating a topic again gives the same ARN.", Aws("SNS API: CreateTopic"), again),
    check!(Sns, "topics", "A topic's name is of letters, digits, hyphens and underscores.", Aws("SNS API: CreateTopic"), names),
    check!(Sns, "topics", "A FIFO topic's name ends in .fifo.", Aws("SNS API: CreateTopic"), fifo_names),
    check!(Sns, "topics", "Creating a topic again with other tags is refused.", Unknown("The page says that the action is idempotent and not what becomes of tags that differ."), other_tags),
    check!(Sns, "topics", "Deleting a topic that does not exist is not an error.", Aws("SNS API: DeleteTopic"), delete_again),
    check!(Sns, "topics", "The attributes of a topic that does not exist are refused (NotFound).", Aws("SNS API: GetTopicAttributes"), no_attributes),
    check!(Sns, "topics", "A topic's attributes name its ARN, its owner and how many subscriptions are confirmed.", Aws("SNS API: GetTopicAttributes"), attributes),
    check!(Sns, "topics", "An attribute that is set is given back.", Aws("SNS API: SetTopicAttributes"), set),
    check!(Sns, "topics", "An attribute that no topic has is refused (InvalidParameter).", Aws("SNS API: SetTopicAttributes"), set_unknown),
    check!(Sns, "topics", "Tags come and go.", Aws("SNS API: TagResource"), tags),
    check!(Sns, "topics", "The tags of a topic that does not exist are refused (ResourceNotFound).", Aws("SNS API: ListTagsForResource"), no_tags),
];

async fn again(peer: &Peer) -> Outcome {
    let first = topic(peer, "t").await?;
    equal("the same ARN", topic(peer, "t").await? == first, true)
}

async fn names(peer: &Peer) -> Outcome {
    topic(peer, "letters-and_digits-9").await?;
    let name = peer.name("dots.and more");
    sns(peer, "CreateTopic", &[("Name", &name)])
        .await?
        .refused("CreateTopic", "InvalidParameter")
}

const FIFO: [(&str, &str); 2] = [
    ("Attributes.entry.1.key", "FifoTopic"),
    ("Attributes.entry.1.value", "true"),
];

async fn fifo_names(peer: &Peer) -> Outcome {
    topic_with(peer, "t.fifo", &FIFO).await?;
    let name = peer.name("t");
    let fields = [("Name", name.as_str()), FIFO[0], FIFO[1]];
    sns(peer, "CreateTopic", &fields)
        .await?
        .refused("CreateTopic", "InvalidParameter")
}

async fn other_tags(peer: &Peer) -> Outcome {
    let tag = |value| [("Tags.member.1.Key", "a"), ("Tags.member.1.Value", value)];
    topic_with(peer, "t", &tag("1")).await?;
    topic_with(peer, "t", &tag("1")).await?;
    let name = peer.name("t");
    let [key, value] = tag("2");
    sns(peer, "CreateTopic", &[("Name", &name), key, value])
        .await?
        .refused_somehow("CreateTopic")
}

async fn delete_again(peer: &Peer) -> Outcome {
    let arn = topic(peer, "t").await?;
    for _ in 0..2 {
        sns(peer, "DeleteTopic", &[("TopicArn", &arn)])
            .await?
            .good("DeleteTopic")?;
    }
    sns(peer, "GetTopicAttributes", &[("TopicArn", &arn)])
        .await?
        .refused("GetTopicAttributes", "NotFound")
}

async fn no_attributes(peer: &Peer) -> Outcome {
    let arn = topic(peer, "t").await?;
    let gone = format!("{arn}x");
    sns(peer, "GetTopicAttributes", &[("TopicArn", &gone)])
        .await?
        .refused("GetTopicAttributes", "NotFound")
}

async fn attributes(peer: &Peer) -> Outcome {
    let (arn, _) = subscribed(peer, &[]).await?;
    let got = sns(peer, "GetTopicAttributes", &[("TopicArn", &arn)])
        .await?
        .good("GetTopicAttributes")?;
    equal(
        "TopicArn is the topic's",
        got.attribute("TopicArn")? == arn,
        true,
    )?;
    let owner = got.attribute("Owner")?;
    equal(
        "Owner is the ARN's account",
        arn.split(':').nth(4) == Some(&*owner),
        true,
    )?;
    got.has("SubscriptionsConfirmed", "1")
}

async fn set(peer: &Peer) -> Outcome {
    let arn = topic(peer, "t").await?;
    let fields = [
        ("TopicArn", arn.as_str()),
        ("AttributeName", "DisplayName"),
        ("AttributeValue", "Orders <&>"),
    ];
    sns(peer, "SetTopicAttributes", &fields)
        .await?
        .good("SetTopicAttributes")?;
    let got = sns(peer, "GetTopicAttributes", &[("TopicArn", &arn)])
        .await?
        .good("GetTopicAttributes")?;
    got.has("DisplayName", "Orders <&>")
}

async fn set_unknown(peer: &Peer) -> Outcome {
    let arn = topic(peer, "t").await?;
    let fields = [
        ("TopicArn", arn.as_str()),
        ("AttributeName", "Color"),
        ("AttributeValue", "red"),
    ];
    sns(peer, "SetTopicAttributes", &fields)
        .await?
        .refused("SetTopicAttributes", "InvalidParameter")
}

async fn tags(peer: &Peer) -> Outcome {
    let arn = topic(peer, "t").await?;
    let add = [
        ("ResourceArn", arn.as_str()),
        ("Tags.member.1.Key", "a"),
        ("Tags.member.1.Value", "1"),
        ("Tags.member.2.Key", "b"),
        ("Tags.member.2.Value", "2"),
    ];
    sns(peer, "TagResource", &add).await?.good("TagResource")?;
    let remove = [("ResourceArn", arn.as_str()), ("TagKeys.member.1", "a")];
    sns(peer, "UntagResource", &remove)
        .await?
        .good("UntagResource")?;
    let got = sns(peer, "ListTagsForResource", &[("ResourceArn", &arn)])
        .await?
        .good("ListTagsForResource")?;
    equal("keys", got.texts("Key"), vec!["b".to_owned()])?;
    ensure(
        got.texts("Value") == ["2"],
        "the value: expected 2, seen another",
    )
}

async fn no_tags(peer: &Peer) -> Outcome {
    let gone = format!("{}x", topic(peer, "t").await?);
    let asked = sns(peer, "ListTagsForResource", &[("ResourceArn", &gone)]).await?;
    asked.refused("ListTagsForResource", "ResourceNotFound")
}
