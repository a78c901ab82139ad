//! The request by which an order is sent to a server: URL, headers and body, compiled.

use super::OrderPlan;
use super::body::is_json;
use super::door::{Door, HttpDoor};
use super::envelope::Wrapper;
use super::mistake::{Mistake, Problem, key_below};
use super::names::Names;
use super::sink::Sink;
use super::spec::Envelope;
use super::template::Template;
use super::values::{Inserted, Values};

/// How a variable of the environment is named in a header: `{{env.NAME}}`.
const ENV: &str = "env.";

/// URL, headers and body of the requests of a scenario's orders, compiled.
#[derive(Debug)]
pub(super) struct Request {
    url: Vec<Part>,
    headers: Vec<(String, Vec<Part>)>,
    body: Option<Wrapper>,
}

/// A part of a text that may hold variables of the environment.
#[derive(Debug)]
enum Part {
    Literal(String),
    Slot(Template),
    Variable(String),
}

/// What the request of one order has beside its body.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RequestHead {
    /// Where it goes.
    pub url: String,
    /// Name and value of each header.
    pub headers: Vec<(String, Vec<HeaderPart>)>,
    /// Whether the body is JSON.
    pub is_json: bool,
}

/// A part of a header's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeaderPart {
    /// Text.
    Text(String),
    /// The value of a variable of the environment, which nothing keeps.
    Variable(String),
}

impl Request {
    /// The request to this door, if it takes one.
    ///
    /// # Errors
    /// Every template that is wrong.
    pub fn new(door: &Door, names: &Names, problems: &mut Vec<Problem>) -> Option<Self> {
        let Door::Http(server) = door else {
            return None;
        };
        let mut kept = |key: String, parts: Result<Vec<Part>, Mistake>| {
            let kept = parts.map_err(|mistake| problems.push(mistake.at(key)));
            kept.unwrap_or_default()
        };
        let url = parts(&server.url, names).and_then(without_variables);
        let url = kept("sending.http.url".into(), url);
        let mut headers = Vec::new();
        for (name, text) in &server.headers {
            let key = key_below("sending.http.headers", name);
            headers.push((name.clone(), kept(key, parts(text, names))));
        }
        let envelope = server.body.clone().map(Envelope::Template);
        let body = envelope.map(|envelope| Wrapper::new(&envelope, names));
        let body = body.transpose().map_err(|mistake| {
            problems.push(mistake.at("sending.http.body"));
        });
        Some(Self {
            url,
            headers,
            body: body.unwrap_or_default(),
        })
    }

    fn url_of(&self, values: &Values<'_>) -> String {
        let mut url = String::new();
        for part in &self.url {
            match part {
                Part::Literal(text) => url.push_str(text),
                Part::Slot(template) => put_encoded(&template.rendered(values), &mut url),
                Part::Variable(_) => {}
            }
        }
        url
    }
}

impl Part {
    fn of(&self, values: &Values<'_>) -> HeaderPart {
        match self {
            Self::Literal(text) => HeaderPart::Text(text.clone()),
            Self::Slot(template) => HeaderPart::Text(template.rendered(values)),
            Self::Variable(name) => HeaderPart::Variable(name.clone()),
        }
    }
}

/// Literal text, placeholders each by itself, and variables.
fn parts(text: &str, names: &Names) -> Result<Vec<Part>, Mistake> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("{{") {
        let Some(length) = rest[start..].find("}}") else {
            // Said as it is of any other template.
            Template::text(rest, names)?;
            break;
        };
        let (slot, after) = rest[start..].split_at(length + 2);
        parts.push(Part::Literal(rest[..start].to_owned()));
        let name = slot[2..length].trim();
        parts.push(match name.strip_prefix(ENV) {
            Some(name) if is_variable(name) => Part::Variable(name.to_owned()),
            Some(_) => {
                return Err(Mistake::new(
                    format!("`{slot}` names no variable of the environment"),
                    "write letters, digits and `_`: {{env.ORDERS_TOKEN}}",
                ));
            }
            None => Part::Slot(Template::text(slot, names)?),
        });
        rest = after;
    }
    parts.push(Part::Literal(rest.to_owned()));
    Ok(parts)
}

/// Logs and reports show a URL.
fn without_variables(parts: Vec<Part>) -> Result<Vec<Part>, Mistake> {
    let mut variables = parts
        .iter()
        .filter(|part| matches!(part, Part::Variable(_)));
    match variables.next() {
        None => Ok(parts),
        Some(_) => Err(Mistake::new(
            "logs and reports show the URL",
            "take variables of the environment into headers alone",
        )),
    }
}

fn is_variable(name: &str) -> bool {
    let legal = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !name.is_empty() && name.chars().all(legal) && !name.starts_with(|c: char| c.is_ascii_digit())
}

/// Appends a text as a part of a URL's path or query.
fn put_encoded(text: &str, out: &mut String) {
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                out.push(byte.into());
            }
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
}

impl HttpDoor {
    /// The variables of the environment that its headers name, each once.
    pub fn variables(&self) -> Vec<String> {
        let names = Names::of_ids();
        let texts = self.headers.values();
        let mut found = Vec::new();
        for text in texts {
            let mut rest = text.as_str();
            while let Some((_, after)) = rest.split_once("{{") {
                let Some((slot, after)) = after.split_once("}}") else {
                    break;
                };
                if let Ok(parts) = parts(&format!("{{{{{slot}}}}}"), &names) {
                    found.extend(parts.into_iter().filter_map(|part| match part {
                        Part::Variable(name) => Some(name),
                        Part::Literal(_) | Part::Slot(_) => None,
                    }));
                }
                rest = after;
            }
        }
        found.sort();
        found.dedup();
        found
    }
}

impl OrderPlan {
    /// What the request of order `k` to a server has beside its body; `None` where orders are sent to no server.
    pub fn request_head(&self, k: u64) -> Option<RequestHead> {
        let request = self.model.request.as_ref()?;
        let values = self.values(k);
        let mut sent = Vec::new();
        self.write_request_body(k, &mut sent);
        let header = |(name, parts): &(String, Vec<Part>)| {
            let parts = parts.iter().map(|part| part.of(&values));
            (name.clone(), parts.collect())
        };
        Some(RequestHead {
            url: request.url_of(&values),
            headers: request.headers.iter().map(header).collect(),
            is_json: is_json(&String::from_utf8_lossy(&sent)),
        })
    }

    /// Appends what is sent of order `k` to `out`: the message's body, or what a server takes around it.
    pub fn write_request_body(&self, k: u64, out: &mut impl Sink) {
        let around = self
            .model
            .request
            .as_ref()
            .and_then(|request| request.body.as_ref());
        let Some(around) = around else {
            return self.write_body(k, out);
        };
        let mut text = String::new();
        self.write_body(k, &mut text);
        let body = Inserted {
            is_json: serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok(),
            text,
        };
        out.put(&around.wrap(self.values(k), body, &[], 0));
    }

    /// What was to be put on the queue, of what a server was sent; `None` when it is no such request.
    pub fn taken_from_request(&self, sent: &str) -> Option<String> {
        let around = self
            .model
            .request
            .as_ref()
            .and_then(|request| request.body.as_ref());
        match around {
            Some(around) => around.unwrap(sent).map(|inner| inner.into_owned()),
            None => Some(sent.to_owned()),
        }
    }
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;
