//! Why something could not be created, deleted or cleaned.

use aws_sdk_sqs::config::http::HttpResponse;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};

use super::facts::why;

/// Why something could not be created, deleted or cleaned: the operation, its object, the service's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{operation} of {name} failed: {cause}")]
pub struct AccountError {
    operation: &'static str,
    name: String,
    cause: String,
}

impl AccountError {
    pub(super) fn new(
        operation: &'static str,
        name: impl Into<String>,
        cause: impl Into<String>,
    ) -> Self {
        Self {
            operation,
            name: name.into(),
            cause: cause.into(),
        }
    }

    pub(super) fn of<E>(
        operation: &'static str,
        name: &str,
    ) -> impl FnOnce(SdkError<E, HttpResponse>) -> Self
    where
        E: std::error::Error + ProvideErrorMetadata + 'static,
    {
        move |error| Self::new(operation, name, why(&error))
    }
}
