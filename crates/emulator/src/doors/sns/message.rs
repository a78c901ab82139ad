//! A message on its way to a topic.

use super::attributes::TopicAttributes;
use super::error::{SnsError, SnsErrorKind};
use crate::sqs::{AttributeValue, MessageAttribute, MessageId, check_id};

/// A message to publish.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TopicMessage {
    /// What is published.
    pub message: String,
    /// A line for people, at most 100 characters.
    pub subject: Option<String>,
    /// `MessageStructure` `json`: the message is an object with a text for each protocol.
    pub is_structured: bool,
    /// Names distinct.
    pub attributes: Vec<(String, MessageAttribute)>,
    /// `MessageGroupId`: the group whose messages a FIFO topic keeps in order. A standard topic passes it on.
    pub group_id: Option<String>,
    /// `MessageDeduplicationId`, of FIFO topics.
    pub deduplication_id: Option<String>,
}

/// The reply to a publication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The message's id; its copies in queues have their own.
    pub message_id: MessageId,
    /// Its place in a FIFO topic.
    pub sequence_number: Option<String>,
}

impl TopicMessage {
    /// A message of nothing but this.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            ..Self::default()
        }
    }

    /// Bytes that count against the size limits: the message and its attributes' names, types and values.
    pub fn size(&self) -> usize {
        let attributes = self.attributes.iter().map(|(name, attribute)| {
            name.len() + attribute.data_type.len() + attribute.value.as_bytes().len()
        });
        self.message.len() + attributes.sum::<usize>()
    }

    /// Refuses what a topic does not take.
    pub(super) fn check(&self, topic: &TopicAttributes, is_fifo: bool) -> Result<(), SnsError> {
        if self.message.is_empty() {
            return Err(SnsError::parameter("Empty message"));
        }
        if self.size() > topic.message_size_max() as usize {
            return Err(SnsError::parameter("Message too long"));
        }
        self.check_subject()?;
        if self.is_structured {
            self.for_queues()?;
        }
        check_attributes(&self.attributes)?;
        if let Some(group) = &self.group_id {
            check("MessageGroupId", group)?;
        }
        match is_fifo {
            true => self.check_fifo(topic),
            false if self.deduplication_id.is_some() => Err(SnsError::parameter(
                "MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not \
                 valid for this topic type",
            )),
            false => Ok(()),
        }
    }

    /// Whether a message to a FIFO topic has a group. Of a batch with an entry that has not, all is refused.
    pub(super) fn check_group(&self) -> Result<(), SnsError> {
        match &self.group_id {
            Some(_) => Ok(()),
            None => Err(SnsError::parameter(
                "The MessageGroupId parameter is required for FIFO topics",
            )),
        }
    }

    fn check_fifo(&self, topic: &TopicAttributes) -> Result<(), SnsError> {
        self.check_group()?;
        match &self.deduplication_id {
            Some(id) => check("MessageDeduplicationId", id),
            None if topic.content_based_deduplication => Ok(()),
            None => Err(SnsError::parameter(
                "The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided \
                 explicitly",
            )),
        }
    }

    fn check_subject(&self) -> Result<(), SnsError> {
        let fits = self.subject.as_ref().is_none_or(|subject| {
            (1..=100).contains(&subject.chars().count()) && !subject.chars().any(char::is_control)
        });
        match fits {
            true => Ok(()),
            false => Err(SnsError::parameter("Subject")),
        }
    }

    /// What queues get: the message, or of one with a text for each protocol that for `sqs`, or the default.
    pub(super) fn for_queues(&self) -> Result<String, SnsError> {
        if !self.is_structured {
            return Ok(self.message.clone());
        }
        let parsed: Result<serde_json::Map<String, serde_json::Value>, _> =
            serde_json::from_str(&self.message);
        let texts = parsed.map_err(|_| {
            SnsError::parameter("Message Structure - JSON message body failed to parse")
        })?;
        let default = texts
            .get("default")
            .and_then(|text| text.as_str())
            .ok_or_else(|| {
                SnsError::parameter("Message Structure - No default entry in JSON message body")
            })?;
        let own = texts.get("sqs").and_then(|text| text.as_str());
        Ok(own.unwrap_or(default).to_owned())
    }
}

fn check(parameter: &str, id: &str) -> Result<(), SnsError> {
    check_id(parameter, id).map_err(|error| SnsError::parameter(error.message))
}

fn check_attributes(attributes: &[(String, MessageAttribute)]) -> Result<(), SnsError> {
    let invalid =
        |message: String| Err(SnsError::new(SnsErrorKind::InvalidParameterValue, message));
    for (name, attribute) in attributes {
        let kind = attribute.data_type.as_str();
        if attribute.value.as_bytes().is_empty() {
            return invalid(format!(
                "The message attribute '{name}' must contain non-empty message attribute value for message attribute \
                 type '{kind}'."
            ));
        }
        let fits = match (&attribute.value, kind.split('.').next().unwrap_or_default()) {
            (AttributeValue::Text(_), "String") => true,
            (AttributeValue::Text(text), "Number") => text.parse::<f64>().is_ok(),
            (AttributeValue::Binary(_), "Binary") => true,
            _ => false,
        };
        if !fits {
            return invalid(format!(
                "The message attribute '{name}' has an invalid message attribute type, the set of supported type \
                 prefixes is Binary, Number, and String, or its value is not of that type."
            ));
        }
    }
    Ok(())
}
