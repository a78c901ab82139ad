//! EventBridge's protocol: AWS's JSON 1.1.

mod buses;
mod events;
mod rules;
mod tags;
mod targets;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::error::{EventsError, EventsErrorKind};
use crate::doors::Doors;
use crate::http::service::{Answering, Asked, Service};

const PREFIX: &str = "AWSEvents";
const AMZ_JSON: HeaderValue = HeaderValue::from_static("application/x-amz-json-1.1");
/// Items of a list on a page where nothing is said.
const PAGE: usize = 100;

/// Event buses as HTTP clients see them.
pub(in crate::doors) struct EventsService(pub(in crate::doors) Doors);

impl Service for EventsService {
    fn takes(&self, asked: &Asked<'_>) -> bool {
        asked.json_operation(PREFIX).is_some()
    }

    fn answer<'a>(&'a self, asked: Asked<'a>, body: &'a Bytes) -> Answering<'a> {
        Box::pin(async move {
            let operation = asked.json_operation(PREFIX).unwrap_or_default();
            Ok(respond(carry_out(&self.0, operation, body)))
        })
    }
}

fn respond(result: Done) -> Response<Full<Bytes>> {
    let (status, body) = match result {
        Ok(Value::Null) => (StatusCode::OK, String::new()),
        Ok(reply) => (StatusCode::OK, reply.to_string()),
        Err(error) => {
            let refusal = json!({"__type": error.kind.code(), "message": error.message});
            (StatusCode::BAD_REQUEST, refusal.to_string())
        }
    };
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, AMZ_JSON);
    let id = uuid::Uuid::new_v4().to_string();
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert("x-amzn-requestid", id);
    }
    response
}

/// The reply; nothing of operations without an output.
type Done = Result<Value, EventsError>;

fn carry_out(doors: &Doors, operation: &str, body: &[u8]) -> Done {
    match operation {
        "PutEvents" => events::put(doors, body),
        "TestEventPattern" => events::test(read(body)?),
        "CreateEventBus" => buses::create(doors, read(body)?),
        "DeleteEventBus" => buses::delete(doors, &read(body)?),
        "DescribeEventBus" => buses::describe(doors, &read(body)?),
        "ListEventBuses" => buses::list(doors, &read(body)?),
        "PutRule" => rules::put(doors, read(body)?),
        "DeleteRule" => rules::delete(doors, &read(body)?),
        "DescribeRule" => rules::describe(doors, &read(body)?),
        "ListRules" => rules::list(doors, &read(body)?),
        "ListRuleNamesByTarget" => rules::list_by_target(doors, &read(body)?),
        "EnableRule" => rules::enable(doors, &read(body)?, true),
        "DisableRule" => rules::enable(doors, &read(body)?, false),
        "PutTargets" => targets::put(doors, read(body)?),
        "RemoveTargets" => targets::remove(doors, &read(body)?),
        "ListTargetsByRule" => targets::list(doors, &read(body)?),
        "TagResource" => tags::tag(doors, read(body)?),
        "UntagResource" => tags::untag(doors, &read(body)?),
        "ListTagsForResource" => tags::list(doors, &read(body)?),
        other => Err(EventsError::new(
            EventsErrorKind::UnknownOperation,
            format!(
                "The embedded EventBridge does not serve {}.",
                other.escape_debug()
            ),
        )),
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, EventsError> {
    serde_json::from_slice(body).map_err(|error| {
        let kind = match error.is_data() && error.to_string().starts_with("unknown field") {
            // A field that is not served must not be passed over in silence.
            true => EventsErrorKind::Validation,
            false => EventsErrorKind::Serialization,
        };
        EventsError::new(
            kind,
            format!("The request's body is not what the operation takes here: {error}."),
        )
    })
}

/// A page of a list: from the token's number on.
fn page(
    items: Vec<Value>,
    token: Option<&str>,
    limit: Option<usize>,
) -> Result<(Vec<Value>, Option<String>), EventsError> {
    let from = token.map_or(Ok(0), str::parse::<usize>);
    let from = from.map_err(|_| EventsError::invalid("NextToken is not one that was given."))?;
    let limit = limit.unwrap_or(PAGE).clamp(1, PAGE);
    let next = (items.len() > from.saturating_add(limit)).then(|| (from + limit).to_string());
    Ok((items.into_iter().skip(from).take(limit).collect(), next))
}

/// A reply with a list and the token of its next page.
fn listed(name: &str, items: Vec<Value>, next: Option<String>) -> Value {
    let mut reply = json!({name: items});
    if let Some(next) = next {
        reply["NextToken"] = next.into();
    }
    reply
}
