//! SNS: filter policies.

use super::super::answer::equal;
use super::super::check::Documented::Aws;
use super::super::check::{Check, Outcome, check};
use super::super::peer::Peer;
use super::wire::sns;
use super::{RAW, drain, published, subscribed, topic};

#[rustfmt::skip]
pub const CHECKS: &[Check] = &[
    check!(Sns, "filter policies", "A value of the list lets a message through, and a message without the attribute stays out.", Aws("SNS guide: Filter policy string value matching"), exact),
    check!(Sns, "filter policies", "Anything-but lets through what is not named.", Aws("SNS guide: Filter policy string value matching"), anything_but),
    check!(Sns, "filter policies", "A prefix lets through what begins so.", Aws("SNS guide: Filter policy string value matching"), prefix),
    check!(Sns, "filter policies", "A numeric range is of numbers.", Aws("SNS guide: Filter policy numeric value matching"), numeric),
    check!(Sns, "filter policies", "Exists false lets through what has no such attribute.", Aws("SNS guide: Filter policy key matching"), exists),
    check!(Sns, "filter policies", "Of an attribute that is an array one item must match.", Aws("SNS guide: Filter policy string value matching"), array),
    check!(Sns, "filter policies", "All keys of a policy must match.", Aws("SNS guide: AND/OR logic"), all_keys),
    check!(Sns, "filter policies", "In the scope MessageBody the policy is of the message's own fields, also nested ones.", Aws("SNS guide: Amazon SNS subscription filter policy scope"), body_scope),
    check!(Sns, "filter policies", "A policy that is not JSON is refused (InvalidParameter).", Aws("SNS API: Subscribe"), no_json),
    check!(Sns, "filter policies", "A nested policy is refused in the scope MessageAttributes (InvalidParameter).", Aws("SNS guide: Filter policy constraints"), nested),
];

/// A message and its attributes: name, type, value.
type Message<'a> = (&'a str, &'a [(&'a str, &'a str, &'a str)]);

/// Publishes messages to a topic with this policy; those that come through are called `yes`, and as many as that.
async fn passes(peer: &Peer, policy: &str, messages: &[Message<'_>]) -> Outcome {
    let (topic, url) = subscribed(peer, &[RAW, ("FilterPolicy", policy)]).await?;
    for (text, attributes) in messages {
        let mut fields = vec![("Message".to_owned(), *text)];
        for (number, (name, kind, value)) in attributes.iter().enumerate() {
            let entry = format!("MessageAttributes.entry.{}", number + 1);
            fields.push((format!("{entry}.Name"), name));
            fields.push((format!("{entry}.Value.DataType"), kind));
            fields.push((format!("{entry}.Value.StringValue"), value));
        }
        let fields: Vec<_> = fields
            .iter()
            .map(|(name, value)| (name.as_str(), *value))
            .collect();
        published(peer, &topic, &fields).await?;
    }
    let expected: Vec<_> = messages
        .iter()
        .filter(|(text, _)| *text == "yes")
        .map(|_| "yes".to_owned())
        .collect();
    equal("bodies", drain(peer, &url, expected.len()).await?, expected)
}

async fn exact(peer: &Peer) -> Outcome {
    let messages: [Message; 3] = [
        ("yes", &[("kind", "String", "order")]),
        ("no", &[("kind", "String", "Order")]),
        ("no", &[]),
    ];
    passes(peer, r#"{"kind": ["news", "order"]}"#, &messages).await
}

async fn anything_but(peer: &Peer) -> Outcome {
    let messages: [Message; 3] = [
        ("yes", &[("kind", "String", "news")]),
        ("no", &[("kind", "String", "order")]),
        ("no", &[]),
    ];
    passes(
        peer,
        r#"{"kind": [{"anything-but": ["order"]}]}"#,
        &messages,
    )
    .await
}

async fn prefix(peer: &Peer) -> Outcome {
    let messages: [Message; 2] = [
        ("yes", &[("kind", "String", "order-new")]),
        ("no", &[("kind", "String", "new-order")]),
    ];
    passes(peer, r#"{"kind": [{"prefix": "order"}]}"#, &messages).await
}

async fn numeric(peer: &Peer) -> Outcome {
    let messages: [Message; 4] = [
        ("yes", &[("total", "Number", "120")]),
        ("no", &[("total", "Number", "100")]),
        ("no", &[("total", "Number", "120.5")]),
        ("no", &[("total", "String", "110")]),
    ];
    passes(
        peer,
        r#"{"total": [{"numeric": [">", 100, "<=", 120]}]}"#,
        &messages,
    )
    .await
}

async fn exists(peer: &Peer) -> Outcome {
    let messages: [Message; 2] = [("yes", &[]), ("no", &[("test", "String", "1")])];
    passes(peer, r#"{"test": [{"exists": false}]}"#, &messages).await
}

async fn array(peer: &Peer) -> Outcome {
    let messages: [Message; 2] = [
        ("yes", &[("tags", "String.Array", r#"["fast", "gift"]"#)]),
        ("no", &[("tags", "String.Array", r#"["fast"]"#)]),
    ];
    passes(peer, r#"{"tags": ["gift"]}"#, &messages).await
}

async fn all_keys(peer: &Peer) -> Outcome {
    let messages: [Message; 2] = [
        (
            "yes",
            &[("kind", "String", "order"), ("shop", "String", "x")],
        ),
        (
            "no",
            &[("kind", "String", "order"), ("shop", "String", "y")],
        ),
    ];
    passes(peer, r#"{"kind": ["order"], "shop": ["x"]}"#, &messages).await
}

async fn body_scope(peer: &Peer) -> Outcome {
    let policy = (
        "FilterPolicy",
        r#"{"order": {"total": [{"numeric": [">", 100]}]}}"#,
    );
    let scope = ("FilterPolicyScope", "MessageBody");
    let (topic, url) = subscribed(peer, &[RAW, scope, policy]).await?;
    let large = r#"{"order": {"total": 120}}"#;
    for text in [large, r#"{"order": {"total": 90}}"#, r#"{"total": 120}"#] {
        published(peer, &topic, &[("Message", text)]).await?;
    }
    equal(
        "bodies",
        drain(peer, &url, 1).await?,
        vec![large.to_owned()],
    )
}

/// Subscribing with this policy is refused.
async fn refused(peer: &Peer, policy: &str) -> Outcome {
    let url = peer.queue("q").await?;
    let (topic, queue) = (topic(peer, "t").await?, peer.arn(&url).await?);
    let fields = [
        ("TopicArn", topic.as_str()),
        ("Protocol", "sqs"),
        ("Endpoint", &queue),
        ("Attributes.entry.1.key", "FilterPolicy"),
        ("Attributes.entry.1.value", policy),
    ];
    sns(peer, "Subscribe", &fields)
        .await?
        .refused("Subscribe", "InvalidParameter")
}

async fn no_json(peer: &Peer) -> Outcome {
    refused(peer, "kind = order").await
}

async fn nested(peer: &Peer) -> Outcome {
    refused(peer, r#"{"order": {"kind": ["new"]}}"#).await
}
