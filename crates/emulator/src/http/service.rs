//! Which service a request is for, where one port has many.
//!
//! A service is chosen as clients name it: those that speak JSON by the prefix of `X-Amz-Target`, those that speak
//! Query by the service in the signature's scope (without a signature by the form's `Version`), those that speak REST by
//! path. SQS and DynamoDB are not among them: what no service takes is theirs.

use std::borrow::Cow;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap};
use hyper::http::request;
use hyper::{Method, Uri};

use super::Answer;

/// One that answers requests beside the queues and the tables.
pub(crate) trait Service: Send + Sync {
    /// Whether a request is for it.
    fn takes(&self, asked: &Asked<'_>) -> bool;

    /// Answers a request that it takes.
    fn answer<'a>(&'a self, asked: Asked<'a>, body: &'a Bytes) -> Answering<'a>;
}

/// An answer on its way.
pub(crate) type Answering<'a> = Pin<Box<dyn Future<Output = Answer> + Send + 'a>>;

/// The services beside the queues and the tables, asked in this order.
#[derive(Clone, Default)]
pub(crate) struct Services(Vec<Arc<dyn Service>>);

impl Services {
    /// With one more.
    pub(crate) fn add(&mut self, service: Arc<dyn Service>) {
        self.0.push(service);
    }

    /// The one that takes a request, if any does.
    pub(crate) fn find(&self, asked: &Asked<'_>) -> Option<&dyn Service> {
        let service = self.0.iter().find(|service| service.takes(asked));
        service.map(|service| &**service)
    }
}

/// What a request says of the service it is for.
#[derive(Debug, Clone)]
pub(crate) struct Asked<'a> {
    pub(crate) method: &'a Method,
    pub(crate) uri: &'a Uri,
    pub(crate) headers: &'a HeaderMap,
    /// `X-Amz-Target`, empty where there is none: the service's prefix, a dot and the operation.
    pub(crate) target: &'a str,
    /// The service in the scope of the signature, in the header or in the query: `sns`, `events`, `s3`.
    pub(crate) scope: Option<&'a str>,
    /// `Action` and `Version` of a form.
    pub(crate) form: Option<(Cow<'a, str>, Cow<'a, str>)>,
}

impl<'a> Asked<'a> {
    pub(crate) fn of(head: &'a request::Parts, target: &'a str, body: &'a [u8]) -> Self {
        let is_form = target.is_empty() && is_form(&head.headers);
        Self {
            method: &head.method,
            uri: &head.uri,
            headers: &head.headers,
            target,
            scope: scope(head),
            form: is_form.then(|| action_and_version(body)),
        }
    }

    /// Whether it is a form of this service's Query protocol: by its signature, or where there is none by its version.
    pub(crate) fn is_query_of(&self, service: &str, version: &str) -> bool {
        let Some((_, said)) = &self.form else {
            return false;
        };
        match self.scope {
            Some(scope) => scope == service,
            None => said == version,
        }
    }

    /// The operation of a service that speaks JSON under this prefix, such as `AWSEvents`.
    pub(crate) fn json_operation(&self, prefix: &str) -> Option<&'a str> {
        self.target.strip_prefix(prefix)?.strip_prefix('.')
    }
}

/// Whether a body is a form.
pub(crate) fn is_form(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE);
    content_type
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.starts_with("application/x-www-form-urlencoded"))
}

/// `AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/SERVICE/aws4_request, ...`, or the same credential in the query of a
/// URL that was signed beforehand.
fn scope(head: &request::Parts) -> Option<&str> {
    let header = head.headers.get(AUTHORIZATION);
    if let Some(header) = header.and_then(|value| value.to_str().ok()) {
        let (_, credential) = header.split_once("Credential=")?;
        return credential.split([',', ' ']).next()?.rsplit('/').nth(1);
    }
    let (_, credential) = head.uri.query()?.split_once("X-Amz-Credential=")?;
    let credential = credential.split('&').next()?;
    let slash = match credential.contains('/') {
        true => "/",
        false => "%2F",
    };
    credential.rsplit(slash).nth(1)
}

fn action_and_version(body: &[u8]) -> (Cow<'_, str>, Cow<'_, str>) {
    let (mut action, mut version) = Default::default();
    for (name, value) in form_urlencoded::parse(body) {
        match &*name {
            "Action" => action = value,
            "Version" => version = value,
            _ => {}
        }
    }
    (action, version)
}

#[cfg(test)]
mod tests {
    use hyper::Request;

    use super::*;

    const SIGNED: &str = "AWS4-HMAC-SHA256 Credential=AKIA/20261124/us-east-1/sns/aws4_request, SignedHeaders=host, \
                          Signature=0";
    const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";

    fn head(uri: &str, headers: &[(&str, &str)]) -> request::Parts {
        let request = Request::post(uri);
        let request = headers.iter().fold(request, |request, (name, value)| {
            request.header(*name, *value)
        });
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn a_form_is_the_signatures_service_and_without_one_its_versions() {
        let body = b"Action=Publish&Version=2010-03-31";
        for (headers, sns, why) in [
            (
                &[("authorization", SIGNED), ("content-type", FORM)][..],
                true,
                "signed for it",
            ),
            (&[("content-type", FORM)], true, "not signed: by version"),
            (&[("authorization", SIGNED)], false, "no form"),
            (
                &[
                    ("authorization", &SIGNED.replace("sns", "sqs")),
                    ("content-type", FORM),
                ],
                false,
                "signed for another",
            ),
        ] {
            let head = head("/", headers);
            let asked = Asked::of(&head, "", body);
            assert_eq!(asked.is_query_of("sns", "2010-03-31"), sns, "{why}");
        }
        let head = head("/", &[("content-type", FORM)]);
        let asked = Asked::of(&head, "", b"Action=Publish&Version=2012-11-05");
        assert!(
            !asked.is_query_of("sns", "2010-03-31"),
            "a version of SQS's"
        );
    }

    #[test]
    fn the_scope_stands_in_the_header_or_in_the_query() {
        for (uri, scope) in [
            (
                "/b/k?X-Amz-Credential=A%2F20261124%2Feu-west-1%2Fs3%2Faws4_request&X-Amz-Expires=1",
                Some("s3"),
            ),
            (
                "/b/k?X-Amz-Credential=A/20261124/eu-west-1/s3/aws4_request",
                Some("s3"),
            ),
            ("/b/k?X-Amz-Credential=A", None),
            ("/b/k", None),
        ] {
            assert_eq!(super::scope(&head(uri, &[])), scope, "{uri}");
        }
        let head = head("/", &[("authorization", SIGNED)]);
        assert_eq!(super::scope(&head), Some("sns"));
    }

    #[test]
    fn an_operation_is_what_follows_the_services_prefix() {
        let head = head("/", &[]);
        for (target, operation) in [
            ("AWSEvents.PutEvents", Some("PutEvents")),
            ("AWSEventsOther.PutEvents", None),
            ("AmazonSQS.SendMessage", None),
            ("", None),
        ] {
            let asked = Asked::of(&head, target, b"");
            assert_eq!(asked.json_operation("AWSEvents"), operation, "{target}");
        }
    }
}
