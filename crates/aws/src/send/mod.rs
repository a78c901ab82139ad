//! Sending orders to SQS, and what each reply proves about each order.
//!
//! The hot path of the spine: [`HttpSender`] owns one connection, signs its requests and retries
//! nothing, so that every attempt is in the ledger. [`SdkSender`] does the same through the AWS SDK, to
//! compare with. Leaves when to send to `drive`.

mod batch;
mod carried;
#[cfg(test)]
mod carried_tests;
mod connection;
mod credentials;
mod endpoint;
mod http;
mod reply;
mod request;
mod sdk;
#[cfg(test)]
pub(crate) mod stub;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::sync::Arc;

pub use batch::{BATCH_MAX, Batch, REQUEST_BYTES_MAX};
pub use http::HttpSender;
pub use reply::{EntryOutcome, Reason, SendReply};
pub use sdk::SdkSender;

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
    #[error("the SQS endpoint `{endpoint}` {cause}: write `http://host:port` or `https://host`")]
    Endpoint {
        /// As given.
        endpoint: String,
        /// What is wrong with it.
        cause: &'static str,
    },
    /// TLS cannot be set up on this machine.
    #[error("no TLS to the SQS endpoint: {0}: install the system's CA certificates")]
    Tls(String),
}

/// Makes the senders of a pool; what they share is set up once.
pub enum SenderPool {
    /// Our own connections.
    Http(Arc<http::HttpSetup>),
    /// The SDK.
    Sdk(SdkSender),
}

impl SenderPool {
    /// Prepares to send to `target` as `sending` asks; no connection is made yet.
    ///
    /// # Errors
    /// When the endpoint is no URL or TLS cannot be set up.
    pub fn new(target: &Target, sending: &Sending) -> Result<Self, SendError> {
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
        }
    }
}

/// The sender a scenario asks for.
pub enum AnySender {
    /// Our own connection.
    Http(HttpSender),
    /// The SDK.
    Sdk(SdkSender),
}

impl AnySender {
    /// Connects and fetches credentials ahead of the first batch, as far as that goes; what fails
    /// here fails again, and is accounted for, when a batch is sent.
    pub async fn warm_up(&mut self) {
        match self {
            Self::Http(sender) => sender.warm_up().await,
            Self::Sdk(_) => {}
        }
    }
}

impl Sender for AnySender {
    async fn send(&mut self, batch: &Batch) -> SendReply {
        match self {
            Self::Http(sender) => sender.send(batch).await,
            Self::Sdk(sender) => sender.send(batch).await,
        }
    }
}
