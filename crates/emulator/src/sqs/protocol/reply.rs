//! What clients get: the outputs of the JSON protocol, written straight from what they borrow.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use crate::sqs::handle::{InlineText, Md5Text, MessageId, ReceiptHandle};
use orderproof_machines::queue::SequenceNumber;

/// An output without members.
#[derive(Debug, Serialize)]
pub(super) struct Nothing {}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct QueueUrl {
    pub(super) queue_url: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct QueueUrls {
    pub(super) queue_urls: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next_token: Option<String>,
}

/// The AWS model writes this one member in lower case.
#[derive(Debug, Serialize)]
pub(super) struct SourceQueueUrls {
    #[serde(rename = "queueUrls")]
    pub(super) queue_urls: Vec<String>,
    #[serde(rename = "NextToken", skip_serializing_if = "Option::is_none")]
    pub(super) next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct QueueAttributes {
    pub(super) attributes: BTreeMap<&'static str, String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Tags {
    pub(super) tags: BTreeMap<String, String>,
}

#[derive(Debug, Serialize)]
pub(super) struct Sent {
    #[serde(rename = "MessageId")]
    pub(super) message_id: MessageId,
    #[serde(rename = "MD5OfMessageBody")]
    pub(super) md5_of_body: Md5Text,
    #[serde(
        rename = "MD5OfMessageAttributes",
        skip_serializing_if = "Option::is_none"
    )]
    pub(super) md5_of_attributes: Option<Md5Text>,
    #[serde(
        rename = "MD5OfMessageSystemAttributes",
        skip_serializing_if = "Option::is_none"
    )]
    pub(super) md5_of_system_attributes: Option<Md5Text>,
    #[serde(rename = "SequenceNumber", skip_serializing_if = "Option::is_none")]
    pub(super) sequence_number: Option<Shown<SequenceNumber>>,
}

/// Of the batch operations, with the successes of each.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Batch<'a, S> {
    pub(super) successful: Vec<S>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) failed: Vec<Failed<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Failed<'a> {
    pub(super) id: Cow<'a, str>,
    pub(super) sender_fault: bool,
    pub(super) code: &'static str,
    pub(super) message: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Done<'a> {
    pub(super) id: Cow<'a, str>,
}

#[derive(Debug, Serialize)]
pub(super) struct SentEntry<'a> {
    #[serde(rename = "Id")]
    pub(super) id: Cow<'a, str>,
    #[serde(rename = "MessageId")]
    pub(super) message_id: MessageId,
    #[serde(rename = "MD5OfMessageBody")]
    pub(super) md5_of_body: Md5Text,
    #[serde(
        rename = "MD5OfMessageAttributes",
        skip_serializing_if = "Option::is_none"
    )]
    pub(super) md5_of_attributes: Option<Md5Text>,
    #[serde(
        rename = "MD5OfMessageSystemAttributes",
        skip_serializing_if = "Option::is_none"
    )]
    pub(super) md5_of_system_attributes: Option<Md5Text>,
    #[serde(rename = "SequenceNumber", skip_serializing_if = "Option::is_none")]
    pub(super) sequence_number: Option<Shown<SequenceNumber>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Messages<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) messages: Vec<Message<'a>>,
}

#[derive(Debug, Serialize)]
pub(super) struct Message<'a> {
    #[serde(rename = "MessageId")]
    pub(super) message_id: MessageId,
    #[serde(rename = "ReceiptHandle")]
    pub(super) receipt_handle: ReceiptHandle,
    #[serde(rename = "MD5OfBody")]
    pub(super) md5_of_body: Md5Text,
    #[serde(rename = "Body")]
    pub(super) body: &'a str,
    #[serde(rename = "Attributes", skip_serializing_if = "Option::is_none")]
    pub(super) system_attributes: Option<SystemAttributes<'a>>,
    #[serde(
        rename = "MD5OfMessageAttributes",
        skip_serializing_if = "Option::is_none"
    )]
    pub(super) md5_of_attributes: Option<Md5Text>,
    #[serde(
        rename = "MessageAttributes",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub(super) attributes: BTreeMap<&'a str, Attribute<'a>>,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SystemAttributes<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sender_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sent_timestamp: Option<Decimal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) approximate_receive_count: Option<Decimal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) approximate_first_receive_timestamp: Option<Decimal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) message_group_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) message_deduplication_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sequence_number: Option<Shown<SequenceNumber>>,
    #[serde(rename = "AWSTraceHeader", skip_serializing_if = "Option::is_none")]
    pub(super) trace_header: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) dead_letter_queue_source_arn: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Attribute<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) string_value: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) binary_value: Option<String>,
    pub(super) data_type: &'a str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct StartedMove {
    pub(super) task_handle: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CancelledMove {
    pub(super) approximate_number_of_messages_moved: u64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Moves<'a> {
    pub(super) results: Vec<MoveEntry<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct MoveEntry<'a> {
    /// Only of a task that runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) task_handle: Option<String>,
    pub(super) status: &'static str,
    pub(super) source_arn: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) destination_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) max_number_of_messages_per_second: Option<u32>,
    pub(super) approximate_number_of_messages_moved: u64,
    pub(super) approximate_number_of_messages_to_move: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) failure_reason: Option<&'static str>,
    pub(super) started_timestamp: u64,
}

/// An error, as the body of a reply.
#[derive(Debug, Serialize)]
pub(super) struct ErrorBody<'a> {
    #[serde(rename = "__type")]
    pub(super) kind: &'static str,
    pub(super) message: &'a str,
}

/// A number the protocol writes as text.
pub(super) type Decimal = Shown<u64>;

/// What is written as the text it is shown as.
#[derive(Debug)]
pub(super) struct Shown<T>(pub(super) T);

impl<T: std::fmt::Display> Serialize for Shown<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<const N: usize> Serialize for InlineText<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}
