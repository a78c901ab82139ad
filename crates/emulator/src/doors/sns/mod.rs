//! Topics of SNS, and their subscriptions by queues.
//!
//! The protocol is SNS's own, Query, which every SDK speaks to it. Only queues of this emulator can subscribe; policies are
//! kept and have no effect. Figures are from the SNS API reference and developer guide.

mod arn;
mod attributes;
mod envelope;
mod error;
mod message;
mod protocol;
mod publish;
mod registry;
mod subscription;

pub(super) use protocol::SnsService;
pub(super) use registry::Topics;

pub use attributes::TopicAttributes;
pub use error::{SnsError, SnsErrorKind};
pub use message::{Published, TopicMessage};
pub use subscription::Subscription;

#[cfg(test)]
mod tests;
