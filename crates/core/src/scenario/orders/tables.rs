//! The keys of the tables: as `[pipeline] tables` says them, or as the ends of orders write them.

use std::collections::BTreeMap;

use toml::{Table, Value};

use super::super::section::Section;
use crate::order::spec::{Key, KeyAttribute, KeyType, OrderSpec, RowSpec};

const HINT: &str = "write the key's attributes with their types, S, N or B: tables = { orders = \"orderId S, date S\" }";

/// The key of every table that the scenario names.
pub(super) fn read_tables(
    pipeline: &mut Section<'_>,
    order: &OrderSpec,
    file: &mut Section<'_>,
) -> BTreeMap<String, Key> {
    let said = pipeline.read("tables", HINT, |value| {
        let wrong = || format!("must be a table of texts, found {}", value.type_str());
        let table = value.as_table().ok_or_else(wrong)?;
        let key = |(name, value): (&String, &Value)| match value.as_str() {
            Some(text) => Ok((
                name.clone(),
                read_key(text).map_err(|rule| format!("`{name}`: {rule}"))?,
            )),
            None => Err(format!(
                "`{name}` must be a text, found {}",
                value.type_str()
            )),
        };
        table.iter().map(key).collect::<Result<BTreeMap<_, _>, _>>()
    });
    // A table of the lab's order has its key, where its end is the lab's.
    let of_lab = order.tables.iter().filter(|(name, _)| {
        let rows = order.ends.values().flat_map(|end| &end.rows);
        let of_lab = super::LAB.ends.values().flat_map(|end| &end.rows);
        let of_lab: Vec<_> = of_lab.filter(|row| row.table == **name).collect();
        // A stamp beside what the lab's row says is not its key's business.
        let plain = |row: &RowSpec| RowSpec {
            ordered_by: None,
            ..row.clone()
        };
        rows.into_iter().any(|row| of_lab.contains(&&plain(row)))
    });
    let mut tables: BTreeMap<String, Key> = of_lab
        .map(|(name, key)| (name.clone(), key.clone()))
        .collect();
    for (name, key) in written(file) {
        tables.entry(name).or_insert(key);
    }
    tables.extend(said.unwrap_or_default());
    tables
}

/// A key as a text: `orderId S, date N`.
fn read_key(text: &str) -> Result<Key, String> {
    let mut attributes = text.split(',').map(read_attribute);
    let partition = attributes.next().ok_or("names no attribute")??;
    let sort = attributes.next().transpose()?;
    match attributes.next() {
        Some(_) => Err("a key has at most two attributes".into()),
        None => Ok(Key { partition, sort }),
    }
}

fn read_attribute(text: &str) -> Result<KeyAttribute, String> {
    let wrong = || format!("{text:?} is not an attribute with its type");
    let (name, kind) = text.trim().rsplit_once(' ').ok_or_else(wrong)?;
    let kind = match kind {
        "S" => KeyType::S,
        "N" => KeyType::N,
        "B" => KeyType::B,
        _ => return Err(wrong()),
    };
    Ok(KeyAttribute {
        name: name.trim().to_owned(),
        kind,
    })
}

/// The keys of rows and sums, in the order in which their attributes are written; texts.
fn written(file: &mut Section<'_>) -> Vec<(String, Key)> {
    let tables = |value: Option<&Value>| -> Vec<Table> {
        let items = value.and_then(Value::as_array).into_iter().flatten();
        items.filter_map(|item| item.as_table().cloned()).collect()
    };
    let mut all = Vec::new();
    let ends = file.peek("ends").and_then(Value::as_table);
    for end in ends.into_iter().flat_map(|ends| ends.values()) {
        all.extend(tables(end.get("rows")));
    }
    all.extend(tables(file.peek("sums")));
    all.iter().filter_map(key_of).collect()
}

fn key_of(row: &Table) -> Option<(String, Key)> {
    let table = row.get("table")?.as_str()?;
    let mut names = row.get("key")?.as_table()?.keys().map(|name| KeyAttribute {
        name: name.clone(),
        kind: KeyType::S,
    });
    let partition = names.next()?;
    let sort = names.next();
    Some((table.to_owned(), Key { partition, sort }))
}
