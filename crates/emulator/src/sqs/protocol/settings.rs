//! Queue attributes as the protocol writes them: a map from names to texts.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use crate::sqs::attributes::{QueueAttributes, Redrive};
use crate::sqs::error::{SqsError, SqsErrorKind};
use crate::sqs::fifo::{DeduplicationScope, FifoAttributes, ThroughputLimit};
use crate::sqs::registry::QueueDescription;
use crate::sqs::site::Site;

/// Kept and given back, without effect on an embedded queue.
const INERT: [&str; 5] = [
    "KmsDataKeyReusePeriodSeconds",
    "KmsMasterKeyId",
    "Policy",
    "RedriveAllowPolicy",
    "SqsManagedSseEnabled",
];

/// Can be asked for by name, but is only there once it was set.
const OPTIONAL: [&str; 6] = [
    "KmsDataKeyReusePeriodSeconds",
    "KmsMasterKeyId",
    "Policy",
    "RedriveAllowPolicy",
    "RedrivePolicy",
    "SqsManagedSseEnabled",
];

/// Sets the attributes a client wants.
pub(super) fn apply(
    site: &Site,
    attributes: &mut QueueAttributes,
    wanted: &BTreeMap<String, String>,
) -> Result<(), SqsError> {
    if let Some(value) = wanted.get("FifoQueue") {
        set_type(attributes, value)?;
    }
    for (name, value) in wanted {
        match name.as_str() {
            "FifoQueue" => {}
            "DelaySeconds" => attributes.delay = seconds(name, value)?,
            "VisibilityTimeout" => attributes.visibility_timeout = seconds(name, value)?,
            "MessageRetentionPeriod" => attributes.retention = seconds(name, value)?,
            "ReceiveMessageWaitTimeSeconds" => attributes.receive_wait = seconds(name, value)?,
            "MaximumMessageSize" => {
                attributes.maximum_message_size = value.parse().map_err(|_| refuse(name))?;
            }
            "RedrivePolicy" => attributes.redrive = redrive(site, value)?,
            "ContentBasedDeduplication" | "DeduplicationScope" | "FifoThroughputLimit" => {
                let fifo = attributes.fifo.as_mut().ok_or_else(|| unknown(name))?;
                set_fifo(fifo, name, value)?;
            }
            inert if INERT.contains(&inert) => {
                // A queue has the encryption keys of SQS itself unless it is told otherwise.
                let is_default = inert == "SqsManagedSseEnabled" && value == "true";
                if value.is_empty() || is_default {
                    attributes.inert.remove(inert);
                } else {
                    attributes.inert.insert(name.clone(), value.clone());
                }
            }
            _ => return Err(unknown(name)),
        }
    }
    Ok(())
}

/// A queue is a FIFO queue from its creation on, or never.
fn set_type(attributes: &mut QueueAttributes, value: &str) -> Result<(), SqsError> {
    match boolean("FifoQueue", value)? {
        true => {
            attributes.fifo.get_or_insert_default();
        }
        false => attributes.fifo = None,
    }
    Ok(())
}

fn set_fifo(fifo: &mut FifoAttributes, name: &str, value: &str) -> Result<(), SqsError> {
    match name {
        "ContentBasedDeduplication" => fifo.content_based_deduplication = boolean(name, value)?,
        "DeduplicationScope" => {
            fifo.deduplication_scope =
                DeduplicationScope::of_name(value).ok_or_else(|| refuse(name))?;
        }
        _ => {
            fifo.throughput_limit = ThroughputLimit::of_name(value).ok_or_else(|| refuse(name))?;
        }
    }
    Ok(())
}

fn boolean(name: &str, value: &str) -> Result<bool, SqsError> {
    match value {
        _ if value.eq_ignore_ascii_case("true") => Ok(true),
        _ if value.eq_ignore_ascii_case("false") => Ok(false),
        _ => Err(refuse(name)),
    }
}

