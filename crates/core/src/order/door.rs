//! What stands before the queue: orders are sent to it, and it puts them on the queue.
//!
//! A topic and an event bus put orders into an envelope of their own, which is taken off here before anything else is
//! looked at. It also holds the id that the sender was answered with: behind a door a message's own id is the door's to make.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::envelope::{Arrived, from_bus, from_topic};

/// The most bytes SNS, and EventBridge, take in one request and so in one message. Source: Amazon SNS API Reference,
/// "Publish" (262,144 bytes); Amazon EventBridge API Reference, "PutEvents" took as much until 2026, and takes no less.
const AWS_REQUEST_BYTES_MAX: usize = 256 << 10;

/// The most bytes SQS takes in one request, bodies and attributes together. Source: Amazon SQS Developer Guide,
/// "Amazon SQS message quotas" (1 MiB since August 2025).
const SQS_REQUEST_BYTES_MAX: usize = 1 << 20;

/// What orders are sent to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Door {
    /// The orders queue itself.
    #[default]
    Sqs,
    /// An SNS topic to which the queue is subscribed.
    Sns(Topic),
    /// An EventBridge bus with a rule whose target is the queue.
    Eventbridge(Bus),
    /// A server that puts what it accepts on the queue.
    Http(Box<HttpDoor>),
}

/// An SNS topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Topic {
    /// Its name, or its ARN.
    pub topic: String,
    /// The subscription hands messages on as they are (`RawMessageDelivery`), without SNS's envelope.
    pub raw: bool,
}

/// An EventBridge bus.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bus {
    /// Its name, or its ARN.
    pub bus: String,
    /// The events' `source`.
    pub source: String,
    /// The events' `detail-type`.
    pub detail_type: String,
    /// The rule hands on the detail alone (`InputPath` `$.detail`), without EventBridge's envelope.
    pub raw: bool,
}

/// A server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpDoor {
    /// `POST`, `PUT` or `PATCH`.
    pub method: String,
    /// Where requests go: a URL, or in the embedded pipeline its path alone. Placeholders give their text, encoded.
    pub url: String,
    /// Headers by name: templates. `{{env.NAME}}` is a variable of the environment, which is read when the run begins
    /// and kept nowhere.
    pub headers: BTreeMap<String, String>,
    /// What is sent around the order, a template with `{{order}}`; the order alone when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// Statuses by which the server has taken the order.
    pub accepted: Vec<u16>,
    /// Statuses by which it has refused it. After any other the outcome is unknown.
    pub refused: Vec<u16>,
    /// A JSON pointer to the id that the server's reply to an accepted order holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_at: Option<String>,
    /// A JSON pointer to what stands in the reply of a server that has refused an order, whatever its status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_at: Option<String>,
}

/// Which orders' ids the sender keeps, as the door's replies give them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum IdsKept {
    /// None: what reaches the queue holds no id that a reply gave.
    Never,
    /// Those of orders whose bodies may not say whose they are.
    WhereNeeded,
    /// All.
    Always,
}

impl Door {
    /// Whether orders are sent to the queue itself.
    pub fn is_queue(&self) -> bool {
        *self == Self::Sqs
    }

    /// The word a scenario uses.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Sqs => "sqs",
            Self::Sns(_) => "sns",
            Self::Eventbridge(_) => "eventbridge",
            Self::Http(_) => "http",
        }
    }

    /// What it is, for people: `the topic orders`.
    pub fn in_words(&self) -> String {
        match self {
            Self::Sqs => "the orders queue".into(),
            Self::Sns(topic) => format!("the topic {}", topic.topic),
            Self::Eventbridge(bus) => format!("the event bus {}", bus.bus),
            Self::Http(_) => "the server".into(),
        }
    }

    /// Who takes orders, for people: `SQS`, `the topic orders`.
    pub fn taker(&self) -> String {
        match self {
            Self::Sqs => "SQS".into(),
            door => door.in_words(),
        }
    }

    /// Whether it puts orders into an envelope of its own.
    pub fn wraps(&self) -> bool {
        match self {
            Self::Sqs | Self::Http(_) => false,
            Self::Sns(topic) => !topic.raw,
            Self::Eventbridge(bus) => !bus.raw,
        }
    }

    /// The most bytes of one request, messages and what they carry together.
    pub fn request_bytes_max(&self) -> usize {
        match self {
            Self::Sqs | Self::Http(_) => SQS_REQUEST_BYTES_MAX,
            Self::Sns(_) | Self::Eventbridge(_) => AWS_REQUEST_BYTES_MAX,
        }
    }

    pub(super) fn ids_kept(&self) -> IdsKept {
        match self {
            Self::Http(server) if server.id_at.is_some() => IdsKept::Always,
            Self::Sqs => IdsKept::WhereNeeded,
            Self::Sns(_) | Self::Eventbridge(_) if self.wraps() => IdsKept::WhereNeeded,
            Self::Sns(_) | Self::Eventbridge(_) | Self::Http(_) => IdsKept::Never,
        }
    }

    /// A message without the door's own envelope; `None` when it has none and should.
    fn opened<'t>(&self, message: &'t str) -> Option<Arrived<'t>> {
        match self {
            Self::Sns(topic) if !topic.raw => from_topic(message),
            Self::Eventbridge(bus) if !bus.raw => from_bus(message),
            _ => Some(Arrived {
                order: message.into(),
                id: None,
            }),
        }
    }

    /// What was sent to the door of what arrived from it; what arrived itself when it is in no envelope of the door's.
    pub fn as_sent<'t>(&self, message: &'t str) -> Cow<'t, str> {
        self.unwrapped(message).unwrap_or(message.into())
    }

    /// The same; `None` when it is in no envelope of the door's, and should be.
    pub(super) fn unwrapped<'t>(&self, message: &'t str) -> Option<Cow<'t, str>> {
        Some(self.opened(message)?.order)
    }

    /// The id by which the sender of a message knows it: in the door's envelope, or the message's own.
    pub fn id_of<'t>(&self, message_id: &'t str, message: &'t str) -> Cow<'t, str> {
        match self.wraps() {
            true => { self.opened(message).and_then(|arrived| arrived.id) }.unwrap_or_default(),
            false => message_id.into(),
        }
    }
}

#[cfg(test)]
#[path = "door_tests.rs"]
mod tests;
