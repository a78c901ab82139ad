//! The first few of what a finding is about, kept while the stores are read: bounded, and safe to print.

use std::collections::BTreeMap;

use roaring::RoaringBitmap;

use super::{Alteration, FoundIn};
use crate::order::{Difference, excerpt};
use crate::records::DeadLetter;

/// Examples of each kind in an observation.
pub(super) const EXAMPLES: usize = 5;
/// Differences kept while it is open which of the orders were altered and which overwritten.
const KEPT: usize = 64;

/// Rows and letters of others, and rows nobody can tell whose they are.
#[derive(Debug, Clone, Default)]
pub struct Strangers {
    pub(super) rows: u64,
    pub(super) row_examples: Vec<String>,
    pub(super) letters: u64,
    pub(super) letter_examples: Vec<String>,
    pub(super) unreadable: u64,
    pub(super) unreadable_examples: Vec<String>,
}

impl Strangers {
    /// A row with this key.
    pub(super) fn row(&mut self, key: String) {
        self.rows += 1;
        example(&mut self.row_examples, || key);
    }

    /// A row whose key cannot be read; what is there, in words.
    pub(super) fn unreadable(&mut self, what: String) {
        self.unreadable += 1;
        example(&mut self.unreadable_examples, || what);
    }

    /// A letter that names nobody of this run; what it names instead, in words. What else it holds is nobody's business here.
    pub(super) fn letter(&mut self, letter: &DeadLetter, named: &str) {
        self.letters += 1;
        example(&mut self.letter_examples, || {
            let id = excerpt(&letter.message_id);
            format!("message {id}: {named}")
        });
    }
}

fn example(examples: &mut Vec<String>, text: impl FnOnce() -> String) {
    if examples.len() < EXAMPLES {
        examples.push(text());
    }
}

/// How the lowest orders differ from what was sent.
#[derive(Debug, Clone, Default)]
pub struct Alterations(BTreeMap<u32, Noted>);

/// Where that was seen, the row's table or the letter's queue where it matters, and what differs.
type Noted = (FoundIn, Option<String>, Difference);

impl Alterations {
    /// Order `k` was seen with another content; the first one seen is kept.
    pub(super) fn note(
        &mut self,
        k: u32,
        place: FoundIn,
        name: Option<String>,
        difference: Difference,
    ) {
        self.0.entry(k).or_insert((place, name, difference));
        if self.0.len() > KEPT {
            self.0.pop_last();
        }
    }

    /// Those of the first altered and of the first overwritten orders.
    pub(super) fn of(
        &self,
        altered: &RoaringBitmap,
        overwritten: &RoaringBitmap,
    ) -> Vec<Alteration> {
        let mut wanted = RoaringBitmap::new();
        wanted.extend(altered.iter().take(EXAMPLES));
        wanted.extend(overwritten.iter().take(EXAMPLES));
        let known = wanted.iter().filter_map(|k| {
            let (place, name, difference) = self.0.get(&k)?.clone();
            let (table, queue) = match place {
                FoundIn::Row => (name, None),
                FoundIn::DeadLetter => (None, name),
            };
            Some(Alteration {
                sequence: k,
                place,
                table,
                queue,
                difference,
            })
        });
        known.collect()
    }
}
