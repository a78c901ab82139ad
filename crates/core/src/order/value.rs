//! What an attribute of a row holds against what it must hold, by meaning.
//!
//! Numbers are decimals and never binary floats, a list may be kept as a set, a map is compared field by field. Whether a
//! consumer wrote `130`, `130.0` or `1.3e2` is no difference; whether it wrote the number as a text is one.

use super::compare::{
    Beside, NO_FIELD, differs as json_differs, elements, is_same_number, objects, unreadable,
};
use super::difference::{Difference, MISSING, WHOLE};
use super::json::{Json, Shape, write_text};
use crate::records::Value;

/// Characters of a value that are written out before it is cut: more than an excerpt shows.
const SHOWN_MAX: usize = 256;

/// Where `found` differs from the JSON value it must hold.
pub fn value_differs(expected: &Json<'_>, found: &Value) -> Option<Difference> {
    match (expected.shape(), found) {
        (Shape::Null, Value::Null) => None,
        (Shape::Bool(one), Value::Bool(another)) if one == another => None,
        (Shape::Text(one), Value::S(another)) if one == another => None,
        (Shape::Number, Value::N(another)) if is_same_number(expected.text(), another) => None,
        (Shape::List(expected), Value::L(found)) => lists(expected, found),
        (Shape::List(list), Value::Ss(_) | Value::Ns(_)) => set(expected, list, found),
        (Shape::Object(_), Value::M(_)) => maps(expected, found),
        (Shape::Opaque, _) => opaque(expected, found),
        _ => Some(Difference::of(WHOLE, expected.text(), &shown(found))),
    }
}

/// Where `found` differs from this text.
pub fn text_differs(expected: &str, found: &Value) -> Option<Difference> {
    match found {
        Value::S(text) if text == expected => None,
        found => Some(Difference::of(WHOLE, &quoted(expected), &shown(found))),
    }
}

/// Where `found` differs from this number.
pub fn number_differs(expected: &str, found: &Value) -> Option<Difference> {
    match found {
        Value::N(number) if is_same_number(expected, number) => None,
        found => Some(Difference::of(WHOLE, expected, &shown(found))),
    }
}

/// Where `found`, a text that must hold JSON, differs from `expected`; `may_hold` says of a field that `expected` does not
/// have what it may hold.
pub fn json_text_differs<'j>(
    expected: &Json<'_>,
    found: &Value,
    may_hold: impl Fn(&str) -> Beside<'j>,
) -> Option<Difference> {
    let Value::S(text) = found else {
        return Some(Difference::of(WHOLE, "a text (S)", &kind(found)));
    };
    if text == expected.text() {
        return None;
    }
    let read = match expected.shape() {
        Shape::Object(_) => Json::read_object(text),
        _ => Json::read(text),
    };
    match read {
        Err(flaw) => Some(unreadable(&flaw, text)),
        Ok(found) if found.as_object().is_some() => objects(expected, &found, may_hold),
        Ok(found) => json_differs(expected, &found),
    }
}

/// What is missing in place of `expected`.
pub(super) fn missing(expected: &str) -> Difference {
    Difference::of(WHOLE, expected, MISSING)
}

/// `found` is there and must not be.
pub(super) fn unwanted(found: &Value) -> Difference {
    Difference::of(WHOLE, "no such attribute", &shown(found))
}

fn lists(expected: &[Json<'_>], found: &[Value]) -> Option<Difference> {
    let within = |(index, (one, another)): (usize, (&Json<'_>, &Value))| {
        value_differs(one, another).map(|difference| difference.within(&index.to_string()))
    };
    let pairs = expected.iter().zip(found).enumerate();
    pairs.filter_map(within).next().or_else(|| {
        let (count, there) = (expected.len(), found.len());
        (count != there).then(|| elements(count, there))
    })
}

/// A set has no order, and an element that a list holds twice once.
fn set(expected: &Json<'_>, list: &[Json<'_>], found: &Value) -> Option<Difference> {
    let is = |element: &Json<'_>, member: &str| match (element.shape(), found) {
        (Shape::Text(text), Value::Ss(_)) => text == member,
        (Shape::Number, Value::Ns(_)) => is_same_number(element.text(), member),
        _ => false,
    };
    let (Value::Ss(members) | Value::Ns(members)) = found else {
        return Some(Difference::of(WHOLE, expected.text(), &shown(found)));
    };
    let lacks = |element: &&Json<'_>| !members.iter().any(|member| is(element, member));
    let strange = |member: &&String| !list.iter().any(|element| is(element, member));
    let differs =
        list.iter().any(|element| lacks(&element)) || members.iter().any(|member| strange(&member));
    differs.then(|| Difference::of(WHOLE, expected.text(), &shown(found)))
}

