//! Event buses of EventBridge, their rules, and the queues that rules send events to.
//!
//! The protocol is EventBridge's own, JSON 1.1. Rules match by event pattern, and only queues of this emulator can be
//! targets. Figures are from the EventBridge API reference and user guide.

mod arn;
mod envelope;
mod error;
mod protocol;
mod put;
mod registry;
mod rule;

pub(super) use protocol::EventsService;
pub(super) use registry::Buses;

pub use error::{EventsError, EventsErrorKind};
pub use put::Event;
pub use rule::{Rule, Target};

#[cfg(test)]
mod tests;
