//! What a row or a letter of an order is: which of the slots that the order may fill, or how it differs from them.
//!
//! Compared with the order's own end first. A row that several ends leave alike is one of its own.

use super::OrderPlan;
use super::difference::Difference;
use super::ends::{KeyPart, Leaf, RowLeaf};
use super::expect::Known;
use super::json::{Json, write_fields};
use super::just_so::{Whole, gives};
use super::leaves::{Slot, slot};
use super::letter::letter_differs;
use super::locate::RowOwner;
use super::row::{elements_of, is_unchanged, row_differs, write_canonical};
use super::spec::KeyType;
use super::values::Values;
use crate::records::{Item, Value};

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

impl OrderPlan {
    /// Whose a row is, of a run with so many orders planned.
    pub fn owner_of_row(&self, planned: u64, table: &str, item: &Item) -> RowOwner {
        self.ends().owner_of_row(self.run, planned, table, item)
    }

    /// Whether anything says whose rows of this table are: an end, `[[before]]` or `[[sums]]`.
    pub fn leaves_rows_in(&self, table: &str) -> bool {
        let uses = self.ends().tables.get(table);
        uses.is_some_and(|uses| {
            !(uses.rows.is_empty() && uses.before.is_empty() && uses.sums.is_empty())
        })
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
        let arrived = self.model.door.as_sent(body);
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
            match letter_differs(letter, known, &sent, (body, &arrived)) {
                None => sighting.fills.push(slot(leaf, 0)),
                Some(difference) if sighting.odd.is_none() => {
                    sighting.odd = Some(Odd {
                        slot: slot(leaf, 0),
                        difference,
                        content: self.document_content(document.as_ref(), &arrived),
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

    /// The canonical text of a document, without the fields that may be added to it. What is no
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
            let (Some(pointer), Some(order)) = (pointer, order) else {
                return false;
            };
            let own = order.at(pointer, 0);
            own.is_none_or(|own| super::compare::differs(own, value).is_none())
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

/// Whether a row holds one text, and that is byte for byte what the order's template gives: most rows of such tables do,
/// and need no reading.
fn is_just_so(row: &RowLeaf, values: &Values<'_>, item: &Item) -> bool {
    let Some(whole) = Whole::of(row) else {
        return false;
    };
    let key = |part: &KeyPart| match item.get(&part.name) {
        Some(Value::S(text) | Value::N(text)) => {
            part.template.is_known()
                && part.kind != KeyType::B
                && gives(&part.template, values, text)
        }
        _ => false,
    };
    let is_text = |value: &Value| matches!(value, Value::S(text) if whole.is(values, text));
    item.get(whole.name).is_some_and(is_text) && row.key.iter().all(key)
}
