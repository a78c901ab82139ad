//! Replies and refusals, in the protocol of the request.

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::called::Protocol;
use crate::query::xml;

const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
const S3_REQUEST_ID: HeaderName = HeaderName::from_static("x-amz-request-id");
const SMITHY_PROTOCOL: HeaderName = HeaderName::from_static("smithy-protocol");

/// A reply, or why there is none.
pub(super) type Replied = Result<Response<Full<Bytes>>, ServiceError>;

/// Why a call is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ServiceError {
    /// As the service's API reference has it.
    pub(super) code: &'static str,
    pub(super) status: u16,
    pub(super) message: String,
    /// It is for want of something that could be there.
    pub(super) is_for_want: bool,
}

impl ServiceError {
    pub(super) fn new(code: &'static str, status: u16, message: impl Into<String>) -> Self {
        Self {
            code,
            status,
            message: message.into(),
            is_for_want: false,
        }
    }

    /// The same for want of something that the settings could name.
    pub(super) fn for_want(self) -> Self {
        Self {
            is_for_want: true,
            ..self
        }
    }

    /// As it goes back to the caller.
    pub(super) fn response(&self, protocol: Protocol) -> Response<Full<Bytes>> {
        let body = match protocol {
            Protocol::Json10 | Protocol::Json11 => {
                Bytes::from(json!({"__type": self.code, "message": self.message}).to_string())
            }
            Protocol::RestJson => Bytes::from(json!({"message": self.message}).to_string()),
            Protocol::Query => {
                let refusal = xml::XmlError {
                    namespace: "",
                    is_server_fault: false,
                    code: self.code,
                    message: &self.message,
                    has_detail: false,
                };
                let id = uuid::Uuid::new_v4().to_string();
                Bytes::from(xml::refusal(&refusal, &id))
            }
            Protocol::RestXml => Bytes::from(format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{}</Code><Message>{}</Message></Error>",
                self.code,
                escaped(&self.message)
            )),
            Protocol::Cbor => cbor(&[("__type", self.code), ("message", &self.message)]),
        };
        let mut response = reply(protocol, body);
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if protocol == Protocol::RestJson {
            let code = HeaderValue::from_static(self.code);
            response.headers_mut().insert(ERROR_TYPE, code);
        }
        response
    }
}

/// A reply of this body.
pub(super) fn reply(protocol: Protocol, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(body));
    let headers = response.headers_mut();
    let (content_type, id_name) = match protocol {
        Protocol::Json10 => ("application/x-amz-json-1.0", REQUEST_ID),
        Protocol::Json11 => ("application/x-amz-json-1.1", REQUEST_ID),
        Protocol::RestJson => ("application/json", REQUEST_ID),
        Protocol::Query => ("text/xml", REQUEST_ID),
        Protocol::RestXml => ("application/xml", S3_REQUEST_ID),
        Protocol::Cbor => ("application/cbor", REQUEST_ID),
    };
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    if protocol == Protocol::Cbor {
        headers.insert(SMITHY_PROTOCOL, HeaderValue::from_static("rpc-v2-cbor"));
    }
    let id = uuid::Uuid::new_v4().to_string();
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(id_name, id);
    }
    response
}

/// A reply of this JSON.
pub(super) fn reply_json(protocol: Protocol, body: &Value) -> Response<Full<Bytes>> {
    reply(protocol, body.to_string().into())
}

/// What a request's JSON says.
///
/// # Errors
/// When it is not what the operation takes.
pub(super) fn parsed<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, ServiceError> {
    serde_json::from_slice(body).map_err(|error| {
        let message = format!("The request's body is not what the operation takes: {error}.");
        ServiceError::new("SerializationException", 400, message)
    })
}

/// A text within XML.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    xml::escape(&mut out, text);
    out
}

/// A map of texts in CBOR (RFC 8949).
fn cbor(entries: &[(&str, &str)]) -> Bytes {
    const TEXT: u8 = 3 << 5;
    const MAP: u8 = 5 << 5;
    let mut out = vec![MAP | u8::try_from(entries.len()).unwrap_or_default()];
    for text in entries.iter().flat_map(|(name, text)| [name, text]) {
        let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
        // A length of four bytes.
        out.push(TEXT | 26);
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(text.as_bytes());
    }
    out.into()
}
