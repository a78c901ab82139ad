//! `[order.fields]`: what differs from order to order, and how it is drawn.

use std::collections::BTreeMap;

use toml::Value;

use super::super::section::Section;
use super::super::units::parse_percent;
use super::data::read_data;
use super::json::{decimal_of, json_of};
use super::{ReadFile, wrong};
use crate::order::spec::{Field, Take, TimeFormat};

const KINDS: &str = "write one of { pick = [\"A1\", \"B2\"] }, { integer = [1, 5] }, { decimal = [0.01, 99.99], places = 2 }, \
{ true = \"10%\" }, { text = { p50 = 100, p99 = 20_000 } }, { time = \"rfc3339\" }, { new = \"uuid\" }, \
{ list = [1, 12], of = '...', fields = {...} }, { data = \"customers.csv\", take = \"random\" }";

/// Reads a table of fields.
pub(super) fn read_fields(
    mut section: Section<'_>,
    files: ReadFile<'_>,
) -> BTreeMap<String, Field> {
    let mut fields = BTreeMap::new();
    for (name, value) in section.entries() {
        let key = section.named(name);
        let Value::Table(table) = value else {
            let rule = format!("must be a table, found {}", value.type_str());
            section.push(wrong(key, rule, KINDS));
            continue;
        };
        let inner = section.within(name, table);
        fields.extend(read_field(inner, files).map(|field| (name.clone(), field)));
    }
    fields
}

fn read_field(mut section: Section<'_>, files: ReadFile<'_>) -> Option<Field> {
    type Read = fn(&mut Section<'_>, ReadFile<'_>) -> Option<Field>;
    let kinds: [(&'static str, Read); 9] = [
        ("pick", |section, _| pick(section)),
        ("integer", |section, _| integer(section)),
        ("decimal", |section, _| decimal(section)),
        ("true", |section, _| flag(section)),
        ("text", |section, _| text(section)),
        ("time", |section, _| time(section)),
        ("new", |section, _| new(section)),
        ("list", list),
        ("data", data),
    ];
    let there: Vec<_> = kinds.iter().filter(|(key, _)| section.has(key)).collect();
    let field = match there.as_slice() {
        [(_, read)] => read(&mut section, files),
        [] => {
            section.all("does not say how it is drawn", KINDS);
            return None;
        }
        [(one, _), (other, _), ..] => {
            section.all(
                format!("is drawn as `{one}` and as `{other}`"),
                "leave one of them out",
            );
            return None;
        }
    };
    section.finish();
    field
}

fn pick(section: &mut Section<'_>) -> Option<Field> {
    let values = section.read("pick", "write the values to pick from", |value| {
        let wrong = || format!("must be a list, found {}", value.type_str());
        let items = value.as_array().ok_or_else(wrong)?;
        items.iter().map(json_of).collect::<Result<Vec<_>, _>>()
    });
    let hint = "write a number for each value: weights = [9, 1]";
    let weights = section.read("weights", hint, |value| {
        let wrong = || format!("must be a list of numbers, found {}", value.type_str());
        let items = value.as_array().ok_or_else(wrong)?;
        items.iter().map(number).collect::<Result<Vec<_>, _>>()
    });
    Some(Field::Pick {
        values: values?,
        weights: weights.unwrap_or_default(),
    })
}

/// A number, whole or not.
pub(super) fn number(value: &Value) -> Result<f64, String> {
    match value {
        Value::Integer(number) => Ok(*number as f64),
        Value::Float(number) => Ok(*number),
        other => Err(format!("{other} is not a number")),
    }
}

/// Both ends of a range.
fn both<T>(
    section: &mut Section<'_>,
    key: &'static str,
    hint: &str,
    read: fn(&Value) -> Result<T, String>,
) -> Option<(T, T)> {
    section.read(key, hint, |value| match value.as_array() {
        Some(ends) => match ends.as_slice() {
            [least, most] => Ok((read(least)?, read(most)?)),
            ends => Err(format!("has {} ends", ends.len())),
        },
        None => Err(format!("must be a list of two, found {}", value.type_str())),
    })
}

fn whole(value: &Value) -> Result<i64, String> {
    value
        .as_integer()
        .ok_or_else(|| format!("must hold whole numbers, found {}", value.type_str()))
}

fn integer(section: &mut Section<'_>) -> Option<Field> {
    let hint = "write the least and the most: { integer = [1, 5] }";
    let (least, most) = both(section, "integer", hint, whole)?;
    Some(Field::Integer { least, most })
}

fn decimal(section: &mut Section<'_>) -> Option<Field> {
    let hint = "write the least and the most: { decimal = [0.01, 99.99], places = 2 }";
    let ends = both(section, "decimal", hint, decimal_of);
    let places = section.integer("places", 2, 0, 15) as u8;
    let (least, most) = ends?;
    Some(Field::Decimal {
        least,
        most,
        places,
    })
}

fn flag(section: &mut Section<'_>) -> Option<Field> {
    let hint = "write the share of true ones: { true = \"10%\" }";
    section.text("true", hint, parse_percent).map(Field::True)
}

fn text(section: &mut Section<'_>) -> Option<Field> {
    let mut lengths = section.section("text");
    let p50 = lengths.integer("p50", 100, 1, 1 << 20) as u32;
    let p99 = lengths.integer("p99", u64::from(p50), 1, 1 << 20) as u32;
    lengths.finish();
    Some(Field::Text { p50, p99 })
}

fn time(section: &mut Section<'_>) -> Option<Field> {
    let choices = [
        ("rfc3339", TimeFormat::Rfc3339),
        ("unix", TimeFormat::Unix),
        ("unix_ms", TimeFormat::UnixMs),
        ("date", TimeFormat::Date),
    ];
    let format = section.choice("time", TimeFormat::Rfc3339, &choices);
    Some(Field::Time(format))
}

fn new(section: &mut Section<'_>) -> Option<Field> {
    section.choice("new", (), &[("uuid", ())]);
    Some(Field::NewUuid)
}

fn list(section: &mut Section<'_>, files: ReadFile<'_>) -> Option<Field> {
    let hint = "write the least and the most elements: { list = [1, 12], of = '...' }";
    let counts = both(section, "list", hint, |value| {
        let number = whole(value)?;
        u32::try_from(number).map_err(|_| format!("{number} is not a number of elements"))
    });
    let of = section.required("of", "write an element: of = '{\"sku\": \"{{sku}}\"}'");
    let fields = read_fields(section.section("fields"), files);
    let (least, most) = counts?;
    Some(Field::List {
        least,
        most,
        of: of?,
        fields,
    })
}

fn data(section: &mut Section<'_>, files: ReadFile<'_>) -> Option<Field> {
    let take = read_take(section);
    let hint = "name a CSV file beside the scenario, its first line the names of the columns";
    section.text("data", hint, |name| {
        let text = files(name)?;
        read_data(&text, take).map_err(|wrong| format!("{name}: {wrong}"))
    })
}

/// Which row of a file an order takes.
pub(super) fn read_take(section: &mut Section<'_>) -> Take {
    let choices = [
        ("random", Take::Random),
        ("in turn", Take::InTurn),
        ("once", Take::Once),
    ];
    section.choice("take", Take::Random, &choices)
}
