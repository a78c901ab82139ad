//! `[[ends.NAME.rows]]`, `[[ends.NAME.letters]]`, `[[before]]`, `[[sums]]`: what orders leave, and what is there before.

use std::collections::BTreeMap;

use toml::Value;

use super::super::section::Section;
use super::json::json_of;
use super::{texts, wrong};
use crate::order::spec::{
    Before, End, Expected, LetterSpec, OrderedBy, RowSpec, StampKind, StoredAt, Sum, TimeUnit,
};

const TABLE_HINT: &str = "name the table: table = \"orders\"";
const HOLDS_HINT: &str = "write a text, a JSON pointer such as \"/price\", or one of { number = \"/price\" }, { count = \"/lines\" }, { json = \"/\" }, \
{ join = \"/products\", with = \";\" }, { is = true }, { text = \"...\" }, { absent = true }";
const STORED_AT_HINT: &str =
    "write the attribute and what it holds, s, ms, us or rfc3339: stored_at = \"ts ms\"";

const ORDERED_BY_HINT: &str = "name the attribute that holds a number that grows as orders are processed, or an RFC 3339 time: \
ordered_by = \"processed_at\", ordered_by = \"at rfc3339\"";

/// Reads `[ends]`.
pub(super) fn read_ends(mut section: Section<'_>) -> BTreeMap<String, End> {
    let mut ends = BTreeMap::new();
    for (name, value) in section.entries() {
        let Value::Table(table) = value else {
            let rule = format!("must be a table, found {}", value.type_str());
            let hint = format!("write [[ends.{name}.rows]] or [[ends.{name}.letters]]");
            section.push(wrong(section.named(name), rule, &hint));
            continue;
        };
        let mut end = section.within(name, table);
        let rows = end
            .sections("rows")
            .into_iter()
            .filter_map(read_row)
            .collect();
        let letters = end
            .sections("letters")
            .into_iter()
            .map(read_letter)
            .collect();
        end.finish();
        ends.insert(name.clone(), End { rows, letters });
    }
    ends
}

fn read_row(mut section: Section<'_>) -> Option<RowSpec> {
    let plain = |text: &str| Ok(text.to_owned());
    let table = section.required("table", TABLE_HINT);
    let key = read_templates(
        &mut section,
        "key",
        "write the key: key = { orderId = \"{{id}}\" }",
    );
    let holds = read_holds(section.section("holds"));
    let only = section.boolean("only", false);
    let hint = "write a JSON pointer to a list of the body: each = \"/lines\"";
    let each = section.text("each", hint, plain);
    let hint = "write an attribute, and a JSON pointer into it: id_at = \"payload/orderId\"";
    let id_at = section.text("id_at", hint, plain);
    let stored_at = section.text("stored_at", STORED_AT_HINT, read_stored_at);
    let receives_at = section.text(
        "receives_at",
        "name an attribute that holds a number",
        plain,
    );
    let ordered_by = section.text("ordered_by", ORDERED_BY_HINT, read_ordered_by);
    section.finish();
    Some(RowSpec {
        table: table?,
        key: key?,
        holds,
        only,
        each,
        id_at,
        stored_at,
        receives_at,
        ordered_by,
    })
}

/// A table of templates that has to be there.
fn read_templates(
    section: &mut Section<'_>,
    key: &'static str,
    hint: &str,
) -> Option<BTreeMap<String, String>> {
    if !section.has(key) {
        section.problem(key, "is missing", hint);
    }
    section.read(key, hint, |value| {
        let wrong = || format!("must be a table of texts, found {}", value.type_str());
        let table = value.as_table().ok_or_else(wrong)?;
        if table.is_empty() {
            return Err("is empty".into());
        }
        let template = |(name, value): (&String, &Value)| match value {
            Value::String(text) => Ok((name.clone(), text.clone())),
            Value::Integer(number) => Ok((name.clone(), number.to_string())),
            other => Err(format!(
                "`{name}` must be a text, found {}",
                other.type_str()
            )),
        };
        table.iter().map(template).collect()
    })
}

fn read_stored_at(text: &str) -> Result<StoredAt, String> {
    let wrong = || format!("{text:?} is not an attribute with what it holds");
    let (attribute, unit) = text.trim().rsplit_once(' ').ok_or_else(wrong)?;
    let unit = match unit {
        "s" => TimeUnit::S,
        "ms" => TimeUnit::Ms,
        "us" => TimeUnit::Us,
        "rfc3339" => TimeUnit::Rfc3339,
        _ => return Err(wrong()),
    };
    Ok(StoredAt {
        attribute: attribute.trim().to_owned(),
        unit,
    })
}

