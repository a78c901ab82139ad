//! Why a store could not be read.

use aws_sdk_sqs::error::DisplayErrorContext;

/// Why a store could not be read: the operation and all that the SDK says of the cause.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{operation} failed: {cause}")]
pub struct StoreError {
    operation: &'static str,
    cause: String,
}

impl StoreError {
    pub(super) fn of<E: std::error::Error>(operation: &'static str) -> impl FnOnce(E) -> Self {
        move |error| Self {
            operation,
            cause: DisplayErrorContext(&error).to_string(),
        }
    }

    /// The same of an operation on the thing called `name`.
    pub(super) fn of_named<E: std::error::Error>(
        operation: &'static str,
        name: &str,
    ) -> impl FnOnce(E) -> Self {
        move |error| Self {
            operation,
            cause: format!("{name}: {}", DisplayErrorContext(&error)),
        }
    }

    /// A failure of our own making, or an answer that is not what it should be.
    pub(crate) fn new(operation: &'static str, cause: impl Into<String>) -> Self {
        Self {
            operation,
            cause: cause.into(),
        }
    }

    /// Whether asking again may help: throttling, a server's fault, a time-out, the network.
    pub fn is_transient(&self) -> bool {
        const TRANSIENT: [&str; 8] = [
            "Throttl",
            "ProvisionedThroughputExceeded",
            "RequestLimitExceeded",
            "InternalServerError",
            "InternalFailure",
            "ServiceUnavailable",
            "dispatch failure",
            "timeout",
        ];
        TRANSIENT.iter().any(|word| self.cause.contains(word))
    }
}
