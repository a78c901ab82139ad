//! Why an emulator could not be started.

use std::io;

use super::doors::events::EventsError;
use super::doors::sns::SnsError;
use super::sqs::SqsError;
use super::table::TableError;

/// Why an emulator could not be started, or what it holds not be read.
#[derive(Debug, thiserror::Error)]
pub enum EmulatorError {
    /// A table could not be made, served or read.
    #[error(transparent)]
    Table(#[from] TableError),
    /// A queue could not be created or read.
    #[error("the embedded queue `{queue}` could not be created or read: {source}")]
    Queue {
        /// Its name.
        queue: String,
        /// What the queue says.
        source: SqsError,
    },
    /// A topic could not be created, or a queue not be subscribed to it.
    #[error("the embedded topic `{topic}` could not be created or subscribed to: {source}")]
    Topic {
        /// Its name.
        topic: String,
        /// What the topic says.
        source: SnsError,
    },
    /// An event bus or a rule could not be made.
    #[error("an embedded event bus or rule could not be made: {0}")]
    Events(EventsError),
    /// A rule or an HTTP door leads to a queue that is not there.
    #[error(
        "the {way} `{name}` leads to the queue `{queue}`, which is not created: create it with `queue`"
    )]
    NoSuchQueue {
        /// `rule` or `HTTP door`.
        way: &'static str,
        /// Its name or path.
        name: String,
        /// The queue.
        queue: String,
    },
    /// An HTTP door stands where none can.
    #[error("no HTTP door can be at `{0}`: write a path that begins with a slash, such as /orders")]
    Path(String),
    /// A command cannot be run.
    #[error("the function's command `{command}` cannot be run: {source}")]
    Command {
        /// It and its arguments.
        command: String,
        /// Why.
        source: io::Error,
    },
    /// A function says no queue to be fed from, and there is none.
    #[error(
        "a function has no queue: create one with `queue` before, or name one with `Function::on`"
    )]
    NoQueue,
    /// No port or thread could be had.
    #[error("no loopback port or thread could be had: {0}")]
    Serve(#[from] io::Error),
}
