//! Why something could not be done: what a command says before it ends, and what the library returns.

use crate::exit::Exit;

/// Why something could not be done. The text says what, where and what to do next.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The arguments or a file named by them are wrong; nothing was sent.
    #[error("{0}")]
    Usage(String),
    /// The machine or the program failed.
    #[error("{0}")]
    Internal(String),
    /// A guard was not satisfied; nothing was sent, changed or deleted.
    #[error("refused: {0}")]
    Refused(String),
    /// The shard of a worker was claimed before; it has sent nothing.
    #[error("{0}")]
    Taken(String),
    /// The start that workers agreed on has passed; this one has sent nothing.
    #[error("{0}")]
    TooLate(String),
    /// Workers that were waited for were not there in time; this one has sent nothing.
    #[error("{0}")]
    NotReady(String),
    /// Stopped by the user before anything was sent.
    #[error("{0}")]
    Interrupted(String),
}

impl Error {
    /// An error of the user's making.
    pub fn usage(error: impl std::fmt::Display) -> Self {
        Self::Usage(error.to_string())
    }

    /// An error of the machine's or ours.
    pub fn internal(error: impl std::fmt::Display) -> Self {
        Self::Internal(error.to_string())
    }

    /// A refusal, with what would satisfy the guard.
    pub fn refused(reason: impl std::fmt::Display) -> Self {
        Self::Refused(reason.to_string())
    }

    /// The exit that goes with it.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) => Exit::Usage,
            Self::Internal(_) => Exit::Internal,
            Self::Refused(_) => Exit::Refused,
            Self::Taken(_) => Exit::ShardTaken,
            Self::TooLate(_) => Exit::StartPassed,
            Self::NotReady(_) => Exit::NotReady,
            Self::Interrupted(_) => Exit::Interrupted,
        }
    }
}
