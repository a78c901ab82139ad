//! The hot path: our own connection, our own request, our own signature.

use std::sync::Arc;
use std::time::SystemTime;

use super::credentials::CredentialsCache;
use super::protocol::Protocol;
use super::reply::SendReply;
use super::signer::{CredentialScope, Signer};
use super::wire::{Failure, Upstream, Wire};
use super::{Batch, SendError, Sender};
use crate::scenario::Sending;
use crate::store::Target;

/// What all senders of a pool share.
pub struct HttpSetup {
    site: Upstream,
    place: CredentialScope,
    protocol: Protocol,
    credentials: CredentialsCache,
}

impl HttpSetup {
    pub(super) fn new(target: &Target, sending: &Sending) -> Result<Self, SendError> {
        let (endpoint, protocol) = Protocol::of(target, sending)?;
        let site = Upstream::new(endpoint, sending.attempt_timeout)?;
        Ok(Self {
            place: CredentialScope::new(&site.endpoint, &target.region, protocol.signing_name()),
            site,
            protocol,
            credentials: CredentialsCache::new(target.credentials.clone()),
        })
    }

    /// Makes `out` the request for `batch`, signed at `now`; it begins where this says.
    async fn write_signed(
        &self,
        batch: &Batch,
        signer: &mut Signer,
        out: &mut Vec<u8>,
        now: SystemTime,
    ) -> Result<usize, Failure> {
        let credentials = self.credentials.get(now).await.map_err(|error| {
            tracing::debug!(%error, "no credentials");
            Failure::not_sent("not sent: no credentials")
        })?;
        let protocol = &self.protocol;
        let asks = (protocol.content_type(), protocol.operation(batch));
        let write = |out: &mut Vec<u8>| {
            out.reserve(batch.request_bytes());
            protocol.write(batch, out);
        };
        let begin = signer.write_signed(&self.place, asks, &credentials, now, out, write);
        begin.map_err(|error| {
            tracing::debug!(%error, "cannot sign");
            Failure::not_sent("not sent: cannot sign")
        })
    }
}

/// Sends over one connection of its own, which it opens when it needs one.
pub struct HttpSender {
    setup: Arc<HttpSetup>,
    wire: Wire,
    signer: Signer,
    /// The request, in memory that is used again for the next one.
    request: Vec<u8>,
}

impl Sender for HttpSender {
    async fn send(&mut self, batch: &Batch) -> SendReply {
        let setup = &*self.setup;
        let now = SystemTime::now();
        let (signer, out) = (&mut self.signer, &mut self.request);
        let request = async move {
            let begin = setup.write_signed(batch, signer, out, now).await?;
            Ok(&out[begin..])
        };
        match self.wire.exchange(&setup.site, request).await {
            Ok((status, body)) => setup.protocol.classify(status, body, batch),
            Err(failure) => failure.reply(batch),
        }
    }
}

impl HttpSender {
    pub(super) fn new(setup: Arc<HttpSetup>) -> Self {
        Self {
            setup,
            wire: Wire::default(),
            signer: Signer::default(),
            request: Vec::new(),
        }
    }

    pub(super) async fn warm_up(&mut self) {
        let setup = &*self.setup;
        let credentials = setup.credentials.get(SystemTime::now());
        let _ = tokio::time::timeout(setup.site.attempt_timeout, credentials).await;
        self.wire.warm_up(&setup.site).await;
    }
}

#[cfg(test)]
#[path = "signature_tests.rs"]
mod tests;
