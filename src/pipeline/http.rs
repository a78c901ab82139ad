//! What every HTTP server of the pipeline does: accept connections, and read bodies up to a limit.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// The largest request body that is read: a batch of 1 MiB whose every byte is a JSON escape needs 6 MiB.
pub(super) const BODY_BYTES_MAX: u64 = 10 << 20;

/// The pause after a connection that could not be accepted.
const PAUSE_AFTER_ERROR: Duration = Duration::from_millis(10);

/// A connection ends without a reply: for faults, and nothing else.
#[derive(Debug, thiserror::Error)]
#[error("a fault has ended the connection")]
pub(super) struct Ended;

/// A reply, or the connection's end.
pub(super) type Answer = Result<Response<Full<Bytes>>, Ended>;

/// How long requests may take to end after the shutdown has begun; long polls are cut off.
const WIND_DOWN: Duration = Duration::from_millis(250);

/// How a server treats its connections.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Manner {
    /// One that the server ends is reset, not closed.
    pub(super) resets: bool,
    /// Headers are written `Like-This`.
    pub(super) title_case_headers: bool,
}

/// Serves connections until `shutdown` completes, lets the requests that are being answered end, and
/// drops what is left: one task a connection, on whichever runtime this is called.
pub(super) async fn serve<F, R>(
    listener: TcpListener,
    answer: F,
    manner: Manner,
    shutdown: impl Future<Output = ()>,
) where
    F: Fn(Request<Incoming>) -> R + Clone + Send + 'static,
    R: Future<Output = Answer> + Send + 'static,
{
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    let (stop, stopped) = watch::channel(false);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let connection = converse(stream, answer.clone(), manner, stopped.clone());
                    connections.spawn(connection);
                }
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
    answer: F,
    manner: Manner,
    mut stopped: watch::Receiver<bool>,
) where
    F: Fn(Request<Incoming>) -> R,
    R: Future<Output = Answer>,
{
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "no TCP_NODELAY");
    }
    if manner.resets
        && let Err(error) = stream.set_zero_linger()
    {
        tracing::debug!(%error, "a connection cannot be reset");
    }
    let connection = hyper::server::conn::http1::Builder::new()
        .title_case_headers(manner.title_case_headers)
        .serve_connection(TokioIo::new(stream), service_fn(answer));
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = &mut connection => ended,
        _ = stopped.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke");
    }
}

/// Why a body could not be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum BodyError {
    /// The connection broke.
    #[error("The request's body could not be read: {0}.")]
    Broken(#[from] hyper::Error),
    /// It is larger than the limit.
    #[error("The request's body has {0} bytes; at most {BODY_BYTES_MAX} are read.")]
    TooLarge(u64),
}

/// The request's body. One that is too large is read to its end, so that the client, which may read
/// no reply before it has sent everything, gets to see the refusal; but it is not kept.
pub(super) async fn read(mut body: Incoming) -> Result<Bytes, BodyError> {
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    let mut size = 0_u64;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else {
            continue;
        };
        size += data.len() as u64;
        if size > BODY_BYTES_MAX {
            (first, rest) = (Bytes::new(), BytesMut::new());
        } else if first.is_empty() {
            first = data;
        } else {
            if rest.is_empty() {
                let expected = data.len() as u64 + body.size_hint().lower();
                let room = expected.min(BODY_BYTES_MAX) as usize;
                rest.reserve(first.len() + room);
                rest.extend_from_slice(&first);
            }
            rest.extend_from_slice(&data);
        }
    }
    match (size > BODY_BYTES_MAX, rest.is_empty()) {
        (true, _) => Err(BodyError::TooLarge(size)),
        (false, true) => Ok(first),
        (false, false) => Ok(rest.freeze()),
    }
}
