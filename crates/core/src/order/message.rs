//! What an order's message carries beside its body.

use std::time::Duration;

use super::content::OrderPlan;

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
        false
    }

    /// The attributes of the message of order `k`.
    pub fn attributes(&self, _k: u64) -> Vec<MessageAttribute> {
        Vec::new()
    }

    /// The message group of order `k`.
    pub fn group(&self, _k: u64) -> Option<String> {
        None
    }

    /// The deduplication id of order `k`.
    pub fn deduplication(&self, _k: u64) -> Option<String> {
        None
    }

    /// How long the queue is to hold back each message; the queue's own delay when absent.
    pub fn delay(&self) -> Option<Duration> {
        None
    }

    /// Which kind of bad orders `k` is one of, by its place in the specification.
    pub fn kind(&self, k: u64) -> Option<usize> {
        self.is_bad(k).then_some(0)
    }

    /// Whether a body of this kind of bad orders may hold no id, so that a dead letter of it is known by its message id
    /// alone.
    pub fn body_may_hold_no_id(&self, _kind: usize) -> bool {
        false
    }

    /// Whether any order of the plan is known by its message id alone.
    pub fn keeps_message_ids(&self) -> bool {
        false
    }

    /// Whether order `k` is known by its message id alone.
    pub fn keeps_message_id(&self, k: u64) -> bool {
        self.keeps_message_ids()
            && self
                .kind(k)
                .is_some_and(|kind| self.body_may_hold_no_id(kind))
    }
}
