//! What SQS refuses, named as the AWS model names it.

use std::fmt;

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}: {message}")]
pub struct SqsError {
    /// Which error it is.
    pub kind: SqsErrorKind,
    /// What was wrong, for people.
    pub message: String,
}

impl SqsError {
    /// An error of this kind.
    pub fn new(kind: SqsErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }

    pub(super) fn no_queue() -> Self {
        Self::new(
            SqsErrorKind::QueueDoesNotExist,
            "The specified queue does not exist.",
        )
    }

    pub(super) fn value(message: impl Into<String>) -> Self {
        Self::new(SqsErrorKind::InvalidParameterValue, message)
    }

    /// Of a parameter that the other type of queue takes.
    pub(super) fn not_for_queue(parameter: &str, value: &str) -> Self {
        Self::value(format!(
            "Value {} for parameter {parameter} is invalid. Reason: The request includes a parameter that is not \
             valid for this queue type.",
            value.escape_debug()
        ))
    }

    pub(super) fn missing(parameter: &str) -> Self {
        Self::new(
            SqsErrorKind::MissingParameter,
            format!("The request must contain the parameter {parameter}."),
        )
    }
}

/// The errors SQS knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SqsErrorKind {
    /// Two entries of a batch share an id.
    BatchEntryIdsNotDistinct,
    /// A batch is over 1 MiB in all.
    BatchRequestTooLong,
    /// A batch has no entry.
    EmptyBatchRequest,
    /// The request, or the server, failed in a way no other kind describes.
    InternalFailure,
    /// The operation is not one SQS has.
    InvalidAction,
    /// The queue's URL is none.
    InvalidAddress,
    /// No such attribute.
    InvalidAttributeName,
    /// An attribute's value is out of its range.
    InvalidAttributeValue,
    /// The id of a batch entry is not 1 to 80 letters, digits, hyphens and underscores.
    InvalidBatchEntryId,
    /// A message body holds characters SQS does not take.
    InvalidMessageContents,
    /// A parameter is out of its range.
    InvalidParameterValue,
    /// The request is not JSON, or a field has another type.
    MalformedRequest,
    /// The message is visible again: its visibility cannot be changed.
    MessageNotInflight,
    /// A form says no action.
    MissingAction,
    /// A required parameter is absent.
    MissingParameter,
    /// Already 120,000 messages in flight.
    OverLimit,
    /// A second purge within 60 s.
    PurgeQueueInProgress,
    /// No queue of this name.
    QueueDoesNotExist,
    /// A queue of this name exists with other attributes.
    QueueNameExists,
    /// The handle was never given out by this queue.
    ReceiptHandleIsInvalid,
    /// Too many requests for this queue at the moment.
    RequestThrottled,
    /// The request's body is larger than the server reads.
    RequestTooLarge,
    /// No such queue, named by its ARN, or no such task.
    ResourceNotFound,
    /// More than 10 entries in a batch.
    TooManyEntriesInBatchRequest,
    /// AWS can do it, this queue cannot.
    UnsupportedOperation,
}

