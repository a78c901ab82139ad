//! What every HTTP server of the pipeline does: whom it answers, how many at one time, how long it waits for what they
//! send, and how large that may be.

mod body;
mod budget;
mod hosts;
mod lines;
mod pages;
pub(crate) mod service;
mod socket;

#[cfg(test)]
mod tests;

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper::header::{CONNECTION, CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

pub(super) use body::{BodyError, read};
pub(super) use budget::{Budget, Held};
pub(super) use hosts::called;
pub use hosts::{HostName, Hosts, NoHost};
use lines::{ConnectionSlot, Ending, Line, Lines};
pub use pages::{NoOrigin, Origin};
use socket::{Socket, close};

/// The pause after a connection that could not be accepted.
const PAUSE_AFTER_ERROR: Duration = Duration::from_millis(10);
/// How often is looked for connections that are overdue.
const TICK: Duration = Duration::from_secs(1);
/// How many of those for which there is no place are told so at one time; the others are closed.
const TOLD_MAX: usize = 256;
/// The largest head: a request's line and headers.
const HEAD_BYTES_MAX: usize = 32 << 10;
/// What is read or written at once.
const BUFFER_BYTES_MAX: usize = 64 << 10;

/// A connection ends without a reply: for faults, and nothing else.
#[derive(Debug, thiserror::Error)]
#[error("a fault has ended the connection")]
pub(super) struct Ended;

/// A reply, or the connection's end.
pub(super) type Answer = Result<Response<Full<Bytes>>, Ended>;

/// How long requests may take to end after the shutdown has begun; long polls are cut off.
const WIND_DOWN: Duration = Duration::from_millis(250);

/// A request that is refused before anything is done; its connection ends with the refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) status: StatusCode,
    pub(super) message: String,
}

impl Refused {
    pub(super) fn new(status: StatusCode, message: String) -> Self {
        Self { status, message }
    }

    /// What sort of refusal it is, as AWS's services name theirs.
    pub(super) fn kind(&self) -> &'static str {
        match self.status {
            StatusCode::BAD_REQUEST => "ValidationException",
            StatusCode::REQUEST_TIMEOUT => "RequestTimeoutException",
            StatusCode::SERVICE_UNAVAILABLE => "ServiceUnavailableException",
            _ => "AccessDeniedException",
        }
    }

    /// The refusal with this body.
    pub(super) fn response(
        &self,
        content_type: &'static str,
        body: String,
    ) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::from(body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
        response
    }
}

/// How a server treats its connections.
#[derive(Debug, Clone)]
pub(super) struct ServerOptions {
    /// One that the server ends is reset, not closed.
    pub(super) resets: bool,
    /// Headers are written `Like-This`.
    pub(super) title_case_headers: bool,
    /// Whom it answers.
    pub(super) hosts: Hosts,
    /// Connections at one time.
    pub(super) connections_max: usize,
    /// For replies; requests take theirs as they are read.
    pub(super) budget: Budget,
    /// A refusal in the protocol's words.
    pub(super) refuse: fn(&Refused) -> Response<Full<Bytes>>,
}

/// Serves connections until `shutdown` completes, lets the requests that are being answered end, and
/// drops what is left: one task a connection, on whichever runtime this is called.
pub(super) async fn serve<F, R>(
    listener: TcpListener,
    answer: F,
    options: ServerOptions,
    shutdown: impl Future<Output = ()>,
) where
    F: Fn(Request<Incoming>) -> R + Clone + Send + Unpin + 'static,
    R: Future<Output = Answer> + Send + 'static,
{
    let options = Arc::new(options);
    let lines = Lines::new(options.connections_max);
    let told = Arc::new(Semaphore::new(TOLD_MAX));
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    let (stop, stopped) = watch::channel(false);
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            Some(_) = connections.join_next() => {}
            _ = tick.tick() => lines.end_overdue(),
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => match lines.admit() {
                    Some(place) => {
                        let options = Arc::clone(&options);
                        connections.spawn(converse(stream, place, answer.clone(), options, stopped.clone()));
                    }
                    None => {
                        if let Ok(permit) = Arc::clone(&told).try_acquire_owned() {
                            let options = Arc::clone(&options);
                            connections.spawn(async move {
                                close(stream, &no_place(&options)).await;
                                drop(permit);
                            });
                        }
                    }
                },
                // Out of file descriptors, or the client has gone: others may still be served.
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(PAUSE_AFTER_ERROR).await;
                }
            }
        }
    }
    drop(listener);
    let _ = stop.send(true);
    let wind_down = async { while connections.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(WIND_DOWN, wind_down).await;
}

