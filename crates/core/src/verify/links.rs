//! Rows that are found by another row: a key that is an attribute of a row whose key the consumer made up.

use std::collections::{BTreeMap, HashMap};

use super::collector::hash_of;
use crate::order::{OrderPlan, excerpt};
use crate::records::{Item, Value};

/// Rows that wait for the one they belong to; more are nobody's.
const WAITING_MAX: usize = 1_000_000;

/// Whose row holds what, for the attributes by which others are found. Some 20 bytes for each row.
pub(super) struct Links {
    attributes: Vec<String>,
    owners: HashMap<u64, u32>,
    waiting: BTreeMap<u64, Vec<Waiting>>,
    count: usize,
    /// Rows that there was no room for.
    lost: u64,
}

struct Waiting {
    leaf: usize,
    table: String,
    item: Item,
    link: String,
}

impl Links {
    pub(super) fn new(plan: &OrderPlan) -> Self {
        Self {
            attributes: plan
                .linked_attributes()
                .into_iter()
                .map(str::to_owned)
                .collect(),
            owners: HashMap::new(),
            waiting: BTreeMap::new(),
            count: 0,
            lost: 0,
        }
    }

    /// Whether no row is found by another one.
    pub(super) fn are_none(&self) -> bool {
        self.attributes.is_empty()
    }

    /// The order whose row holds this text in this attribute, as far as it was seen.
    pub(super) fn owner(&self, attribute: &str, text: &str) -> Option<u32> {
        self.owners.get(&hash_of(&(attribute, text))).copied()
    }

    /// Keeps a row until the one it belongs to is seen.
    pub(super) fn wait(
        &mut self,
        attribute: &str,
        text: &str,
        table: &str,
        leaf: usize,
        item: &Item,
    ) {
        if self.count >= WAITING_MAX {
            self.lost += 1;
            return;
        }
        self.count += 1;
        let waiting = Waiting {
            leaf,
            table: table.to_owned(),
            item: item.clone(),
            link: excerpt(text),
        };
        self.waiting
            .entry(hash_of(&(attribute, text)))
            .or_default()
            .push(waiting);
    }

    /// Takes in a row of order `k`; gives the rows that waited for it, each with its leaf and table.
    pub(super) fn found(&mut self, k: u32, item: &Item) -> Vec<(usize, Item, String)> {
        let mut found = Vec::new();
        for attribute in &self.attributes {
            let Some(Value::S(text) | Value::N(text)) = item.get(attribute) else {
                continue;
            };
            let hash = hash_of(&(attribute.as_str(), text.as_str()));
            self.owners.entry(hash).or_insert(k);
            let waited = self.waiting.remove(&hash).unwrap_or_default();
            self.count -= waited.len();
            found.extend(
                waited
                    .into_iter()
                    .map(|one| (one.leaf, one.item, one.table)),
            );
        }
        found
    }

    /// The rows whose other row was not seen, in words.
    pub(super) fn waiting(&self) -> impl Iterator<Item = String> {
        let waiting = self.waiting.values().flatten();
        let named = waiting.map(|one| format!("{} of {}", one.link, excerpt(&one.table)));
        let lost =
            (0..self.lost).map(|_| "one of too many whose other row was not seen".to_owned());
        named.chain(lost)
    }
}
