//! Why a pipeline could not be started.

use std::io;
use std::time::Duration;

use aws_credential_types::provider::error::CredentialsError;

use crate::emulator::EmulatorError;
use crate::emulator::table::TableError;
use crate::fault::FaultError;
use crate::store::StoreError;

/// Why the pipeline, or a part of it that runs here, could not be started.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// A fault cannot be planned.
    #[error(transparent)]
    Fault(#[from] FaultError),
    /// A queue or the table could not be made, served or read.
    #[error(transparent)]
    Emulator(EmulatorError),
    /// The command of `[processor]` cannot be run.
    #[error("processor.command `{command}` cannot be run: {source}")]
    Command {
        /// It and its arguments.
        command: String,
        /// Why.
        source: io::Error,
    },
    /// There are no credentials for a function of one's own.
    #[error(
        "the function cannot be given credentials of the target: {0}: configure the profile or the environment that \
         [target] names"
    )]
    Credentials(Box<CredentialsError>),
    /// A queue elsewhere could not be read.
    #[error(transparent)]
    Elsewhere(#[from] StoreError),
    /// Lambda refuses such a mapping: a message could come back while the function still has it.
    #[error(
        "{key} of {function:?} is longer than the visibility time-out of {visibility:?} \
         of {queue_url}: write a shorter one, or set the queue's VisibilityTimeout to at least {function:?} \
         (six times as much is AWS's advice)"
    )]
    TimeoutAboveVisibility {
        /// The key that says the time-out.
        key: String,
        /// The function's time-out.
        function: Duration,
        /// The queue's own.
        visibility: Duration,
        /// The queue.
        queue_url: String,
    },
    /// No loopback port or thread could be had.
    #[error("no loopback port or thread could be had: {0}")]
    Serve(#[from] io::Error),
}

impl From<EmulatorError> for PipelineError {
    fn from(error: EmulatorError) -> Self {
        match error {
            EmulatorError::Serve(error) => Self::Serve(error),
            other => Self::Emulator(other),
        }
    }
}

impl From<TableError> for PipelineError {
    fn from(error: TableError) -> Self {
        Self::Emulator(error.into())
    }
}
