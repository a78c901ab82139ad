//! The hot path: our own connection, our own request, signed by `aws-sigv4`.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HOST, HeaderValue};
use tokio_rustls::TlsConnector;

use super::connection::{Connection, system_tls};
use super::credentials::CredentialsCache;
use super::endpoint::Endpoint;
use super::reply::{EntryOutcome, Reason, SendReply, classify};
use super::request::{operation, write_request};
use super::{Batch, SendError, Sender};
use crate::scenario::Sending;
use crate::store::Target;

/// A longer reply is none of SQS's.
const REPLY_BYTES_MAX: usize = 256 * 1024;

const CONTENT_TYPE_JSON: &str = "application/x-amz-json-1.0";

/// What all senders of a pool share.
pub struct HttpSetup {
    endpoint: Endpoint,
    tls: Option<TlsConnector>,
    host: HeaderValue,
    queue_url: String,
    region: String,
    credentials: CredentialsCache,
    attempt_timeout: Duration,
}

impl HttpSetup {
    pub(super) fn new(target: &Target, sending: &Sending) -> Result<Self, SendError> {
        let endpoint = Endpoint::parse(&target.sqs_endpoint)?;
        let host = HeaderValue::from_str(&endpoint.authority).map_err(|_| SendError::Endpoint {
            endpoint: target.sqs_endpoint.clone(),
            cause: "names no host",
        })?;
        Ok(Self {
            tls: endpoint.tls.then(system_tls).transpose()?,
            endpoint,
            host,
            queue_url: target.orders_queue_url.clone(),
            region: target.region.clone(),
            credentials: CredentialsCache::new(target.credentials.clone()),
            attempt_timeout: sending.attempt_timeout,
        })
    }
}

/// Sends over one connection of its own, which it opens when it needs one.
pub struct HttpSender {
    setup: Arc<HttpSetup>,
    connection: Option<Connection>,
    buffer: BytesMut,
}

/// How an attempt ended without a reply.
#[derive(Debug)]
struct Failure {
    /// Something of the request may have left this process.
    may_have_left: bool,
    reason: Reason,
}

impl Failure {
    fn not_sent(reason: impl Into<Reason>) -> Self {
        Self {
            may_have_left: false,
            reason: reason.into(),
        }
    }

    fn in_doubt(reason: impl Into<Reason>) -> Self {
        Self {
            may_have_left: true,
            reason: reason.into(),
        }
    }
}

impl Sender for HttpSender {
    async fn send(&mut self, batch: &Batch) -> SendReply {
        let mut left = false;
        let limit = self.setup.attempt_timeout;
        let attempt = tokio::time::timeout(limit, self.attempt(batch, &mut left)).await;
        let failure = match attempt {
            Ok(Ok((status, body))) => return classify(status, &body, batch),
            Ok(Err(failure)) => failure,
            Err(_) if left => Failure::in_doubt("no reply in time"),
            Err(_) => Failure::not_sent("not sent: no connection in time"),
        };
        self.connection = None;
        // An order of which nothing left cannot be in the queue, so its outcome is known. It counts as
        // rejected: refused by what it was sent to, if only by its TCP port.
        let entry = match failure.may_have_left {
            true => EntryOutcome::indeterminate(failure.reason),
            false => EntryOutcome::rejected(failure.reason),
        };
        SendReply::all(batch, None, entry)
    }
}

impl HttpSender {
    pub(super) fn new(setup: Arc<HttpSetup>) -> Self {
        Self {
            setup,
            connection: None,
            buffer: BytesMut::new(),
        }
    }

    pub(super) async fn warm_up(&mut self) {
        let setup = Arc::clone(&self.setup);
        let _ = tokio::time::timeout(setup.attempt_timeout, async {
            let _ = setup.credentials.get(SystemTime::now()).await;
            let _ = self.ready_connection().await;
        })
        .await;
    }

