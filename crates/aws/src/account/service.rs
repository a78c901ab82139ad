//! Services of which a handful of operations are asked, without an SDK of their own: those of Lambda and CloudWatch
//! are a sixth of all the code that a build of this program would compile.
//!
//! A call goes through the machinery that is under every SDK client (credentials, signature, retries, time-outs, the
//! session's HTTP client), and ends in its `SdkError`, so that it fails in the same words as the others.

use std::fmt;
use std::time::Duration;

use aws_runtime::auth::sigv4::{SCHEME_ID, SigV4AuthScheme};
use aws_runtime::auth::{SigV4OperationSigningConfig, SigningOptions};
use aws_runtime::retries::classifiers::AwsErrorCodeClassifier;
use aws_runtime::service_clock_skew::ServiceClockSkewInterceptor;
use aws_sdk_sqs::config::Region;
use aws_sdk_sqs::config::http::{HttpRequest, HttpResponse};
use aws_sdk_sqs::config::retry::RetryConfig;
use aws_sdk_sqs::config::timeout::TimeoutConfig;
use aws_sdk_sqs::error::{BoxError, ErrorMetadata, ProvideErrorMetadata, SdkError};
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime::client::retries::classifiers::{
    HttpStatusCodeClassifier, TransientErrorClassifier,
};
use aws_smithy_runtime_api::client::auth::static_resolver::StaticAuthSchemeOptionResolver;
use aws_smithy_runtime_api::client::auth::{
    AuthSchemeOptionResolverParams, SharedAuthScheme, SharedAuthSchemeOptionResolver,
};
use aws_smithy_runtime_api::client::identity::SharedIdentityResolver;
use aws_smithy_runtime_api::client::orchestrator::OrchestratorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_runtime_api::client::runtime_plugin::StaticRuntimePlugin;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::Layer;
use serde::Deserialize;
use serde::de::DeserializeOwned;

pub(super) use crate::store::Service;
use crate::store::Session;
use crate::xml;

/// An answer that takes longer is given up and asked for again, where the session says nothing.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(20);

/// One request.
#[derive(Debug, Clone, Default)]
pub(super) struct Ask {
    method: &'static str,
    /// Path and query, encoded.
    pub(super) path: String,
    /// `X-Amz-Target`, of services that speak AWS's JSON.
    target: Option<&'static str>,
    content_type: Option<&'static str>,
    body: String,
}

impl Ask {
    /// A request without a body.
    pub(super) fn get(path: String) -> Self {
        Self {
            method: "GET",
            path,
            ..Self::default()
        }
    }

    /// A request in AWS's JSON 1.0: `target` is the service's prefix and the operation.
    pub(super) fn json(target: &'static str, body: &serde_json::Value) -> Self {
        Self {
            method: "POST",
            path: "/".into(),
            target: Some(target),
            content_type: Some("application/x-amz-json-1.0"),
            body: body.to_string(),
        }
    }

    /// A request in AWS's JSON 1.1.
    pub(super) fn json_1_1(target: &'static str, body: &serde_json::Value) -> Self {
        Self {
            content_type: Some("application/x-amz-json-1.1"),
            ..Self::json(target, body)
        }
    }

    /// A request in the Query protocol: a form with these fields.
    pub(super) fn form(fields: &[(&str, &str)]) -> Self {
        let fields = fields
            .iter()
            .map(|(name, value)| format!("{name}={}", encoded(value)));
        Self {
            method: "POST",
            path: "/".into(),
            content_type: Some("application/x-www-form-urlencoded; charset=utf-8"),
            body: fields.collect::<Vec<_>>().join("&"),
            ..Self::default()
        }
    }
}

/// A part of a path or a query, percent-encoded.
pub(super) fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                out.push(byte.into());
            }
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

/// Why a service refused: its code and its words.
#[derive(Debug)]
pub(super) struct RefusedRequest {
    status: u16,
    meta: ErrorMetadata,
}

impl fmt::Display for RefusedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.meta.code() {
            Some(_) => write!(f, "{}", self.meta),
            None => write!(
                f,
                "HTTP {} without an error code of the service",
                self.status
            ),
        }
    }
}

