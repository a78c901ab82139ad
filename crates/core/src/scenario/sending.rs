//! `[sending]`: how orders are sent, and what they are sent to.

use std::collections::BTreeMap;
use std::time::Duration;

use toml::Value;

use super::section::Section;
use super::target::check_endpoint;
use super::{SenderKind, Sending, TargetSpec};
use crate::order::{Bus, Door, HttpDoor, Topic};

/// What orders are sent to, as the file says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum To {
    Sqs,
    Sns,
    Eventbridge,
    Http,
}

const TO: [(&str, To); 4] = [
    ("sqs", To::Sqs),
    ("sns", To::Sns),
    ("eventbridge", To::Eventbridge),
    ("http", To::Http),
];

/// The keys of what orders are sent to, and whose they are.
const KEYS: [(&str, &[To]); 6] = [
    ("topic", &[To::Sns]),
    ("bus", &[To::Eventbridge]),
    ("source", &[To::Eventbridge]),
    ("detail_type", &[To::Eventbridge]),
    ("raw", &[To::Sns, To::Eventbridge]),
    ("http", &[To::Http]),
];

const METHODS: [(&str, &str); 3] = [("POST", "POST"), ("PUT", "PUT"), ("PATCH", "PATCH")];

/// Statuses by which servers say that they took something.
const ACCEPTED: [u16; 4] = [200, 201, 202, 204];

/// Statuses by which they say that they did not. Source: RFC 9110, "Client Error 4xx"; RFC 6585, "429 Too Many Requests".
const REFUSED: [u16; 9] = [400, 401, 403, 404, 405, 413, 415, 422, 429];

/// Headers that say who is asking: what stands in a file stands in the files of every run.
const SECRET_HEADERS: [&str; 6] = [
    "authorization",
    "cookie",
    "proxy-authorization",
    "x-api-key",
    "api-key",
    "x-auth-token",
];

/// Headers that are the request's own.
const OWN_HEADERS: [&str; 5] = [
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "expect",
];

/// Reads `[sending]`; what orders are sent to was read before.
pub(super) fn read_sending(mut section: Section<'_>, to: Door) -> Sending {
    let sending = Sending {
        batch: section.integer("batch", 1, 1, 10) as u8,
        linger: section.duration_within(
            "linger",
            Duration::ZERO,
            Duration::ZERO,
            Duration::from_secs(60),
        ),
        senders: section.integer("senders", 32, 1, 4_096) as u32,
        max_in_flight: section.integer("max_in_flight", 2_000, 1, 10_000_000) as u32,
        attempt_timeout: section.duration_within(
            "attempt_timeout",
            Duration::from_secs(5),
            Duration::from_millis(1),
            Duration::from_secs(300),
        ),
        sender: section.choice(
            "sender",
            SenderKind::Http,
            &[("http", SenderKind::Http), ("sdk", SenderKind::Sdk)],
        ),
        to,
    };
    check(&section, &sending);
    section.finish();
    sending
}

fn check(section: &Section<'_>, sending: &Sending) {
    if sending.batch == 1 && !sending.linger.is_zero() {
        section.problem(
            "linger",
            "an order sent alone waits for nobody",
            "leave linger out, or set batch to 2 or more",
        );
    }
    if sending.max_in_flight < u32::from(sending.batch) {
        section.problem(
            "max_in_flight",
            "is below one batch, so nothing could be sent",
            format!("write at least {}", sending.batch),
        );
    }
    if sending.batch > 1 && matches!(sending.to, Door::Http(_)) {
        section.problem(
            "batch",
            "a request to a server holds one order",
            "leave batch out",
        );
    }
    if sending.sender == SenderKind::Sdk && !sending.to.is_queue() {
        section.problem(
            "sender",
            "the SDK's client sends to SQS alone",
            "leave sender out",
        );
    }
}

