//! What a call may ask for: refused here before any state is touched.

use std::time::Duration;

use super::attributes::{DELAY_MAX, QueueAttributes, VISIBILITY_MAX, WAIT_MAX};
use super::error::{SqsError, SqsErrorKind};
use super::fifo::{FifoAttributes, check_id};
use super::message::{ReceiveOptions, SendEntry};
use orderproof_machines::queue::{AttributeValue, MessageAttribute};

/// A message to send to a queue of these attributes.
pub(super) fn check_entry(entry: &SendEntry, queue: &QueueAttributes) -> Result<(), SqsError> {
    let size_max = queue.maximum_message_size;
    if entry.body.is_empty() {
        return Err(SqsError::missing("MessageBody"));
    }
    if entry.size() > size_max as usize {
        return Err(SqsError::value(format!(
            "One or more parameters are invalid. Reason: Message must be shorter than {size_max} bytes."
        )));
    }
    if !is_allowed_text(&entry.body) {
        return Err(SqsError::new(
            SqsErrorKind::InvalidMessageContents,
            "Invalid characters found in message body: only #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 \
             to #xFFFD | #x10000 to #x10FFFF are allowed.",
        ));
    }
    if let Some(delay) = entry.delay
        && delay > DELAY_MAX
    {
        return Err(SqsError::value(format!(
            "Value {} for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.",
            delay.as_secs()
        )));
    }
    check_attributes(&entry.attributes)?;
    if let Some(group) = &entry.group_id {
        check_id("MessageGroupId", group)?;
    }
    match queue.fifo {
        Some(fifo) => check_fifo(entry, fifo),
        None if entry.deduplication_id.is_some() => Err(SqsError::not_for_queue(
            "MessageDeduplicationId",
            entry.deduplication_id.as_deref().unwrap_or_default(),
        )),
        None => Ok(()),
    }
}

/// What a FIFO queue asks for beside that.
fn check_fifo(entry: &SendEntry, fifo: FifoAttributes) -> Result<(), SqsError> {
    check_ids_given(entry, fifo)?;
    if let Some(id) = &entry.deduplication_id {
        check_id("MessageDeduplicationId", id)?;
    }
    match entry.delay {
        Some(delay) if !delay.is_zero() => Err(SqsError::not_for_queue(
            "DelaySeconds",
            &delay.as_secs().to_string(),
        )),
        _ => Ok(()),
    }
}

/// Whether a message to a FIFO queue has a group and, where its body is none, a deduplication id. Of a batch with an entry
/// that has not, AWS refuses all.
pub(super) fn check_ids_given(entry: &SendEntry, fifo: FifoAttributes) -> Result<(), SqsError> {
    if entry.group_id.is_none() {
        return Err(SqsError::missing("MessageGroupId"));
    }
    match entry.deduplication_id.is_some() || fifo.content_based_deduplication {
        true => Ok(()),
        false => Err(SqsError::value(
            "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided \
             explicitly",
        )),
    }
}

/// How to receive.
pub(super) fn check_options(options: ReceiveOptions) -> Result<(), SqsError> {
    if !(1..=10).contains(&options.max_messages) {
        return Err(SqsError::value(format!(
            "Value {} for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if \
             provided.",
            options.max_messages
        )));
    }
    if let Some(wait) = options.wait
        && wait > WAIT_MAX
    {
        return Err(SqsError::value(format!(
            "Value {} for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if \
             provided.",
            wait.as_secs()
        )));
    }
    options.visibility_timeout.map_or(Ok(()), check_visibility)
}

/// How long a message is to stay hidden.
pub(super) fn check_visibility(timeout: Duration) -> Result<(), SqsError> {
    if timeout <= VISIBILITY_MAX {
        return Ok(());
    }
    Err(SqsError::value(format!(
        "Value {} for parameter VisibilityTimeout is invalid. Reason: VisibilityTimeout must be an \
         integer between 0 and 43200.",
        timeout.as_secs()
    )))
}

fn check_attributes(attributes: &[(String, MessageAttribute)]) -> Result<(), SqsError> {
    if attributes.len() > 10 {
        return Err(SqsError::value(format!(
            "Number of message attributes [{}] exceeds the allowed maximum [10].",
            attributes.len()
        )));
    }
    for (name, attribute) in attributes {
        let kind = attribute.data_type.split('.').next().unwrap_or_default();
        let fits = match (&attribute.value, kind) {
            (AttributeValue::Text(text), "String") => is_allowed_text(text),
            (AttributeValue::Text(text), "Number") => text.parse::<f64>().is_ok(),
            (AttributeValue::Binary(_), "Binary") => true,
            _ => false,
        };
        if !fits || attribute.value.as_bytes().is_empty() || attribute.data_type.len() > 256 {
            return Err(SqsError::value(format!(
                "The message attribute '{name}' has an invalid message attribute type or value."
            )));
        }
        if !is_allowed_name(name) {
            return Err(SqsError::value(format!(
                "The message attribute name '{name}' is invalid."
            )));
        }
    }
    Ok(())
}

fn is_allowed_name(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let reserved = lower.starts_with("aws.") || lower.starts_with("amazon.");
    let dots = name.starts_with('.') || name.ends_with('.') || name.contains("..");
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    (1..=256).contains(&name.len()) && name.bytes().all(is_allowed) && !reserved && !dots
}

/// Whether all characters are among those SQS takes: what XML 1.0 can carry.
fn is_allowed_text(text: &str) -> bool {
    let bytes = text.as_bytes();
    let no_controls = bytes
        .iter()
        .all(|byte| *byte >= 0x20 || matches!(byte, b'\t' | b'\n' | b'\r'));
    no_controls && (text.is_ascii() || !text.contains(['\u{fffe}', '\u{ffff}']))
}
