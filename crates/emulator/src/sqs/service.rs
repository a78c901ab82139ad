//! The queues' HTTP side: one request of the JSON or the Query protocol in, one reply out.
//!
//! A client that hangs up during a long poll loses nothing: its request's future is dropped, and with
//! it the receive. A reply that could not be written brings its messages back when their visibility
//! ends, as on AWS.

use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};

use super::engine::SqsEngine;
use super::error::{SqsError, SqsErrorKind};
use super::faults::RequestFault;
use super::handle::Scribe;
use super::protocol::{self, Context, query};
use super::site::Site;
use crate::http::{BodyError, Ended};

const QUERY_ERROR: HeaderName = HeaderName::from_static("x-amzn-query-error");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
const AMZ_JSON: HeaderValue = HeaderValue::from_static("application/x-amz-json-1.0");

const XML: HeaderValue = HeaderValue::from_static("text/xml");

/// What a request asks for beside its body.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call<'a> {
    pub(crate) target: Target<'a>,
    /// Host and port as the client calls this server.
    pub(crate) called: &'a str,
}

/// How a request says what it wants.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Target<'a> {
    /// By its header `X-Amz-Target`, with a body in JSON.
    Json(&'a str),
    /// By a form, at this path.
    Form { path: &'a str },
}

/// An engine's queues as HTTP clients see them.
#[derive(Debug)]
pub(crate) struct SqsService {
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
    let context = Context {
        engine,
        site,
        called: None,
    };
    protocol::answer(context, target, body).await
}

impl SqsService {
    pub(crate) fn new(engine: SqsEngine, site: Site) -> Self {
        Self {
            engine,
            site,
            requests: AtomicU64::new(0),
            scribe: Scribe::new(uuid::Uuid::new_v4().as_u64_pair().0),
        }
    }

    /// The queues behind it.
    pub(crate) fn engine(&self) -> &SqsEngine {
        &self.engine
    }

    /// Where they pretend to live.
    pub(crate) fn site(&self) -> &Site {
        &self.site
    }

    /// Answers a POST with this body, in the protocol it came in.
    pub(crate) async fn answer(
        &self,
        call: Call<'_>,
        body: Result<Bytes, BodyError>,
    ) -> Result<Response<Full<Bytes>>, Ended> {
        let serial = self.requests.fetch_add(1, Ordering::Relaxed);
        let id = self.scribe.message_id(serial);
        let body = body.map_err(|error| {
            let kind = match error {
                BodyError::Broken(_) => SqsErrorKind::MalformedRequest,
                _ => SqsErrorKind::RequestTooLarge,
            };
            SqsError::new(kind, error.to_string())
        });
        let mut response = match (call.target, body) {
            (Target::Json(target), Ok(body)) => {
                let reply = self.carry_out(target, call.called, &body).await?;
                reply.map_or_else(
                    |error| refuse(&error),
                    |body| Response::new(Full::from(body)),
                )
            }
            (Target::Json(_), Err(error)) => refuse(&error),
            (Target::Form { path }, Ok(body)) => {
                let reply = self.carry_out_form(path, call.called, &body, &id).await?;
                reply.map_or_else(
                    |error| refuse_form(&error, &id),
                    |body| Response::new(Full::from(body)),
                )
            }
            (Target::Form { .. }, Err(error)) => refuse_form(&error, &id),
        };
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            match call.target {
                Target::Json(_) => AMZ_JSON,
                Target::Form { .. } => XML,
            },
        );
        if let Ok(id) = HeaderValue::from_str(&id) {
            headers.insert(REQUEST_ID, id);
        }
        Ok(response)
    }

    /// A form is carried out as the request of the JSON protocol that says the same.
    async fn carry_out_form(
        &self,
        path: &str,
        called: &str,
        form: &[u8],
        request_id: &str,
    ) -> Result<Result<Vec<u8>, SqsError>, Ended> {
        let request = match query::read(form, path) {
            Ok(request) => request,
            Err(error) => return Ok(Err(error)),
        };
        let reply = self
            .carry_out(&request.target, called, &request.body)
            .await?;
        Ok(reply.and_then(|json| query::reply(&request.operation, &json, request_id)))
    }

    async fn carry_out(
        &self,
        target: &str,
        called: &str,
        body: &[u8],
    ) -> Result<Result<Vec<u8>, SqsError>, Ended> {
        let context = Context {
            engine: &self.engine,
            site: &self.site,
            called: Some(called),
        };
        let fault = match self.engine.faults() {
            Some(faults) => faults.on_request(target, body),
            None => RequestFault::None,
        };
        match fault {
            RequestFault::None => Ok(protocol::answer(context, target, body).await),
            RequestFault::DropReply => {
                let _ = protocol::answer(context, target, body).await;
                Err(Ended)
            }
            RequestFault::DelayReply(delay) => {
                let answer = protocol::answer(context, target, body).await;
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
}

fn refuse(error: &SqsError) -> Response<Full<Bytes>> {
    let body = protocol::refusal(error);
    let mut response = refusing(error.kind.json_status(), body);
    let side = match error.kind.is_server_fault() {
        true => "Receiver",
        false => "Sender",
    };
    let code = format!("{};{side}", error.kind.query_code());
    if let Ok(code) = HeaderValue::from_str(&code) {
        response.headers_mut().insert(QUERY_ERROR, code);
    }
    response
}

fn refuse_form(error: &SqsError, request_id: &str) -> Response<Full<Bytes>> {
    refusing(error.kind.query_status(), query::refusal(error, request_id))
}

fn refusing(status: u16, body: Vec<u8>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(body));
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
}
