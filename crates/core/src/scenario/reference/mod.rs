//! The reference of scenarios: every key that the reader asks for, what it takes, what is meant without it, an example.
//!
//! What the reader does is noted while it reads the specimens here ([`super::asked`]); what a key means is in
//! `meanings.toml`. The page `docs/scenario-reference.md` and the JSON Schema for editors are made of both.

mod page;
mod schema;
#[cfg(test)]
mod schema_tests;
#[cfg(test)]
mod tests;

pub use page::reference;
pub use schema::schema;

use std::collections::BTreeMap;

use toml::{Table, Value};

use super::asked::{Asked, Kind};
use super::file::asked_for;

/// Scenarios that together have every key.
const SPECIMENS: [&str; 5] = [
    include_str!("specimen-own.toml"),
    include_str!("specimen-server.toml"),
    include_str!("specimen-fifo.toml"),
    include_str!("specimen-bus.toml"),
    include_str!("specimen-envelope.toml"),
];

const MEANINGS: &str = include_str!("meanings.toml");

/// A table of scenarios: its head as it is written, and what it is for.
struct Part {
    head: String,
    about: String,
    keys: Vec<Key>,
}

/// A key of a table.
struct Key {
    name: String,
    means: String,
    /// Where the words of the reader's errors are not enough.
    takes: Option<String>,
    /// Of a key that the reader gives no default at once.
    default: Option<String>,
}

impl Part {
    /// Where its keys stand: `phase[]` of `[[phase]]`, nothing at the top.
    fn path(&self) -> String {
        let within = |open, close| self.head.strip_prefix(open)?.strip_suffix(close);
        match (within("[[", "]]"), within("[", "]")) {
            (Some(path), _) => format!("{path}[]"),
            (None, Some(path)) => path.to_owned(),
            (None, None) => String::new(),
        }
    }

    /// Where `key` of it stands.
    fn at(&self, key: &str) -> String {
        match self.path().as_str() {
            "" => key.to_owned(),
            path => format!("{path}.{key}"),
        }
    }
}

/// The tables with the meanings of their keys, in the order of the page.
fn parts() -> Vec<Part> {
    let table: Table = MEANINGS.parse().expect("meanings.toml");
    table.into_iter().map(read_part).collect()
}

fn read_part((head, keys): (String, Value)) -> Part {
    let Value::Table(mut keys) = keys else {
        panic!("meanings.toml: {head} is not a table")
    };
    let about = keys.remove("").expect("what the table is for");
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let read = |(name, value): (String, Value)| Key {
        means: text(Some(value.get("means").unwrap_or(&value))).expect("a meaning"),
        takes: text(value.get("takes")),
        default: text(value.get("default")),
        name,
    };
    Part {
        head,
        about: text(Some(&about)).expect("a text"),
        keys: keys.into_iter().map(read).collect(),
    }
}

/// Every key that the reader asks for, by where it stands: `ends.NAME.rows[].table`.
fn asked() -> BTreeMap<String, Asked> {
    let mut keys = BTreeMap::new();
    for specimen in SPECIMENS {
        for asked in asked_for(specimen, &files).0 {
            note(&mut keys, asked);
        }
    }
    // Further functions take the same keys, and their mappings too.
    let again = |path: &str| {
        let key = path.strip_prefix("processors.NAME.");
        key.is_some_and(|key| key.contains('.') || keys.contains_key(&format!("processor.{key}")))
    };
    let twice: Vec<String> = keys.keys().filter(|path| again(path)).cloned().collect();
    for path in twice {
        keys.remove(&path);
    }
    keys
}

/// The most exact of what was asked for one key counts, with the first example.
fn note(keys: &mut BTreeMap<String, Asked>, mut asked: Asked) {
    let path = place(&asked.path);
    if let Some(known) = keys.get(&path) {
        if exactness(known) >= exactness(&asked) {
            asked.kind = known.kind.clone();
            asked.hint.clone_from(&known.hint);
            asked.default.clone_from(&known.default);
        }
        asked.value = known.value.clone().or(asked.value);
    }
    keys.insert(path, asked);
}

fn exactness(asked: &Asked) -> usize {
    match asked.kind {
        Kind::Value if asked.hint.is_empty() => 0,
        Kind::Value => 1,
        Kind::Text => 2,
        _ => 3,
    }
}

/// Where a key stands, whatever names and numbers are on the way to it.
fn place(path: &str) -> String {
    let mut parts: Vec<&str> = path.split('.').collect();
    if matches!(parts[0], "ends" | "processors") && parts.len() > 1 {
        parts[1] = "NAME";
    }
    let inner = (0..parts.len().saturating_sub(1)).rev();
    if let Some(at) = inner.into_iter().find(|at| parts[*at] == "fields") {
        parts.splice(..at + 2, ["order", "fields", "NAME"]);
    }
    let bare = |part: &str| match part.split_once('[') {
        Some((name, _)) => format!("{name}[]"),
        None => part.to_owned(),
    };
    parts.into_iter().map(bare).collect::<Vec<_>>().join(".")
}

/// The files that specimens name.
fn files(name: &str) -> Result<String, String> {
    match name {
        "customers.csv" => Ok("email\nada@example.com\nben@example.com\n".into()),
        "body.json" => Ok("{\"orderId\": \"{{id}}\", \"customer\": {{customer}}}".into()),
        "sample.jsonl" => Ok("{\"id\": 1, \"mail\": \"me@example.com\"}\n".into()),
        _ => Err(format!("{name}: there is no such file")),
    }
}
