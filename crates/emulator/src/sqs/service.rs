//! The queues' HTTP side: one request of the JSON protocol in, one reply out.
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
use super::protocol::{self, Context};
use super::site::Site;
use crate::http::{BodyError, Ended};

const QUERY_ERROR: HeaderName = HeaderName::from_static("x-amzn-query-error");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
const AMZ_JSON: HeaderValue = HeaderValue::from_static("application/x-amz-json-1.0");

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

    /// Answers a POST with this `X-Amz-Target` and this body, from a client that calls the server `called`.
    pub(crate) async fn answer(
        &self,
        target: &str,
        called: &str,
        body: Result<Bytes, BodyError>,
    ) -> Result<Response<Full<Bytes>>, Ended> {
        let result = match body {
            Ok(body) => self.carry_out(target, called, &body).await?,
            Err(error @ BodyError::Broken(_)) => Err(SqsError::new(
                SqsErrorKind::MalformedRequest,
                error.to_string(),
            )),
            Err(error) => Err(SqsError::new(
                SqsErrorKind::RequestTooLarge,
                error.to_string(),
            )),
        };
        let mut response = match result {
            Ok(body) => Response::new(Full::from(body)),
            Err(error) => refuse(&error),
        };
        let serial = self.requests.fetch_add(1, Ordering::Relaxed);
        let id = self.scribe.message_id(serial);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, AMZ_JSON);
        if let Ok(id) = HeaderValue::from_str(&id) {
            headers.insert(REQUEST_ID, id);
        }
        Ok(response)
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
