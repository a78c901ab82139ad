//! What a row or a letter of an order is: which of the slots that the order may fill, or how it differs from them.
//!
//! Compared with the order's own end first. A row that several ends leave alike is one of its own.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use super::OrderPlan;
use super::amount::Amount;
use super::difference::Difference;
use super::ends::{Ends, Leaf, RowLeaf};
use super::expect::{Expect, Known, Source, rendered};
use super::json::{Json, write_fields};
use super::letter::letter_differs;
use super::locate::{RowOwner, counter_key};
use super::row::{elements_of, is_unchanged, key_of, row_differs, write_canonical};
use super::spec::{DEAD_LETTER, KeyType, STORED};
use super::template::Template;
use super::values::Values;
use crate::records::{Item, Value, instant_us};

/// One place that an order may fill: a row template or a letter of an end, and the element where it is for each of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slot {
    /// Which row template or letter, counted through all ends.
    pub leaf: u32,
    /// Which element.
    pub at: u32,
}

/// What a row or a letter of an order was found to be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sighting {
    /// The slots whose content it has, those of the order's own end first.
    pub fills: Vec<Slot>,
    /// What it is where it fills none: the slot that it is nearest to, and how it differs.
    pub odd: Option<Odd>,
    /// It is a row that was there before, as it was written then.
    pub unchanged: bool,
}

/// A content that no end leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Odd {
    /// The slot it would fill.
    pub slot: Slot,
    /// How it differs.
    pub difference: Difference,
    /// The same text for the same content.
    pub content: String,
}

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

/// What is the same for every order of a leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeafInfo<'a> {
    /// Its end, counted as [`OrderPlan::end_names`] does.
    pub end: usize,
    /// The table of a row; `None` for a letter.
    pub table: Option<&'a str>,
    /// Its key is made up by the consumer.
    pub is_made_up: bool,
    /// There is one for each element of a list.
    pub is_for_each: bool,
    /// Its content is the order's content: one that differs from that of any other such leaf is one too many.
    pub is_whole: bool,
}

/// What one order is, as far as comparing needs it.
struct Facts<'m> {
    values: Values<'m>,
    document: Option<String>,
}

impl OrderPlan {
    fn ends(&self) -> &Ends {
        self.model.ends()
    }

    fn facts(&self, k: u64) -> Facts<'_> {
        Facts {
            values: self.values(k),
            document: self.order_json(k),
        }
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
            is_made_up: leaf.row().is_some_and(RowLeaf::is_made_up),
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
        super::Decimal::parse(item.get(name)?.as_number()?)?.as_u64()
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

