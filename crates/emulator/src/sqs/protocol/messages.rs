//! The operations on one message, and receiving.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::reply::{self, Nothing, Shown, SystemAttributes};
use super::{Context, request, seconds, write};
use crate::sqs::digest::md5_of_attributes;
use crate::sqs::error::{SqsError, SqsErrorKind};
use crate::sqs::fifo::Action;
use crate::sqs::message::{ReceiveOptions, ReceivedMessage, SendEntry};
use crate::sqs::site::{Site, name_in_url};
use orderproof_machines::queue::{AttributeValue, MessageAttribute};

type Reply = Result<Vec<u8>, SqsError>;

/// The system attributes a receive can be asked for.
const SYSTEM_ATTRIBUTES: [&str; 10] = [
    "All",
    "ApproximateFirstReceiveTimestamp",
    "ApproximateReceiveCount",
    "AWSTraceHeader",
    "DeadLetterQueueSourceArn",
    "MessageDeduplicationId",
    "MessageGroupId",
    "SenderId",
    "SentTimestamp",
    "SequenceNumber",
];

/// Attributes of queues, which the API reference lists as valid in a receive's old parameter `AttributeNames`
/// (one type serves `GetQueueAttributes` too). No message has them.
const QUEUE_ATTRIBUTES: [&str; 21] = [
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesDelayed",
    "ApproximateNumberOfMessagesNotVisible",
    "ContentBasedDeduplication",
    "CreatedTimestamp",
    "DeduplicationScope",
    "DelaySeconds",
    "FifoQueue",
    "FifoThroughputLimit",
    "KmsDataKeyReusePeriodSeconds",
    "KmsMasterKeyId",
    "LastModifiedTimestamp",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "Policy",
    "QueueArn",
    "ReceiveMessageWaitTimeSeconds",
    "RedriveAllowPolicy",
    "RedrivePolicy",
    "SqsManagedSseEnabled",
    "VisibilityTimeout",
];

pub(super) fn send(context: Context<'_>, input: request::SendMessage<'_>) -> Reply {
    let name = name_in_url(&input.queue_url)?;
    let entry = entry(request::SendEntry {
        id: "".into(),
        message_body: input.message_body,
        delay_seconds: input.delay_seconds,
        message_attributes: input.message_attributes,
        message_system_attributes: input.message_system_attributes,
        message_group_id: input.message_group_id,
        message_deduplication_id: input.message_deduplication_id,
    })?;
    let engine = context.engine;
    engine.admit(name, Action::Send)?;
    let admitted = engine.admit_groups(name, &[entry.group_id.as_deref()]);
    admitted.into_iter().collect::<Result<(), _>>()?;
    let sent = engine.send(name, entry)?;
    write(&reply::Sent {
        message_id: sent.message_id,
        md5_of_body: sent.md5_of_body,
        md5_of_attributes: sent.md5_of_attributes,
        md5_of_system_attributes: sent.md5_of_system_attributes,
        sequence_number: sent.sequence_number.map(Shown),
    })
}

/// A message to send, as the engine takes it.
pub(super) fn entry(input: request::SendEntry<'_>) -> Result<SendEntry, SqsError> {
    let delay = input.delay_seconds;
    let attributes = input.message_attributes.unwrap_or_default();
    let attributes = attributes.into_iter().map(|(name, attribute)| {
        let attribute = message_attribute(&name, attribute)?;
        Ok((name, attribute))
    });
    Ok(SendEntry {
        body: input.message_body.into(),
        delay: delay
            .map(|delay| seconds("DelaySeconds", delay, 900))
            .transpose()?,
        attributes: attributes.collect::<Result<_, SqsError>>()?,
        group_id: input.message_group_id,
        deduplication_id: input.message_deduplication_id,
        trace_header: trace_header(input.message_system_attributes)?,
    })
}

fn message_attribute(
    name: &str,
    attribute: request::Attribute,
) -> Result<MessageAttribute, SqsError> {
    let invalid = || {
        SqsError::value(format!(
            "The message attribute '{name}' must contain a non-empty message attribute value of its type."
        ))
    };
    let value = match (attribute.string_value, attribute.binary_value) {
        (Some(text), None) => AttributeValue::Text(text),
        (None, Some(base64)) => {
            AttributeValue::Binary(STANDARD.decode(base64).map_err(|_| invalid())?)
        }
        _ => return Err(invalid()),
    };
    Ok(MessageAttribute {
        data_type: attribute.data_type,
        value,
    })
}

fn trace_header(
    attributes: Option<BTreeMap<String, request::Attribute>>,
) -> Result<Option<String>, SqsError> {
    let mut header = None;
    for (name, attribute) in attributes.unwrap_or_default() {
        header = match message_attribute(&name, attribute)?.value {
            AttributeValue::Text(text) if name == "AWSTraceHeader" => Some(text),
            _ => {
                return Err(SqsError::value(format!(
                    "Message system attribute name '{name}' is invalid: only AWSTraceHeader, of type \
                     String, is allowed."
                )));
            }
        };
    }
    Ok(header)
}

