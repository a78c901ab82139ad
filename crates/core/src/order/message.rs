//! What an order's message carries beside its body.

use std::time::Duration;

use super::door::IdsKept;
use super::plan::OrderPlan;

/// A message attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageAttribute {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: AttributeText,
}

/// The value of a message attribute, always written as a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttributeText {
    /// Of the type `String`.
    Text(String),
    /// Of the type `Number`.
    Number(String),
}

impl AttributeText {
    /// The name of its type, as SQS has it.
    pub fn data_type(&self) -> &'static str {
        match self {
            Self::Text(_) => "String",
            Self::Number(_) => "Number",
        }
    }

    /// Its text.
    pub fn text(&self) -> &str {
        match self {
            Self::Text(text) | Self::Number(text) => text,
        }
    }
}

impl OrderPlan {
    /// Whether any message of the plan carries more than a body.
    pub fn sends_more_than_bodies(&self) -> bool {
        let spec = self.model.spec();
        let attributes =
            !self.model.attributes.is_empty() && !self.model.puts_attributes_in_bodies();
        let request = self.model.request.is_some();
        attributes
            || request
            || spec.group.is_some()
            || spec.deduplication.is_some()
            || spec.delay.is_some()
    }

    /// The attributes of the message of order `k`. Those of an SNS envelope stand within it, and are none of these.
    pub fn attributes(&self, k: u64) -> Vec<MessageAttribute> {
        match self.model.puts_attributes_in_bodies() {
            true => Vec::new(),
            false => self.model.attributes(self.kind(k), &self.values(k)),
        }
    }

    /// The message group of order `k`.
    pub fn group(&self, k: u64) -> Option<String> {
        let template = self.model.group.as_ref()?;
        Some(template.rendered(&self.values(k)))
    }

    /// The deduplication id of order `k`.
    pub fn deduplication(&self, k: u64) -> Option<String> {
        let template = self.model.deduplication.as_ref()?;
        Some(template.rendered(&self.values(k)))
    }

    /// How long the queue is to hold back each message; the queue's own delay when absent.
    pub fn delay(&self) -> Option<Duration> {
        self.model.spec().delay
    }

    /// Whether a body of this kind of bad orders may hold no id, so that a dead letter of it is known by its message id
    /// alone.
    pub fn body_may_hold_no_id(&self, kind: usize) -> bool {
        self.model.body_may_hold_no_id(Some(kind))
    }

    /// Whether the body of any order of the plan may hold no id.
    pub fn bodies_may_hold_no_id(&self) -> bool {
        let kinds = 0..self.model.spec().bad.len();
        let of_bad = kinds.clone().any(|kind| self.body_may_hold_no_id(kind));
        self.model.body_may_hold_no_id(None) || self.bad_share > 0.0 && of_bad
    }

    /// Whether the body of order `k` may hold no id.
    pub fn may_hold_no_id(&self, k: u64) -> bool {
        self.bodies_may_hold_no_id() && self.model.body_may_hold_no_id(self.kind(k))
    }

    /// Whether any order of the plan is known by its message id: its letter, or its rows.
    pub fn keeps_message_ids(&self) -> bool {
        match self.model.door.ids_kept() {
            IdsKept::Never => false,
            IdsKept::WhereNeeded => self.model.names_messages() || self.bodies_may_hold_no_id(),
            IdsKept::Always => true,
        }
    }

    /// Whether order `k` is known by its message id.
    pub fn keeps_message_id(&self, k: u64) -> bool {
        match self.model.door.ids_kept() {
            IdsKept::Never => false,
            IdsKept::WhereNeeded => self.model.names_messages() || self.may_hold_no_id(k),
            IdsKept::Always => true,
        }
    }
}
