//! SNS and EventBridge: what stands in front of queues.
//!
//! Their SDKs are not among what this program is built with: the checks write the requests that botocore writes (Query
//! forms, JSON 1.1) and read the replies. `tests/peers/doors_client.py` asks through boto3.

pub mod batches;
pub mod buses;
pub mod events;
pub mod fifo;
pub mod filters;
pub mod patterns;
pub mod publish;
pub mod subscriptions;
pub mod topics;
mod wire;

use serde_json::Value;

use super::peer::{Peer, body};
use wire::sns;

/// A topic and its ARN.
async fn topic(peer: &Peer, name: &str) -> Result<String, String> {
    topic_with(peer, name, &[]).await
}

async fn topic_with(peer: &Peer, name: &str, more: &[(&str, &str)]) -> Result<String, String> {
    let name = peer.name(name);
    let mut fields = vec![("Name", name.as_str())];
    fields.extend(more);
    sns(peer, "CreateTopic", &fields)
        .await?
        .good("CreateTopic")?
        .text("TopicArn")
}

/// Subscribes a queue; the subscription's ARN.
async fn subscribe(
    peer: &Peer,
    topic: &str,
    url: &str,
    attributes: &[(&str, &str)],
) -> Result<String, String> {
    let arn = peer.arn(url).await?;
    let mut fields = vec![("TopicArn", topic), ("Protocol", "sqs"), ("Endpoint", &arn)];
    fields.push(("ReturnSubscriptionArn", "true"));
    let names: Vec<_> = (1..=attributes.len())
        .map(|n| {
            (
                format!("Attributes.entry.{n}.key"),
                format!("Attributes.entry.{n}.value"),
            )
        })
        .collect();
    for ((key, value), attribute) in names.iter().zip(attributes) {
        fields.push((key, attribute.0));
        fields.push((value, attribute.1));
    }
    sns(peer, "Subscribe", &fields)
        .await?
        .good("Subscribe")?
        .text("SubscriptionArn")
}

/// A topic with a queue that is subscribed: the topic's ARN and the queue's URL.
async fn subscribed(peer: &Peer, attributes: &[(&str, &str)]) -> Result<(String, String), String> {
    let url = peer.queue("q").await?;
    let topic = topic(peer, "t").await?;
    subscribe(peer, &topic, &url, attributes).await?;
    Ok((topic, url))
}

const RAW: (&str, &str) = ("RawMessageDelivery", "true");

async fn publish(peer: &Peer, topic: &str, fields: &[(&str, &str)]) -> Result<wire::Reply, String> {
    let mut all = vec![("TopicArn", topic)];
    all.extend(fields);
    sns(peer, "Publish", &all).await
}

async fn published(peer: &Peer, topic: &str, fields: &[(&str, &str)]) -> Result<wire::Xml, String> {
    publish(peer, topic, fields).await?.good("Publish")
}

/// Everything a queue has, received and deleted, sorted.
async fn drain(peer: &Peer, url: &str, expected: usize) -> Result<Vec<String>, String> {
    let mut bodies = Vec::new();
    for _ in 0..4 {
        let wait_s = i32::from(bodies.len() < expected);
        let messages = peer.receive(url, 10, Some(60), wait_s).await?;
        if messages.is_empty() && bodies.len() >= expected {
            break;
        }
        bodies.extend(messages.iter().map(|message| body(message).to_owned()));
    }
    bodies.sort();
    Ok(bodies)
}

/// A body that should be JSON.
fn json(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|_| "the body: expected JSON, seen another text".to_owned())
}
