//! Messages as the function gets to see them.

use aws_lambda_events::encodings::Base64Data;
use aws_lambda_events::event::sqs::{SqsEvent, SqsMessage, SqsMessageAttribute};
use md5::{Digest, Md5};

use super::queue::Delivery;
use crate::sqs::{AttributeValue, MessageAttribute, ReceivedMessage};

/// The account that has sent every message.
const SENDER_ID: &str = "AIDAEMBEDDEDPIPELINE";

/// The queue a batch comes from, as its records name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventSource {
    /// The queue's ARN.
    pub arn: String,
    /// The region it is in.
    pub region: String,
}

/// The event of a batch, with the attributes Lambda adds to each record.
pub fn event_of<M: Delivery>(messages: &[M], source: &EventSource) -> SqsEvent {
    let mut event = SqsEvent::default();
    event.records = messages
        .iter()
        .map(|message| {
            let mut record = message.record();
            record.event_source = Some("aws:sqs".to_owned());
            record.event_source_arn = Some(source.arn.clone());
            record.aws_region = Some(source.region.clone());
            record
        })
        .collect();
    event
}

/// The record of a message of the embedded queues.
pub(super) fn record_of(message: &ReceivedMessage) -> SqsMessage {
    let mut record = SqsMessage::default();
    record.message_id = Some(message.message_id.to_string());
    record.receipt_handle = Some(message.receipt_handle.to_string());
    record.body = Some(message.body.to_string());
    record.md5_of_body = Some(md5_of(message.body.as_bytes()));
    record.md5_of_message_attributes = message.md5_of_attributes().map(|md5| md5.to_string());
    let mut attribute = |name: &str, value: String| {
        record.attributes.insert(name.to_owned(), value);
    };
    attribute("ApproximateReceiveCount", message.receive_count.to_string());
    attribute("SentTimestamp", message.sent_timestamp_ms.to_string());
    attribute(
        "ApproximateFirstReceiveTimestamp",
        message.first_receive_timestamp_ms.to_string(),
    );
    attribute("SenderId", SENDER_ID.to_owned());
    if let Some(extras) = &message.extras {
        if let Some(group) = &extras.group_id {
            attribute("MessageGroupId", group.to_string());
        }
        if let Some(id) = &extras.deduplication_id {
            attribute("MessageDeduplicationId", id.to_string());
        }
        if let Some(number) = extras.sequence_number {
            attribute("SequenceNumber", number.to_string());
        }
        if let Some(header) = &extras.trace_header {
            attribute("AWSTraceHeader", header.clone());
        }
    }
    for (name, attribute) in message.attributes() {
        let attribute = attribute_of(attribute);
        record.message_attributes.insert(name.clone(), attribute);
    }
    record
}

fn attribute_of(sent: &MessageAttribute) -> SqsMessageAttribute {
    let mut attribute = SqsMessageAttribute::default();
    attribute.data_type = Some(sent.data_type.clone());
    match &sent.value {
        AttributeValue::Text(text) => attribute.string_value = Some(text.clone()),
        AttributeValue::Binary(bytes) => {
            let mut value = Base64Data::default();
            value.0.clone_from(bytes);
            attribute.binary_value = Some(value);
        }
    }
    attribute
}

fn md5_of(bytes: &[u8]) -> String {
    let digest: [u8; 16] = Md5::digest(bytes).into();
    format!("{:032x}", u128::from_be_bytes(digest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqs::{QueueAttributes, ReceiveOptions, SendEntry, SqsEngine};

    #[tokio::test(start_paused = true)]
    async fn a_record_carries_what_lambda_adds() {
        let engine = SqsEngine::new();
        engine
            .create_queue("orders-queue", QueueAttributes::default())
            .unwrap();
        let mut entry = SendEntry::new("hello");
        let text = MessageAttribute {
            data_type: "String".into(),
            value: AttributeValue::Text("web".into()),
        };
        entry.attributes.push(("channel".into(), text));
        entry.group_id = Some("customer-7".into());
        let sent = engine.send("orders-queue", entry).unwrap();
        let options = ReceiveOptions::default();
        let messages = engine.receive("orders-queue", options).await.unwrap();

        let source = EventSource {
            arn: "arn:aws:sqs:us-east-1:000000000000:orders-queue".into(),
            region: "us-east-1".into(),
        };
        let event = event_of(&messages, &source);
        let json = serde_json::to_value(&event).unwrap();
        let record = &json["Records"][0];
        assert_eq!(record["messageId"], *sent.message_id);
        assert_eq!(record["receiptHandle"], *messages[0].receipt_handle);
        assert_eq!(record["body"], "hello");
        assert_eq!(record["md5OfBody"], "5d41402abc4b2a76b9719d911017c592");
        let md5 = sent.md5_of_attributes.unwrap();
        assert_eq!(record["md5OfMessageAttributes"], *md5);
        assert_eq!(record["eventSource"], "aws:sqs");
        assert_eq!(record["eventSourceARN"], source.arn);
        assert_eq!(record["awsRegion"], "us-east-1");
        let attributes = &record["attributes"];
        assert_eq!(attributes["ApproximateReceiveCount"], "1");
        assert_eq!(
            attributes["SentTimestamp"],
            messages[0].sent_timestamp_ms.to_string()
        );
        assert_eq!(attributes["MessageGroupId"], "customer-7");
        let channel = &record["messageAttributes"]["channel"];
        assert_eq!(channel["stringValue"], "web");
        assert_eq!(channel["dataType"], "String");
    }
}
