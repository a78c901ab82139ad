//! The page: a table for each table of a scenario.

use std::fmt::Write;

use super::super::asked::{Asked, Kind, span};
use super::super::{FaultKind, FaultPlace};
use super::{Key, asked, parts};

/// Characters of an example, beyond which it is cut.
const EXAMPLE_MAX: usize = 72;

/// Choices that stand in a cell.
const CHOICES_MAX: usize = 6;

const HEAD: &str = "# Scenario reference

Every key of a scenario. This page is generated from the code that reads scenarios: do not edit it.
`ORDERPROOF_WRITE_REFERENCE=1 cargo test -p orderproof-core reference` writes it again.

- A duration is a text such as `\"250ms\"`, `\"20s\"` or `\"1m30s\"`.
- A rate is a text such as `\"200/s\"` or `\"12000/min\"`, or a multiple of the phase named `baseline`: `\"5x\"`.
- A share is a text such as `\"10%\"`.
- A template is a text with placeholders such as `{{id}}`: [placeholders](orders.md#placeholders).
- A JSON pointer names a place in a document: `/lines/0/sku`, or `/` for all of it.

Every value can be replaced on the command line, such as `--set pipeline.visibility_timeout=5s` or
`--set phase.spike.rate=8x`. An unknown key is an error.
Editors can complete keys and show what they mean: [in an editor](scenarios.md#in-an-editor).
";

/// The text of `docs/scenario-reference.md`.
pub fn reference() -> String {
    let asked = asked();
    let mut page = HEAD.to_owned();
    for part in parts() {
        let head = match part.path().as_str() {
            "" => "The top of the file".to_owned(),
            _ => format!("`{}`", part.head),
        };
        let _ = write!(page, "\n## {head}\n\n{}\n\n", part.about);
        page += "| key | takes | default | meaning | example |\n|---|---|---|---|---|\n";
        for key in &part.keys {
            let Some(found) = asked.get(&part.at(&key.name)) else {
                continue;
            };
            let usual = usual(found, key.default.as_deref());
            let cells = [takes(key, found), usual, key.means.clone(), example(found)];
            let cells = cells.map(|cell| cell.replace('|', "\\|"));
            let _ = writeln!(page, "| `{}` | {} |", key.name, cells.join(" | "));
        }
        if part.head == "[[fault]]" {
            page += &kinds();
        }
    }
    page
}

/// What a key takes, in the words of the reader's own errors where it is nothing simple.
fn takes(key: &Key, asked: &Asked) -> String {
    match &asked.kind {
        _ if key.takes.is_some() => key.takes.clone().unwrap_or_default(),
        Kind::Duration { least, most } => {
            format!("duration, `{}` to `{}`", span(*least), span(*most))
        }
        Kind::Integer { least, most } if *most > 1 << 40 => {
            format!("whole number, {least} or more")
        }
        Kind::Integer { least, most } => format!("whole number, {least} to {most}"),
        Kind::Share => "share".into(),
        Kind::Boolean => "`true` or `false`".into(),
        Kind::Choice(names) if names.len() > CHOICES_MAX => "a name, see below".into(),
        Kind::Choice(names) => {
            let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
            names.join(", ")
        }
        Kind::Table | Kind::Tables => "table".into(),
        Kind::Text | Kind::Texts | Kind::Value => words(&asked.hint).to_owned(),
    }
}

/// A hint without the call to follow it, and without the example, which has a column of its own.
fn words(hint: &str) -> &str {
    let calls = ["write ", "name "];
    let hint = calls
        .iter()
        .find_map(|call| hint.strip_prefix(call))
        .unwrap_or(hint);
    match hint.split_once(": ") {
        Some((words, _)) if !words.contains(['"', '{']) => words,
        _ => hint,
    }
}

fn usual(asked: &Asked, said: Option<&str>) -> String {
    match (said, &asked.default) {
        (Some(said), _) if said.starts_with(['"', '[']) && !said.contains(", ") => code(said),
        (Some(said), _) if said.parse::<f64>().is_ok() => code(said),
        (Some(said), _) => said.to_owned(),
        (None, Some(usual)) => code(usual),
        (None, None) => "none".into(),
    }
}

fn code(text: &str) -> String {
    format!("`{text}`")
}

fn example(asked: &Asked) -> String {
    let Some(value) = &asked.value else {
        return String::new();
    };
    let text = value.to_string();
    match text.char_indices().nth(EXAMPLE_MAX) {
        Some((end, _)) => code(&format!("{} ...", &text[..end])),
        None => code(&text),
    }
}

/// The kinds of faults.
fn kinds() -> String {
    let mut table = "\nThe kinds, along the way that an order takes:\n\n| where | kind | what it does | needs `delay` |\n|---|---|---|---|\n"
        .to_owned();
    for kind in FaultKind::ALL {
        let delay = if kind.takes_delay() { "yes" } else { "" };
        let _ = writeln!(
            table,
            "| {} | `{}` | {} | {delay} |",
            place(kind.place()),
            kind.as_str(),
            kind.meaning()
        );
    }
    table
}

fn place(place: FaultPlace) -> &'static str {
    match place {
        FaultPlace::Wire => "between sender and queue",
        FaultPlace::Door => "topic, bus or server",
        FaultPlace::Queue => "orders queue",
        FaultPlace::Function => "mapping, function",
        FaultPlace::Table => "table",
        FaultPlace::DeadLetters => "dead-letter queue",
        FaultPlace::Harness => "this program, its machine",
    }
}
