//! Which value of an order is its id: by its name, its type, and that it differs from order to order.

use super::kind::{is_ulid, is_uuid};
use crate::order::json_text::{Kind, Tree};

/// Where the id stands, and how ids of that kind are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FoundId {
    /// A JSON pointer.
    pub pointer: String,
    /// The last name in it.
    pub name: String,
    /// The value of `order.id`, as TOML.
    pub scheme: String,
}

/// The value that is most likely an order's id.
pub(super) fn find_id(documents: &[(&str, &Tree)]) -> Option<FoundId> {
    let (text, tree) = documents.first()?;
    let mut best: Option<(i32, String)> = None;
    tree.root.walk("", &mut |pointer, node| {
        let slice = &text[node.span.clone()];
        let fits = match node.kind {
            Kind::Text => slice.len() > 2,
            Kind::Plain => slice.bytes().all(|byte| byte.is_ascii_digit()),
            _ => false,
        };
        let steps: Vec<&str> = pointer.split('/').skip(1).collect();
        let in_list = steps.iter().any(|step| step.parse::<u32>().is_ok());
        if !fits || in_list || !differs(documents, pointer) {
            return;
        }
        let score = score(&steps, slice.trim_matches('"'));
        if score > 0 && best.as_ref().is_none_or(|(most, _)| score > *most) {
            best = Some((score, pointer.to_owned()));
        }
    });
    let (_, pointer) = best?;
    let slice = &text[tree.at(&pointer)?.span.clone()];
    let name = pointer.rsplit('/').next().unwrap_or_default();
    Some(FoundId {
        name: name.replace("~1", "/").replace("~0", "~"),
        scheme: scheme(slice),
        pointer,
    })
}

/// Whether no two documents have the same there.
fn differs(documents: &[(&str, &Tree)], pointer: &str) -> bool {
    let value =
        |(text, tree): &(&str, &Tree)| Some(text[tree.at(pointer)?.span.clone()].to_owned());
    let mut values: Vec<_> = documents.iter().filter_map(value).collect();
    let count = values.len();
    values.sort_unstable();
    values.dedup();
    values.len() == count
}

fn score(steps: &[&str], value: &str) -> i32 {
    let name: String = steps
        .last()
        .copied()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let name = name.replace(['_', '-'], "");
    let by_name = match name.as_str() {
        "orderid" => 100,
        "ordernumber" | "orderno" | "orderref" | "orderreference" => 95,
        "id" => 90,
        "uuid" | "key" | "reference" | "messageid" | "eventid" | "transactionid" | "requestid" => {
            60
        }
        name if name.ends_with("id") => 30,
        name if name.ends_with("ref") || name.ends_with("reference") => 25,
        _ => 0,
    };
    let by_type = if is_uuid(value) || is_ulid(value) {
        20
    } else {
        0
    };
    by_name + by_type - 12 * (steps.len() as i32 - 1)
}

/// How ids that look like this one are made.
fn scheme(slice: &str) -> String {
    let value = slice.trim_matches('"');
    if !slice.starts_with('"') {
        return "\"number\"".into();
    }
    if is_uuid(value) {
        return "\"uuid\"".into();
    }
    if is_ulid(value) {
        return "\"ulid\"".into();
    }
    let letters: String = value
        .chars()
        .take_while(char::is_ascii_alphabetic)
        .take(20)
        .collect();
    let prefix = if letters.is_empty() { "T" } else { &letters };
    format!("\"{prefix}-{{{{run}}}}-{{{{n:09}}}}\"")
}
