//! What a queue gets of a message: the envelope of SNS, or the message itself.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::message::{Published, TopicMessage};
use crate::doors::time;
use crate::sqs::{AttributeValue, SendEntry, Site};

/// In the place of a signature, which only AWS can give.
const SIGNATURE: &str = "RVhBTVBMRQ==";

/// What an envelope says beside the message.
pub(super) struct Sender<'a> {
    pub(super) site: &'a Site,
    pub(super) topic_arn: &'a str,
    pub(super) subscription_arn: &'a str,
    pub(super) published_ms: u64,
}

/// As it was published: with its attributes, and without its subject.
pub(super) fn raw(message: &TopicMessage, text: &str) -> SendEntry {
    SendEntry {
        attributes: message.attributes.clone(),
        ..SendEntry::new(text)
    }
}

/// In an envelope, laid out as AWS lays it out (developer guide, "Parsing Amazon SNS message formats").
pub(super) fn enveloped(
    sender: &Sender<'_>,
    published: &Published,
    message: &TopicMessage,
    text: &str,
) -> SendEntry {
    let site = sender.site;
    let mut json = String::with_capacity(text.len() + 1_024);
    json.push_str("{\n  \"Type\" : \"Notification\"");
    let mut field = |name: &str, value: &str| {
        let _ = write!(json, ",\n  \"{name}\" : {}", Value::from(value));
    };
    field("MessageId", &published.message_id);
    if let Some(number) = &published.sequence_number {
        field("SequenceNumber", number);
    }
    field("TopicArn", sender.topic_arn);
    if let Some(subject) = &message.subject {
        field("Subject", subject);
    }
    field("Message", text);
    field("Timestamp", &time::with_millis(sender.published_ms));
    field("SignatureVersion", "1");
    field("Signature", SIGNATURE);
    let certificate = format!(
        "https://sns.{}.amazonaws.com/SimpleNotificationService-0000000000000000000000.pem",
        site.region
    );
    field("SigningCertURL", &certificate);
    let unsubscribe = format!(
        "{}/?Action=Unsubscribe&SubscriptionArn={}",
        site.base_url, sender.subscription_arn
    );
    field("UnsubscribeURL", &unsubscribe);
    if !message.attributes.is_empty() {
        json.push_str(",\n  \"MessageAttributes\" : {");
        for (number, (name, attribute)) in message.attributes.iter().enumerate() {
            let comma = if number == 0 { "" } else { "," };
            let value = match &attribute.value {
                AttributeValue::Text(text) => text.clone(),
                AttributeValue::Binary(bytes) => STANDARD.encode(bytes),
            };
            let (name, kind) = (
                Value::from(name.as_str()),
                Value::from(attribute.data_type.as_str()),
            );
            let value = Value::from(value);
            let _ = write!(
                json,
                "{comma}\n    {name} : {{\"Type\":{kind},\"Value\":{value}}}"
            );
        }
        json.push_str("\n  }");
    }
    json.push_str("\n}");
    SendEntry::new(json)
}
