//! A row of a table against one leaf of an order: key, attributes, and nothing else where nothing else may be.

use std::borrow::Cow;

use super::compare::is_same_number;
use super::difference::{Difference, MISSING};
use super::ends::{BeforeRow, KeyPart, RowLeaf};
use super::expect::{Known, no_such_element, rendered};
use super::json::Json;
use super::spec::KeyType;
use super::value::{kind, shown, unwanted};
use crate::records::{Item, Value};

/// The text of a key attribute of this type; in words what it is otherwise.
pub(super) fn key_text<'i>(
    item: &'i Item,
    name: &str,
    key: KeyType,
) -> Result<Cow<'i, str>, String> {
    let value = item.get(name).ok_or_else(|| MISSING.to_owned())?;
    match (key, value) {
        (KeyType::S, Value::S(text)) => Ok(Cow::Borrowed(text)),
        (KeyType::N, Value::N(text)) if is_number(text) => Ok(Cow::Borrowed(text)),
        (KeyType::N, Value::N(text)) => Err(format!(
            "\"{}\", which is not a number",
            super::excerpt(text)
        )),
        (KeyType::B, Value::B(bytes)) => Ok(String::from_utf8_lossy(bytes)),
        (_, Value::S(text)) => Err(format!("a text (S), \"{}\"", super::excerpt(text))),
        (_, other) => Err(kind(other)),
    }
}

fn is_number(text: &str) -> bool {
    let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_plain || super::Decimal::parse(text).is_some()
}

/// How many elements the list of this leaf has in this order; `None` where it is for no list, or the order has none.
pub(super) fn elements_of(leaf: &RowLeaf, order: Option<&Json<'_>>) -> Option<u32> {
    let list = order?.at(leaf.each.as_ref()?, 0)?.as_list()?;
    Some(u32::try_from(list.len()).unwrap_or(u32::MAX))
}

/// Where `item` differs from what the order leaves here.
pub(super) fn row_differs(leaf: &RowLeaf, known: Known<'_, '_>, item: &Item) -> Option<Difference> {
    if leaf.each.is_some() && known.order.is_some() {
        let count = elements_of(leaf, known.order).unwrap_or(0);
        if known.at >= count {
            return Some(no_such_element(count, known.at));
        }
    }
    let key = leaf
        .key
        .iter()
        .filter_map(|part| key_differs(part, known, item))
        .next();
    key.or_else(|| holds_differ(leaf, known, item))
        .or_else(|| more_differs(leaf, item))
}

fn holds_differ(leaf: &RowLeaf, known: Known<'_, '_>, item: &Item) -> Option<Difference> {
    let alone = leaf.is_one_document();
    let differs = leaf.holds.iter().filter_map(|(name, expect)| {
        let difference = expect.differs(known, item.get(name))?;
        Some(match alone {
            true => difference.called(name),
            false => difference.within(name),
        })
    });
    { differs }.next()
}

fn more_differs(leaf: &RowLeaf, item: &Item) -> Option<Difference> {
    if !leaf.only {
        return None;
    }
    let id_at = leaf.id_at.as_ref().map(|at| at.attribute.as_str());
    let stored_at = leaf.stored_at.as_ref().map(|at| at.attribute.as_str());
    let ordered_by = leaf.ordered_by.as_ref().map(|by| by.attribute.as_str());
    let named = [id_at, stored_at, leaf.receives_at.as_deref(), ordered_by];
    let is_known = |name: &str| {
        leaf.key.iter().any(|part| part.name == name)
            || leaf.holds.iter().any(|(known, _)| known == name)
            || named.contains(&Some(name))
    };
    let more = item.iter().find(|(name, _)| !is_known(name));
    more.map(|(name, value)| unwanted(value).within(name))
}