    /// What a counter holds.
    pub fn counted<'i>(&self, sum: usize, item: &'i Item) -> Option<&'i Value> {
        item.get(&self.ends().sums.get(sum)?.attribute)
    }

    /// Which counter of a sum order `k` adds to, and what; `None` when that is no number that can be added.
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

    fn row_leaf(&self, leaf: u32) -> Option<&RowLeaf> {
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
            None if spec.good_ends.is_empty() => vec![STORED],
            None => spec.good_ends.iter().map(String::as_str).collect(),
        }
    }

    /// Whose a row is, of a run with so many orders planned.
    pub fn owner_of_row(&self, planned: u64, table: &str, item: &Item) -> RowOwner {
        self.ends().owner_of_row(self.run, planned, table, item)
    }

    /// What `item` is to order `k`, whose it is by one of the `candidates`.
    pub fn sight_row(
        &self,
        k: u64,
        candidates: &[(usize, Option<u32>)],
        table: &str,
        item: &Item,
    ) -> Sighting {
        let ends = self.ends();
        let values = self.values(k);
        if let [(leaf, _)] = candidates
            && let Some(row) = ends.leaves[*leaf].row()
            && ends.before.is_empty()
            && is_just_so(row, &values, item)
        {
            return Sighting::of(vec![slot(*leaf, 0)]);
        }
        let text = self.order_json(k);
        let document = text.as_deref().and_then(|text| Json::read(text).ok());
        let known = |at| Known {
            values: &values,
            order: document.as_ref(),
            at,
        };
        let without_before = self
            .kind(k)
            .is_some_and(|kind| self.model.spec().bad[kind].without_before);
        let of_table = ends.before.iter().filter(|before| before.table == table);
        if !without_before && { of_table }.any(|before| is_unchanged(before, known(0), item)) {
            return Sighting {
                unchanged: true,
                ..Sighting::default()
            };
        }
        let mut sighting = Sighting::default();
        for (leaf, at) in self.own_first(k, candidates.iter().copied()) {
            let Some(row) = ends.leaves[leaf].row() else {
                continue;
            };
            let ats = match (at, &row.each) {
                (Some(at), _) => at..at.saturating_add(1),
                (None, Some(_)) => 0..elements_of(row, document.as_ref()).unwrap_or(0),
                (None, None) => 0..1,
            };
            for at in ats {
                match row_differs(row, known(at), item) {
                    None => sighting.fills.push(slot(leaf, at)),
                    Some(difference) if sighting.odd.is_none() => {
                        let content = self.row_content(&ends.leaves[leaf], document.as_ref(), item);
                        sighting.odd = Some(Odd {
                            slot: slot(leaf, at),
                            difference,
                            content,
                        });
                    }
                    Some(_) => {}
                }
            }
        }
        sighting.settled()
    }

    /// Whether a row holds what its order leaves; `None` when it is no planned order's.
    pub fn is_as_planned(&self, planned: u64, table: &str, item: &Item) -> Option<bool> {
        match self.owner_of_row(planned, table, item) {
            RowOwner::Order { k, candidates } => {
                Some(self.sight_row(k, &candidates, table, item).odd.is_none())
            }
            _ => None,
        }
    }

    /// What a letter of `queue` is to order `k`.
    pub fn sight_letter(&self, k: u64, queue: Option<&str>, body: &str) -> Sighting {
        let ends = self.ends();
        let mut sent = Vec::new();
        self.write_body(k, &mut sent);
        let sent = String::from_utf8_lossy(&sent);
        let here = |leaf: &Leaf| {
            leaf.letter()
                .is_some_and(|letter| letter.queue.as_deref() == queue)
        };
        let leaves = ends
            .leaves
            .iter()
            .enumerate()
            .filter(|(_, leaf)| here(leaf));
        let candidates: Vec<_> = leaves.map(|(leaf, _)| (leaf, None)).collect();
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
        let mut sighting = Sighting::default();
        for (leaf, _) in self.own_first(k, candidates.into_iter()) {
            let Some(letter) = ends.leaves[leaf].letter() else {
                continue;
            };
            match letter_differs(letter, known, &sent, body) {
                None => sighting.fills.push(slot(leaf, 0)),
                Some(difference) if sighting.odd.is_none() => {
                    sighting.odd = Some(Odd {
                        slot: slot(leaf, 0),
                        difference,
                        content: self.document_content(document.as_ref(), body),
                    });
                }
                Some(_) => {}
            }
        }
        sighting.settled()
    }

    /// The candidates of order `k`'s own ends before the others.
    fn own_first(
        &self,
        k: u64,
        candidates: impl Iterator<Item = (usize, Option<u32>)>,
    ) -> Vec<(usize, Option<u32>)> {
        let ends = self.ends();
        let mut candidates: Vec<_> = candidates.collect();
        if candidates.len() > 1 {
            let own = self.own_ends(k);
            candidates.sort_by_key(|(leaf, _)| {
                let name = ends.ends[ends.leaves[*leaf].end].name.as_str();
                !own.contains(&name)
            });
        }
        candidates
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

    /// The rows that order `k` leaves at any of its ends and whose keys are known before it is there, each once.
    pub fn expected_rows(&self, k: u64) -> Vec<ExpectedRow> {
        let ends = self.ends();
        let facts = self.facts(k);
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

    /// The same text for the same content of a row, and for the same content of a letter where both are a document.
    fn row_content(&self, leaf: &Leaf, order: Option<&Json<'_>>, item: &Item) -> String {
        let Some(row) = leaf.row() else {
            return String::new();
        };
        if leaf.is_whole && row.is_one_document() {
            return match item.get(&row.holds[0].0) {
                Some(Value::S(text)) => self.document_content(order, text),
                Some(other) => super::value::kind(other),
                None => super::MISSING.to_owned(),
            };
        }
        let mut out = String::new();
        write_canonical(row, item, &mut out);
        out
    }

    /// The canonical text of a document, without the fields that may be added to it as they are in the order. What is no
    /// object stands for itself.
    fn document_content(&self, order: Option<&Json<'_>>, text: &str) -> String {
        let mut out = String::new();
        let Ok(document) = Json::read_object(text) else {
            out.push('!');
            out.push_str(text);
            return out;
        };
        let ends = self.ends();
        let is_added = |name: &str, value: &Json<'_>| {
            let pointer = ends
                .may_add
                .iter()
                .find(|pointer| pointer.top_level() == Some(name));
            let own = pointer.and_then(|pointer| order?.at(pointer, 0));
            own.is_some_and(|own| super::compare::differs(own, value).is_none())
        };
        let fields = document.as_object().unwrap_or_default().iter();
        let kept = fields.filter(|(name, value)| !is_added(name, value));
        write_fields(kept.collect(), &mut out);
        out
    }
}

impl Sighting {
    fn of(fills: Vec<Slot>) -> Self {
        Self {
            fills,
            ..Self::default()
        }
    }

    /// What fills a slot differs from nothing.
    fn settled(mut self) -> Self {
        if !self.fills.is_empty() {
            self.odd = None;
        }
        self
    }
}

fn slot(leaf: usize, at: u32) -> Slot {
    Slot {
        leaf: u32::try_from(leaf).unwrap_or(u32::MAX),
        at,
    }
}

/// Whether a row holds one text, and that is byte for byte what the order's template gives: most rows of such tables do,
/// and need no reading.
fn is_just_so(row: &RowLeaf, values: &Values<'_>, item: &Item) -> bool {
    let [
        (
            name,
            Expect::Json {
                of: Source::Template(template),
                ..
            },
        ),
    ] = row.holds.as_slice()
    else {
        return false;
    };
    let known = Known {
        values,
        order: None,
        at: 0,
    };
    let same = |template: &Template, value: Option<&Value>| match value {
        Some(Value::S(text) | Value::N(text)) => rendered(template, known) == *text,
        _ => false,
    };
    let is_text = matches!(item.get(name), Some(Value::S(_)));
    let key = |part: &super::ends::KeyPart| {
        part.template.is_known()
            && part.kind != KeyType::B
            && same(&part.template, item.get(&part.name))
    };
    row.each.is_none()
        && !row.only
        && is_text
        && same(template, item.get(name))
        && row.key.iter().all(key)
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
