//! A server in the queue's place: one request an order, and what its replies prove by the scenario's own lists of statuses.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use hyper::{Method, Uri};

use super::reply::{EntryOutcome, SendReply, named_by, unreadable};
use super::wire::{Failure, Upstream, Wire};
use super::{Batch, SendError, Sender};
use crate::order::{Door, HeaderPart, HttpDoor, Json, Pointer, Shape};
use crate::scenario::{Secret, Sending};
use crate::store::{DoorAt, Target};

const OURS: &str = concat!("orderproof/", env!("CARGO_PKG_VERSION"));

/// What all senders of a pool share.
pub struct ServerSetup {
    pub(super) site: Upstream,
    /// What stands before the path in an order's URL where the scenario gives the path alone.
    before: String,
    door: HttpDoor,
    method: Method,
    /// The variables of the environment that headers name.
    variables: BTreeMap<String, Secret>,
}

/// A request that is ready to be sent.
pub struct Prepared {
    /// Its method.
    pub method: Method,
    /// The whole URL.
    pub url: String,
    /// All headers but those that follow from the connection.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

impl ServerSetup {
    pub(super) fn new(target: &Target, sending: &Sending) -> Result<Self, SendError> {
        let (Door::Http(door), DoorAt::Server { site: before, .. }) = (&sending.to, &target.door)
        else {
            return Err(SendError::NoDoor(sending.to.in_words()));
        };
        let mut variables = BTreeMap::new();
        for name in door.variables() {
            let value = std::env::var(&name).map_err(|_| SendError::Variable(name.clone()))?;
            variables.insert(name, Secret::from(value));
        }
        let url = format!("{before}{}", door.url);
        Ok(Self {
            site: Upstream::new(site_of(&url), sending.attempt_timeout)?,
            before: before.clone(),
            method: Method::from_bytes(door.method.as_bytes()).unwrap_or(Method::POST),
            door: (**door).clone(),
            variables,
        })
    }

    /// The request that sends the one order of `batch`.
    fn prepare(&self, batch: &Batch) -> Result<Prepared, Failure> {
        let unbuilt = || Failure::not_sent("not sent: cannot build");
        let head = batch
            .carried(0)
            .and_then(|carried| carried.request.as_ref());
        let head = head.ok_or_else(unbuilt)?;
        let mut headers = HeaderMap::new();
        for (name, parts) in &head.headers {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| unbuilt())?;
            headers.insert(name, self.header(parts).ok_or_else(unbuilt)?);
        }
        let usual = match head.is_json {
            true => "application/json",
            false => "text/plain; charset=utf-8",
        };
        let usual = HeaderValue::from_static(usual);
        headers.entry(CONTENT_TYPE).or_insert(usual);
        let ours = HeaderValue::from_static(OURS);
        headers.entry(USER_AGENT).or_insert(ours);
        Ok(Prepared {
            method: self.method.clone(),
            url: format!("{}{}", self.before, head.url),
            headers,
            body: Bytes::copy_from_slice(batch.body(0)),
        })
    }

    fn header(&self, parts: &[HeaderPart]) -> Option<HeaderValue> {
        let mut text = String::new();
        let mut is_secret = false;
        for part in parts {
            match part {
                HeaderPart::Text(part) => text.push_str(part),
                HeaderPart::Variable(name) => {
                    text.push_str(self.variables.get(name)?.reveal());
                    is_secret = true;
                }
            }
        }
        let mut value = HeaderValue::from_str(&text).ok()?;
        value.set_sensitive(is_secret);
        Some(value)
    }

