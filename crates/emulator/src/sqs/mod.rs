//! The embedded SQS: standard and FIFO queues in memory, exact where AWS is approximate.
//!
//! The engine knows queues and messages and nothing of HTTP; the protocol and the server make it
//! speak AWS's JSON protocol on a loopback port, so that an unmodified SDK client can use it. Time
//! comes from tokio's clock: a test that pauses it drives delays, visibility and retention.

mod attributes;
mod check;
mod clock;
mod described;
mod digest;
mod engine;
mod error;
mod faults;
mod fifo;
mod handle;
mod message;
mod moves;
mod permission;
mod prepared;
mod protocol;
mod queue;
mod quotas;
mod receive;
mod registry;
mod service;
mod site;

pub use attributes::{QueueAttributes, Redrive};
pub(crate) use clock::{Clock, Nanos, nanos};
pub use digest::{md5_of_attributes, md5_of_body};
pub use engine::SqsEngine;
pub use error::{SqsError, SqsErrorKind};
pub use faults::{BuryFault, QueueFaults, RequestFault, SendFault};
pub use fifo::{Action, DeduplicationScope, FifoAttributes, ThroughputLimit, is_fifo};
pub(crate) use fifo::{Deduplication, Seen, check_id, content_id};
pub(crate) use handle::Scribe;
pub use handle::{InlineText, Md5Text, MessageId, ReceiptHandle};
pub use message::{ReceiveOptions, ReceivedMessage, SendEntry, Sent};
pub use moves::{MoveFailure, MoveStatus, MoveTask};
pub use orderproof_machines::queue::{
    AttributeValue, Extras, MessageAttribute, ReceiveFault, SequenceNumber,
};
pub use queue::QueueCounts;
pub use quotas::GroupCounts;
pub use registry::QueueDescription;
pub use service::answer_request;
pub(super) use service::{Call, SqsService, Target};
pub use site::Site;

#[cfg(test)]
mod tests;
