//! One attempt of one request over a connection of one's own, and nothing above it that could send it again.

use std::future::poll_fn;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::header::HeaderValue;
use tokio::task::coop::unconstrained;
use tokio_rustls::TlsConnector;

use super::connection::{Connection, system_tls};
use super::deadline::Deadline;
use super::endpoint::Endpoint;
use super::incoming::{Incoming, Unusable, Whole};
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

impl From<Unusable> for Failure {
    fn from(unusable: Unusable) -> Self {
        Self::in_doubt(match unusable {
            Unusable::NoHead => "connection lost",
            Unusable::CutShort => "connection lost in the reply",
            Unusable::TooLong => "reply too long",
        })
    }
}

/// A connection that is opened when one is needed, and the last reply on it.
#[derive(Default)]
pub(super) struct Wire {
    link: Link,
    deadline: Deadline,
}

#[derive(Default)]
struct Link {
    connection: Option<Connection>,
    incoming: Incoming,
}

impl Wire {
    /// Connects ahead of the first request, as far as that goes.
    pub(super) async fn warm_up(&mut self, site: &Upstream) {
        let ready = self.link.ready(site);
        let _ = self.deadline.within(site.attempt_timeout, ready).await;
    }

    /// One attempt: the status and the body of the reply. The bytes of the request are asked for within the time it has.
    pub(super) async fn exchange<'r>(
        &mut self,
        site: &Upstream,
        request: impl Future<Output = Result<&'r [u8], Failure>>,
    ) -> Result<(u16, &[u8]), Failure> {
        let mut left = false;
        let attempt = self.link.attempt(site, request, &mut left);
        let failure = match self.deadline.within(site.attempt_timeout, attempt).await {
            Some(Ok(whole)) => return Ok((whole.status, self.link.incoming.body(&whole))),
            Some(Err(failure)) => failure,
            None if left => Failure::in_doubt("no reply in time"),
            None => Failure::not_sent("not sent: no connection in time"),
        };
        Err(failure)
    }
}

impl Link {
    /// `left` is set before anything of the request can leave. The connection is kept only once the reply is whole, so
    /// that no other request can be taken for answered by a reply that nobody waited for.
    async fn attempt<'r>(
        &mut self,
        site: &Upstream,
        request: impl Future<Output = Result<&'r [u8], Failure>>,
        left: &mut bool,
    ) -> Result<Whole, Failure> {
        let request = request.await?;
        self.ready(site).await?;
        let Some(mut connection) = self.connection.take() else {
            return Err(Failure::not_sent("not sent: connection closed"));
        };
        *left = true;
        self.incoming.begin();
        let mut exchange = Exchange {
            connection: &mut connection,
            request,
            flushed: false,
            incoming: &mut self.incoming,
        };
        let whole = poll_fn(|cx| exchange.poll(cx)).await?;
        if whole.keeps_open {
            self.connection = Some(connection);
        }
        Ok(whole)
    }

    /// Has a connection that can take a request: the one there is, unless its server has closed it meanwhile or sends what
    /// nobody asked for, or else a new one.
    async fn ready(&mut self, site: &Upstream) -> Result<(), Failure> {
        if let Some(connection) = &mut self.connection {
            let mut byte = [0];
            let is_idle = |cx: &mut Context<'_>| {
                Poll::Ready(connection.poll_read(cx, &mut byte).is_pending())
            };
            // Outside the budget of its task: a task that has used it up gets `Pending` even if there is something to read.
            if unconstrained(poll_fn(is_idle)).await {
                return Ok(());
            }
            self.connection = None;
        }
        let open = Connection::open(&site.endpoint, site.tls.as_ref())
            .await
            .map_err(|error| Failure::not_sent(format!("not sent: {}", error.kind())))?;
        self.connection = Some(open);
        Ok(())
    }
}

/// A request on its way out, and its reply on its way in.
struct Exchange<'a> {
    connection: &'a mut Connection,
    /// What is still to be written.
    request: &'a [u8],
    flushed: bool,
    incoming: &'a mut Incoming,
}

impl Exchange<'_> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Whole, Unusable>> {
        // A server may answer before it has read all, and then read no more of it.
        let written = self.poll_write(cx);
        loop {
            let room = self.incoming.room();
            let count = match self.connection.poll_read(cx, room) {
                Poll::Ready(Ok(count)) if count > 0 => count,
                Poll::Ready(Ok(_)) => return Poll::Ready(self.incoming.ended()),
                Poll::Ready(Err(_)) => return Poll::Ready(self.incoming.broken()),
                Poll::Pending => {
                    return match written {
                        Poll::Ready(Err(_)) => Poll::Ready(self.incoming.broken()),
                        _ => Poll::Pending,
                    };
                }
            };
            if let Some(mut whole) = self.incoming.came(count)? {
                whole.keeps_open &= matches!(written, Poll::Ready(Ok(())));
                return Poll::Ready(Ok(whole));
            }
        }
    }

    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        while !self.request.is_empty() {
            match std::task::ready!(self.connection.poll_write(cx, self.request)) {
                Ok(0) => return Poll::Ready(Err(std::io::ErrorKind::WriteZero.into())),
                Ok(count) => self.request = &self.request[count..],
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        if !self.flushed {
            std::task::ready!(self.connection.poll_flush(cx))?;
            self.flushed = true;
        }
        Poll::Ready(Ok(()))
    }
}
