//! What SNS refuses, named as the AWS model names it.

use std::fmt;

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}: {message}")]
pub struct SnsError {
    /// Which error it is.
    pub kind: SnsErrorKind,
    /// What was wrong, for people.
    pub message: String,
}

impl SnsError {
    /// An error of this kind.
    pub fn new(kind: SnsErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }

    pub(super) fn parameter(what: impl fmt::Display) -> Self {
        let message = format!("Invalid parameter: {what}");
        Self::new(SnsErrorKind::InvalidParameter, message)
    }

    pub(super) fn no_topic() -> Self {
        Self::new(SnsErrorKind::NotFound, "Topic does not exist")
    }

    pub(super) fn no_subscription() -> Self {
        Self::new(SnsErrorKind::NotFound, "Subscription does not exist")
    }
}

/// The errors of SNS that are given here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SnsErrorKind {
    /// Two entries of a batch share an id.
    BatchEntryIdsNotDistinct,
    /// The messages of a batch are too large, all together.
    BatchRequestTooLong,
    /// A batch has no entry.
    EmptyBatchRequest,
    /// More filter policies than a topic takes.
    FilterPolicyLimitExceeded,
    /// The server failed.
    InternalError,
    /// The operation is not served, or none of SNS's.
    InvalidAction,
    /// The id of a batch entry is not 1 to 80 letters, digits, hyphens and underscores.
    InvalidBatchEntryId,
    /// A parameter is missing, or not what it should be.
    InvalidParameter,
    /// A message attribute's value is not what it should be.
    InvalidParameterValue,
    /// The form could not be read.
    MalformedInput,
    /// No such topic or subscription.
    NotFound,
    /// No such topic, of the operations on tags.
    ResourceNotFound,
    /// Too many requests at present.
    Throttling,
    /// More than 10 entries in a batch.
    TooManyEntriesInBatchRequest,
}

impl SnsErrorKind {
    /// As replies name it.
    pub fn code(self) -> &'static str {
        match self {
            Self::BatchEntryIdsNotDistinct => "BatchEntryIdsNotDistinct",
            Self::BatchRequestTooLong => "BatchRequestTooLong",
            Self::EmptyBatchRequest => "EmptyBatchRequest",
            Self::FilterPolicyLimitExceeded => "FilterPolicyLimitExceeded",
            Self::InternalError => "InternalError",
            Self::InvalidAction => "InvalidAction",
            Self::InvalidBatchEntryId => "InvalidBatchEntryId",
            Self::InvalidParameter => "InvalidParameter",
            Self::InvalidParameterValue => "ParameterValueInvalid",
            Self::MalformedInput => "MalformedInput",
            Self::NotFound => "NotFound",
            Self::ResourceNotFound => "ResourceNotFound",
            Self::Throttling => "Throttling",
            Self::TooManyEntriesInBatchRequest => "TooManyEntriesInBatchRequest",
        }
    }

    /// The status of the reply.
    pub fn status(self) -> u16 {
        match self {
            Self::InternalError => 500,
            Self::NotFound | Self::ResourceNotFound => 404,
            Self::FilterPolicyLimitExceeded => 403,
            _ => 400,
        }
    }

    /// Whether the server is at fault and not the caller.
    pub fn is_server_fault(self) -> bool {
        self == Self::InternalError
    }
}

impl fmt::Display for SnsErrorKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.code())
    }
}