fn read_ordered_by(text: &str) -> Result<OrderedBy, String> {
    let (attribute, kind) = match text.trim().split_once(' ') {
        None => (text.trim(), StampKind::Number),
        Some((attribute, "rfc3339")) => (attribute, StampKind::Rfc3339),
        Some(_) => return Err(format!("{text:?} is not an attribute with what it holds")),
    };
    match attribute {
        "" => Err("must not be empty".into()),
        attribute => Ok(OrderedBy {
            attribute: attribute.to_owned(),
            kind,
        }),
    }
}

fn read_letter(mut section: Section<'_>) -> LetterSpec {
    let hint = "name the queue, or leave it out for the pipeline's dead-letter queue";
    let queue = section.text("queue", hint, |text| Ok(text.to_owned()));
    let hint = "write where the letter has the order's id: id_at = \"/order/id\"";
    let id_at = section.read("id_at", hint, texts).unwrap_or_default();
    let holds = read_holds(section.section("holds"));
    section.finish();
    LetterSpec {
        queue,
        id_at,
        holds,
    }
}

/// Attributes, or JSON pointers into a letter, with what must be there.
fn read_holds(mut section: Section<'_>) -> BTreeMap<String, Expected> {
    let mut holds = BTreeMap::new();
    for (name, value) in section.entries() {
        match read_expected(value) {
            Ok(expected) => drop(holds.insert(name.clone(), expected)),
            Err(rule) => section.push(wrong(section.named(name), rule, HOLDS_HINT)),
        }
    }
    holds
}

/// What must be there; a text that begins with a slash is a JSON pointer into the order.
fn read_expected(value: &Value) -> Result<Expected, String> {
    let table = match value {
        Value::String(text) if text.starts_with('/') => return Ok(Expected::At(text.clone())),
        Value::String(text) => return Ok(Expected::Text(text.clone())),
        Value::Table(table) => table,
        other => return json_of(other).map(Expected::Is),
    };
    let text = |key: &str| match table.get(key) {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(other) => Err(format!(
            "`{key}` must be a text, found {}",
            other.type_str()
        )),
        None => Err(format!("lacks `{key}`")),
    };
    let (expected, more): (_, &[&str]) = match table.keys().find_map(|key| kind_of(key)) {
        Some("number") => (Expected::Number(number(&table["number"])?), &[]),
        Some("count") => (Expected::Count(text("count")?), &[]),
        Some("json") => {
            let may_add = table.get("may_add").map(texts).transpose()?;
            let expected = Expected::Json {
                of: text("json")?,
                may_add: may_add.unwrap_or_default(),
            };
            (expected, &["may_add"])
        }
        Some("join") => {
            let expected = Expected::Join {
                of: text("join")?,
                with: text("with")?,
            };
            (expected, &["with"])
        }
        Some("is") => (Expected::Is(json_of(&table["is"])?), &[]),
        Some("text") => (Expected::Text(text("text")?), &[]),
        Some("absent") => match table["absent"].as_bool() {
            Some(true) => (Expected::Absent, &[]),
            _ => return Err("`absent` must be true".into()),
        },
        _ => return Err("does not say what must be there".into()),
    };
    match table.len() {
        count
            if count > 1 + more.len()
                || table
                    .keys()
                    .any(|key| kind_of(key).is_none() && !more.contains(&key.as_str())) =>
        {
            Err("says more than one thing".into())
        }
        _ => Ok(expected),
    }
}

fn kind_of(key: &str) -> Option<&'static str> {
    let kinds = ["number", "count", "json", "join", "is", "text", "absent"];
    kinds.into_iter().find(|kind| *kind == key)
}

fn number(value: &Value) -> Result<String, String> {
    super::json::decimal_of(value)
}

/// Reads `[[before]]`.
pub(super) fn read_before(sections: Vec<Section<'_>>) -> Vec<Before> {
    let read = |mut section: Section<'_>| {
        let table = section.required("table", TABLE_HINT);
        if !section.has("row") {
            section.problem(
                "row",
                "is missing",
                "write the row: row = { order_id = \"{{id}}\", status = \"PENDING\" }",
            );
        }
        let row = read_holds(section.section("row"));
        section.finish();
        Some(Before { table: table?, row })
    };
    sections.into_iter().filter_map(read).collect()
}

/// Reads `[[sums]]`.
pub(super) fn read_sums(sections: Vec<Section<'_>>) -> Vec<Sum> {
    let read = |mut section: Section<'_>| {
        let table = section.required("table", TABLE_HINT);
        let hint = "write the counter's key: key = { day = \"2026-11-27\" }";
        let key = read_templates(&mut section, "key", hint);
        let hint = "name the attribute that holds the sum: attribute = \"total\"";
        let attribute = section.required("attribute", hint);
        let hint = "write a JSON pointer to what an order adds: of = \"/total\"";
        let of = section.text("of", hint, |text| Ok(text.to_owned()));
        section.finish();
        Some(Sum {
            table: table?,
            key: key?,
            attribute: attribute?,
            of,
        })
    };
    sections.into_iter().filter_map(read).collect()
}
