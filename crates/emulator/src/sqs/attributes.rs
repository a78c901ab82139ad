//! A queue's attributes, their defaults and their limits.
//!
//! Figures are from the SQS API reference, `SetQueueAttributes` and "Amazon SQS message quotas".

use std::collections::BTreeMap;
use std::time::Duration;

use super::error::{SqsError, SqsErrorKind};
use super::fifo::FifoAttributes;
use super::permission;

/// The longest a message can be delayed.
pub(super) const DELAY_MAX: Duration = Duration::from_secs(900);
/// The longest a received message can stay hidden.
pub(super) const VISIBILITY_MAX: Duration = Duration::from_secs(43_200);
/// The longest a receive can wait.
pub(super) const WAIT_MAX: Duration = Duration::from_secs(20);
/// The largest message, and the largest batch.
pub(super) const MESSAGE_SIZE_MAX: u32 = 1 << 20;

/// Says which queues may name a queue as their dead-letter queue.
pub(super) const ALLOW_POLICY: &str = "RedriveAllowPolicy";

/// The attributes of a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueAttributes {
    /// How long a new message stays invisible, 0 to 15 minutes.
    pub delay: Duration,
    /// How long a received message stays hidden, 0 to 12 hours.
    pub visibility_timeout: Duration,
    /// How long a message is kept from its first send, 60 s to 14 days.
    pub retention: Duration,
    /// How long a receive waits that does not say, 0 to 20 s.
    pub receive_wait: Duration,
    /// The largest message in bytes, 1 KiB to 1 MiB.
    pub maximum_message_size: u32,
    /// Where messages go that are received too often.
    pub redrive: Option<Redrive>,
    /// What only a FIFO queue has; its name ends in `.fifo`.
    pub fifo: Option<FifoAttributes>,
    /// Attributes that are kept and given back and have no effect here: policies and encryption. Of them
    /// `RedriveAllowPolicy` has one: it says which queues may name this one as their dead-letter queue.
    pub inert: BTreeMap<String, String>,
}

/// When messages go to a dead-letter queue, and to which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redrive {
    /// The dead-letter queue's name.
    pub dead_letter_queue: String,
    /// How many times a message is received before the next attempt moves it, 1 to 1,000.
    pub max_receive_count: u32,
}

impl Default for QueueAttributes {
    fn default() -> Self {
        Self {
            delay: Duration::ZERO,
            visibility_timeout: Duration::from_secs(30),
            retention: Duration::from_secs(4 * 86_400),
            receive_wait: Duration::ZERO,
            maximum_message_size: MESSAGE_SIZE_MAX,
            redrive: None,
            fifo: None,
            inert: BTreeMap::new(),
        }
    }
}

impl QueueAttributes {
    /// Those of a new FIFO queue.
    pub fn fifo(fifo: FifoAttributes) -> Self {
        Self {
            fifo: Some(fifo),
            ..Self::default()
        }
    }

    /// Refuses values out of the ranges above, where time passes `speed` times faster.
    pub(super) fn check(&self, speed: f64) -> Result<(), SqsError> {
        let day = Duration::from_secs(86_400);
        let ranges = [
            ("DelaySeconds", self.delay, Duration::ZERO, DELAY_MAX),
            (
                "VisibilityTimeout",
                self.visibility_timeout,
                Duration::ZERO,
                VISIBILITY_MAX,
            ),
            (
                "MessageRetentionPeriod",
                self.retention,
                Duration::from_secs(60).div_f64(speed),
                14 * day,
            ),
            (
                "ReceiveMessageWaitTimeSeconds",
                self.receive_wait,
                Duration::ZERO,
                WAIT_MAX,
            ),
        ];
        for (name, value, least, most) in ranges {
            if value < least || value > most {
                return Err(refuse(name));
            }
        }
        if !(1024..=MESSAGE_SIZE_MAX).contains(&self.maximum_message_size) {
            return Err(refuse("MaximumMessageSize"));
        }
        if let Some(redrive) = &self.redrive
            && !(1..=1000).contains(&redrive.max_receive_count)
        {
            return Err(SqsError::value(format!(
                "Value {} for parameter maxReceiveCount is invalid. Reason: must be between 1 and 1000.",
                redrive.max_receive_count
            )));
        }
        if let Some(policy) = self.inert.get(ALLOW_POLICY) {
            permission::check(policy)?;
        }
        if let Some(policy) = self.inert.get("Policy") {
            let parsed = serde_json::from_str::<serde_json::Value>(policy);
            if !parsed.is_ok_and(|policy| policy.is_object()) {
                return Err(refuse("Policy"));
            }
        }
        self.fifo.map_or(Ok(()), FifoAttributes::check)
    }
}

fn refuse(name: &str) -> SqsError {
    SqsError::new(
        SqsErrorKind::InvalidAttributeValue,
        format!("Invalid value for the parameter {name}."),
    )
}
