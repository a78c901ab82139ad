//! SNS's Query protocol: forms in, XML out.

mod batch;
mod messages;
mod subscriptions;
mod topics;

use std::collections::BTreeMap;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};

use super::error::{SnsError, SnsErrorKind};
use crate::doors::Doors;
use crate::http::service::{Answering, Asked, Service};
use crate::query::form::{self, Form};
use crate::query::xml::{self, XmlError, element, leaf};

const NAMESPACE: &str = "http://sns.amazonaws.com/doc/2010-03-31/";
const VERSION: &str = "2010-03-31";
/// Topics and subscriptions on a page.
const PAGE: usize = 100;

/// Topics as HTTP clients see them.
pub(in crate::doors) struct SnsService(pub(in crate::doors) Doors);

impl Service for SnsService {
    fn takes(&self, asked: &Asked<'_>) -> bool {
        asked.is_query_of("sns", VERSION)
    }

    fn answer<'a>(&'a self, _: Asked<'a>, body: &'a Bytes) -> Answering<'a> {
        Box::pin(async move { Ok(respond(&self.0, body)) })
    }
}

fn respond(doors: &Doors, body: &[u8]) -> Response<Full<Bytes>> {
    let request_id = uuid::Uuid::new_v4().to_string();
    let (status, body) = match carry_out(doors, body) {
        Ok((operation, result)) => {
            let reply = xml::reply(NAMESPACE, &operation, result.as_deref(), &request_id);
            (StatusCode::OK, reply)
        }
        Err(error) => {
            let refusal = XmlError {
                namespace: NAMESPACE,
                is_server_fault: error.kind.is_server_fault(),
                code: error.kind.code(),
                message: &error.message,
                has_detail: false,
            };
            let status = StatusCode::from_u16(error.kind.status());
            let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, xml::refusal(&refusal, &request_id))
        }
    };
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/xml"));
    if let Ok(id) = HeaderValue::from_str(&request_id) {
        headers.insert("x-amzn-requestid", id);
    }
    response
}

/// The operation and what its result element holds, if it has one.
type Done = Option<String>;

fn carry_out(doors: &Doors, body: &[u8]) -> Result<(String, Done), SnsError> {
    let form = form::parse(body)
        .map_err(|error| SnsError::new(SnsErrorKind::MalformedInput, error.to_string()))?;
    let operation = form.text("Action").unwrap_or_default();
    let done = match operation {
        "Publish" => messages::publish(doors, &form),
        "PublishBatch" => batch::publish(doors, &form),
        "CreateTopic" => topics::create(doors, &form),
        "DeleteTopic" => topics::delete(doors, &form),
        "ListTopics" => topics::list(doors, &form),
        "GetTopicAttributes" => topics::get_attributes(doors, &form),
        "SetTopicAttributes" => topics::set_attributes(doors, &form),
        "TagResource" => topics::tag(doors, &form),
        "UntagResource" => topics::untag(doors, &form),
        "ListTagsForResource" => topics::list_tags(doors, &form),
        "Subscribe" => subscriptions::subscribe(doors, &form),
        "Unsubscribe" => subscriptions::unsubscribe(doors, &form),
        "ListSubscriptions" => subscriptions::list(doors, &form),
        "ListSubscriptionsByTopic" => subscriptions::list_by_topic(doors, &form),
        "GetSubscriptionAttributes" => subscriptions::get_attributes(doors, &form),
        "SetSubscriptionAttributes" => subscriptions::set_attributes(doors, &form),
        _ => Err(SnsError::new(
            SnsErrorKind::InvalidAction,
            format!(
                "The embedded SNS does not serve the action {}.",
                operation.escape_debug()
            ),
        )),
    }?;
    Ok((operation.to_owned(), done))
}

fn required<'a>(form: &'a Form, name: &str) -> Result<&'a str, SnsError> {
    form.text(name).ok_or_else(|| {
        SnsError::parameter(format!(
            "{name} Reason: The request must contain the parameter {name}"
        ))
    })
}

/// The entries of a map of texts.
fn texts(form: &Form, name: &str) -> Vec<(String, String)> {
    let entries = form.entries(name).into_iter().map(|entry| {
        let text = |name| entry.text(name).unwrap_or_default().to_owned();
        (text("key"), text("value"))
    });
    entries.collect()
}

fn attributes(all: &BTreeMap<String, String>) -> String {
    let mut xml = String::new();
    element(&mut xml, "Attributes", |xml| {
        for (name, value) in all {
            element(xml, "entry", |xml| {
                leaf(xml, "key", name);
                leaf(xml, "value", value);
            });
        }
    });
    xml
}

/// A page of a list, and the token of the next: the number of its first item.
fn page<'a, T>(form: &Form, items: &'a [T]) -> Result<(&'a [T], Option<String>), SnsError> {
    let from = match form.text("NextToken") {
        None | Some("") => 0,
        Some(token) => token
            .parse()
            .ok()
            .filter(|from| *from <= items.len())
            .ok_or_else(|| SnsError::parameter("NextToken"))?,
    };
    let rest = &items[from..];
    let next = (rest.len() > PAGE).then(|| (from + PAGE).to_string());
    Ok((&rest[..rest.len().min(PAGE)], next))
}