async fn converse<F, R>(
    stream: TcpStream,
    place: ConnectionSlot,
    answer: F,
    options: Arc<ServerOptions>,
    mut stopped: watch::Receiver<bool>,
) where
    F: Fn(Request<Incoming>) -> R + Unpin,
    R: Future<Output = Answer>,
{
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "no TCP_NODELAY");
    }
    if options.resets
        && let Err(error) = stream.set_zero_linger()
    {
        tracing::debug!(%error, "a connection cannot be reset");
    }
    let local = stream.local_addr().map(|address| address.ip()).ok();
    let line = &place.line;
    let socket = Socket {
        stream,
        line: Arc::clone(line),
    };
    let treated = &*options;
    let service = service_fn(move |request| {
        let page = treated.hosts.page(&request);
        let first = match treated.hosts.admit(&request, local) {
            Err(refused) => First::Said((treated.refuse)(&refused)),
            Ok(()) if request.method() == Method::OPTIONS => {
                First::Said(pages::may_ask(request.headers()))
            }
            Ok(()) => First::Asked(answer(request)),
        };
        answer_on(line, treated, page, first)
    });
    let mut connection = hyper::server::conn::http1::Builder::new()
        .title_case_headers(options.title_case_headers)
        .max_header_size(HEAD_BYTES_MAX)
        .max_buf_size(BUFFER_BYTES_MAX)
        .serve_connection(TokioIo::new(socket), service);
    let ended = tokio::select! {
        ended = &mut connection => Ok(ended),
        ending = line.ended() => Err(ending),
        _ = stopped.changed() => {
            std::pin::Pin::new(&mut connection).graceful_shutdown();
            Ok((&mut connection).await)
        }
    };
    let stream = connection.into_parts().io.into_inner().stream;
    match ended {
        // What was sent and not read would reset the connection, and the refusal with it.
        Ok(Ok(())) if line.is_refused() => close(stream, b"").await,
        Ok(Ok(())) | Err(Ending::Closed) => {}
        // Of what is no request hyper has told the client itself.
        Ok(Err(error)) if error.is_parse() => close(stream, b"").await,
        Ok(Err(error)) => tracing::debug!(%error, "a connection broke"),
        Err(Ending::SlowHead) => close(stream, &slow_head(&options)).await,
    }
}

/// How a request is answered.
enum First<R> {
    /// At once.
    Said(Response<Full<Bytes>>),
    /// By whom it was for.
    Asked(R),
}

/// Answers one request, of a page that may read the answer if there is one, and keeps the line's state.
async fn answer_on<R: Future<Output = Answer>>(
    line: &Line,
    options: &ServerOptions,
    page: Option<HeaderValue>,
    first: First<R>,
) -> Answer {
    line.answers();
    let mut response = match first {
        First::Asked(answer) => answer.await?,
        First::Said(response) => response,
    };
    if let Some(origin) = page {
        pages::readable(&mut response, origin);
    }
    let response = within(response, options).await;
    let status = response.status();
    if response.headers().contains_key(CONNECTION) || status == StatusCode::PAYLOAD_TOO_LARGE {
        line.refuse();
    }
    line.waits();
    Ok(response)
}

/// The reply, counted until it is written; the refusal when there is no room for it.
async fn within(response: Response<Full<Bytes>>, options: &ServerOptions) -> Response<Full<Bytes>> {
    let large = response
        .body()
        .size_hint()
        .exact()
        .is_some_and(|bytes| bytes > budget::FREE_BYTES);
    if !large {
        return response;
    }
    let (head, body) = response.into_parts();
    let bytes = match body.collect().await {
        Ok(body) => body.to_bytes(),
        Err(never) => match never {},
    };
    match budget::counted(bytes, &options.budget) {
        Some(bytes) => Response::from_parts(head, Full::from(bytes)),
        None => (options.refuse)(&Refused::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "Replies that are not yet taken have as many bytes as this server gives them; try again later.".into(),
        )),
    }
}

fn no_place(options: &ServerOptions) -> Vec<u8> {
    let message = format!(
        "All {} connections of this server are in use; close some, or start it with a higher --max-connections.",
        options.connections_max
    );
    raw(
        options,
        &Refused::new(StatusCode::SERVICE_UNAVAILABLE, message),
    )
}

fn slow_head(options: &ServerOptions) -> Vec<u8> {
    let message = "The request's head came too slowly.".into();
    raw(options, &Refused::new(StatusCode::REQUEST_TIMEOUT, message))
}

/// A refusal as it goes over the wire where no request was read.
fn raw(options: &ServerOptions, refused: &Refused) -> Vec<u8> {
    let (head, body) = (options.refuse)(refused).into_parts();
    let mut bytes = format!("HTTP/1.1 {}\r\n", head.status).into_bytes();
    for (name, value) in &head.headers {
        bytes.extend_from_slice(name.as_str().as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    let length = body.size_hint().exact().unwrap_or_default();
    bytes.extend_from_slice(format!("content-length: {length}\r\n\r\n").as_bytes());
    if let Some(Ok(body)) = at_hand(body.collect()) {
        bytes.extend_from_slice(&body.to_bytes());
    }
    bytes
}

/// What a future that has everything at hand gives.
fn at_hand<F: Future>(future: F) -> Option<F::Output> {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match pin!(future).poll(&mut context) {
        std::task::Poll::Ready(output) => Some(output),
        std::task::Poll::Pending => None,
    }
}