fn maps(expected: &Json<'_>, found: &Value) -> Option<Difference> {
    let (Some(fields), Value::M(map)) = (expected.as_object(), found) else {
        return Some(Difference::of(WHOLE, expected.text(), &shown(found)));
    };
    for (name, value) in fields {
        let Some(there) = map.get(&**name) else {
            return Some(Difference::of(name, value.text(), MISSING));
        };
        if let Some(difference) = value_differs(value, there) {
            return Some(difference.within(name));
        }
    }
    let known = |name: &str| fields.iter().any(|(known, _)| known == name);
    let other = map.iter().find(|(name, _)| !known(name));
    other.map(|(name, value)| Difference::of(name, NO_FIELD, &shown(value)))
}

/// What was not taken apart is compared as its text, which no value has: it lies deeper than DynamoDB nests.
fn opaque(expected: &Json<'_>, found: &Value) -> Option<Difference> {
    Some(Difference::of(WHOLE, expected.text(), &shown(found)))
}

/// What type a value has, in words.
pub fn kind(value: &Value) -> String {
    let words = match value {
        Value::S(_) => "a text",
        Value::N(_) => "a number",
        Value::B(_) => "binary",
        Value::Bool(_) => "a truth value",
        Value::Null => "null",
        Value::M(_) => "a map",
        Value::L(_) => "a list",
        Value::Ss(_) => "a set of texts",
        Value::Ns(_) => "a set of numbers",
        Value::Bs(_) => "a set of binaries",
        Value::Unknown(_) => return "of a type this program does not know".into(),
    };
    format!("{words} ({})", value.type_name())
}

/// The beginning of a value as JSON writes it; binary in words.
pub fn shown(value: &Value) -> String {
    let mut out = String::new();
    write_shown(value, &mut out);
    out
}

fn write_shown(value: &Value, out: &mut String) {
    if out.len() > SHOWN_MAX {
        return;
    }
    match value {
        // Its beginning is enough: a row may hold 400 KB.
        Value::S(text) => write_text(&text.chars().take(SHOWN_MAX).collect::<String>(), out),
        Value::N(number) => out.push_str(number),
        Value::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Value::Null => out.push_str("null"),
        Value::L(elements) => between(out, ['[', ']'], elements.iter(), |element, out| {
            write_shown(element, out)
        }),
        Value::M(map) => between(out, ['{', '}'], map.iter(), |(name, value), out| {
            write_text(name, out);
            out.push_str(": ");
            write_shown(value, out);
        }),
        Value::Ss(texts) => between(out, ['[', ']'], texts.iter(), |text, out| {
            write_text(text, out)
        }),
        Value::Ns(numbers) => between(out, ['[', ']'], numbers.iter(), |number, out| {
            out.push_str(number)
        }),
        Value::B(_) | Value::Bs(_) | Value::Unknown(_) => out.push_str(&kind(value)),
    }
}

fn between<T>(
    out: &mut String,
    [open, close]: [char; 2],
    parts: impl Iterator<Item = T>,
    mut write: impl FnMut(T, &mut String),
) {
    out.push(open);
    for (index, part) in parts.enumerate() {
        if out.len() > SHOWN_MAX {
            break;
        }
        if index > 0 {
            out.push_str(", ");
        }
        write(part, out);
    }
    out.push(close);
}

fn quoted(text: &str) -> String {
    let mut out = String::new();
    write_text(text, &mut out);
    out
}

#[cfg(test)]
#[path = "value_tests.rs"]
mod tests;
