//! The hot path: our own connection, our own request, our own signature.

use std::sync::Arc;
use std::time::SystemTime;

use bytes::{Bytes, BytesMut};
use http_body_util::Full;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderName, HeaderValue};
use hyper::{Method, Request, Uri};

use super::credentials::CredentialsCache;
use super::protocol::Protocol;
use super::reply::SendReply;
use super::signer::{CredentialScope, Signer, Unsigned};
use super::wire::{Failure, Upstream, Wire};
use super::{Batch, SendError, Sender};
use crate::scenario::Sending;
use crate::store::Target;

/// What all senders of a pool share.
pub struct HttpSetup {
    site: Upstream,
    uri: Uri,
    place: CredentialScope,
    protocol: Protocol,
    credentials: CredentialsCache,
}

impl HttpSetup {
    pub(super) fn new(target: &Target, sending: &Sending) -> Result<Self, SendError> {
        let (endpoint, protocol) = Protocol::of(target, sending)?;
        let site = Upstream::new(endpoint, sending.attempt_timeout)?;
        let uri = site.endpoint.path.parse();
        Ok(Self {
            uri: uri.map_err(|_| SendError::Endpoint {
                endpoint: endpoint.to_owned(),
                cause: "is no URL",
            })?,
            place: CredentialScope::new(&site.endpoint, &target.region, protocol.signing_name()),
            site,
            protocol,
            credentials: CredentialsCache::new(target.credentials.clone()),
        })
    }

    /// The request for `batch`, signed at `now`.
    async fn signed_request(
        &self,
        batch: &Batch,
        signer: &mut Signer,
        buffer: &mut BytesMut,
        now: SystemTime,
    ) -> Result<Request<Full<Bytes>>, Failure> {
        let credentials = self.credentials.get(now).await.map_err(|error| {
            tracing::debug!(%error, "no credentials");
            Failure::not_sent("not sent: no credentials")
        })?;
        // Reuses the last request's memory, which is free once its reply is here.
        buffer.reserve(batch.request_bytes());
        self.protocol.write(batch, buffer);
        let body = buffer.split().freeze();
        let unsigned = Unsigned {
            content_type: self.protocol.content_type(),
            operation: self.protocol.operation(batch),
            body: &body,
        };
        let signature = signer.sign(&self.place, &unsigned, &credentials, now);
        let signature = signature.map_err(|error| {
            tracing::debug!(%error, "cannot sign");
            Failure::not_sent("not sent: cannot sign")
        })?;
        let fixed = HeaderValue::from_static;
        let headers = [
            (HOST, Some(self.site.host.clone())),
            (CONTENT_TYPE, Some(fixed(unsigned.content_type))),
            (
                HeaderName::from_static("x-amz-target"),
                unsigned.operation.map(fixed),
            ),
            (HeaderName::from_static("x-amz-date"), Some(signature.date)),
            (
                HeaderName::from_static("x-amz-security-token"),
                signature.token,
            ),
            (AUTHORIZATION, Some(signature.authorization)),
        ];
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.uri.clone();
        let present = headers
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)));
        request.headers_mut().extend(present);
        Ok(request)
    }
}

/// Sends over one connection of its own, which it opens when it needs one.
pub struct HttpSender {
    setup: Arc<HttpSetup>,
    wire: Wire,
    signer: Signer,
    buffer: BytesMut,
}

impl Sender for HttpSender {
    async fn send(&mut self, batch: &Batch) -> SendReply {
        let setup = &*self.setup;
        let now = SystemTime::now();
        let request = setup.signed_request(batch, &mut self.signer, &mut self.buffer, now);
        match self.wire.exchange(&setup.site, request).await {
            Ok((status, body)) => setup.protocol.classify(status, &body, batch),
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
            buffer: BytesMut::new(),
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
