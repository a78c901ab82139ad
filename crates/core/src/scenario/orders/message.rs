//! `[order]`: what is sent.

use std::collections::BTreeMap;
use std::time::Duration;

use toml::Value;

use super::super::section::Section;
use super::fields::{read_fields, read_take};
use super::json::json_of;
use super::{ReadFile, texts, wrong};
use crate::order::read_replay;
use crate::order::spec::{AttributeSpec, Body, Encoding, Envelope, IdScheme, OrderSpec};

const ENVELOPE_HINT: &str = "write \"sns\", { eventbridge = { source = \"shop\", detail_type = \"OrderPlaced\" } }, or a template with {{order}}";

/// Reads `[order]` into `order`; says whether it has a body of its own.
pub(super) fn read_order(
    file: &mut Section<'_>,
    order: &mut OrderSpec,
    files: ReadFile<'_>,
) -> bool {
    let mut section = file.section("order");
    let hint = "write \"number\", \"uuid\", \"ulid\", or a text such as \"WEB-{{run}}-{{n:09}}\"";
    if let Some(id) = section.text("id", hint, |text| Ok(read_id(text))) {
        order.id = id;
    }
    let body = read_body(&mut section, files);
    let has_body = body.is_some()
        || ["body", "body_file", "replay"]
            .iter()
            .any(|key| section.has(key));
    if has_body {
        order.fields = BTreeMap::new();
    }
    if let Some(body) = body {
        order.body = body;
    }
    order
        .fields
        .extend(read_fields(section.section("fields"), files));
    order.envelope = section.read("envelope", ENVELOPE_HINT, read_envelope);
    order.encoding =
        section.read(
            "encoding",
            "write \"base64\" or \"gzip base64\"",
            |value| match value.as_str() {
                Some("base64") => Ok(Encoding::Base64),
                Some("gzip base64") => Ok(Encoding::GzipBase64),
                _ => Err(format!("{value} is not an encoding")),
            },
        );
    order.attributes = read_attributes(section.section("attributes"));
    let plain = |text: &str| Ok(text.to_owned());
    let hint = "write a template: group = \"{{customer.id}}\"";
    order.group = section.text("group", hint, plain);
    let hint = "write a template: deduplication = \"{{id}}\"";
    order.deduplication = section.text("deduplication", hint, plain);
    if section.has("delay") {
        let most = Duration::from_secs(900);
        order.delay = Some(section.duration_within("delay", Duration::ZERO, Duration::ZERO, most));
    }
    section.finish();
    has_body
}

fn read_id(text: &str) -> IdScheme {
    match text {
        "number" => IdScheme::Number,
        "uuid" => IdScheme::Uuid,
        "ulid" => IdScheme::Ulid,
        text => IdScheme::Text(text.to_owned()),
    }
}

/// The body, if the section has one: written out, in a file, or recorded.
fn read_body(section: &mut Section<'_>, files: ReadFile<'_>) -> Option<Body> {
    let there: Vec<_> = ["body", "body_file", "replay"]
        .into_iter()
        .filter(|key| section.has(key))
        .collect();
    if let [one, other, ..] = there.as_slice() {
        let rule = format!("`{one}` and `{other}` both say what is sent");
        section.problem(other, rule, "leave one of them out");
    }
    let hint = "write the message: body = '{\"orderId\": \"{{id}}\"}'";
    let body = section.text("body", hint, |text| Ok(text.to_owned()));
    let hint = "name a file beside the scenario that holds the message";
    // An editor ends a file with a line break, which is no part of the message.
    let from_file = section.text("body_file", hint, |name| {
        files(name).map(|text| text.trim_end().to_owned())
    });
    let replay = read_replay_of(section, files);
    let template = body.or(from_file).map(Body::Template);
    template.or(replay)
}

fn read_replay_of(section: &mut Section<'_>, files: ReadFile<'_>) -> Option<Body> {
    let replays = section.has("replay");
    for key in ["id_at", "set", "take"] {
        if !replays && section.has(key) {
            section.problem(
                key,
                "is for bodies that are sent again",
                "write replay = \"sample.jsonl\", or leave it out",
            );
        }
    }
    let hint = "name a file of recorded messages beside the scenario: replay = \"sample.jsonl\"";
    let bodies = section.text("replay", hint, |name| {
        let text = files(name)?;
        read_replay(&text).map_err(|mistake| format!("{name}: {}", mistake.rule))
    });
    let hint = "name where the id stands in each body: id_at = [\"/detail/orderId\"]";
    if replays && !section.has("id_at") {
        section.problem("id_at", "is missing", hint);
    }
    let id_at = section.read("id_at", hint, texts);
    let set = read_json_table(section.section("set"));
    let take = read_take(section);
    Some(Body::Replay {
        bodies: bodies?,
        take,
        id_at: id_at?,
        set,
    })
}

/// JSON pointers, each with the value that is to stand there, as JSON.
pub(super) fn read_json_table(mut section: Section<'_>) -> BTreeMap<String, String> {
    let mut table = BTreeMap::new();
    for (pointer, value) in section.entries() {
        match json_of(value) {
            Ok(json) => drop(table.insert(pointer.clone(), json)),
            Err(rule) => section.push(wrong(section.named(pointer), rule, "write a JSON value")),
        }
    }
    table
}

fn read_envelope(value: &Value) -> Result<Envelope, String> {
    let table = match value {
        Value::String(text) if text == "sns" => return Ok(Envelope::Sns),
        Value::String(text) => return Ok(Envelope::Template(text.clone())),
        Value::Table(table) => table,
        other => {
            return Err(format!(
                "must be a text or a table, found {}",
                other.type_str()
            ));
        }
    };
    let event = match table.get("eventbridge").and_then(Value::as_table) {
        Some(event) if table.len() == 1 => event,
        _ => return Err("says something else than `eventbridge`".into()),
    };
    let known = ["source", "detail_type"];
    if let Some(unknown) = event.keys().find(|key| !known.contains(&key.as_str())) {
        return Err(format!("`eventbridge` has no key `{unknown}`"));
    }
    let text = |key: &str| match event.get(key) {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(other) => Err(format!(
            "`{key}` must be a text, found {}",
            other.type_str()
        )),
        None => Err(format!("lacks `{key}`")),
    };
    Ok(Envelope::Eventbridge {
        source: text("source")?,
        detail_type: text("detail_type")?,
    })
}

fn read_attributes(mut section: Section<'_>) -> BTreeMap<String, AttributeSpec> {
    let mut attributes = BTreeMap::new();
    for (name, value) in section.entries() {
        let number = |table: &toml::Table| match table.get("number") {
            Some(Value::String(text)) if table.len() == 1 => Some(text.clone()),
            Some(Value::Integer(number)) if table.len() == 1 => Some(number.to_string()),
            _ => None,
        };
        let attribute = match value {
            Value::String(text) => Some(AttributeSpec::Text(text.clone())),
            Value::Table(table) => number(table).map(AttributeSpec::Number),
            _ => None,
        };
        match attribute {
            Some(attribute) => drop(attributes.insert(name.clone(), attribute)),
            None => section.push(wrong(
                section.named(name),
                format!("must be a text or a number, found {value}"),
                "write a template, or { number = \"{{n}}\" }",
            )),
        }
    }
    attributes
}
