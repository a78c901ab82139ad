//! What an order leaves before it is seen: rows by their keys, rows that are there before, and what it adds to counters.

use super::OrderPlan;
use super::amount::Amount;
use super::ends::Ends;
use super::expect::{Expect, Known};
use super::json::Json;
use super::leaves::{Slot, slot};
use super::locate::counter_key;
use super::row::key_of;
use super::spec::KeyType;
use super::values::Values;
use crate::records::{Item, Value};

/// A row that an order leaves at an end, by its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedRow {
    /// The table.
    pub table: String,
    /// The key.
    pub key: Item,
    /// The slot it fills.
    pub slot: Slot,
}

/// What one order is, as far as comparing needs it.
pub(super) struct Facts<'m> {
    pub values: Values<'m>,
    pub document: Option<String>,
}

impl OrderPlan {
    pub(super) fn facts(&self, k: u64) -> Facts<'_> {
        Facts {
            values: self.values(k),
            document: self.order_json(k),
        }
    }

    /// The rows that order `k` leaves at any of its ends and whose keys are known before it is there, each once.
    /// `message_id` is what the queue calls its message, where that is known and a key holds it.
    pub fn expected_rows(&self, k: u64, message_id: Option<String>) -> Vec<ExpectedRow> {
        let ends = self.ends();
        let mut facts = self.facts(k);
        if let Some(id) = message_id {
            facts.values.set_message_id(id);
        }
        let document = facts
            .document
            .as_deref()
            .and_then(|text| Json::read(text).ok());
        let counts = self.slots_of(k);
        let mut rows: Vec<ExpectedRow> = Vec::new();
        for (leaf, row) in ends.leaves.iter().enumerate() {
            let Some(row) = row.row().filter(|row| !row.is_made_up()) else {
                continue;
            };
            for at in 0..counts[leaf] {
                let known = Known {
                    values: &facts.values,
                    order: document.as_ref(),
                    at,
                };
                if let Some(key) = key_of(&row.key, known) {
                    rows.push(ExpectedRow {
                        table: row.table.clone(),
                        key,
                        slot: slot(leaf, at),
                    });
                }
            }
        }
        rows
    }

    /// The rows that are there before order `k` is sent, by table.
    pub fn rows_before(&self, k: u64) -> Vec<(String, Item)> {
        let ends = self.ends();
        let without = |kind: usize| self.model.spec().bad[kind].without_before;
        if ends.before.is_empty() || self.kind(k).is_some_and(without) {
            return Vec::new();
        }
        let facts = self.facts(k);
        let document = facts
            .document
            .as_deref()
            .and_then(|text| Json::read(text).ok());
        let known = Known {
            values: &facts.values,
            order: document.as_ref(),
            at: 0,
        };
        let item = |row: &[(String, Expect)]| {
            let attribute =
                |(name, expect): &(String, Expect)| Some((name.clone(), expect.value(known)?));
            row.iter().filter_map(attribute).collect::<Item>()
        };
        let rows = ends.before.iter();
        rows.map(|before| {
            (
                before.table.clone(),
                with_key_types(item(&before.row), before, ends),
            )
        })
        .collect()
    }

    /// What a counter holds.
    pub fn counted<'i>(&self, sum: usize, item: &'i Item) -> Option<&'i Value> {
        item.get(&self.ends().sums.get(sum)?.attribute)
    }

    /// Which counter of a sum order `k` adds to, and what; `None` when that is not a number that can be added.
    pub fn adds(&self, sum: usize, k: u64) -> (String, Option<Amount>) {
        let ends = self.ends();
        let Some(sum) = ends.sums.get(sum) else {
            return (String::new(), None);
        };
        let values = self.values(k);
        let text = sum.of.as_ref().and_then(|_| self.order_json(k));
        let document = text.as_deref().and_then(|text| Json::read(text).ok());
        let known = Known {
            values: &values,
            order: document.as_ref(),
            at: 0,
        };
        let amount = match &sum.of {
            None => Some(Amount::ONE),
            Some(of) => {
                let found = document.as_ref().and_then(|order| order.at(of, 0));
                found.and_then(Json::plain).and_then(Amount::parse)
            }
        };
        let key = key_of(&sum.key, known).unwrap_or_default();
        let key = match ends.tables.get(&sum.table) {
            Some(table) => counter_key(table, &key),
            None => String::new(),
        };
        (key, amount)
    }
}

/// A key attribute that is a number is one in a row that is written, however its template says it.
fn with_key_types(mut item: Item, before: &super::ends::BeforeRow, ends: &Ends) -> Item {
    let key = ends
        .tables
        .get(&before.table)
        .map_or(&[][..], |table| &table.key);
    for (name, kind) in key {
        if *kind == KeyType::N
            && let Some(Value::S(text)) = item.get(name)
        {
            let number = Value::N(text.clone());
            item.insert(name.clone(), number);
        }
    }
    item
}
