//! The attributes that only FIFO queues have.

use crate::sqs::error::{SqsError, SqsErrorKind};

/// What a FIFO queue can be set to. The default is a new queue's on AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FifoAttributes {
    /// `ContentBasedDeduplication`: a message sent without a deduplication id gets the SHA-256 of its body.
    pub content_based_deduplication: bool,
    /// `DeduplicationScope`.
    pub deduplication_scope: DeduplicationScope,
    /// `FifoThroughputLimit`.
    pub throughput_limit: ThroughputLimit,
}

/// Among which messages a deduplication id must differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DeduplicationScope {
    /// Those of the whole queue (`queue`).
    #[default]
    Queue,
    /// Those of its group (`messageGroup`).
    MessageGroup,
}

/// What the quota on calls applies to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ThroughputLimit {
    /// The whole queue (`perQueue`).
    #[default]
    PerQueue,
    /// Each message group (`perMessageGroupId`): high throughput.
    PerMessageGroup,
}

impl FifoAttributes {
    /// High throughput as AWS has it switched on: deduplication and quota per message group.
    pub fn high_throughput() -> Self {
        Self {
            deduplication_scope: DeduplicationScope::MessageGroup,
            throughput_limit: ThroughputLimit::PerMessageGroup,
            ..Self::default()
        }
    }

    /// Refuses a quota per group where deduplication is not.
    pub(in crate::sqs) fn check(self) -> Result<(), SqsError> {
        let per_group = self.throughput_limit == ThroughputLimit::PerMessageGroup;
        match per_group && self.deduplication_scope == DeduplicationScope::Queue {
            false => Ok(()),
            true => Err(SqsError::new(
                SqsErrorKind::InvalidAttributeValue,
                "Invalid value for the parameter FifoThroughputLimit. Reason: perMessageGroupId is allowed only \
                 when DeduplicationScope is messageGroup.",
            )),
        }
    }
}

impl DeduplicationScope {
    /// As AWS writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Queue => "queue",
            Self::MessageGroup => "messageGroup",
        }
    }

    pub(in crate::sqs) fn of_name(name: &str) -> Option<Self> {
        [Self::Queue, Self::MessageGroup]
            .into_iter()
            .find(|scope| scope.name() == name)
    }
}

impl ThroughputLimit {
    /// As AWS writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::PerQueue => "perQueue",
            Self::PerMessageGroup => "perMessageGroupId",
        }
    }

    pub(in crate::sqs) fn of_name(name: &str) -> Option<Self> {
        [Self::PerQueue, Self::PerMessageGroup]
            .into_iter()
            .find(|limit| limit.name() == name)
    }
}