pub(super) async fn receive(context: Context<'_>, input: request::ReceiveMessage<'_>) -> Reply {
    let name = name_in_url(&input.queue_url)?;
    let within =
        |name, value: Option<i64>, most| value.map(|value| seconds(name, value, most)).transpose();
    let options = ReceiveOptions {
        max_messages: usize::try_from(input.max_number_of_messages.unwrap_or(1)).unwrap_or(0),
        visibility_timeout: within("VisibilityTimeout", input.visibility_timeout, 43_200)?,
        wait: within("WaitTimeSeconds", input.wait_time_seconds, 20)?,
    };
    let mut system_names = input.attribute_names.unwrap_or_default();
    system_names.retain(|name| !QUEUE_ATTRIBUTES.contains(&name.as_str()));
    system_names.extend(input.message_system_attribute_names.unwrap_or_default());
    let is_unknown = |name: &&String| !SYSTEM_ATTRIBUTES.contains(&name.as_str());
    if let Some(name) = system_names.iter().find(is_unknown) {
        return Err(SqsError::new(
            SqsErrorKind::InvalidAttributeName,
            format!("Unknown Attribute {name}."),
        ));
    }
    let names = input.message_attribute_names.unwrap_or_default();
    context.engine.admit(name, Action::Receive)?;
    let attempt = input.receive_request_attempt_id.as_deref();
    let received = match attempt {
        Some(id) => context.engine.receive_attempt(name, options, id).await?,
        None => context.engine.receive(name, options).await?,
    };
    let messages = received
        .iter()
        .map(|message| describe(context.site, message, &system_names, &names));
    write(&reply::Messages {
        messages: messages.collect(),
    })
}

fn describe<'a>(
    site: &'a Site,
    message: &'a ReceivedMessage,
    system_names: &[String],
    names: &[String],
) -> reply::Message<'a> {
    let wanted: Vec<_> = message
        .attributes()
        .iter()
        .filter(|(name, _)| names.iter().any(|pattern| selects(pattern, name)))
        .cloned()
        .collect();
    let attributes = message.attributes().iter();
    let attributes = attributes.filter(|(name, _)| wanted.iter().any(|(chosen, _)| chosen == name));
    reply::Message {
        message_id: message.message_id,
        receipt_handle: message.receipt_handle,
        md5_of_body: message.md5_of_body(),
        body: &message.body,
        system_attributes: (!system_names.is_empty())
            .then(|| system_attributes(site, message, system_names)),
        md5_of_attributes: md5_of_attributes(&wanted),
        attributes: attributes
            .map(|(name, attribute)| (name.as_str(), attribute_reply(attribute)))
            .collect(),
    }
}

fn attribute_reply(attribute: &MessageAttribute) -> reply::Attribute<'_> {
    let (string_value, binary_value) = match &attribute.value {
        AttributeValue::Text(text) => (Some(text.as_str()), None),
        AttributeValue::Binary(bytes) => (None, Some(STANDARD.encode(bytes))),
    };
    reply::Attribute {
        string_value,
        binary_value,
        data_type: &attribute.data_type,
    }
}

fn system_attributes<'a>(
    site: &'a Site,
    message: &'a ReceivedMessage,
    names: &[String],
) -> SystemAttributes<'a> {
    let wants = |wanted: &str| names.iter().any(|name| name == "All" || name == wanted);
    let extras = message.extras.as_deref();
    let source = extras.and_then(|extras| extras.dead_letter_source.as_deref());
    SystemAttributes {
        sender_id: wants("SenderId").then_some(site.account_id.as_str()),
        sent_timestamp: wants("SentTimestamp").then_some(Shown(message.sent_timestamp_ms)),
        approximate_receive_count: wants("ApproximateReceiveCount")
            .then_some(Shown(message.receive_count.into())),
        approximate_first_receive_timestamp: wants("ApproximateFirstReceiveTimestamp")
            .then_some(Shown(message.first_receive_timestamp_ms)),
        message_group_id: extras
            .and_then(|extras| extras.group_id.as_deref())
            .filter(|_| wants("MessageGroupId")),
        message_deduplication_id: extras
            .and_then(|extras| extras.deduplication_id.as_deref())
            .filter(|_| wants("MessageDeduplicationId")),
        sequence_number: extras
            .and_then(|extras| extras.sequence_number)
            .filter(|_| wants("SequenceNumber"))
            .map(Shown),
        trace_header: extras
            .and_then(|extras| extras.trace_header.as_deref())
            .filter(|_| wants("AWSTraceHeader")),
        dead_letter_queue_source_arn: source
            .filter(|_| wants("DeadLetterQueueSourceArn"))
            .map(|source| site.queue_arn(source)),
    }
}

/// Whether a name asked for, `All`, `.*` or `prefix.*` is this attribute.
fn selects(pattern: &str, name: &str) -> bool {
    pattern == "All"
        || pattern == name
        || pattern
            .strip_suffix(".*")
            .is_some_and(|prefix| name.starts_with(prefix))
}

pub(super) fn delete(context: Context<'_>, input: request::DeleteMessage<'_>) -> Reply {
    let name = name_in_url(&input.queue_url)?;
    if input.receipt_handle.is_empty() {
        return Err(SqsError::missing("ReceiptHandle"));
    }
    context.engine.admit(name, Action::Delete)?;
    context.engine.delete(name, &input.receipt_handle)?;
    write(&Nothing {})
}

pub(super) fn change_visibility(
    context: Context<'_>,
    input: request::ChangeMessageVisibility<'_>,
) -> Reply {
    let name = name_in_url(&input.queue_url)?;
    context.engine.admit(name, Action::ChangeVisibility)?;
    change(
        context,
        name,
        &input.receipt_handle,
        input.visibility_timeout,
    )?;
    write(&Nothing {})
}

/// Changes the visibility of one message.
pub(super) fn change(
    context: Context<'_>,
    queue: &str,
    receipt_handle: &str,
    timeout: Option<i64>,
) -> Result<(), SqsError> {
    if receipt_handle.is_empty() {
        return Err(SqsError::missing("ReceiptHandle"));
    }
    let Some(timeout) = timeout else {
        return Err(SqsError::missing("VisibilityTimeout"));
    };
    let timeout = seconds("VisibilityTimeout", timeout, 43_200)?;
    context
        .engine
        .change_visibility(queue, receipt_handle, timeout)
}
