//! Sending orders to the queue, or to what puts them on it, and what each reply proves about each order.
//!
//! The hot path of the spine: [`HttpSender`] owns one connection, signs its requests to SQS, SNS or EventBridge and
//! retries nothing, so that every attempt is in the ledger. [`SdkSender`] does the same through the AWS SDK, to compare
//! with, and [`ServerSender`] to a server of anyone's. Leaves when to send to `drive`.

mod batch;
mod carried;
#[cfg(test)]
mod carried_tests;
mod connection;
mod credentials;
mod deadline;
mod endpoint;
mod events;
mod hex;
mod http;
mod incoming;
mod md5s;
mod plain;
mod protocol;
mod reply;
mod request;
mod sdk;
mod server;
mod signer;
mod sns;
#[cfg(test)]
pub(crate) mod stub;
#[cfg(test)]
mod tests;
mod wire;

use std::future::Future;
use std::sync::Arc;

pub use batch::{BATCH_MAX, Batch};
pub use http::HttpSender;
pub use reply::{EntryOutcome, Reason, SendReply};
pub use sdk::SdkSender;
pub use server::{Prepared, ServerSender};
pub use wire::{Failure, REPLY_BYTES_MAX};

use crate::order::Door;
use crate::scenario::{SenderKind, Sending};
use crate::store::Target;

/// Sends one batch at a time and tells what became of each of its orders.
pub trait Sender: Send {
    /// Sends `batch` once: whatever happens, nothing is sent a second time.
    fn send(&mut self, batch: &Batch) -> impl Future<Output = SendReply> + Send;
}

/// Why no sender could be made.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The endpoint is no URL that can be sent to.
    #[error("the endpoint `{endpoint}` {cause}: write `http://host:port` or `https://host`")]
    Endpoint {
        /// As given.
        endpoint: String,
        /// What is wrong with it.
        cause: &'static str,
    },
    /// TLS cannot be set up on this machine.
    #[error("no TLS to the endpoint: {0}: install the system's CA certificates")]
    Tls(String),
    /// The target has no such thing.
    #[error(
        "this target does not say where {0} is: name the one that orders are sent to under [sending]"
    )]
    NoDoor(String),
    /// A header names a variable that is not there.
    #[error("the environment has no variable {0}, which a header of [sending.http] takes: set it")]
    Variable(String),
}

/// Makes the senders of a pool; what they share is set up once.
pub enum SenderPool {
    /// Our own connections.
    Http(Arc<http::HttpSetup>),
    /// The SDK.
    Sdk(SdkSender),
    /// Our own connections to a server.
    Server(Arc<server::ServerSetup>),
}

impl SenderPool {
    /// Prepares to send to `target` as `sending` asks; no connection is made yet.
    ///
    /// # Errors
    /// When the endpoint is no URL, TLS cannot be set up, or a header takes a variable that is not there.
    pub fn new(target: &Target, sending: &Sending) -> Result<Self, SendError> {
        if let Door::Http(_) = sending.to {
            let setup = server::ServerSetup::new(target, sending)?;
            return Ok(Self::Server(Arc::new(setup)));
        }
        Ok(match sending.sender {
            SenderKind::Http => Self::Http(Arc::new(http::HttpSetup::new(target, sending)?)),
            SenderKind::Sdk => Self::Sdk(SdkSender::new(target, sending)),
        })
    }

    /// One more sender.
    pub fn sender(&self) -> AnySender {
        match self {
            Self::Http(setup) => AnySender::Http(HttpSender::new(Arc::clone(setup))),
            Self::Sdk(sender) => AnySender::Sdk(sender.clone()),
            Self::Server(setup) => AnySender::Server(ServerSender::new(Arc::clone(setup))),
        }
    }
}

/// The sender a scenario asks for.
pub enum AnySender {
    /// Our own connection.
    Http(HttpSender),
    /// The SDK.
    Sdk(SdkSender),
    /// Our own connection to a server.
    Server(ServerSender),
}

impl AnySender {
    /// Connects and fetches credentials ahead of the first batch, as far as that goes; what fails
    /// here fails again, and is accounted for, when a batch is sent.
    pub async fn warm_up(&mut self) {
        match self {
            Self::Http(sender) => sender.warm_up().await,
            Self::Sdk(_) => {}
            Self::Server(sender) => sender.warm_up().await,
        }
    }
}

impl Sender for AnySender {
    async fn send(&mut self, batch: &Batch) -> SendReply {
        match self {
            Self::Http(sender) => sender.send(batch).await,
            Self::Sdk(sender) => sender.send(batch).await,
            Self::Server(sender) => sender.send(batch).await,
        }
    }
}
