//! The hot path: our own connection, our own request, signed by `aws-sigv4`.

use std::sync::Arc;
use std::time::SystemTime;

use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use bytes::{Bytes, BytesMut};
use http_body_util::Full;
use hyper::Request;
use hyper::header::{CONTENT_TYPE, HOST, HeaderValue};

use super::credentials::CredentialsCache;
use super::protocol::Protocol;
use super::reply::SendReply;
use super::wire::{Failure, Site, Wire};
use super::{Batch, SendError, Sender};
use crate::scenario::Sending;
use crate::store::Target;

/// What all senders of a pool share.
pub struct HttpSetup {
    site: Site,
    protocol: Protocol,
    region: String,
    credentials: CredentialsCache,
}

impl HttpSetup {
    pub(super) fn new(target: &Target, sending: &Sending) -> Result<Self, SendError> {
        let (endpoint, protocol) = Protocol::of(target, sending)?;
        Ok(Self {
            site: Site::new(endpoint, sending.attempt_timeout)?,
            protocol,
            region: target.region.clone(),
            credentials: CredentialsCache::new(target.credentials.clone()),
        })
    }

    /// The request for `batch`, signed at `now`.
    async fn signed_request(
        &self,
        batch: &Batch,
        buffer: &mut BytesMut,
        now: SystemTime,
    ) -> Result<Request<Full<Bytes>>, Failure> {
        let credentials = self.credentials.get(now).await.map_err(|error| {
            tracing::debug!(%error, "no credentials");
            Failure::not_sent("not sent: no credentials")
        })?;
        // Reuses the last request's memory, which is free once its reply is here.
        buffer.reserve(512 * batch.len());
        self.protocol.write(batch, buffer);
        let body = buffer.split().freeze();
        let unsigned = |error: &dyn std::fmt::Display| {
            tracing::debug!(%error, "cannot sign");
            Failure::not_sent("not sent: cannot sign")
        };

        let identity = credentials.into();
        let params = SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(self.protocol.signing_name())
            .time(now)
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| unsigned(&error))?
            .into();
        let content_type = self.protocol.content_type();
        let operation = self.protocol.operation(batch);
        let target = operation.map(|operation| ("x-amz-target", operation));
        let signable = SignableRequest::new(
            "POST",
            self.site.endpoint.url.as_str(),
            std::iter::once(("content-type", content_type)).chain(target),
            SignableBody::Bytes(&body),
        )
        .map_err(|error| unsigned(&error))?;
        let (instructions, _) = sign(signable, &params)
            .map_err(|error| unsigned(&error))?
            .into_parts();

        let mut request = Request::post(self.site.endpoint.path.as_str())
            .header(HOST, &self.site.host)
            .header(CONTENT_TYPE, HeaderValue::from_static(content_type));
        if let Some((name, operation)) = target {
            request = request.header(name, HeaderValue::from_static(operation));
        }
        let mut request = request
            .body(Full::new(body))
            .map_err(|error| unsigned(&error))?;
        instructions.apply_to_request_http1x(&mut request);
        Ok(request)
    }
}

/// Sends over one connection of its own, which it opens when it needs one.
pub struct HttpSender {
    setup: Arc<HttpSetup>,
    wire: Wire,
    buffer: BytesMut,
}

impl Sender for HttpSender {
    async fn send(&mut self, batch: &Batch) -> SendReply {
        let setup = &*self.setup;
        let request = setup.signed_request(batch, &mut self.buffer, SystemTime::now());
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
