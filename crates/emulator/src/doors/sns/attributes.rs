//! A topic's attributes.

use std::collections::BTreeMap;

use super::error::SnsError;
use crate::sqs::DeduplicationScope;

/// The largest message where nothing else is set: 256 KiB.
const MESSAGE_SIZE_DEFAULT: u32 = 256 << 10;

/// Attributes that are kept and given back and have no effect here.
const INERT: [&str; 8] = [
    "ArchivePolicy",
    "DataProtectionPolicy",
    "DeliveryPolicy",
    "DisplayName",
    "KmsMasterKeyId",
    "Policy",
    "SignatureVersion",
    "TracingConfig",
];
/// The longest value of one: a policy's.
const VALUE_BYTES_MAX: usize = 30 << 10;
/// What the names of attributes about the log of deliveries end in.
const FEEDBACK: [&str; 3] = [
    "FailureFeedbackRoleArn",
    "SuccessFeedbackRoleArn",
    "SuccessFeedbackSampleRate",
];

/// What a topic can be set to. The default is a new topic's on AWS.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TopicAttributes {
    /// `ContentBasedDeduplication`: a message to a FIFO topic without a deduplication id gets the SHA-256 of its body.
    pub content_based_deduplication: bool,
    /// `FifoThroughputScope` of a FIFO topic, as which AWS writes `Topic` and `MessageGroup`: among which messages a
    /// deduplication id must differ.
    pub deduplication_scope: DeduplicationScope,
    /// `MaximumMessageSize`: the largest message with its attributes, in bytes, 1 KiB to 1 MiB; 256 KiB if none.
    pub maximum_message_size: Option<u32>,
    /// Attributes that are kept and given back and have no effect here: policies, encryption, names for people.
    pub inert: BTreeMap<String, String>,
}

impl TopicAttributes {
    /// The largest message with its attributes, in bytes.
    pub fn message_size_max(&self) -> u32 {
        self.maximum_message_size.unwrap_or(MESSAGE_SIZE_DEFAULT)
    }

    /// Sets an attribute by name.
    pub(super) fn set(&mut self, name: &str, value: &str, is_fifo: bool) -> Result<(), SnsError> {
        check_length(name, value)?;
        match name {
            "ContentBasedDeduplication" if is_fifo => {
                self.content_based_deduplication = truth(name, value)?;
            }
            "FifoThroughputScope" if is_fifo => {
                self.deduplication_scope = match value {
                    "Topic" => DeduplicationScope::Queue,
                    "MessageGroup" => DeduplicationScope::MessageGroup,
                    _ => return Err(invalid(name, value)),
                };
            }
            "MaximumMessageSize" => {
                let size = value
                    .parse()
                    .ok()
                    .filter(|size| (1_024..=1 << 20).contains(size));
                self.maximum_message_size = Some(size.ok_or_else(|| invalid(name, value))?);
            }
            _ if INERT.contains(&name) || FEEDBACK.iter().any(|end| name.ends_with(end)) => {
                self.inert.insert(name.to_owned(), value.to_owned());
            }
            _ => return Err(SnsError::parameter("AttributeName")),
        }
        Ok(())
    }

    /// As replies have them, beside what is known of the topic itself.
    pub(super) fn described(&self, is_fifo: bool) -> BTreeMap<String, String> {
        let mut all = self.inert.clone();
        all.entry("DisplayName".to_owned()).or_default();
        if let Some(size) = self.maximum_message_size {
            all.insert("MaximumMessageSize".to_owned(), size.to_string());
        }
        if is_fifo {
            let scope = match self.deduplication_scope {
                DeduplicationScope::Queue => "Topic",
                DeduplicationScope::MessageGroup => "MessageGroup",
            };
            let deduplicates = self.content_based_deduplication.to_string();
            all.insert("FifoTopic".to_owned(), "true".to_owned());
            all.insert("ContentBasedDeduplication".to_owned(), deduplicates);
            all.insert("FifoThroughputScope".to_owned(), scope.to_owned());
        }
        all
    }
}

/// Refuses what is longer than any attribute that is kept.
pub(super) fn check_length(name: &str, value: &str) -> Result<(), SnsError> {
    match name.len() <= 256 && value.len() <= VALUE_BYTES_MAX {
        true => Ok(()),
        false => Err(SnsError::parameter(
            "Attributes Reason: a value has at most 30,720 bytes",
        )),
    }
}

/// A truth as AWS writes it, in any case.
pub(super) fn truth(name: &str, value: &str) -> Result<bool, SnsError> {
    match value.to_ascii_lowercase().as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(invalid(name, value)),
    }
}

fn invalid(name: &str, value: &str) -> SnsError {
    SnsError::parameter(format!(
        "Attributes Reason: {name}: Invalid value [{}]",
        value.escape_debug()
    ))
}
