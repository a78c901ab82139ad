//! The HTTP server: one task a connection, on whichever tokio runtime it is started.
//!
//! A client that hangs up during a long poll loses nothing: hyper drops the request's future, and
//! with it the receive. A reply that could not be written brings its messages back when their
//! visibility ends, as on AWS.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::engine::SqsEngine;
use super::error::{SqsError, SqsErrorKind};
use super::faults::RequestFault;
use super::handle::Scribe;
use super::protocol::{self, Context};
use super::site::Site;

/// A batch of 1 MiB whose every byte is written as a JSON escape (`\u000a`), and some room.
const BODY_BYTES_MAX: u64 = 8 << 20;

const QUERY_ERROR: HeaderName = HeaderName::from_static("x-amzn-query-error");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
const AMZ_JSON: HeaderValue = HeaderValue::from_static("application/x-amz-json-1.0");

#[derive(Debug)]
struct Service {
    engine: SqsEngine,
    site: Site,
    requests: AtomicU64,
    scribe: Scribe,
}

/// Carries out one request of the JSON protocol without a connection; `target` is the `X-Amz-Target` header.
///
/// # Errors
/// What SQS refuses.
pub async fn answer_request(
    engine: &SqsEngine,
    site: &Site,
    target: &str,
    body: &[u8],
) -> Result<Vec<u8>, SqsError> {
    protocol::answer(Context { engine, site }, target, body).await
}

/// Serves the engine's queues until `shutdown` completes, then drops all connections.
pub async fn serve(
    listener: TcpListener,
    engine: SqsEngine,
    site: Site,
    shutdown: impl Future<Output = ()>,
) {
    let service = Arc::new(Service {
        engine,
        site,
        requests: AtomicU64::new(0),
        scribe: Scribe::new(uuid::Uuid::new_v4().as_u64_pair().0),
    });
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => return,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(converse(stream, Arc::clone(&service)));
                }
                // Out of file descriptors, or the client has gone: others may still be served.
                Err(error) => {
                    tracing::warn!(%error, "the embedded SQS could not accept a connection");
                    tokio::time::sleep(std::time::Duration::from_millis(10)).await;
                }
            }
        }
    }
}

async fn converse(stream: TcpStream, service: Arc<Service>) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "no TCP_NODELAY");
    }
    if service.engine.faults().is_some()
        && let Err(error) = stream.set_zero_linger()
    {
        tracing::debug!(%error, "a connection cannot be reset");
    }
    let answer = service_fn(|request| {
        let service = Arc::clone(&service);
        async move { answer(&service, request).await }
    });
    let connection =
        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), answer);
    if let Err(error) = connection.await {
        tracing::debug!(%error, "a connection to the embedded SQS broke");
    }
}

/// A fault ends the connection without a reply.
#[derive(Debug, thiserror::Error)]
#[error("a fault has ended the connection")]
struct Ended;

async fn answer(
    service: &Service,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Ended> {
    let result = carry_out(service, request).await?;
    let mut response = match result {
        Ok(body) => Response::new(Full::from(body)),
        Err(error) => refuse(&error),
    };
    let serial = service.requests.fetch_add(1, Ordering::Relaxed);
    let id = service.scribe.message_id(serial);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, AMZ_JSON);
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID, id);
    }
    Ok(response)
}

async fn carry_out(
    service: &Service,
    request: Request<Incoming>,
) -> Result<Result<Vec<u8>, SqsError>, Ended> {
    if request.method() != Method::POST {
        return Ok(Err(SqsError::new(
            SqsErrorKind::InvalidAction,
            "The embedded SQS speaks the JSON protocol only: POST with a header X-Amz-Target.",
        )));
    }
    let (head, body) = request.into_parts();
    let body = match read(body).await {
        Ok(body) => body,
        Err(error) => return Ok(Err(error)),
    };
    let target = head.headers.get("x-amz-target");
    let target = target
        .and_then(|target| target.to_str().ok())
        .unwrap_or_default();
    let context = Context {
        engine: &service.engine,
        site: &service.site,
    };
    let fault = match service.engine.faults() {
        Some(faults) => faults.on_request(target, &body),
        None => RequestFault::None,
    };
    match fault {
        RequestFault::None => Ok(protocol::answer(context, target, &body).await),
        RequestFault::DropReply => {
            let _ = protocol::answer(context, target, &body).await;
            Err(Ended)
        }
        RequestFault::DelayReply(delay) => {
            let answer = protocol::answer(context, target, &body).await;
            tokio::time::sleep(delay).await;
            Ok(answer)
        }
        RequestFault::Reset => Err(Ended),
        RequestFault::ServerError => Ok(Err(SqsError::new(
            SqsErrorKind::InternalFailure,
            "A fault has failed this request.",
        ))),
    }
}

/// The request's body. One that is too large is read to its end, so that the client, which may read
/// no reply before it has sent everything, gets to see the refusal; but it is not kept.
async fn read(mut body: Incoming) -> Result<Bytes, SqsError> {
    let broken = |error: hyper::Error| {
        let message = format!("The request's body could not be read: {error}.");
        SqsError::new(SqsErrorKind::MalformedRequest, message)
    };
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    let mut size = 0_u64;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(broken)?.into_data() else {
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
    if size > BODY_BYTES_MAX {
        return Err(SqsError::new(
            SqsErrorKind::RequestTooLarge,
            format!(
                "The request's body has {size} bytes; the embedded SQS reads at most {BODY_BYTES_MAX}."
            ),
        ));
    }
    Ok(if rest.is_empty() {
        first
    } else {
        rest.freeze()
    })
}

fn refuse(error: &SqsError) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(protocol::refusal(error)));
    let (status, side) = match error.kind {
        SqsErrorKind::InternalFailure => (StatusCode::INTERNAL_SERVER_ERROR, "Receiver"),
        SqsErrorKind::RequestTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "Sender"),
        _ => (StatusCode::BAD_REQUEST, "Sender"),
    };
    *response.status_mut() = status;
    let code = format!("{};{side}", error.kind.query_code());
    if let Ok(code) = HeaderValue::from_str(&code) {
        response.headers_mut().insert(QUERY_ERROR, code);
    }
    response
}
