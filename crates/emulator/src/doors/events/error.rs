//! What EventBridge refuses, named as the AWS model names it.

use std::fmt;

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}: {message}")]
pub struct EventsError {
    /// Which error it is.
    pub kind: EventsErrorKind,
    /// What was wrong, for people.
    pub message: String,
}

impl EventsError {
    /// An error of this kind.
    pub fn new(kind: EventsErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(EventsErrorKind::Validation, message)
    }

    pub(super) fn no_bus(name: &str) -> Self {
        let message = format!("Event bus {name} does not exist.");
        Self::new(EventsErrorKind::ResourceNotFound, message)
    }

    pub(super) fn no_rule(name: &str, bus: &str) -> Self {
        let message = format!("Rule {name} does not exist on EventBus {bus}.");
        Self::new(EventsErrorKind::ResourceNotFound, message)
    }
}

/// The errors of EventBridge that are given here, of requests and of entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventsErrorKind {
    /// The server failed, of an entry.
    InternalFailure,
    /// An entry lacks what it must have.
    InvalidArgument,
    /// No event pattern.
    InvalidEventPattern,
    /// More rules, targets or buses than there may be.
    LimitExceeded,
    /// The detail of an entry is no JSON object.
    MalformedDetail,
    /// The source of an entry is AWS's own.
    NotAuthorizedForSource,
    /// There is one of this name already.
    ResourceAlreadyExists,
    /// No such bus or rule.
    ResourceNotFound,
    /// The request is not JSON, or a field has another type.
    Serialization,
    /// Too many at present.
    Throttling,
    /// The operation is not served, or none of EventBridge's.
    UnknownOperation,
    /// A parameter is missing, or not what it should be.
    Validation,
}

impl EventsErrorKind {
    /// As replies name it.
    pub fn code(self) -> &'static str {
        match self {
            Self::InternalFailure => "InternalFailure",
            Self::InvalidArgument => "InvalidArgument",
            Self::InvalidEventPattern => "InvalidEventPatternException",
            Self::LimitExceeded => "LimitExceededException",
            Self::MalformedDetail => "MalformedDetail",
            Self::NotAuthorizedForSource => "NotAuthorizedForSourceException",
            Self::ResourceAlreadyExists => "ResourceAlreadyExistsException",
            Self::ResourceNotFound => "ResourceNotFoundException",
            Self::Serialization => "SerializationException",
            Self::Throttling => "ThrottlingException",
            Self::UnknownOperation => "UnknownOperationException",
            Self::Validation => "ValidationException",
        }
    }
}

impl fmt::Display for EventsErrorKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.code())
    }
}
