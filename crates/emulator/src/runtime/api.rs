//! The Lambda Runtime API, version 2018-06-01, over HTTP for one process.
//!
//! Source: AWS Lambda, "Using the Lambda runtime API for custom runtimes" and its OpenAPI specification;
//! the texts of the refusals are those of AWS's runtime interface emulator. Responses in streaming mode
//! are read to their end before they count.

use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use tokio::net::TcpListener;

use super::error::CommandError;
use super::exchange::{Exchange, ExchangeError, Invocation};
use super::payload::{cut, error_text};
use crate::http::{self, Budget, Hosts, Refused, ServerOptions};

/// The largest response Lambda takes: 6 MB and what its envelope needs.
const RESPONSE_BYTES_MAX: u64 = (6 << 20) + 100;

/// Connections of one process at one time.
const CONNECTIONS_MAX: usize = 64;
/// Bytes of events that a process was handed and has not read.
const EVENT_BYTES_MAX: u64 = 64 << 20;

const ROOT: &str = "/2018-06-01/runtime/";
const ERROR_TYPE: &str = "lambda-runtime-function-error-type";

/// What the API of one process is about.
#[derive(Debug)]
pub(super) struct Api {
    pub(super) exchange: Arc<Exchange>,
    /// The function's ARN, as every invocation tells it.
    pub(super) arn: HeaderValue,
}

/// Serves the API until it is dropped.
pub(super) async fn serve(listener: TcpListener, api: Arc<Api>) {
    // Some bootstraps are shell scripts that look for the headers as the documentation writes them.
    let options = ServerOptions {
        title_case_headers: true,
        resets: false,
        hosts: Hosts::loopback().or_nameless(),
        connections_max: CONNECTIONS_MAX,
        budget: Budget::new(EVENT_BYTES_MAX),
        refuse: |refused: &Refused| {
            let body =
                serde_json::json!({"errorMessage": refused.message, "errorType": refused.kind()});
            refused.response("application/json", body.to_string())
        },
    };
    let answer = move |request| {
        let api = Arc::clone(&api);
        async move { Ok(answer(&api, request).await) }
    };
    http::serve(listener, answer, options, std::future::pending()).await;
}

async fn answer(api: &Api, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    let path = head.uri.path().strip_prefix(ROOT).unwrap_or_default();
    let id_and_verb = path
        .strip_prefix("invocation/")
        .and_then(|rest| rest.split_once('/'));
    match (&head.method, path, id_and_verb) {
        (&Method::GET, "invocation/next", _) => next(api).await,
        (&Method::POST, "init/error", _) => init_error(api, &head.headers, body).await,
        (&Method::POST, _, Some((id, "response"))) => response(api, id, body).await,
        (&Method::POST, _, Some((id, "error"))) => error(api, id, &head.headers, body).await,
        _ => refusal(
            StatusCode::NOT_FOUND,
            "NotFound",
            "There is no such resource in the runtime API.",
        ),
    }
}

async fn next(api: &Api) -> Response<Full<Bytes>> {
    match api.exchange.next().await {
        Ok(invocation) => handed_over(api, &invocation),
        Err(refused) => refuse(refused, "Ready"),
    }
}

fn handed_over(api: &Api, invocation: &Invocation) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(invocation.event.clone()));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert("lambda-runtime-invoked-function-arn", api.arn.clone());
    let deadline = HeaderValue::from(invocation.deadline_ms);
    headers.insert("lambda-runtime-deadline-ms", deadline);
    for (name, value) in [
        ("lambda-runtime-aws-request-id", &invocation.request_id),
        ("lambda-runtime-trace-id", &invocation.trace_id),
    ] {
        let value = HeaderValue::from_str(value).expect("identifiers are letters and digits");
        headers.insert(name, value);
    }
    response
}