    /// One attempt; `left` is set before anything of the request can leave.
    async fn attempt(&mut self, batch: &Batch, left: &mut bool) -> Result<(u16, Bytes), Failure> {
        let mut request = self.signed_request(batch, SystemTime::now()).await?;
        loop {
            let reused = self.connection.is_some();
            let connection = self.ready_connection().await?;
            *left = true;
            match connection.requests.try_send_request(request).await {
                Ok(response) => {
                    let status = response.status().as_u16();
                    return Ok((status, whole_body(response.into_body()).await?));
                }
                // hyper hands the request back only if it has begun to write nothing of it: the
                // server had closed the idle connection. On a new one it is still a first attempt.
                Err(mut error) => match error.take_message() {
                    Some(unsent) if reused => {
                        *left = false;
                        self.connection = None;
                        request = unsent;
                    }
                    Some(_) => return Err(Failure::not_sent("not sent: connection closed")),
                    None => return Err(Failure::in_doubt("connection lost")),
                },
            }
        }
    }

    /// A connection that can take a request.
    async fn ready_connection(&mut self) -> Result<&mut Connection, Failure> {
        if let Some(connection) = &mut self.connection
            && connection.requests.ready().await.is_err()
        {
            self.connection = None;
        }
        let open = match self.connection.take() {
            Some(open) => open,
            None => Connection::open(&self.setup.endpoint, self.setup.tls.as_ref())
                .await
                .map_err(|error| Failure::not_sent(format!("not sent: {}", error.kind())))?,
        };
        Ok(self.connection.insert(open))
    }

    /// The request for `batch`, signed at `now`.
    async fn signed_request(
        &mut self,
        batch: &Batch,
        now: SystemTime,
    ) -> Result<Request<Full<Bytes>>, Failure> {
        let setup = &self.setup;
        let credentials = setup.credentials.get(now).await.map_err(|error| {
            tracing::debug!(%error, "no credentials");
            Failure::not_sent("not sent: no credentials")
        })?;
        // Reuses the last request's memory, which is free once its reply is here.
        self.buffer.reserve(512 * batch.len());
        write_request(&setup.queue_url, batch, &mut self.buffer);
        let body = self.buffer.split().freeze();
        let unsigned = |error: &dyn std::fmt::Display| {
            tracing::debug!(%error, "cannot sign");
            Failure::not_sent("not sent: cannot sign")
        };

        let identity = credentials.into();
        let params = SigningParams::builder()
            .identity(&identity)
            .region(&setup.region)
            .name("sqs")
            .time(now)
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| unsigned(&error))?
            .into();
        let headers = [
            ("content-type", CONTENT_TYPE_JSON),
            ("x-amz-target", operation(batch)),
        ];
        let signable = SignableRequest::new(
            "POST",
            setup.endpoint.url.as_str(),
            headers.into_iter(),
            SignableBody::Bytes(&body),
        )
        .map_err(|error| unsigned(&error))?;
        let (instructions, _) = sign(signable, &params)
            .map_err(|error| unsigned(&error))?
            .into_parts();

        let mut request = Request::post(setup.endpoint.path.as_str())
            .header(HOST, &setup.host)
            .header(CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE_JSON))
            .header("x-amz-target", HeaderValue::from_static(operation(batch)))
            .body(Full::new(body))
            .map_err(|error| unsigned(&error))?;
        instructions.apply_to_request_http1x(&mut request);
        Ok(request)
    }
}

/// The whole body of a reply. By now the request has left.
async fn whole_body(mut body: Incoming) -> Result<Bytes, Failure> {
    let mut first: Option<Bytes> = None;
    let mut more = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Failure::in_doubt("connection lost in the reply"))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if first.is_none() {
            first = Some(data);
            continue;
        }
        if more.is_empty() {
            more.extend_from_slice(first.as_ref().expect("it was set"));
        }
        more.extend_from_slice(&data);
        if more.len() > REPLY_BYTES_MAX {
            return Err(Failure::in_doubt("reply too long"));
        }
    }
    Ok(if more.is_empty() {
        first.unwrap_or_default()
    } else {
        more.freeze()
    })
}

#[cfg(test)]
#[path = "signature_tests.rs"]
mod tests;
