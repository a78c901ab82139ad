//! The slots that orders may fill: the rows and letters of all ends, in the order in which they are counted.

use std::collections::BTreeSet;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use super::ends::{BeforeRow, Ends, Leaf, RowLeaf, Table};
use super::json::Json;
use super::row::elements_of;
use super::spec::{DEAD_LETTER, STORED};
use super::{Model, OrderPlan};
use crate::records::{Item, Value, instant_us};

/// The most elements of a list that can have a row each.
pub const ELEMENTS_MAX: u32 = 1 << 16;

/// One place that an order may fill: a row template or a letter of an end, and the element where it is for each of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Slot {
    /// Which row template or letter, counted through all ends.
    pub leaf: u32,
    /// Which element.
    pub at: u32,
}

/// What is the same for every order of a leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeafInfo<'a> {
    /// Its end, counted as [`OrderPlan::end_names`] does.
    pub end: usize,
    /// The table of a row; `None` for a letter.
    pub table: Option<&'a str>,
    /// The queue of a letter; `None` for a row, and for the pipeline's dead-letter queue.
    pub queue: Option<&'a str>,
    /// Its key is made up by the consumer.
    pub is_made_up: bool,
    /// Its key holds the id of the order's message.
    pub names_message: bool,
    /// There is one for each element of a list.
    pub is_for_each: bool,
    /// Its content is the order's content: one that differs from that of any other such leaf is one too many.
    pub is_whole: bool,
}

impl Model {
    /// The tables in which orders of an earlier run with the same run id cannot be looked up by key, so that all of their
    /// rows have to be read: keys that depend on more than run and sequence number (a ULID holds the instant its order is
    /// due, fields depend on the seed), that the consumer makes up, or that are counters'.
    ///
    /// A row that another row or a message's id tells the order of is nothing to look for: it is this run's only beside
    /// that row, or under an id that no other message gets.
    pub fn tables_to_read_whole(&self) -> BTreeSet<&str> {
        let ends = self.ends();
        let is_looked_up = |row: &RowLeaf| row.has_key_of_the_id(&self.scheme);
        let is_looked_for = |row: &RowLeaf| {
            row.id_at.is_some() || row.key.iter().any(|part| part.template.tells_order())
        };
        let needs_all = |table: &Table| {
            let rows = || {
                table
                    .rows
                    .iter()
                    .filter_map(|&leaf| ends.leaves[leaf].row())
            };
            let before = || table.before.iter().map(|&before| &ends.before[before]);
            let hidden = |row: &RowLeaf| is_looked_for(row) && !is_looked_up(row);
            let hidden_before = |before: &BeforeRow| {
                let mut key = before.key.iter();
                !key.all(|part| part.template.is_of_the_id(&self.scheme))
            };
            !table.sums.is_empty()
                || rows().any(hidden)
                || before().any(hidden_before)
                || before().next().is_some() && !rows().any(is_looked_up)
        };
        let tables = ends.tables.iter().filter(|(_, table)| needs_all(table));
        tables.map(|(name, _)| name.as_str()).collect()
    }

    /// The tables with rows whose keys are the consumer's own, which only a scan finds.
    pub fn made_up_tables(&self) -> BTreeSet<&str> {
        let rows = self.ends().leaves.iter().filter_map(Leaf::row);
        rows.filter(|row| row.is_made_up())
            .map(|row| row.table.as_str())
            .collect()
    }
}

impl OrderPlan {
    pub(super) fn ends(&self) -> &Ends {
        self.model.ends()
    }

    /// The names of the ends, in the order in which leaves count through them.
    pub fn end_names(&self) -> impl Iterator<Item = &str> {
        self.ends().ends.iter().map(|end| end.name.as_str())
    }