/// Where a key attribute differs from what the order's is; what nobody knows is not compared.
fn key_differs(part: &KeyPart, known: Known<'_, '_>, item: &Item) -> Option<Difference> {
    let found = item.get(&part.name);
    let text = key_text(item, &part.name, part.kind);
    if part.template.is_known() {
        let expected = rendered(&part.template, known);
        let same = match (&text, part.kind) {
            (Ok(text), KeyType::N) => is_same_number(&expected, text),
            (Ok(text), _) => **text == expected,
            (Err(_), _) => false,
        };
        return (!same).then(|| differs(part, &expected, found));
    }
    let parts = part
        .template
        .known_parts(known.values, Some(u64::from(known.at)));
    let fits = text.is_ok_and(|text| stand_in(&text, &parts));
    (!fits).then(|| differs(part, &parts.join("*"), found))
}

fn differs(part: &KeyPart, expected: &str, found: Option<&Value>) -> Difference {
    let found = found.map_or_else(|| MISSING.to_owned(), shown);
    let expected = match part.kind {
        KeyType::N => expected.to_owned(),
        KeyType::S | KeyType::B => shown(&Value::S(expected.to_owned())),
    };
    Difference::of(&part.name, &expected, &found)
}

/// Whether these parts stand in `text` one after the other, the first at its beginning and the last at its end.
fn stand_in(text: &str, parts: &[String]) -> bool {
    let [first, between @ .., last] = parts else {
        return parts.first().is_some_and(|only| only == text);
    };
    let Some(mut rest) = text.strip_prefix(first.as_str()) else {
        return false;
    };
    for part in between {
        match rest.split_once(part.as_str()) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last.as_str())
}

/// The key of the order's row here; `None` where its consumer makes it up, or holds the id of a message that is not known.
pub(super) fn key_of(key: &[KeyPart], known: Known<'_, '_>) -> Option<Item> {
    let part = |part: &KeyPart| {
        let text = part
            .template
            .is_known_with(known.values)
            .then(|| rendered(&part.template, known))?;
        let value = match part.kind {
            KeyType::S => Value::S(text),
            KeyType::N => Value::N(text),
            KeyType::B => Value::B(text.into_bytes()),
        };
        Some((part.name.clone(), value))
    };
    key.iter().map(part).collect()
}

/// Whether `item` is the row that was there before its order was sent, as it was written then.
pub(super) fn is_unchanged(before: &BeforeRow, known: Known<'_, '_>, item: &Item) -> bool {
    let mut there = 0;
    for (name, expect) in &before.row {
        let found = item.get(name);
        there += usize::from(found.is_some());
        if expect.differs(known, found).is_some() {
            return false;
        }
    }
    item.len() == there
}

/// Appends the same text for the same content of a row: of what is compared, and of everything where nothing else may be.
pub(super) fn write_canonical(leaf: &RowLeaf, item: &Item, out: &mut String) {
    let is_compared = |name: &str| leaf.only || leaf.holds.iter().any(|(known, _)| known == name);
    for (name, value) in item.iter().filter(|(name, _)| is_compared(name)) {
        super::json::write_text(name, out);
        write_value(value, out);
    }
    // Of a key only the consumer's part may differ.
    for part in leaf.key.iter().filter(|part| part.template.is_known()) {
        if let Some(value) = item.get(&part.name) {
            write_value(value, out);
        }
    }
}

fn write_value(value: &Value, out: &mut String) {
    out.push_str(value.type_name());
    match value {
        Value::S(text) => super::json::write_text(text, out),
        Value::N(number) => match super::Decimal::parse(number) {
            Some(number) => out.push_str(&number.canonical()),
            None => out.push_str(number),
        },
        Value::L(elements) => elements
            .iter()
            .for_each(|element| write_value(element, out)),
        Value::M(map) => map.iter().for_each(|(name, value)| {
            super::json::write_text(name, out);
            write_value(value, out);
        }),
        Value::Ss(members) | Value::Ns(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_unstable();
            members
                .iter()
                .for_each(|member| super::json::write_text(member, out));
        }
        other => {
            use std::fmt::Write;
            let _ = write!(out, "{other:?}");
        }
    }
    out.push(';');
}
