//! What a reply must hold before it counts: the SDK reads an empty body, or one without its members, as "there is
//! nothing", and to a verifier that is the gravest statement of all.
//!
//! It stands between the SDK and the network. A reply of 2xx to an operation that reads is looked at as it came: its
//! checksum where the server gives one, its status, and the members that the service always sends ([`shape`]). One
//! that fails is asked for again, and then is an error: no evidence.

mod shape;

use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use bytes::{Bytes, BytesMut};

/// Bytes of the longest body that is read: far above ten messages of 1 MiB in JSON's longest spelling.
const BODY_MAX: usize = 128 << 20;
/// How often a reply that is none is asked for, and the pause before it is asked for again.
const ATTEMPTS: u32 = 3;
const PAUSE: Duration = Duration::from_millis(100);
/// What DynamoDB says of its body.
const CHECKSUM: &str = "x-amz-crc32";

/// A reply that does not say what replies to its operation always say.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the reply to {operation} is not one of the service: {what}")]
pub struct NotAReply {
    operation: String,
    what: String,
}

/// `client`, with every reply looked at.
pub(super) fn checked(client: SharedHttpClient) -> SharedHttpClient {
    SharedHttpClient::new(CheckedClient(client))
}

#[derive(Debug)]
struct CheckedClient(SharedHttpClient);

impl HttpClient for CheckedClient {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(CheckedConnector(
            self.0.http_connector(settings, components),
        ))
    }
}

#[derive(Debug)]
struct CheckedConnector(SharedHttpConnector);

impl HttpConnector for CheckedConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        match operation(&request) {
            None => self.0.call(request),
            Some(operation) => {
                HttpConnectorFuture::new(answered(self.0.clone(), request, operation))
            }
        }
    }
}

/// What is asked for, if it is something whose replies are looked at: `Scan` of `DynamoDB_20120810.Scan`.
fn operation(request: &HttpRequest) -> Option<String> {
    let target = request.headers().get("x-amz-target")?;
    let name = target.rsplit('.').next()?;
    shape::is_looked_at(name).then(|| name.to_owned())
}

async fn answered(
    connector: SharedHttpConnector,
    request: HttpRequest,
    operation: String,
) -> Result<HttpResponse, ConnectorError> {
    let mut request = request;
    for attempt in 1.. {
        let again = request.try_clone().filter(|_| attempt < ATTEMPTS);
        let asked = request.body().bytes().map(Bytes::copy_from_slice);
        let response = connector.call(request).await?;
        let (response, body) = with_body(response, BODY_MAX).await?;
        let looked_at = looked_at(&operation, &asked.unwrap_or_default(), &response, &body);
        match (looked_at, again) {
            (Ok(()), _) => return Ok(response),
            (Err(what), None) => {
                let error = NotAReply { operation, what };
                // Of no kind that the SDK asks for again: that was done here.
                return Err(ConnectorError::other(error.into(), None));
            }
            (Err(what), Some(again)) => {
                tracing::debug!(operation, what, "a reply is asked for again");
                tokio::time::sleep(PAUSE * attempt).await;
                request = again;
            }
        }
    }
    unreachable!("the last attempt returns")
}

/// The response with its body read to the end.
async fn with_body(
    mut response: HttpResponse,
    bytes_max: usize,
) -> Result<(HttpResponse, Bytes), ConnectorError> {
    let mut stream = ByteStream::new(response.take_body());
    let mut body = BytesMut::new();
    let cut = |error: aws_smithy_types::byte_stream::error::Error| ConnectorError::io(error.into());
    let mut only: Option<Bytes> = None;
    while let Some(part) = stream.try_next().await.map_err(cut)? {
        if body.len() + part.len() + only.as_ref().map_or(0, Bytes::len) > bytes_max {
            let error = format!("a body of more than {bytes_max} bytes");
            return Err(ConnectorError::other(error.into(), None));
        }
        // Most bodies come in one part, which need not be copied.
        match (only.take(), body.is_empty()) {
            (None, true) => only = Some(part),
            (first, _) => {
                body.extend_from_slice(&first.unwrap_or_default());
                body.extend_from_slice(&part);
            }
        }
    }
    let body = only.unwrap_or_else(|| body.freeze());
    *response.body_mut() = SdkBody::from(body.clone());
    Ok((response, body))
}

/// Why `response` with `body` is no reply to `asked`, if it is none. Errors of the service are the SDK's business.
fn looked_at(
    operation: &str,
    asked: &[u8],
    response: &HttpResponse,
    body: &[u8],
) -> Result<(), String> {
    let status = response.status();
    if !status.is_success() {
        return Ok(());
    }
    if status.as_u16() != 200 {
        return Err(format!("its status is {}", status.as_u16()));
    }
    if let Some(told) = response.headers().get(CHECKSUM) {
        let is = crc32fast::hash(body);
        if told.trim().parse() != Ok(is) {
            return Err(format!(
                "its checksum is {is}, and {CHECKSUM} says {told:?}"
            ));
        }
    }
    shape::check(operation, asked, body)
}

#[cfg(test)]
mod tests;
