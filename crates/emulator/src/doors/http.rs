//! A front door over HTTP: the body of a `POST` becomes a message, as a web service puts orders on a queue.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Method, Response, StatusCode};
use serde_json::{Map, Value, json};

use super::outbox::{Letter, Patience};
use super::{Door, DoorFault, Doors};
use crate::http::service::{Answering, Asked, Service};
use crate::sqs::{SendEntry, SqsErrorKind, is_fifo};

/// The group of all messages to a FIFO queue where none is said.
const GROUP: &str = "http";
/// Where a reply has the message's id where nothing else is said.
const MESSAGE_ID: &str = "message_id";
/// Becomes the deduplication id in a FIFO queue.
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// A path where bodies are taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpDoor {
    path: Arc<str>,
    queue: Arc<str>,
    status: StatusCode,
    /// The steps of a JSON pointer.
    message_id_at: Vec<String>,
    id_key: Option<String>,
    group_key: Option<String>,
}

impl HttpDoor {
    /// Takes bodies that are posted to this path and puts them on this queue, by name. The reply is 202, with the
    /// message's id in a JSON document as `message_id`.
    pub fn new(path: &str, queue: &str) -> Self {
        Self {
            path: path.into(),
            queue: queue.into(),
            status: StatusCode::ACCEPTED,
            message_id_at: vec![MESSAGE_ID.to_owned()],
            id_key: None,
            group_key: None,
        }
    }

    /// Replies with this status to what is accepted, 200 to 299; another is passed over.
    #[must_use]
    pub fn answering(mut self, status: u16) -> Self {
        let status = StatusCode::from_u16(status)
            .ok()
            .filter(StatusCode::is_success);
        self.status = status.unwrap_or(self.status);
        self
    }

    /// Has the message's id at this JSON pointer (RFC 6901) into the reply in place of `message_id`: `/order/message` is
    /// the field `message` of the object `order`, `/` alone the whole reply. The body is not changed.
    #[must_use]
    pub fn naming_message_at(mut self, pointer: &str) -> Self {
        let steps = pointer.strip_prefix('/').unwrap_or(pointer).split('/');
        let steps = steps.map(|step| step.replace("~1", "/").replace("~0", "~"));
        self.message_id_at = match pointer {
            "" | "/" => Vec::new(),
            _ => steps.collect(),
        };
        self
    }

    /// Makes the order's id: a UUID, written into the body, which must be a JSON object without it, under this key, and
    /// given back under the same.
    #[must_use]
    pub fn making_id_at(mut self, key: &str) -> Self {
        self.id_key = Some(key.to_owned());
        self
    }

    /// In a FIFO queue messages are in the group that stands in the body, a JSON object, under this key.
    #[must_use]
    pub fn group_at(mut self, key: &str) -> Self {
        self.group_key = Some(key.to_owned());
        self
    }

    /// Where it is.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What it puts bodies on.
    pub fn queue(&self) -> &str {
        &self.queue
    }
}

/// A door as HTTP clients see it.
pub(super) struct HttpService {
    pub(super) door: HttpDoor,
    pub(super) doors: Doors,
}

impl Service for HttpService {
    fn takes(&self, asked: &Asked<'_>) -> bool {
        asked.uri.path() == &*self.door.path && asked.target.is_empty()
    }

    fn answer<'a>(&'a self, asked: Asked<'a>, body: &'a Bytes) -> Answering<'a> {
        Box::pin(async move {
            let reply = match *asked.method {
                Method::POST => {
                    let key = asked.headers.get(IDEMPOTENCY_KEY);
                    self.take(body, key.and_then(|key| key.to_str().ok()))
                }
                _ => Err((
                    StatusCode::METHOD_NOT_ALLOWED,
                    "post a body to this path".to_owned(),
                )),
            };
            let (status, body) = match reply {
                Ok((status, body)) => (status, body),
                Err((status, message)) => {
                    let door = Door::Http(Arc::clone(&self.door.path));
                    self.doors
                        .0
                        .hall
                        .tallies
                        .count(&door, |counts| counts.refused += 1);
                    (status, json!({"error": message}))
                }
            };
            let mut response = Response::new(Full::from(body.to_string()));
            *response.status_mut() = status;
            let json = HeaderValue::from_static("application/json");
            response.headers_mut().insert(CONTENT_TYPE, json);
            Ok(response)
        })
    }
}

