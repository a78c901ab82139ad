//! `[[bad]]`: kinds of bad orders.

use super::super::section::Section;
use super::super::units::parse_percent;
use super::fields::{number, read_fields};
use super::message::read_json_table;
use super::{ReadFile, texts};
use crate::order::spec::{BadKind, DEAD_LETTER};

/// Reads the kinds.
pub(super) fn read_bad(sections: Vec<Section<'_>>, files: ReadFile<'_>) -> Vec<BadKind> {
    let each = |(at, section)| read_kind(at, section, files);
    sections.into_iter().enumerate().map(each).collect()
}

fn read_kind(at: usize, mut section: Section<'_>, files: ReadFile<'_>) -> BadKind {
    let plain = |text: &str| Ok(text.to_owned());
    let name = section.text(
        "name",
        "write what is wrong with them, in a few words",
        |text| {
            let fits =
                (1..=60).contains(&text.chars().count()) && !text.chars().any(char::is_control);
            match fits {
                true => Ok(text.to_owned()),
                false => Err(format!("{text:?} is not a name")),
            }
        },
    );
    let weight = section.read("weight", "write a number: weight = 2", number);
    let end = section.text("end", "name the end these orders belong to", plain);
    let set = read_json_table(section.section("set"));
    let hint = "write JSON pointers: remove = [\"/email\"]";
    let remove = section.read("remove", hint, texts).unwrap_or_default();
    let fields = read_fields(section.section("fields"), files);
    let hint = "write the share of the message that is left: cut = \"50%\"";
    let cut = section.text("cut", hint, parse_percent);
    let body = section.text("body", "write another body, a template", plain);
    let hint = "write names of message attributes: without = [\"tenant\"]";
    let without = section.read("without", hint, texts).unwrap_or_default();
    let without_before = section.boolean("without_before", false);
    section.finish();
    BadKind {
        name: name.unwrap_or_else(|| format!("bad {}", at + 1)),
        weight: weight.unwrap_or(1.0),
        end: end.unwrap_or_else(|| DEAD_LETTER.to_owned()),
        set,
        remove,
        fields,
        cut,
        body,
        without,
        without_before,
    }
}