/// Reads what orders are sent to.
pub(super) fn read_door(section: &mut Section<'_>, target: &TargetSpec) -> Door {
    let to = section.choice("to", To::Sqs, &TO);
    for (key, whose) in KEYS {
        if section.has(key) && !whose.contains(&to) {
            let names = TO.iter().filter(|(_, to)| whose.contains(to));
            let names: Vec<_> = names.map(|(name, _)| format!("{name:?}")).collect();
            let names = names.join(" or ");
            section.problem(
                key,
                format!("is for orders that are sent to {names}"),
                format!("write to = {names}, or leave it out"),
            );
            section.value(key);
        }
    }
    match to {
        To::Sqs => Door::Sqs,
        To::Sns => Door::Sns(Topic {
            topic: name(section, "topic", "orders-topic", 300),
            raw: section.boolean("raw", false),
        }),
        To::Eventbridge => Door::Eventbridge(Bus {
            bus: name(section, "bus", "default", 1_600),
            source: name(section, "source", "shop", 256),
            detail_type: name(section, "detail_type", "OrderPlaced", 128),
            raw: section.boolean("raw", false),
        }),
        To::Http => Door::Http(Box::new(read_http(section.section("http"), target))),
    }
}

/// A name, or an ARN.
fn name(section: &mut Section<'_>, key: &'static str, usual: &str, bytes_max: usize) -> String {
    let hint = format!("write a name such as {usual:?}, up to {bytes_max} characters");
    let read = section.text(key, &hint, |text| {
        let fits = (1..=bytes_max).contains(&text.len()) && !text.chars().any(char::is_control);
        match fits {
            true => Ok(text.to_owned()),
            false => Err(format!("{text:?} is not a name")),
        }
    });
    read.unwrap_or_else(|| usual.to_owned())
}

fn read_http(mut section: Section<'_>, target: &TargetSpec) -> HttpDoor {
    let usual = "/orders";
    let hint = match target {
        TargetSpec::Embedded => {
            "write the path the embedded pipeline is to take orders at: url = \"/orders\""
        }
        TargetSpec::Aws(_) => {
            "write where the server takes orders: url = \"https://api.example.com/orders\""
        }
    };
    let read = |text: &str| match target {
        TargetSpec::Embedded => check_path(text),
        TargetSpec::Aws(_) => check_url(text),
    };
    if !section.has("url") && *target != TargetSpec::Embedded {
        section.problem("url", "is missing", hint);
    }
    let url = section.text("url", hint, |text| read(text).map(|()| text.to_owned()));
    let plain = |text: &str| Ok(text.to_owned());
    let door = HttpDoor {
        method: section.choice("method", METHODS[0].0, &METHODS).to_owned(),
        url: url.unwrap_or_else(|| usual.to_owned()),
        headers: read_headers(section.section("headers")),
        body: section.text(
            "body",
            "write what is sent around the order: body = '{\"order\": {{order}}}'",
            plain,
        ),
        accepted: statuses(&mut section, "accepted", &ACCEPTED),
        refused: statuses(&mut section, "refused", &REFUSED),
        id_at: pointer(&mut section, "id_at", "/messageId"),
        error_at: pointer(&mut section, "error_at", "/error"),
    };
    if let Some(both) = door.accepted.iter().find(|one| door.refused.contains(one)) {
        section.problem(
            "refused",
            format!("{both} cannot mean both that an order was accepted and that it was not"),
            "leave it out of one of the lists",
        );
    }
    if let (Some(id), Some(error)) = (&door.id_at, &door.error_at)
        && is_at_or_below(id, error)
    {
        section.problem(
            "error_at",
            format!("{error:?} holds the id ({id:?}) of each accepted order, so every order would be refused"),
            "name the place of the error alone: error_at = \"/error\"",
        );
    }
    section.finish();
    door
}

fn pointer(section: &mut Section<'_>, key: &'static str, usual: &str) -> Option<String> {
    let hint = format!("write a JSON pointer into the server's reply: {key} = {usual:?}");
    section.text(key, &hint, |text| match text.starts_with('/') {
        true => Ok(text.to_owned()),
        false => Err(format!("{text:?} is not a JSON pointer")),
    })
}