    /// The row templates and letters of all ends, in the order in which slots count them.
    pub fn leaves(&self) -> impl Iterator<Item = LeafInfo<'_>> {
        self.ends().leaves.iter().map(|leaf| LeafInfo {
            end: leaf.end,
            table: leaf.row().map(|row| row.table.as_str()),
            queue: leaf.letter().and_then(|letter| letter.queue.as_deref()),
            is_made_up: leaf.row().is_some_and(RowLeaf::is_made_up),
            names_message: leaf.row().is_some_and(RowLeaf::names_message),
            is_for_each: leaf.row().is_some_and(|row| row.each.is_some()),
            is_whole: leaf.is_whole,
        })
    }

    /// The row template of `stored` that says when an order was stored.
    pub fn timed_by(&self) -> Option<u32> {
        let end = self.ends().end(STORED)?;
        self.ends().ends[end]
            .timed_by
            .and_then(|leaf| u32::try_from(leaf).ok())
    }

    /// The row template of `stored` that says how often an order was received.
    pub fn counted_by(&self) -> Option<u32> {
        let end = self.ends().end(STORED)?;
        self.ends().ends[end]
            .counted_by
            .and_then(|leaf| u32::try_from(leaf).ok())
    }

    /// When a row was stored, as it says itself: microseconds since the Unix epoch.
    pub fn stored_at_us(&self, leaf: u32, item: &Item) -> Option<u64> {
        let at = self.row_leaf(leaf)?.stored_at.as_ref()?;
        instant_us(item.get(&at.attribute)?, at.unit)
    }

    /// When a row of a table was stored, as it says itself in the way of any row template of the table.
    pub fn row_stored_at_us(&self, table: &str, item: &Item) -> Option<u64> {
        let leaves = &self.ends().tables.get(table)?.rows;
        leaves
            .iter()
            .find_map(|&leaf| self.stored_at_us(leaf as u32, item))
    }

    /// How often the message of a row had been received, as it says itself.
    pub fn receives(&self, leaf: u32, item: &Item) -> Option<u64> {
        let name = self.row_leaf(leaf)?.receives_at.as_ref()?;
        super::Decimal::whole(item.get(name)?.as_number()?)
    }

    /// The attributes of rows by which other rows are found.
    pub fn linked_attributes(&self) -> Vec<&str> {
        let rows = self.ends().leaves.iter().filter_map(Leaf::row);
        let mut names: Vec<&str> = rows
            .flat_map(|row| &row.key)
            .flat_map(|part| part.template.links())
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The key of a row of order `k` as people read it, its parts as the table has them; `*` is what nobody knows. `None` for
    /// a letter.
    pub fn key_in_words(&self, k: u64, slot: Slot, message_id: Option<String>) -> Option<String> {
        let row = self.row_leaf(slot.leaf)?;
        let mut values = self.values(k);
        values.set_at(u64::from(slot.at));
        if let Some(id) = message_id {
            values.set_message_id(id);
        }
        let names = self.ends().tables.get(&row.table).map(|table| &table.key);
        let parts = names.into_iter().flatten().filter_map(|(name, _)| {
            let part = row.key.iter().find(|part| part.name == *name)?;
            Some(part.template.shown(&values))
        });
        Some(parts.collect::<Vec<_>>().join(" / "))
    }

    /// The queue of a letter; `None` for a row, and for the pipeline's dead-letter queue.
    pub fn queue_of(&self, leaf: u32) -> Option<&str> {
        let leaf = self.ends().leaves.get(leaf as usize)?;
        leaf.letter()?.queue.as_deref()
    }

    /// The tables with rows that are found by other rows (`{{row.NAME}}` in a key): read last, each finds its order at once.
    pub fn linked_tables(&self) -> BTreeSet<&str> {
        let rows = self.ends().leaves.iter().filter_map(Leaf::row);
        let is_linked = |row: &&RowLeaf| {
            let mut key = row.key.iter();
            key.any(|part| part.template.links().next().is_some())
        };
        rows.filter(is_linked)
            .map(|row| row.table.as_str())
            .collect()
    }

    /// Of a row's key a number other than zero: rows under other keys have another one, but for one in four thousand
    /// million.
    pub fn row_key_hash(&self, table: &str, item: &Item) -> u32 {
        let Some(uses) = self.ends().tables.get(table) else {
            return 1;
        };
        let mut hasher = DefaultHasher::new();
        for (name, _) in &uses.key {
            match item.get(name) {
                Some(Value::S(text) | Value::N(text)) => text.hash(&mut hasher),
                Some(Value::B(bytes)) => bytes.hash(&mut hasher),
                _ => {}
            }
        }
        (hasher.finish() as u32).max(1)
    }

    pub(super) fn row_leaf(&self, leaf: u32) -> Option<&RowLeaf> {
        self.ends().leaves.get(leaf as usize)?.row()
    }

    /// The ends that order `k` belongs to.
    pub fn own_ends(&self, k: u64) -> Vec<&str> {
        let spec = self.model.spec();
        match self.kind(k) {
            Some(kind) => vec![
                spec.bad
                    .get(kind)
                    .map_or(DEAD_LETTER, |kind| kind.end.as_str()),
            ],
            None => self.good_ends(),
        }
    }

    /// The ends that good orders belong to.
    pub fn good_ends(&self) -> Vec<&str> {
        let ends = &self.model.spec().good_ends;
        match ends.is_empty() {
            true => vec![STORED],
            false => ends.iter().map(String::as_str).collect(),
        }
    }

    /// Pairs of the ends that good orders may belong to where each leaves something in a table or queue in which the other
    /// leaves nothing: an order that is whole at both has ended twice. Of ends that share their places one row may be both.
    pub fn ends_apart(&self) -> Vec<(String, String)> {
        let spec = self.model.spec();
        let places = |name: &str| -> BTreeSet<(bool, Option<&str>)> {
            let Some(end) = spec.ends.get(name) else {
                return BTreeSet::new();
            };
            let rows = end.rows.iter().map(|row| (true, Some(row.table.as_str())));
            let letters = end.letters.iter();
            rows.chain(letters.map(|letter| (false, letter.queue.as_deref())))
                .collect()
        };
        let are_apart = |one: &str, other: &str| {
            let (one, other) = (places(one), places(other));
            !one.is_subset(&other) && !other.is_subset(&one)
        };
        let mut pairs = Vec::new();
        for (at, one) in spec.good_ends.iter().enumerate() {
            let others = spec.good_ends[at + 1..].iter();
            let apart = others.filter(|other| are_apart(one, other));
            pairs.extend(apart.map(|other| (one.clone(), other.clone())));
        }
        pairs
    }

    /// How many slots each leaf of order `k` has: one, or as many as its list has elements.
    pub fn slots_of(&self, k: u64) -> Vec<u32> {
        let ends = self.ends();
        let has_lists = |leaf: &Leaf| leaf.row().is_some_and(|row| row.each.is_some());
        if !ends.leaves.iter().any(has_lists) {
            return vec![1; ends.leaves.len()];
        }
        let text = self.order_json(k);
        let document = text.as_deref().and_then(|text| Json::read(text).ok());
        let count = |leaf: &Leaf| match leaf.row() {
            Some(row) if row.each.is_some() => elements_of(row, document.as_ref()).unwrap_or(0),
            _ => 1,
        };
        ends.leaves.iter().map(count).collect()
    }
}

pub(super) fn slot(leaf: usize, at: u32) -> Slot {
    Slot {
        leaf: u32::try_from(leaf).unwrap_or(u32::MAX),
        at,
    }
}