impl SqsErrorKind {
    /// The shape's name in the JSON protocol, with its namespace (`__type`).
    pub fn json_type(self) -> &'static str {
        match self {
            Self::BatchEntryIdsNotDistinct => "com.amazonaws.sqs#BatchEntryIdsNotDistinct",
            Self::BatchRequestTooLong => "com.amazonaws.sqs#BatchRequestTooLong",
            Self::EmptyBatchRequest => "com.amazonaws.sqs#EmptyBatchRequest",
            Self::InternalFailure => "com.amazon.coral.service#InternalFailure",
            Self::InvalidAction => "com.amazon.coral.service#UnknownOperationException",
            Self::InvalidAddress => "com.amazonaws.sqs#InvalidAddress",
            Self::InvalidAttributeName => "com.amazonaws.sqs#InvalidAttributeName",
            Self::InvalidAttributeValue => "com.amazonaws.sqs#InvalidAttributeValue",
            Self::InvalidBatchEntryId => "com.amazonaws.sqs#InvalidBatchEntryId",
            Self::InvalidMessageContents => "com.amazonaws.sqs#InvalidMessageContents",
            Self::InvalidParameterValue => {
                "com.amazon.coral.service#InvalidParameterValueException"
            }
            Self::MalformedRequest => "com.amazon.coral.service#SerializationException",
            Self::MessageNotInflight => "com.amazonaws.sqs#MessageNotInflight",
            Self::MissingAction => "com.amazon.coral.service#MissingAction",
            Self::MissingParameter => "com.amazon.coral.service#MissingRequiredParameterException",
            Self::OverLimit => "com.amazonaws.sqs#OverLimit",
            Self::PurgeQueueInProgress => "com.amazonaws.sqs#PurgeQueueInProgress",
            Self::QueueDoesNotExist => "com.amazonaws.sqs#QueueDoesNotExist",
            Self::QueueNameExists => "com.amazonaws.sqs#QueueNameExists",
            Self::ReceiptHandleIsInvalid => "com.amazonaws.sqs#ReceiptHandleIsInvalid",
            Self::RequestThrottled => "com.amazonaws.sqs#RequestThrottled",
            Self::RequestTooLarge => "com.amazon.coral.service#RequestEntityTooLargeException",
            Self::ResourceNotFound => "com.amazonaws.sqs#ResourceNotFoundException",
            Self::TooManyEntriesInBatchRequest => "com.amazonaws.sqs#TooManyEntriesInBatchRequest",
            Self::UnsupportedOperation => "com.amazonaws.sqs#UnsupportedOperation",
        }
    }

    /// The code of the older query protocol, which the SDKs still map their variants from.
    pub fn query_code(self) -> &'static str {
        match self {
            Self::BatchEntryIdsNotDistinct => "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
            Self::BatchRequestTooLong => "AWS.SimpleQueueService.BatchRequestTooLong",
            Self::EmptyBatchRequest => "AWS.SimpleQueueService.EmptyBatchRequest",
            Self::InternalFailure => "InternalFailure",
            Self::InvalidAction => "InvalidAction",
            Self::InvalidAddress => "InvalidAddress",
            Self::InvalidAttributeName => "InvalidAttributeName",
            Self::InvalidAttributeValue => "InvalidAttributeValue",
            Self::InvalidBatchEntryId => "AWS.SimpleQueueService.InvalidBatchEntryId",
            Self::InvalidMessageContents => "InvalidMessageContents",
            Self::InvalidParameterValue => "InvalidParameterValue",
            Self::MalformedRequest => "MalformedInput",
            Self::MessageNotInflight => "AWS.SimpleQueueService.MessageNotInflight",
            Self::MissingAction => "MissingAction",
            Self::MissingParameter => "MissingParameter",
            Self::OverLimit => "OverLimit",
            Self::PurgeQueueInProgress => "AWS.SimpleQueueService.PurgeQueueInProgress",
            Self::QueueDoesNotExist => "AWS.SimpleQueueService.NonExistentQueue",
            Self::QueueNameExists => "QueueAlreadyExists",
            Self::ReceiptHandleIsInvalid => "ReceiptHandleIsInvalid",
            Self::RequestThrottled => "RequestThrottled",
            Self::RequestTooLarge => "RequestEntityTooLarge",
            Self::ResourceNotFound => "ResourceNotFoundException",
            Self::TooManyEntriesInBatchRequest => {
                "AWS.SimpleQueueService.TooManyEntriesInBatchRequest"
            }
            Self::UnsupportedOperation => "AWS.SimpleQueueService.UnsupportedOperation",
        }
    }

    /// The HTTP status of the query protocol, where it is not 400; the JSON protocol has 400 for all but two.
    pub(super) fn query_status(self) -> u16 {
        match self {
            Self::OverLimit | Self::PurgeQueueInProgress | Self::RequestThrottled => 403,
            Self::ResourceNotFound => 404,
            other => other.json_status(),
        }
    }

    /// The HTTP status of the JSON protocol.
    pub(super) fn json_status(self) -> u16 {
        match self {
            Self::InternalFailure => 500,
            Self::RequestTooLarge => 413,
            _ => 400,
        }
    }

    /// Whether the server is at fault and not the caller.
    pub fn is_server_fault(self) -> bool {
        self == Self::InternalFailure
    }
}

impl fmt::Display for SqsErrorKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.query_code())
    }
}
