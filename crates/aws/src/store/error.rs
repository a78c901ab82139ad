//! Why a store could not be read, in a line, and what to do about it.

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_sqs::config::http::HttpResponse;
use aws_sdk_sqs::error::{BuildError, ConnectorError, ProvideErrorMetadata, SdkError};

use super::cause::Cause;
use super::reply::NotAReply;
use super::{in_words, strange_answer};
use crate::scenario::without_userinfo;

/// Why a store could not be read, in one line: the operation, what it was asked of, the service's code and words,
/// and the next step where one is known.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{operation} failed: {words}{}", self.advice())]
pub struct StoreError {
    operation: &'static str,
    words: String,
    cause: Cause,
}

impl StoreError {
    pub(crate) fn of<E: Told>(operation: &'static str) -> impl FnOnce(E) -> Self {
        move |error| Self {
            operation,
            words: error.words(),
            cause: error.cause(),
        }
    }

    /// The same of an operation on the thing called `name`.
    pub(crate) fn of_named<E: Told>(operation: &'static str, name: &str) -> impl FnOnce(E) -> Self {
        move |error| Self {
            operation,
            words: format!("{name}: {}", error.words()),
            cause: error.cause(),
        }
    }

    /// A failure of our own making, or an answer that is not what it should be.
    pub fn new(operation: &'static str, cause: impl Into<String>) -> Self {
        Self {
            operation,
            words: cause.into(),
            cause: Cause::Other,
        }
    }

    /// Whether asking again may help: throttling, a server's fault, a time-out, the network.
    pub fn is_transient(&self) -> bool {
        self.cause.is_transient()
    }

    /// Whether what was read before it stands, so that reading can go on from there: the service, its network or its
    /// permissions failed, and nothing contradicts the answers before.
    pub fn leaves_what_was_read(&self) -> bool {
        self.cause != Cause::Other
    }

    /// The line for an error while a run is being observed: nothing is lost by it, and looking can go on later.
    pub fn while_observing(&self) -> String {
        let then = if self.advice().is_empty() { ';' } else { ',' };
        format!("{self}{then} then `orderproof verify DIR --resume` goes on")
    }

    fn advice(&self) -> String {
        let step = self.cause.next_step(self.operation);
        step.map_or_else(String::new, |step| format!("; {step}"))
    }
}

/// An error that tells what it is.
pub(crate) trait Told {
    /// In one line.
    fn words(&self) -> String;
    /// What kind of failure it is.
    fn cause(&self) -> Cause;
}

impl<E> Told for SdkError<E, HttpResponse>
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
{
    fn words(&self) -> String {
        let words = match (self.code(), self.message()) {
            (Some(code), Some(message)) => format!("{code}: {message}"),
            (Some(code), None) => code.to_owned(),
            _ => match self {
                Self::ServiceError(service) => strange_answer(service.raw().status().as_u16()),
                _ => in_words(self),
            },
        };
        in_a_line(&words)
    }

    fn cause(&self) -> Cause {
        match self {
            Self::ServiceError(service) => {
                Cause::of(service.err().code(), service.raw().status().as_u16())
            }
            Self::TimeoutError(_) => Cause::Unreachable,
            // Half an answer, or none in the service's language: a proxy's page, a connection that ended.
            Self::ResponseError(response) => match response.raw().status().as_u16() {
                status @ 400.. => Cause::of(None, status),
                _ => Cause::Unreachable,
            },
            Self::DispatchFailure(failure) => {
                undispatched(self, failure.as_connector_error().is_some_and(by_network))
            }
            _ => undispatched(self, false),
        }
    }
}

fn by_network(error: &ConnectorError) -> bool {
    error.is_io() || error.is_timeout() || error.as_other().is_some()
}

/// What never left, for want of credentials to sign it with or by the network, or was answered by something else.
fn undispatched(error: &(dyn std::error::Error + 'static), by_network: bool) -> Cause {
    let mut causes = std::iter::successors(Some(error), |error| error.source());
    let found = causes.find_map(|cause| {
        let credentials = cause.is::<CredentialsError>().then_some(Cause::Credentials);
        credentials.or(cause.is::<NotAReply>().then_some(Cause::NotAReply))
    });
    match found {
        Some(cause) => cause,
        None if by_network => Cause::Unreachable,
        None => Cause::Other,
    }
}

impl Told for BuildError {
    fn words(&self) -> String {
        in_a_line(&in_words(self))
    }

    fn cause(&self) -> Cause {
        Cause::Other
    }
}

impl Told for tokio::task::JoinError {
    fn words(&self) -> String {
        in_a_line(&in_words(self))
    }

    fn cause(&self) -> Cause {
        Cause::Other
    }
}

fn in_a_line(words: &str) -> String {
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    without_userinfo(&words).into_owned()
}