    /// Makes `out` the same as it goes over a connection of our own.
    fn write(&self, batch: &Batch, out: &mut Vec<u8>) -> Result<(), Failure> {
        let Prepared {
            method,
            url,
            headers,
            body,
        } = self.prepare(batch)?;
        let unbuilt = |_| Failure::not_sent("not sent: cannot build");
        let uri: Uri = url.parse().map_err(unbuilt)?;
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        out.clear();
        let mut put = |parts: &[&[u8]]| parts.iter().for_each(|part| out.extend_from_slice(part));
        put(&[method.as_str().as_bytes(), b" ", path.as_bytes()]);
        // No scenario has a header of its own for the host or the length.
        put(&[b" HTTP/1.1\r\nhost: ", self.site.host.as_bytes(), b"\r\n"]);
        for (name, value) in &headers {
            put(&[name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"]);
        }
        let length = body.len().to_string();
        put(&[b"content-length: ", length.as_bytes(), b"\r\n\r\n", &body]);
        Ok(())
    }

    /// What a reply proves about the one order of `batch`.
    fn classify(&self, status: u16, body: &[u8], batch: &Batch) -> SendReply {
        SendReply::all(batch, Some(status), self.outcome(status, body, batch))
    }

    fn outcome(&self, status: u16, body: &[u8], batch: &Batch) -> EntryOutcome {
        let door = &self.door;
        let is_listed = |list: &[u16]| list.contains(&status);
        if is_listed(&door.refused) {
            return EntryOutcome::rejected(format!("reply {status}"));
        }
        if !is_listed(&door.accepted) {
            return EntryOutcome::indeterminate(format!("reply {status}"));
        }
        match self.errors_in(body) {
            Errors::None => {}
            Errors::Some => {
                return EntryOutcome::rejected(format!("reply {status} with an error in it"));
            }
            Errors::Unreadable => return unreadable(),
        }
        match &door.id_at {
            None => EntryOutcome::ACKNOWLEDGED,
            Some(at) => named_by(batch, 0, id_in(body, at).as_deref()),
        }
    }

    /// Whether a reply with a good status holds an error.
    fn errors_in(&self, body: &[u8]) -> Errors {
        let Some(at) = &self.door.error_at else {
            return Errors::None;
        };
        let Some(json) = json(body) else {
            // What only begins as JSON was cut short, and may have held an error.
            return match body.trim_ascii_start().first() {
                Some(b'{' | b'[') => Errors::Unreadable,
                _ => Errors::None,
            };
        };
        let found = all_at(&json, at);
        match found.iter().filter(|found| !says_nothing(found)).count() {
            0 => Errors::None,
            errors if errors == found.len() => Errors::Some,
            _ => Errors::Unreadable,
        }
    }
}

/// What a reply says of errors.
enum Errors {
    None,
    Some,
    /// It was cut short, or says two things.
    Unreadable,
}

/// Whether this in the place of an error says that there is none.
fn says_nothing(found: &Json<'_>) -> bool {
    match found.shape() {
        Shape::Null | Shape::Bool(false) => true,
        Shape::Number => found.plain() == Some("0"),
        Shape::Text(text) => text.is_empty(),
        Shape::List(all) => all.is_empty(),
        Shape::Object(fields) => fields.is_empty(),
        Shape::Bool(true) | Shape::Opaque => false,
    }
}

fn json(body: &[u8]) -> Option<Json<'_>> {
    Json::read(std::str::from_utf8(body).ok()?).ok()
}

/// What stands at `pointer`: more than one value where a name stands twice.
fn all_at<'s, 'a>(json: &'s Json<'a>, pointer: &str) -> Vec<&'s Json<'a>> {
    Pointer::parse(pointer).map_or(Vec::new(), |pointer| json.all_at(&pointer, 0))
}

/// The text or the number that stands in a reply at `pointer`, if it is one.
fn id_in(body: &[u8], pointer: &str) -> Option<String> {
    let json = json(body)?;
    match &all_at(&json, pointer)[..] {
        [id] if !matches!(id.shape(), Shape::Bool(_)) => id.plain().map(str::to_owned),
        _ => None,
    }
}

/// Scheme and host of a URL.
fn site_of(url: &str) -> &str {
    let host = url.find("://").map_or(0, |at| at + 3);
    let end = url[host..]
        .find(['/', '?'])
        .map_or(url.len(), |at| host + at);
    &url[..end]
}

/// Sends orders to a server over one connection of its own, which it opens when it needs one.
pub struct ServerSender {
    setup: Arc<ServerSetup>,
    wire: Wire,
    /// The request, in memory that is used again for the next one.
    request: Vec<u8>,
}

impl ServerSender {
    pub(super) fn new(setup: Arc<ServerSetup>) -> Self {
        Self {
            setup,
            wire: Wire::default(),
            request: Vec::new(),
        }
    }

    pub(super) async fn warm_up(&mut self) {
        self.wire.warm_up(&self.setup.site).await;
    }

    /// Sends the one order of `batch` by other means than a connection of its own: `exchange` is handed the request once,
    /// and gives the status and the body of its reply.
    pub async fn send_by<F>(&self, batch: &Batch, exchange: impl FnOnce(Prepared) -> F) -> SendReply
    where
        F: Future<Output = Result<(u16, Bytes), Failure>>,
    {
        let prepared = match self.setup.prepare(batch) {
            Ok(prepared) => prepared,
            Err(failure) => return failure.reply(batch),
        };
        let limit = self.setup.site.attempt_timeout;
        let attempt = tokio::time::timeout(limit, exchange(prepared)).await;
        match attempt.unwrap_or_else(|_| Err(Failure::in_doubt("no reply in time"))) {
            Ok((status, body)) => self.setup.classify(status, &body, batch),
            Err(failure) => failure.reply(batch),
        }
    }
}

impl Sender for ServerSender {
    async fn send(&mut self, batch: &Batch) -> SendReply {
        let setup = &*self.setup;
        let out = &mut self.request;
        let request = async move {
            setup.write(batch, out)?;
            Ok(&out[..])
        };
        match self.wire.exchange(&setup.site, request).await {
            Ok((status, body)) => setup.classify(status, body, batch),
            Err(failure) => failure.reply(batch),
        }
    }
}

#[cfg(test)]
#[path = "server_tests.rs"]
mod tests;
