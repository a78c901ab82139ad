//! SNS: subscriptions of queues.

use super::super::answer::equal;
use super::super::check::Documented::{Aws, Unknown};
use super::super::check::{Check, Outcome, check};
use super::super::peer::Peer;
use super::wire::sns;
use super::{RAW, drain, published, subscribe, subscribed, topic};

#[rustfmt::skip]
pub const CHECKS: &[Check] = &[
    check!(Sns, "subscriptions", "A queue's subscription is confirmed at once and listed under its topic.", Aws("SNS API: Subscribe"), listed),
    check!(Sns, "subscriptions", "Subscribing the same queue again gives the same subscription.", Unknown("No page says whether a second subscription is made."), again),
    check!(Sns, "subscriptions", "A subscription's attributes name protocol, endpoint and raw delivery.", Aws("SNS API: GetSubscriptionAttributes"), attributes),
    check!(Sns, "subscriptions", "A FIFO queue cannot subscribe to a standard topic.", Aws("SNS guide: FIFO topics, message delivery"), no_fifo_queue),
    check!(Sns, "subscriptions", "Subscribing to a topic that does not exist is refused (NotFound).", Aws("SNS API: Subscribe"), no_topic),
    check!(Sns, "subscriptions", "The attributes of a subscription that does not exist are refused (NotFound).", Aws("SNS API: GetSubscriptionAttributes"), no_subscription),
    check!(Sns, "subscriptions", "After Unsubscribe the queue gets nothing.", Aws("SNS API: Unsubscribe"), unsubscribe),
    check!(Sns, "subscriptions", "Raw delivery can be set later.", Aws("SNS API: SetSubscriptionAttributes"), raw_later),
    check!(Sns, "subscriptions", "Two queues of a topic get each message both.", Aws("SNS guide: Fanout to Amazon SQS queues"), both),
];

async fn listed(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    let topic = topic(peer, "t").await?;
    let arn = subscribe(peer, &topic, &url, &[]).await?;
    equal(
        "the subscription's ARN begins with the topic's",
        arn.starts_with(&format!("{topic}:")),
        true,
    )?;
    let list = sns(peer, "ListSubscriptionsByTopic", &[("TopicArn", &topic)]).await?;
    let list = list.good("ListSubscriptionsByTopic")?;
    equal(
        "it is the one that is listed",
        list.texts("SubscriptionArn") == [arn],
        true,
    )?;
    equal("Protocol", list.text("Protocol")?.as_str(), "sqs")
}

async fn again(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    let topic = topic(peer, "t").await?;
    let first = subscribe(peer, &topic, &url, &[]).await?;
    let again = subscribe(peer, &topic, &url, &[]).await?;
    equal("the same ARN", first == again, true)
}

async fn attributes(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    let topic = topic(peer, "t").await?;
    let arn = subscribe(peer, &topic, &url, &[RAW]).await?;
    let got = sns(
        peer,
        "GetSubscriptionAttributes",
        &[("SubscriptionArn", &arn)],
    )
    .await?;
    let got = got.good("GetSubscriptionAttributes")?;
    got.has("Protocol", "sqs")?;
    got.has("RawMessageDelivery", "true")?;
    got.has("PendingConfirmation", "false")?;
    let queue = peer.arn(&url).await?;
    equal(
        "Endpoint is the queue's ARN",
        got.attribute("Endpoint")? == queue,
        true,
    )
}

async fn no_fifo_queue(peer: &Peer) -> Outcome {
    let url = super::super::fifo::fifo(peer).await?;
    let (topic, queue) = (topic(peer, "t").await?, peer.arn(&url).await?);
    let fields = [
        ("TopicArn", topic.as_str()),
        ("Protocol", "sqs"),
        ("Endpoint", &queue),
    ];
    sns(peer, "Subscribe", &fields)
        .await?
        .refused("Subscribe", "InvalidParameter")
}

async fn no_topic(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    let (gone, queue) = (
        format!("{}x", topic(peer, "t").await?),
        peer.arn(&url).await?,
    );
    let fields = [
        ("TopicArn", gone.as_str()),
        ("Protocol", "sqs"),
        ("Endpoint", &queue),
    ];
    sns(peer, "Subscribe", &fields)
        .await?
        .refused("Subscribe", "NotFound")
}

async fn no_subscription(peer: &Peer) -> Outcome {
    let gone = format!(
        "{}:00000000-0000-4000-8000-000000000000",
        topic(peer, "t").await?
    );
    let asked = sns(
        peer,
        "GetSubscriptionAttributes",
        &[("SubscriptionArn", &gone)],
    )
    .await?;
    asked.refused("GetSubscriptionAttributes", "NotFound")
}

async fn unsubscribe(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    let topic = topic(peer, "t").await?;
    let arn = subscribe(peer, &topic, &url, &[RAW]).await?;
    published(peer, &topic, &[("Message", "before")]).await?;
    sns(peer, "Unsubscribe", &[("SubscriptionArn", &arn)])
        .await?
        .good("Unsubscribe")?;
    published(peer, &topic, &[("Message", "after")]).await?;
    equal(
        "bodies",
        drain(peer, &url, 1).await?,
        vec!["before".to_owned()],
    )
}

async fn raw_later(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    let topic = topic(peer, "t").await?;
    let arn = subscribe(peer, &topic, &url, &[]).await?;
    let fields = [
        ("SubscriptionArn", arn.as_str()),
        ("AttributeName", RAW.0),
        ("AttributeValue", RAW.1),
    ];
    sns(peer, "SetSubscriptionAttributes", &fields)
        .await?
        .good("SetSubscriptionAttributes")?;
    published(peer, &topic, &[("Message", "as it is")]).await?;
    equal(
        "bodies",
        drain(peer, &url, 1).await?,
        vec!["as it is".to_owned()],
    )
}

async fn both(peer: &Peer) -> Outcome {
    let (topic, url) = subscribed(peer, &[RAW]).await?;
    let other = peer.queue("other").await?;
    subscribe(peer, &topic, &other, &[RAW]).await?;
    published(peer, &topic, &[("Message", "1")]).await?;
    for url in [url, other] {
        equal("bodies", drain(peer, &url, 1).await?, vec!["1".to_owned()])?;
    }
    Ok(())
}
