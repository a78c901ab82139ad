//! Why an invocation of a command failed, and what the function's processes have been through.

use std::time::Duration;

use crate::failures::{Failure, FailureKind};

/// Why an invocation failed. Texts that come from the function are cut to 500 characters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// The runtime has reported an error for this invocation: its type and message.
    #[error("{0}")]
    Function(String),
    /// No execution environment could be brought up for it: the reason.
    #[error("the function's environment could not be started: {0}")]
    Init(String),
    /// The runtime did not ask for its first invocation within this time.
    #[error("the function's environment was not ready after {0:?}")]
    InitTimedOut(Duration),
    /// The process ended while it had the invocation.
    #[error("the function's process ended during the invocation: {status}{log}")]
    Crashed {
        /// How it ended.
        status: String,
        /// The last lines of its log, after a separator; empty if there are none.
        log: String,
    },
    /// The invocation took longer than this; its process has been killed.
    #[error("the function timed out after {0:?}")]
    TimedOut(Duration),
    /// The response is larger than Lambda takes.
    #[error("the function's response has {bytes} bytes; Lambda takes at most {most}")]
    ResponseTooLarge {
        /// Its size.
        bytes: u64,
        /// What is allowed.
        most: u64,
    },
    /// The response is no `SqsBatchResponse`. With `ReportBatchItemFailures` it fails the whole batch;
    /// without it, Lambda does not look at the response.
    #[error("the function's response is not a batch response: {0}")]
    InvalidResponse(String),
    /// The function is being stopped.
    #[error("the function has been stopped")]
    Stopped,
}

/// What the invocation counts as.
impl From<CommandError> for Failure {
    fn from(error: CommandError) -> Self {
        use CommandError as E;
        let (kind, why) = match error {
            E::Function(text) => (FailureKind::Error, text),
            E::Stopped => (FailureKind::Error, error.to_string()),
            E::Init(why) => (FailureKind::FailedStart, why),
            E::InitTimedOut(limit) => {
                let why = format!("it had not asked for an invocation after {limit:?}");
                (FailureKind::FailedStart, why)
            }
            E::Crashed { status, log } => (FailureKind::Crashed, format!("{status}{log}")),
            E::TimedOut(limit) => (FailureKind::TimedOut, format!("after {limit:?}")),
            E::ResponseTooLarge { bytes, most } => {
                let why = format!("it has {bytes} bytes; Lambda takes at most {most}");
                (FailureKind::InvalidResponse, why)
            }
            E::InvalidResponse(why) => (FailureKind::InvalidResponse, why),
        };
        Self::new(kind, &why)
    }
}

/// What became of a function's execution environments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EnvironmentFigures {
    /// Processes started.
    pub started: u64,
    /// Starts that ended with the runtime asking for an invocation.
    pub cold_starts: u64,
    /// Starts that did not.
    pub failed_inits: u64,
    /// Processes that ended by themselves after their start, with or without an invocation.
    pub crashed: u64,
    /// Processes killed because their invocation took too long.
    pub timed_out: u64,
    /// Processes killed because nobody waited for their invocation any more.
    pub abandoned: u64,
    /// Times a process was stopped because it had asked for an invocation and none waited.
    pub freezes: u64,
    /// Those of them after which a descendant may have gone on: it could not be stopped, or descendants that had left
    /// the process's group could not be looked for.
    pub incomplete_freezes: u64,
    /// The most processes alive at one time.
    pub most_at_one_time: u64,
}