/// Status and document of a reply, or of a refusal status and reason.
type Taken = Result<(StatusCode, Value), (StatusCode, String)>;

impl HttpService {
    fn take(&self, body: &[u8], key: Option<&str>) -> Taken {
        let bad = |message: String| (StatusCode::BAD_REQUEST, message);
        let text =
            std::str::from_utf8(body).map_err(|_| bad("the body is not UTF-8".to_owned()))?;
        let door = Door::Http(Arc::clone(&self.door.path));
        let hall = &self.doors.0.hall;
        let fault = hall.fault(&door, text);
        match fault {
            // Said in a reply that is a success.
            DoorFault::Refuse => {
                return Err((StatusCode::OK, "a fault has failed this body".to_owned()));
            }
            DoorFault::Throttle | DoorFault::ThrottleRequest => {
                return Err((
                    StatusCode::TOO_MANY_REQUESTS,
                    "too many requests".to_owned(),
                ));
            }
            DoorFault::None | DoorFault::Vanish | DoorFault::Double | DoorFault::Late(_) => {}
        }
        let (text, id) = self.identified(text).map_err(bad)?;
        let serial = hall.message_id(hall.next_serial()).to_string();
        let letter = Letter {
            door: door.clone(),
            queue: Arc::clone(&self.door.queue),
            entry: self.entry(&text, key.unwrap_or(&serial)).map_err(bad)?,
            dead_letter_queue: None,
            patience: Patience::TARGET,
        };
        let message_id = match fault {
            DoorFault::Vanish => serial,
            DoorFault::Late(late) => {
                hall.outbox.post(letter, late);
                serial
            }
            _ => {
                let sent = hall.outbox.send(&letter).map_err(|refusal| {
                    let status = match refusal.kind {
                        SqsErrorKind::InvalidMessageContents
                        | SqsErrorKind::InvalidParameterValue
                        | SqsErrorKind::MissingParameter => StatusCode::BAD_REQUEST,
                        _ => StatusCode::SERVICE_UNAVAILABLE,
                    };
                    (status, refusal.message)
                })?;
                if fault == DoorFault::Double {
                    hall.outbox.post(super::again(letter), Duration::ZERO);
                }
                sent.message_id.to_string()
            }
        };
        hall.tallies.count(&door, |counts| counts.accepted += 1);
        let steps = self.door.message_id_at.iter().rev();
        let mut reply = steps.fold(Value::String(message_id), |inner, step| {
            Value::Object(Map::from_iter([(step.clone(), inner)]))
        });
        if let (Some(key), Some(id), Some(reply)) = (&self.door.id_key, id, reply.as_object_mut()) {
            reply.insert(key.clone(), id.into());
        }
        Ok((self.door.status, reply))
    }

    /// The body with the id that is made, and that id.
    fn identified(&self, text: &str) -> Result<(String, Option<String>), String> {
        let Some(key) = &self.door.id_key else {
            return Ok((text.to_owned(), None));
        };
        let fields = object(text)?;
        if fields.contains_key(key) {
            return Err(format!("{key} is made by this server: leave it out"));
        }
        let id = uuid::Uuid::new_v4().to_string();
        let (_, rest) = text.split_once('{').unwrap_or_default();
        let comma = if fields.is_empty() { "" } else { "," };
        let text = format!("{{{}:\"{id}\"{comma}{rest}", Value::from(key.as_str()));
        Ok((text, Some(id)))
    }

    fn entry(&self, text: &str, deduplication_id: &str) -> Result<SendEntry, String> {
        let entry = SendEntry::new(text);
        if !is_fifo(&self.door.queue) {
            return Ok(entry);
        }
        let group = match &self.door.group_key {
            None => GROUP.to_owned(),
            Some(key) => match object(text)?.remove(key) {
                Some(Value::String(group)) => group,
                Some(Value::Number(group)) => group.to_string(),
                _ => {
                    return Err(format!(
                        "the body has no text or number at {key}, which is its group"
                    ));
                }
            },
        };
        Ok(entry.in_group(group).deduplicated_by(deduplication_id))
    }
}

fn object(text: &str) -> Result<Map<String, Value>, String> {
    serde_json::from_str(text).map_err(|error| format!("the body is not a JSON object: {error}"))
}