impl std::error::Error for RefusedRequest {}

impl ProvideErrorMetadata for RefusedRequest {
    fn meta(&self) -> &ErrorMetadata {
        &self.meta
    }
}

/// How a call failed.
pub(super) type CallError = SdkError<RefusedRequest, HttpResponse>;

impl Service {
    /// Asks once; what may pass is asked again, as the SDK does.
    pub(super) async fn call<T>(
        self,
        session: &Session,
        operation: &'static str,
        ask: Ask,
    ) -> Result<T, CallError>
    where
        T: DeserializeOwned + fmt::Debug + Send + Sync + 'static,
    {
        self.ask(session, operation, ask, reply::<T>).await
    }

    /// The same of a service whose replies are XML, which is given as it is.
    pub(super) async fn call_xml(
        self,
        session: &Session,
        operation: &'static str,
        ask: Ask,
    ) -> Result<String, CallError> {
        self.ask(session, operation, ask, text).await
    }

    async fn ask<T>(
        self,
        session: &Session,
        operation: &'static str,
        ask: Ask,
        reply: fn(&HttpResponse) -> Result<T, OrchestratorError<RefusedRequest>>,
    ) -> Result<T, CallError>
    where
        T: fmt::Debug + Send + Sync + 'static,
    {
        let config = session.config();
        let endpoint = self.endpoint(config).await;
        let endpoint = endpoint.map_err(SdkError::construction_failure)?;
        let mut call = Operation::builder()
            .service_name(self.id)
            .operation_name(operation)
            .endpoint_url(&endpoint)
            .standard_retry(
                &config
                    .retry_config()
                    .cloned()
                    .unwrap_or_else(RetryConfig::standard),
            )
            .retry_classifier(TransientErrorClassifier::<RefusedRequest>::new())
            .retry_classifier(AwsErrorCodeClassifier::<RefusedRequest>::new())
            .retry_classifier(HttpStatusCodeClassifier::default())
            .interceptor(ServiceClockSkewInterceptor::new())
            .with_connection_poisoning()
            .runtime_plugin(self.signed(session))
            .timeout_config(config.timeout_config().cloned().unwrap_or_else(|| {
                let timeouts = TimeoutConfig::builder();
                timeouts.operation_attempt_timeout(ATTEMPT_TIMEOUT).build()
            }))
            .serializer(request)
            .deserializer(reply);
        if let Some(client) = config.http_client() {
            call = call.http_client(client);
        }
        if let Some(sleep) = config.sleep_impl() {
            call = call.sleep_impl(sleep);
        }
        if let Some(time) = config.time_source() {
            call = call.time_source(time);
        }
        call.build().invoke(ask).await
    }

    /// What signs: the session's credentials, for this service.
    fn signed(self, session: &Session) -> StaticRuntimePlugin {
        let mut signing = Layer::new("signing");
        signing.store_put(SigV4OperationSigningConfig {
            region: Some(Region::new(session.region().to_owned()).into()),
            region_set: None,
            name: Some(self.signing_name.into()),
            signing_options: SigningOptions::default(),
        });
        signing.store_put(AuthSchemeOptionResolverParams::new(()));
        let mut components = RuntimeComponentsBuilder::new("signing");
        components
            .set_auth_scheme_option_resolver(Some(SharedAuthSchemeOptionResolver::new(
                StaticAuthSchemeOptionResolver::new(vec![SCHEME_ID]),
            )))
            .push_auth_scheme(SharedAuthScheme::new(SigV4AuthScheme::new()))
            .set_identity_resolver(
                SCHEME_ID,
                SharedIdentityResolver::new(session.credentials()),
            );
        if let Some(cache) = session.config().identity_cache() {
            components.set_identity_cache(Some(cache));
        }
        StaticRuntimePlugin::new()
            .with_config(signing.freeze())
            .with_runtime_components(components)
    }
}

