//! What the queues hold: counts, and the letters of the dead-letter queue.

use serde::{Deserialize, Serialize};

/// One copy in the dead-letter queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeadLetter {
    /// The message's body.
    pub body: String,
    /// The id SQS gave the message.
    pub message_id: String,
}

/// The messages of one queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Ready to be received.
    pub visible: u64,
    /// Received and neither deleted nor visible again.
    pub in_flight: u64,
    /// Sent with a delay that has not passed.
    pub delayed: u64,
}

impl Counts {
    /// All of them; counts beyond what a number holds are that number, and never none.
    pub fn total(self) -> u64 {
        self.visible
            .saturating_add(self.in_flight)
            .saturating_add(self.delayed)
    }
}