/// All attributes of a queue.
pub(super) fn describe(
    site: &Site,
    name: &str,
    queue: &QueueDescription,
) -> BTreeMap<&'static str, String> {
    let QueueDescription {
        attributes, counts, ..
    } = queue;
    let mut all = BTreeMap::from([
        ("ApproximateNumberOfMessages", counts.visible.to_string()),
        (
            "ApproximateNumberOfMessagesDelayed",
            counts.delayed.to_string(),
        ),
        (
            "ApproximateNumberOfMessagesNotVisible",
            counts.in_flight.to_string(),
        ),
        ("CreatedTimestamp", queue.created_s.to_string()),
        ("DelaySeconds", text(attributes.delay)),
        ("LastModifiedTimestamp", queue.modified_s.to_string()),
        (
            "MaximumMessageSize",
            attributes.maximum_message_size.to_string(),
        ),
        ("MessageRetentionPeriod", text(attributes.retention)),
        ("QueueArn", site.queue_arn(name)),
        (
            "ReceiveMessageWaitTimeSeconds",
            text(attributes.receive_wait),
        ),
        ("VisibilityTimeout", text(attributes.visibility_timeout)),
    ]);
    if let Some(fifo) = &attributes.fifo {
        all.extend([
            ("FifoQueue", true.to_string()),
            (
                "ContentBasedDeduplication",
                fifo.content_based_deduplication.to_string(),
            ),
            (
                "DeduplicationScope",
                fifo.deduplication_scope.name().to_owned(),
            ),
            (
                "FifoThroughputLimit",
                fifo.throughput_limit.name().to_owned(),
            ),
        ]);
    }
    if let Some(redrive) = &attributes.redrive {
        let policy = serde_json::json!({
            "deadLetterTargetArn": site.queue_arn(&redrive.dead_letter_queue),
            "maxReceiveCount": redrive.max_receive_count,
        });
        all.insert("RedrivePolicy", policy.to_string());
    }
    let has_own_keys = !attributes.inert.contains_key("KmsMasterKeyId");
    all.insert("SqsManagedSseEnabled", has_own_keys.to_string());
    for name in INERT {
        if let Some(value) = attributes.inert.get(name) {
            all.insert(name, value.clone());
        }
    }
    all
}

/// Those asked for by name, or all of them.
pub(super) fn select(
    mut all: BTreeMap<&'static str, String>,
    names: &[String],
) -> Result<BTreeMap<&'static str, String>, SqsError> {
    let is_known = |name: &str| name == "All" || OPTIONAL.contains(&name) || all.contains_key(name);
    if let Some(name) = names.iter().find(|name| !is_known(name)) {
        return Err(unknown(name));
    }
    if !names.iter().any(|name| name == "All") {
        all.retain(|name, _| names.iter().any(|wanted| wanted == name));
    }
    Ok(all)
}

fn redrive(site: &Site, policy: &str) -> Result<Option<Redrive>, SqsError> {
    if policy.is_empty() {
        return Ok(None);
    }
    let invalid = |reason: &str| {
        SqsError::value(format!(
            "Value {policy} for parameter RedrivePolicy is invalid. Reason: {reason}"
        ))
    };
    let parsed: Value = serde_json::from_str(policy)
        .map_err(|_| invalid("Redrive policy is not a valid JSON map."))?;
    let count = match &parsed["maxReceiveCount"] {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    let max_receive_count = count
        .and_then(|count| u32::try_from(count).ok())
        .ok_or_else(|| invalid("maxReceiveCount must be a number between 1 and 1000."))?;
    let arn = parsed["deadLetterTargetArn"].as_str().ok_or_else(|| {
        invalid("Redrive policy does not contain mandatory attribute: deadLetterTargetArn.")
    })?;
    Ok(Some(Redrive {
        dead_letter_queue: site.name_in_arn(arn)?.to_owned(),
        max_receive_count,
    }))
}

fn seconds(name: &str, value: &str) -> Result<Duration, SqsError> {
    let seconds = value.parse().map_err(|_| refuse(name))?;
    Ok(Duration::from_secs(seconds))
}

fn text(duration: Duration) -> String {
    duration.as_secs().to_string()
}

fn refuse(name: &str) -> SqsError {
    SqsError::new(
        SqsErrorKind::InvalidAttributeValue,
        format!("Invalid value for the parameter {name}."),
    )
}

fn unknown(name: &str) -> SqsError {
    SqsError::new(
        SqsErrorKind::InvalidAttributeName,
        format!("Unknown Attribute {name}."),
    )
}
