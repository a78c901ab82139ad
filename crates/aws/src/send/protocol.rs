//! The services of AWS that orders are sent to, each in its own protocol.

use super::events::{self, EventsAt};
use super::reply::{self, SendReply};
use super::request::QueueAt;
use super::{Batch, SendError, request, sns};
use crate::order::Door;
use crate::scenario::Sending;
use crate::store::{DoorAt, Target};

/// Who is sent to, and by what name.
pub(super) enum Protocol {
    /// SQS, JSON 1.0.
    Sqs(QueueAt),
    /// SNS, in the Query protocol, which is the only one it has.
    Sns {
        /// The topic's ARN.
        topic_arn: String,
    },
    /// EventBridge, JSON 1.1.
    Events(EventsAt),
}

impl Protocol {
    /// The endpoint of what `sending` names at `target`, and how it is spoken to.
    pub(super) fn of<'t>(
        target: &'t Target,
        sending: &Sending,
    ) -> Result<(&'t str, Self), SendError> {
        match (&sending.to, &target.door) {
            (Door::Sqs, _) => Ok((
                &target.sqs_endpoint,
                Self::Sqs(QueueAt::new(&target.orders_queue_url)),
            )),
            (Door::Sns(_), DoorAt::Topic { endpoint, arn }) => Ok((
                endpoint,
                Self::Sns {
                    topic_arn: arn.clone(),
                },
            )),
            (Door::Eventbridge(bus), DoorAt::Bus { endpoint, name }) => {
                Ok((endpoint, Self::Events(EventsAt::new(name, bus))))
            }
            (door, _) => Err(SendError::NoDoor(door.in_words())),
        }
    }

    /// In signatures.
    pub(super) fn signing_name(&self) -> &'static str {
        match self {
            Self::Sqs(_) => "sqs",
            Self::Sns { .. } => "sns",
            Self::Events(_) => "events",
        }
    }

    pub(super) fn content_type(&self) -> &'static str {
        match self {
            Self::Sqs(_) => "application/x-amz-json-1.0",
            Self::Sns { .. } => "application/x-www-form-urlencoded; charset=utf-8",
            Self::Events(_) => "application/x-amz-json-1.1",
        }
    }

    /// `X-Amz-Target`, where the protocol has it.
    pub(super) fn operation(&self, batch: &Batch) -> Option<&'static str> {
        match self {
            Self::Sqs(_) => Some(request::operation(batch)),
            Self::Sns { .. } => None,
            Self::Events(_) => Some(events::OPERATION),
        }
    }

    /// Appends the request's body to `out`.
    pub(super) fn write(&self, batch: &Batch, out: &mut Vec<u8>) {
        match self {
            Self::Sqs(queue) => queue.write_request(batch, out),
            Self::Sns { topic_arn } => sns::write_request(topic_arn, batch, out),
            Self::Events(events) => events.write_request(batch, out),
        }
    }

    /// What a reply proves about each order.
    pub(super) fn classify(&self, status: u16, body: &[u8], batch: &Batch) -> SendReply {
        match self {
            Self::Sqs(_) => reply::classify(status, body, batch),
            Self::Sns { .. } => sns::classify(status, body, batch),
            Self::Events(_) => events::classify(status, body, batch),
        }
    }
}
