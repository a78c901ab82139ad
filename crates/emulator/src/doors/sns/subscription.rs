//! A queue's subscription to a topic.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::error::SnsError;
use super::message::TopicMessage;
use super::{arn, attributes};
use crate::doors::pattern::Pattern;
use crate::sqs::{AttributeValue, MessageAttribute, Site};

/// The largest filter policy.
const POLICY_BYTES_MAX: usize = 256 << 10;

/// A queue that gets what is published to a topic.
#[derive(Debug, Clone, PartialEq)]
pub struct Subscription {
    pub(super) queue: Arc<str>,
    pub(super) is_raw: bool,
    pub(super) policy: Option<String>,
    pub(super) by_body: bool,
    pub(super) dead_letter_queue: Option<Arc<str>>,
    /// Attributes that are kept and given back and have no effect here.
    inert: BTreeMap<String, String>,
    filter: Option<Pattern>,
}

impl Subscription {
    /// This queue, by name; each message comes in SNS's envelope.
    pub fn to_queue(queue: &str) -> Self {
        Self {
            queue: queue.into(),
            is_raw: false,
            policy: None,
            by_body: false,
            dead_letter_queue: None,
            inert: BTreeMap::new(),
            filter: None,
        }
    }

    /// Messages come as they were published (`RawMessageDelivery`).
    #[must_use]
    pub fn raw(mut self) -> Self {
        self.is_raw = true;
        self
    }

    /// Only messages whose attributes match this filter policy, in JSON.
    #[must_use]
    pub fn filtered(mut self, policy: &str) -> Self {
        self.policy = Some(policy.to_owned());
        self.by_body = false;
        self
    }

    /// Only messages whose body, a JSON object, matches this filter policy (`FilterPolicyScope` `MessageBody`).
    #[must_use]
    pub fn filtered_by_body(mut self, policy: &str) -> Self {
        self.policy = Some(policy.to_owned());
        self.by_body = true;
        self
    }

    /// What cannot be delivered goes to this queue, by name.
    #[must_use]
    pub fn dead_letters_to(mut self, queue: &str) -> Self {
        self.dead_letter_queue = Some(queue.into());
        self
    }

    /// Sets an attribute by name; to be settled when all are set.
    pub(super) fn set(&mut self, name: &str, value: &str) -> Result<(), SnsError> {
        match name {
            "RawMessageDelivery" => self.is_raw = attributes::truth(name, value)?,
            "FilterPolicyScope" => {
                self.by_body = match value {
                    "MessageAttributes" => false,
                    "MessageBody" => true,
                    _ => {
                        return Err(SnsError::parameter(format!(
                            "FilterPolicyScope: Invalid value [{}]. Please use either MessageBody or MessageAttributes",
                            value.escape_debug()
                        )));
                    }
                }
            }
            "FilterPolicy" => {
                let is_none = matches!(value.trim(), "" | "{}");
                self.policy = (!is_none).then(|| value.to_owned());
            }
            "RedrivePolicy" => {
                self.dead_letter_queue = match value.trim() {
                    "" | "{}" => None,
                    policy => Some(dead_letter_queue(policy)?.into()),
                }
            }
            "DeliveryPolicy" | "SubscriptionRoleArn" => {
                attributes::check_length(name, value)?;
                self.inert.insert(name.to_owned(), value.to_owned());
            }
            "ReplayPolicy" => {
                return Err(SnsError::parameter(
                    "ReplayPolicy: topics keep no archive here",
                ));
            }
            _ => return Err(SnsError::parameter("AttributeName")),
        }
        Ok(())
    }

    /// Reads the filter policy, once all attributes are set.
    pub(super) fn settle(&mut self) -> Result<(), SnsError> {
        self.filter = match &self.policy {
            None => None,
            Some(policy) if policy.len() > POLICY_BYTES_MAX => {
                return Err(SnsError::parameter(
                    "FilterPolicy: a policy has at most 256 KiB",
                ));
            }
            Some(policy) => {
                let filter = Pattern::parse(policy);
                Some(
                    filter
                        .map_err(|error| SnsError::parameter(format!("FilterPolicy: {error}")))?,
                )
            }
        };
        match &self.filter {
            Some(filter) if filter.is_nested() && !self.by_body => Err(SnsError::parameter(
                "FilterPolicy: Filter policy scope MessageAttributes does not support nested filter policy",
            )),
            _ => Ok(()),
        }
    }

    /// Whether it wants a message.
    pub(super) fn wants(&self, message: &TopicMessage) -> bool {
        match &self.filter {
            None => true,
            Some(filter) if self.by_body => match serde_json::from_str(&message.message) {
                Ok(Value::Object(content)) => filter.matches(&content),
                _ => false,
            },
            Some(filter) => filter.matches(&content(&message.attributes)),
        }
    }

    /// As replies have it.
    pub(super) fn described(&self, site: &Site) -> BTreeMap<String, String> {
        let mut all = self.inert.clone();
        all.insert("RawMessageDelivery".to_owned(), self.is_raw.to_string());
        if let Some(policy) = &self.policy {
            let scope = match self.by_body {
                true => "MessageBody",
                false => "MessageAttributes",
            };
            all.insert("FilterPolicy".to_owned(), policy.clone());
            all.insert("FilterPolicyScope".to_owned(), scope.to_owned());
        }
        if let Some(queue) = &self.dead_letter_queue {
            let arn = site.queue_arn(queue);
            let policy = serde_json::json!({"deadLetterTargetArn": arn}).to_string();
            all.insert("RedrivePolicy".to_owned(), policy);
        }
        all
    }
}

fn dead_letter_queue(policy: &str) -> Result<String, SnsError> {
    let policy: Option<Value> = serde_json::from_str(policy).ok();
    let arn = policy
        .as_ref()
        .and_then(|policy| policy.get("deadLetterTargetArn")?.as_str());
    let arn = arn.ok_or_else(|| {
        SnsError::parameter("RedrivePolicy: it takes {\"deadLetterTargetArn\": the ARN of a queue}")
    })?;
    arn::queue("RedrivePolicy", arn).map(str::to_owned)
}

/// Attributes as a policy sees them: texts, numbers, and the items of arrays.
fn content(attributes: &[(String, MessageAttribute)]) -> Map<String, Value> {
    let values = attributes.iter().filter_map(|(name, attribute)| {
        let AttributeValue::Text(text) = &attribute.value else {
            return None;
        };
        let value = match attribute.data_type.as_str() {
            "String.Array" => serde_json::from_str(text).ok().filter(Value::is_array)?,
            kind if kind.split('.').next() == Some("Number") => serde_json::from_str(text).ok()?,
            _ => Value::String(text.clone()),
        };
        Some((name.clone(), value))
    });
    values.collect()
}
