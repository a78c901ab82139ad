//! Which operation of which service a request calls, and in which protocol.

use std::borrow::Cow;

use hyper::Method;
use hyper::header::CONTENT_TYPE;

use super::objects::Objects;
use crate::http::service::Asked;
use crate::words::printable;

/// The longest path that stands for an operation's name, in characters.
const PATH_MAX: usize = 80;

/// Services that are answered elsewhere.
const ELSEWHERE: [&str; 3] = ["sqs", "dynamodb", "sts"];

/// Prefixes of `X-Amz-Target`, and the service of each, as signatures name it.
const TARGETS: [(&str, &str); 8] = [
    ("AWSStepFunctions", "states"),
    ("AmazonSSM", "ssm"),
    ("secretsmanager", "secretsmanager"),
    ("TrentService", "kms"),
    ("AWSEvents", "events"),
    ("Kinesis_20131202", "kinesis"),
    ("Logs_20140328", "logs"),
    ("GraniteServiceVersion20100801", "monitoring"),
];

/// The version of SES's Query protocol, by which a form is known that nobody signed.
const MAIL_VERSION: &str = "2010-12-01";
/// Where SES's second API has everything.
const MAIL_PATH: &str = "/v2/email/";
const MAIL_SEND: &str = "/v2/email/outbound-emails";

/// Services whose REST protocol is XML.
const REST_XML: [&str; 4] = ["s3", "route53", "cloudfront", "s3express"];

/// How a request and its reply are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    /// JSON 1.0, named by `X-Amz-Target`.
    Json10,
    /// JSON 1.1.
    Json11,
    /// Forms in, XML out.
    Query,
    /// Method and path, with JSON.
    RestJson,
    /// Method and path, with XML.
    RestXml,
    /// Smithy's RPC over CBOR.
    Cbor,
}

/// What a request calls.
#[derive(Debug)]
pub(super) struct Called<'a> {
    /// As signatures name it.
    pub(super) service: &'a str,
    pub(super) operation: Cow<'a, str>,
    pub(super) protocol: Protocol,
}

/// Whether a request is for a service that is no queue and no table.
pub(super) fn is_for_others(asked: &Asked<'_>) -> bool {
    match (asked.scope, &asked.form) {
        (Some(scope), _) => !ELSEWHERE.contains(&scope),
        (None, Some((_, version))) => version == MAIL_VERSION,
        (None, None) => {
            of_target(asked.target).is_some() || asked.uri.path().starts_with(MAIL_PATH)
        }
    }
}

fn of_target(target: &str) -> Option<&'static str> {
    let (prefix, _) = target.split_once('.')?;
    let known = TARGETS.iter().find(|(known, _)| *known == prefix);
    known.map(|(_, service)| *service)
}

impl<'a> Called<'a> {
    /// Of a request that is for others; `objects` are meant where it is not known otherwise.
    pub(super) fn of(asked: &Asked<'a>, meant: bool, objects: &Objects) -> Self {
        let protocol = protocol(asked, meant);
        let by_path = asked.uri.path().starts_with(MAIL_PATH);
        let service = match asked.scope.or_else(|| of_target(asked.target)) {
            Some("email") => "ses",
            Some(service) => service,
            None if meant => "s3",
            None if asked.form.is_some() || by_path => "ses",
            None => "unknown",
        };
        let operation = match protocol {
            Protocol::Json10 | Protocol::Json11 => asked.target.rsplit('.').next().map(Cow::from),
            Protocol::Query => asked.form.as_ref().map(|(action, _)| action.clone()),
            // /service/GraniteServiceVersion20100801/operation/PutMetricData
            Protocol::Cbor => asked.uri.path().rsplit('/').next().map(Cow::from),
            Protocol::RestXml if service == "s3" => Some(objects.operation(asked)),
            Protocol::RestJson if service == "ses" && is_mail(asked) => Some("SendEmail".into()),
            Protocol::RestJson | Protocol::RestXml => None,
        };
        let operation = operation.filter(|operation| !operation.is_empty());
        Self {
            service,
            operation: operation.unwrap_or_else(|| by_method(asked)),
            protocol,
        }
    }
}

fn is_mail(asked: &Asked<'_>) -> bool {
    asked.method == Method::POST && asked.uri.path() == MAIL_SEND
}

fn by_method(asked: &Asked<'_>) -> Cow<'static, str> {
    let path = printable(asked.uri.path(), PATH_MAX);
    format!("{} {path}", asked.method).into()
}

fn protocol(asked: &Asked<'_>, meant: bool) -> Protocol {
    let text = |name: &str| {
        asked
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    let content_type = text(CONTENT_TYPE.as_str()).unwrap_or_default();
    if text("smithy-protocol") == Some("rpc-v2-cbor") {
        return Protocol::Cbor;
    }
    if asked.form.is_some() {
        return Protocol::Query;
    }
    if !asked.target.is_empty() {
        return match content_type.ends_with("json-1.1") {
            true => Protocol::Json11,
            false => Protocol::Json10,
        };
    }
    match meant || asked.scope.is_some_and(|scope| REST_XML.contains(&scope)) {
        true => Protocol::RestXml,
        false => Protocol::RestJson,
    }
}