async fn response(api: &Api, id: &str, body: Incoming) -> Response<Full<Bytes>> {
    const STATE: &str = "InvocationResponse";
    if let Err(refused) = api.exchange.may_answer(id) {
        // A client may read no reply before it has sent everything.
        let _ = read(body).await;
        return refuse(refused, STATE);
    }
    let Some(posted) = read(body).await else {
        return truncated();
    };
    let failed = posted.trailers.get(ERROR_TYPE).map(|kind| {
        let payload = posted.trailers.get("lambda-runtime-function-error-body");
        let payload = payload.and_then(|payload| BASE64_STANDARD.decode(payload).ok());
        error_text(&payload.unwrap_or_default(), kind.to_str().ok())
    });
    let too_large = posted.bytes > RESPONSE_BYTES_MAX;
    let answer = match failed {
        _ if too_large => Err(CommandError::ResponseTooLarge {
            bytes: posted.bytes,
            most: RESPONSE_BYTES_MAX,
        }),
        Some(text) => Err(CommandError::Function(text)),
        None => Ok(posted.body),
    };
    match api.exchange.answer(id, answer) {
        Err(refused) => refuse(refused, STATE),
        Ok(()) if too_large => refusal(
            StatusCode::PAYLOAD_TOO_LARGE,
            "RequestEntityTooLarge",
            &format!("Exceeded maximum allowed payload size ({RESPONSE_BYTES_MAX} bytes)."),
        ),
        Ok(()) => accepted(),
    }
}

async fn error(api: &Api, id: &str, headers: &HeaderMap, body: Incoming) -> Response<Full<Bytes>> {
    let Some(posted) = read(body).await else {
        return truncated();
    };
    let text = CommandError::Function(error_text(&posted.body, error_type(headers)));
    match api.exchange.answer(id, Err(text)) {
        Ok(()) => accepted(),
        Err(refused) => refuse(refused, "InvocationErrorResponse"),
    }
}

async fn init_error(api: &Api, headers: &HeaderMap, body: Incoming) -> Response<Full<Bytes>> {
    let Some(posted) = read(body).await else {
        return truncated();
    };
    let reason = error_text(&posted.body, error_type(headers));
    match api.exchange.init_error(reason) {
        Ok(()) => accepted(),
        Err(refused) => refuse(refused, "InitError"),
    }
}

fn error_type(headers: &HeaderMap) -> Option<&str> {
    headers.get(ERROR_TYPE)?.to_str().ok()
}

/// A body as it was posted; not kept if it is too large.
#[derive(Default)]
struct Posted {
    body: Bytes,
    bytes: u64,
    trailers: HeaderMap,
}

/// The whole body, or nothing if the client hung up before its end.
async fn read(mut body: Incoming) -> Option<Posted> {
    let mut posted = Posted::default();
    let mut kept = BytesMut::new();
    while let Some(frame) = body.frame().await {
        match frame.ok()?.into_data() {
            Ok(data) => {
                posted.bytes += data.len() as u64;
                if posted.bytes > RESPONSE_BYTES_MAX {
                    kept = BytesMut::new();
                } else {
                    kept.extend_from_slice(&data);
                }
            }
            Err(frame) => posted.trailers = frame.into_trailers().unwrap_or_default(),
        }
    }
    posted.body = kept.freeze();
    Some(posted)
}

fn accepted() -> Response<Full<Bytes>> {
    json(StatusCode::ACCEPTED, r#"{"status":"OK"}"#.into())
}

fn truncated() -> Response<Full<Bytes>> {
    refusal(
        StatusCode::BAD_REQUEST,
        "TruncatedHTTPRequest",
        "HTTP request detected as truncated",
    )
}

/// The refusal of a transition to `wanted`.
fn refuse(refused: ExchangeError, wanted: &str) -> Response<Full<Bytes>> {
    match refused {
        ExchangeError::InvalidRequestId => refusal(
            StatusCode::BAD_REQUEST,
            "InvalidRequestID",
            "Invalid request ID",
        ),
        ExchangeError::InvalidTransition(state) => refusal(
            StatusCode::FORBIDDEN,
            "InvalidStateTransition",
            &cut(&format!(
                "State transition from {state} to {wanted} failed for runtime. Error: State transition is not allowed"
            )),
        ),
    }
}

fn refusal(status: StatusCode, kind: &str, message: &str) -> Response<Full<Bytes>> {
    let body = serde_json::json!({"errorMessage": message, "errorType": kind});
    json(status, body.to_string())
}

fn json(status: StatusCode, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

#[cfg(test)]
#[path = "api_tests.rs"]
mod tests;