/// Whether what stands at `place` is what stands at `above`, or a part of it.
fn is_at_or_below(place: &str, above: &str) -> bool {
    let below = place.strip_prefix(above.strip_suffix('/').unwrap_or(above));
    below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// A path and query, which may hold placeholders.
fn check_path(text: &str) -> Result<(), String> {
    let plain = literals(text).all(|part| part.chars().all(|c| c.is_ascii_graphic() && c != '#'));
    match text.starts_with('/') && !text.starts_with("//") && plain {
        true => Ok(()),
        false => Err("is not the path of a URL".into()),
    }
}

/// A URL whose host is written out; what is wrong with another is said without repeating it.
fn check_url(text: &str) -> Result<(), String> {
    let after = text.split_once("://").map_or("", |(_, after)| after);
    let host = after.len() - after.find(['/', '?']).map_or(0, |at| after.len() - at);
    let (site, path) = text.split_at(text.len() - after.len() + host);
    check_endpoint(site)?;
    if site.contains(['{', '}']) {
        return Err("has a placeholder in its host".into());
    }
    match path {
        "" => Ok(()),
        path if path.starts_with('/') => check_path(path),
        _ => Err("has a query and no path".into()),
    }
}

/// The text between placeholders.
fn literals(text: &str) -> impl Iterator<Item = &str> {
    let mut parts = text.split("{{");
    let first = parts.next();
    let rest = parts.map(|part| part.split_once("}}").map_or(part, |(_, after)| after));
    first.into_iter().chain(rest)
}

fn read_headers(mut section: Section<'_>) -> BTreeMap<String, String> {
    let mut headers = BTreeMap::new();
    for (name, value) in section.entries() {
        let told = |rule: &str, hint: &str| {
            section.push(super::Violation::new(section.named(name), rule, hint));
        };
        let Some(text) = value.as_str() else {
            told("must be a text", "write a header's value, a template");
            continue;
        };
        let lower = name.to_ascii_lowercase();
        let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        if name.is_empty() || name.len() > 128 || !name.chars().all(is_token) {
            told(
                "is not a valid name of a header",
                "write letters, digits and `-`",
            );
        } else if OWN_HEADERS.contains(&lower.as_str()) {
            told("is written by the request itself", "leave it out");
        } else if text.chars().any(char::is_control) {
            told("holds a control character", "write printable text");
        } else if SECRET_HEADERS.contains(&lower.as_str()) && !text.contains("{{env.") {
            told(
                "says who is asking, and would be kept in the files of every run",
                "take it from the environment: \"Bearer {{env.ORDERS_TOKEN}}\"",
            );
        } else if headers
            .keys()
            .any(|known: &String| known.eq_ignore_ascii_case(name))
        {
            told("stands twice", "write it once");
        } else {
            headers.insert(name.clone(), text.to_owned());
        }
    }
    headers
}

fn statuses(section: &mut Section<'_>, key: &'static str, usual: &[u16]) -> Vec<u16> {
    let hint = format!("write a list of statuses: {key} = {usual:?}");
    let read = section.read(key, &hint, |value| {
        let wrong = || format!("must be a list of statuses, found {}", value.type_str());
        let items = value.as_array().ok_or_else(wrong)?;
        let status = |item: &Value| {
            let status = u16::try_from(item.as_integer()?).ok()?;
            (200..=599).contains(&status).then_some(status)
        };
        let read: Option<Vec<u16>> = items.iter().map(status).collect();
        match read {
            Some(read) if read.contains(&408) => Err(
                "408 says that the server has not read the request in time, and nothing else"
                    .into(),
            ),
            Some(read) if key == "refused" && read.iter().any(|status| *status >= 500) => {
                Err("after a status of 500 or more it is unknown what the server did".into())
            }
            Some(read) if key == "accepted" && read.is_empty() => {
                Err("must not be empty: no order would ever be accepted".into())
            }
            Some(read) => Ok(read),
            None => Err("must hold statuses from 200 to 599".into()),
        }
    });
    read.unwrap_or_else(|| usual.to_vec())
}

#[cfg(test)]
#[path = "sending_tests.rs"]
mod tests;
