//! One attempt of one request over a connection of one's own, and nothing above it that could send it again.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::Incoming;
use hyper::header::HeaderValue;
use tokio_rustls::TlsConnector;

use super::connection::{Connection, system_tls};
use super::endpoint::Endpoint;
use super::reply::{EntryOutcome, Reason};
use super::{Batch, SendError, SendReply};

/// A longer reply is not one to a batch of orders.
pub const REPLY_BYTES_MAX: usize = 256 * 1024;

/// Where requests go, and how long one may take.
pub(super) struct Upstream {
    pub(super) endpoint: Endpoint,
    pub(super) host: HeaderValue,
    pub(super) attempt_timeout: Duration,
    tls: Option<TlsConnector>,
}

impl Upstream {
    pub(super) fn new(url: &str, attempt_timeout: Duration) -> Result<Self, SendError> {
        let endpoint = Endpoint::parse(url)?;
        let host = HeaderValue::from_str(&endpoint.authority).map_err(|_| SendError::Endpoint {
            endpoint: url.to_owned(),
            cause: "names no host",
        })?;
        Ok(Self {
            tls: endpoint.tls.then(system_tls).transpose()?,
            endpoint,
            host,
            attempt_timeout,
        })
    }
}

/// How an attempt ended without a reply.
#[derive(Debug)]
pub struct Failure {
    /// Something of the request may have left this process.
    may_have_left: bool,
    reason: Reason,
}

impl Failure {
    /// Nothing of the request can have left, and why.
    pub fn not_sent(reason: impl Into<Reason>) -> Self {
        Self {
            may_have_left: false,
            reason: reason.into(),
        }
    }

    /// Something of it may have left, and what happened.
    pub fn in_doubt(reason: impl Into<Reason>) -> Self {
        Self {
            may_have_left: true,
            reason: reason.into(),
        }
    }

    /// What it says of the orders of `batch`. An order of which nothing left cannot be in the queue, so its outcome is
    /// known. It counts as rejected: refused by what it was sent to, if only by its TCP port.
    pub(super) fn reply(self, batch: &Batch) -> SendReply {
        let entry = match self.may_have_left {
            true => EntryOutcome::indeterminate(self.reason),
            false => EntryOutcome::rejected(self.reason),
        };
        SendReply::all(batch, None, entry)
    }
}

/// A connection that is opened when one is needed.
#[derive(Default)]
pub(super) struct Wire(Option<Connection>);

impl Wire {
    /// Connects ahead of the first request, as far as that goes.
    pub(super) async fn warm_up(&mut self, site: &Upstream) {
        let _ = tokio::time::timeout(site.attempt_timeout, self.ready(site)).await;
    }

    /// One attempt: the status and the body of the reply.
    pub(super) async fn exchange(
        &mut self,
        site: &Upstream,
        request: impl Future<Output = Result<Request<Full<Bytes>>, Failure>>,
    ) -> Result<(u16, Bytes), Failure> {
        let mut left = false;
        let attempt = self.attempt(site, request, &mut left);
        let failure = match tokio::time::timeout(site.attempt_timeout, attempt).await {
            Ok(Ok(reply)) => return Ok(reply),
            Ok(Err(failure)) => failure,
            Err(_) if left => Failure::in_doubt("no reply in time"),
            Err(_) => Failure::not_sent("not sent: no connection in time"),
        };
        self.0 = None;
        Err(failure)
    }

    /// `left` is set before anything of the request can leave.
    async fn attempt(
        &mut self,
        site: &Upstream,
        request: impl Future<Output = Result<Request<Full<Bytes>>, Failure>>,
        left: &mut bool,
    ) -> Result<(u16, Bytes), Failure> {
        let mut request = request.await?;
        loop {
            let reused = self.0.is_some();
            let connection = self.ready(site).await?;
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
                        self.0 = None;
                        request = unsent;
                    }
                    Some(_) => return Err(Failure::not_sent("not sent: connection closed")),
                    None => return Err(Failure::in_doubt("connection lost")),
                },
            }
        }
    }

    /// A connection that can take a request.
    async fn ready(&mut self, site: &Upstream) -> Result<&mut Connection, Failure> {
        if let Some(connection) = &mut self.0
            && connection.requests.ready().await.is_err()
        {
            self.0 = None;
        }
        let open = match self.0.take() {
            Some(open) => open,
            None => Connection::open(&site.endpoint, site.tls.as_ref())
                .await
                .map_err(|error| Failure::not_sent(format!("not sent: {}", error.kind())))?,
        };
        Ok(self.0.insert(open))
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