fn request(ask: Ask) -> Result<HttpRequest, BoxError> {
    let mut request = HttpRequest::new(SdkBody::from(ask.body));
    request.set_method(ask.method)?;
    request.set_uri(ask.path)?;
    let headers = request.headers_mut();
    headers.insert(
        "user-agent",
        concat!("orderproof/", env!("CARGO_PKG_VERSION")),
    );
    if let Some(kind) = ask.content_type {
        headers.insert("content-type", kind);
    }
    if let Some(target) = ask.target {
        headers.insert("x-amz-target", target);
    }
    Ok(request)
}

fn reply<T: DeserializeOwned>(
    response: &HttpResponse,
) -> Result<T, OrchestratorError<RefusedRequest>> {
    let body = accepted(response)?;
    serde_json::from_slice(body).map_err(|error| OrchestratorError::response(error.into()))
}

fn text(response: &HttpResponse) -> Result<String, OrchestratorError<RefusedRequest>> {
    let text = std::str::from_utf8(accepted(response)?);
    let text = text.map_err(|error| OrchestratorError::response(error.into()))?;
    Ok(text.to_owned())
}

/// The body of a reply that is no refusal.
fn accepted(response: &HttpResponse) -> Result<&[u8], OrchestratorError<RefusedRequest>> {
    let body = response.body().bytes().unwrap_or_default();
    match response.status().is_success() {
        true => Ok(body),
        false => Err(OrchestratorError::operation(refusal(response, body))),
    }
}

/// An error as the JSON protocols of AWS write it.
#[derive(Debug, Default, Deserialize)]
struct ErrorBody {
    #[serde(rename = "__type")]
    kind: Option<String>,
    code: Option<String>,
    #[serde(alias = "Message", alias = "errorMessage")]
    message: Option<String>,
}

fn refusal(response: &HttpResponse, body: &[u8]) -> RefusedRequest {
    let body: ErrorBody = match std::str::from_utf8(body) {
        Ok(text) if text.trim_start().starts_with('<') => {
            let [code, message] = xml::error(text).unwrap_or_default();
            ErrorBody {
                code,
                message,
                ..ErrorBody::default()
            }
        }
        _ => serde_json::from_slice(body).unwrap_or_default(),
    };
    let header = |name: &str| response.headers().get(name).map(str::to_owned);
    // The code that a service had in its older protocol, if it has changed.
    let older = header("x-amzn-query-error");
    let code = older
        .or(header("x-amzn-errortype"))
        .or(body.kind.or(body.code));
    let mut meta = ErrorMetadata::builder();
    if let Some(code) = code {
        let name = code.rsplit('#').next().unwrap_or_default();
        meta = meta.code(name.split([';', ':']).next().unwrap_or_default());
    }
    if let Some(message) = body.message {
        meta = meta.message(message);
    }
    RefusedRequest {
        status: response.status().as_u16(),
        meta: meta.build(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_smithy_runtime_api::http::StatusCode;

    #[test]
    fn an_error_is_read_from_header_or_body() {
        for (header, body, code, message) in [
            (
                None,
                r#"{"__type":"com.amazonaws.x#Denied","Message":"no"}"#,
                Some("Denied"),
                Some("no"),
            ),
            (
                Some(("x-amzn-errortype", "Denied:http://x/")),
                r#"{"message":"no"}"#,
                Some("Denied"),
                Some("no"),
            ),
            (
                Some(("x-amzn-query-error", "Old;Sender")),
                r#"{"__type":"New"}"#,
                Some("Old"),
                None,
            ),
            (
                None,
                "<ErrorResponse><Error><Type>Sender</Type><Code>NotFound</Code><Message>no</Message></Error></ErrorResponse>",
                Some("NotFound"),
                Some("no"),
            ),
            (None, "<html>", None, None),
        ] {
            let status = StatusCode::try_from(403).expect("a status");
            let mut response = HttpResponse::new(status, SdkBody::from(body));
            if let Some((name, value)) = header {
                response.headers_mut().insert(name, value);
            }
            let refusal = refusal(&response, body.as_bytes());
            assert_eq!(
                (refusal.code(), refusal.message()),
                (code, message),
                "{body}"
            );
        }
    }
}
