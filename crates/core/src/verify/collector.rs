//! What the rows and the dead letters say, put together order by order; no I/O.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::SystemTime;

use roaring::RoaringBitmap;

use super::contents::{Contents, Group};
use super::examples::{Alterations, Strangers};
use super::in_order::Stamps;
use super::letters::LetterIds;
use super::links::Links;
use super::missing;
use super::pages::Page;
use super::slots::Slots;
use super::timing::Timing;
use super::unclaimed::Unclaimed;
use super::{Counter, FoundIn, Missing, Observation, StoredTimes};
use crate::ledger::{Ledger, MessageIds};
use crate::load::Schedule;
use crate::order::spec::{DEAD_LETTER, STORED};
use crate::order::{ExpectedRow, Id, MISSING, Odd, OrderPlan, RowOwner, Sighting, Slot, shown};
use crate::records::{DeadLetter, Item, Value};

/// Counters that are kept.
const COUNTERS_MAX: usize = 1_000_000;

/// Gathers rows and dead letters, as they are read, into what an [`Observation`] says of the orders.
pub struct Collector {
    pub(super) plan: OrderPlan,
    pub(super) planned: u64,
    /// Of each leaf, whether its content is the order's.
    is_whole: Vec<bool>,
    end_names: Vec<String>,
    /// Some rows have keys that the consumer makes up.
    pub(super) has_made_up: bool,
    /// Of each leaf, its table where an alteration must name it.
    tables: Vec<Option<String>>,
    pub(super) slots: Slots,
    pub(super) contents: Contents,
    pub(super) phantoms: Vec<Id>,
    pub(super) strangers: Strangers,
    pub(super) alterations: Alterations,
    pub(super) letters: LetterIds,
    unclaimed: Unclaimed,
    pub(super) links: Links,
    counters: BTreeMap<(u32, String), String>,
    pub(super) redelivered: u64,
    counted_rows: u64,
    pub(super) page: Page,
    pub(super) timing: Timing,
    pub(super) timed_by: Option<u32>,
    pub(super) counted_by: Option<u32>,
    pub(super) ordered_by: Option<u32>,
    stamps: Stamps,
}

impl Collector {
    /// Knows what was planned and has seen nothing. `start` is the run's start on the wall clock,
    /// `phases` how many its load profile has.
    pub fn new(plan: OrderPlan, schedule: &Schedule, start: SystemTime, phases: usize) -> Self {
        let rows = plan.leaves().filter(|leaf| leaf.table.is_some()).count();
        let has_made_up = plan.leaves().any(|leaf| leaf.is_made_up);
        let named = |table: Option<&str>| table.filter(|_| rows > 1).map(str::to_owned);
        Self {
            planned: schedule.count(),
            is_whole: plan.leaves().map(|leaf| leaf.is_whole).collect(),
            has_made_up,
            end_names: plan.end_names().map(str::to_owned).collect(),
            tables: plan.leaves().map(|leaf| named(leaf.table)).collect(),
            slots: Slots::new(&plan, schedule.count()),
            contents: Contents::default(),
            phantoms: Vec::new(),
            strangers: Strangers::default(),
            alterations: Alterations::default(),
            letters: LetterIds::new(schedule.count()),
            unclaimed: Unclaimed::default(),
            links: Links::new(&plan),
            counters: BTreeMap::new(),
            redelivered: 0,
            counted_rows: 0,
            page: Page::default(),
            timing: Timing::new(schedule, start, phases),
            timed_by: plan.timed_by(),
            counted_by: plan.counted_by(),
            ordered_by: plan.ordered_by(),
            stamps: Stamps::default(),
            plan,
        }
    }

    /// Takes in which sends were acknowledged, and which message is whose. A dead letter is the order's by its message id, whatever is left of its body, and a
    /// row by an id in its key. Where a send was not answered the message's id is unknown: a letter is then known by the
    /// body as it was sent, and a row not at all.
    pub fn messages(&mut self, ledger: &Ledger) {
        if self.ordered_by.is_some() {
            self.stamps.sent(ledger.acknowledged());
        }
        if !self.plan.keeps_message_ids() {
            return;
        }
        let known = self.message_ids(ledger.message_ids());
        let sent = ledger.acknowledged() | ledger.indeterminate();
        let nameless = (sent | ledger.untold()) - known;
        for k in &nameless {
            if self.plan.may_hold_no_id(u64::from(k)) {
                self.without_message_id(k);
            }
        }
        if self.plan.leaves().any(|leaf| leaf.names_message) {
            self.unclaimed.nameless(nameless);
        }
    }

    pub(super) fn message_ids(&mut self, message_ids: &Arc<MessageIds>) -> RoaringBitmap {
        self.letters.know(message_ids)
    }

    pub(super) fn without_message_id(&mut self, k: u32) {
        self.letters.unanswered(k, &body_of(&self.plan, k));
    }

    /// Takes a row in that is not byte for byte what its order leaves, or may not be.
    pub(super) fn other_row(&mut self, table: &str, item: &Item) {
        match self.plan.owner_of_row(self.planned, table, item) {
            RowOwner::Order { k, candidates } => {
                self.planned_row(k as u32, &candidates, table, item)
            }
            RowOwner::Phantom(id) => self.phantoms.push(id),
            RowOwner::Counter { sum, key, .. } => self.counter(sum, key, item),
            RowOwner::Linked {
                leaf,
                attribute,
                text,
            } => match self.links.owner(&attribute, &text) {
                Some(k) => self.planned_row(k, &[(leaf, None)], table, item),
                None => self.links.wait(&attribute, &text, table, leaf, item),
            },
            RowOwner::OfMessage {
                message_id,
                candidates,
                key,
            } => match self.letters.order_of(&message_id) {
                Some(k) => self.planned_row(k, &candidates, table, item),
                None if self.unclaimed.may_be_ours() => self.unclaimed.row(&message_id, false),
                None => self.strangers.row(key),
            },
            RowOwner::Foreign { key, .. } => self.strangers.row(key),
            RowOwner::Unreadable(what) => self.strangers.unreadable(what),
        }
    }

    /// The same of a row that a scan before may have shown: what is of no order of this run was counted then.
    pub(super) fn other_row_again(&mut self, table: &str, item: &Item) {
        match self.plan.owner_of_row(self.planned, table, item) {
            RowOwner::Order { k, candidates } => {
                self.planned_row(k as u32, &candidates, table, item);
            }
            RowOwner::Linked {
                leaf,
                attribute,
                text,
            } => {
                if let Some(k) = self.links.owner(&attribute, &text) {
                    self.planned_row(k, &[(leaf, None)], table, item);
                }
            }
            RowOwner::OfMessage {
                message_id,
                candidates,
                ..
            } => match self.letters.order_of(&message_id) {
                Some(k) => self.planned_row(k, &candidates, table, item),
                None => self.unclaimed.row(&message_id, true),
            },
            // A phantom counts once however often it is seen, and a counter is what it is now.
            RowOwner::Phantom(id) => self.phantoms.push(id),
            RowOwner::Counter { sum, key, .. } => self.counter(sum, key, item),
            RowOwner::Foreign { .. } | RowOwner::Unreadable(_) => {}
        }
    }

    /// Takes in what a row says beside its content, the first time that its slot is filled.
    fn seen(&mut self, k: u32, slot: Slot, item: &Item) {
        if self.timed_by == Some(slot.leaf) && slot.at == 0 {
            self.timing.row(k, self.plan.stored_at_us(slot.leaf, item));
        }
        if self.counted_by == Some(slot.leaf) && slot.at == 0 {
            self.receives(self.plan.receives(slot.leaf, item));
        }
    }

    fn planned_row(
        &mut self,
        k: u32,
        candidates: &[(usize, Option<u32>)],
        table: &str,
        item: &Item,
    ) {
        let sighting = self.plan.sight_row(u64::from(k), candidates, table, item);
        if sighting.unchanged {
            return;
        }
        let is_leaf = |(leaf, _): &(usize, Option<u32>)| self.ordered_by == Some(*leaf as u32);
        if let Some(leaf) = self.ordered_by.filter(|_| candidates.iter().any(is_leaf)) {
            self.stamps.row(&self.plan, k, leaf, item);
        }
        let key = match self.has_made_up {
            true => self.plan.row_key_hash(table, item),
            false => 0,
        };
        let seen = self.sighted(k, &sighting, key, FoundIn::Row);
        for slot in seen {
            self.seen(k, slot, item);
        }
        for (leaf, waiting, table) in self.links.found(k, item) {
            self.planned_row(k, &[(leaf, None)], &table, &waiting);
        }
    }

    /// How often an order was received; none counts from less than one.
    pub(super) fn receives(&mut self, count: Option<u64>) {
        if let Some(count) = count.filter(|&count| count > 0) {
            self.counted_rows += 1;
            self.redelivered += u64::from(count > 1);
        }
    }

    /// Takes in a counter; seen again, it is what it is now.
    fn counter(&mut self, sum: usize, key: String, item: &Item) {
        let found = match self.plan.counted(sum, item) {
            Some(Value::N(number)) => number.clone(),
            Some(other) => shown(other),
            None => MISSING.to_owned(),
        };
        if self.counters.len() >= COUNTERS_MAX {
            return self
                .strangers
                .unreadable(format!("one of more than {COUNTERS_MAX} counters"));
        }
        self.counters.insert((sum as u32, key), found);
    }

    /// Takes a letter in that is not byte for byte what was sent, or may not be.
    pub(super) fn other_letter(&mut self, queue: Option<&str>, letter: &DeadLetter) {
        let model = Arc::clone(&self.plan.model);
        let door = model.door();
        let by_id = self
            .letters
            .order_of(&door.id_of(&letter.message_id, &letter.body));
        let by_id = by_id.filter(|_| queue.is_none());
        if let Some(k) = by_id {
            return self.planned_letter(k, queue, &letter.body);
        }
        let owners = self
            .plan
            .owners_of_letter(self.planned, queue, &letter.body);
        if owners.orders.is_empty() && owners.phantoms.is_empty() {
            match self
                .letters
                .unanswered_of(&door.as_sent(&letter.body))
                .filter(|_| queue.is_none())
            {
                Some(k) => self.planned_letter(k, queue, &letter.body),
                None => self.strangers.letter(letter, &owners.named),
            }
            return;
        }
        for k in owners.orders {
            self.planned_letter(k as u32, queue, &letter.body);
        }
        self.phantoms.extend(owners.phantoms);
    }

    fn planned_letter(&mut self, k: u32, queue: Option<&str>, body: &str) {
        if queue.is_none() {
            self.letters.copy(k);
        }
        let sighting = self.plan.sight_letter(u64::from(k), queue, body);
        self.sighted(k, &sighting, 0, FoundIn::DeadLetter);
    }

    /// Takes in what a row or a letter was found to be; gives the slots that it fills for the first time, and counts for.
    fn sighted(&mut self, k: u32, sighting: &Sighting, key: u32, place: FoundIn) -> Vec<Slot> {
        if let Some(odd) = &sighting.odd {
            return self.odd(k, odd, key, place);
        }
        let Some(first) = self.slots.choose(k, &sighting.fills, key) else {
            return Vec::new();
        };
        if sighting.fills.len() == 1 {
            // Whatever end it is of: it stands for no other.
            let is_first = self.as_planned(k, first, key);
            return if is_first { vec![first] } else { Vec::new() };
        }
        let others = sighting
            .fills
            .iter()
            .copied()
            .filter(|slot| slot.leaf != first.leaf);
        let own = self.plan.own_ends(u64::from(k));
        let is_own =
            |slot: &Slot| own.contains(&self.end_names[self.slots.end_of(slot.leaf)].as_str());
        let filled: Vec<_> = std::iter::once(first).chain(others).collect();
        let of_own_end = is_own(&first);
        let seen: Vec<_> = filled
            .iter()
            .map(|slot| !of_own_end || is_own(slot))
            .collect();
        let mut first_seen = Vec::new();
        for (slot, is_seen) in filled.into_iter().zip(seen) {
            let counts = || self.plan.slots_of(u64::from(k));
            let is_first = self.slots.fill(k, slot, key, is_seen, counts);
            self.contents.as_planned(k, self.group(slot));
            if is_first && is_seen {
                first_seen.push(slot);
            }
        }
        first_seen
    }

    /// Takes in that a slot is filled as planned, and that nothing else is meant by it; whether that is the first time.
    pub(super) fn as_planned(&mut self, k: u32, slot: Slot, key: u32) -> bool {
        let counts = || self.plan.slots_of(u64::from(k));
        let is_first = self.slots.fill(k, slot, key, true, counts);
        self.contents.fills_as_planned(k, self.group(slot));
        is_first
    }

    fn odd(&mut self, k: u32, odd: &Odd, key: u32, place: FoundIn) -> Vec<Slot> {
        let slot = odd.slot;
        let group = self.group(slot);
        let was_filled = match group {
            Group::Whole => self.slots.any_filled(k, &self.is_whole),
            Group::Slot(slot) => self.slots.is_filled(k, slot),
        };
        self.contents.odd(k, group, &odd.content, was_filled);
        let name = match place {
            FoundIn::Row => self.tables[slot.leaf as usize].clone(),
            FoundIn::DeadLetter => {
                let leaf = self.plan.leaves().nth(slot.leaf as usize);
                leaf.and_then(|leaf| leaf.queue).map(str::to_owned)
            }
        };
        self.alterations
            .note(k, place, name, odd.difference.clone());
        let counts = || self.plan.slots_of(u64::from(k));
        match self.slots.fill(k, slot, key, true, counts) {
            true => vec![slot],
            false => Vec::new(),
        }
    }

    fn group(&self, slot: Slot) -> Group {
        match self.is_whole[slot.leaf as usize] {
            true => Group::Whole,
            false => Group::Slot(slot),
        }
    }

    /// Orders of `wanted` that were seen nowhere, or only in part.
    pub fn unseen(&self, wanted: &RoaringBitmap) -> RoaringBitmap {
        wanted - self.slots.whole()
    }

    /// The rows of order `k` that were not seen and whose keys are known: what to look up when it is missing, or seen in
    /// part. Each table and key once.
    pub fn rows_to_look_up(&self, k: u32) -> Vec<ExpectedRow> {
        let mut rows: Vec<ExpectedRow> = Vec::new();
        let message_id = self.message_id_of(k);
        for row in self.plan.expected_rows(u64::from(k), message_id) {
            let is_there = |other: &ExpectedRow| other.table == row.table && other.key == row.key;
            if !self.slots.is_filled(k, row.slot) && !rows.iter().any(is_there) {
                rows.push(row);
            }
        }
        rows
    }

    /// What the queue calls the message of order `k`, where a key holds it.
    fn message_id_of(&self, k: u32) -> Option<String> {
        let is_named = self.plan.leaves().any(|leaf| leaf.names_message);
        is_named.then(|| self.letters.id_of(k))?
    }

    /// The tables that alone can tell whether rows of these orders are there: rows that were not seen and whose keys the
    /// consumer made up, or hold an unknown message id, or that are found by such a row.
    pub fn tables_to_scan_again(&self, orders: &RoaringBitmap) -> BTreeSet<String> {
        let leaves = self.plan.leaves().enumerate();
        let made_up: Vec<(usize, &str, bool)> = leaves
            .filter(|(_, info)| info.is_made_up || info.names_message)
            .filter_map(|(leaf, info)| Some((leaf, info.table?, info.is_made_up)))
            .collect();
        let mut tables = BTreeSet::new();
        if made_up.is_empty() {
            return tables;
        }
        for k in orders {
            let counts = self.plan.slots_of(u64::from(k));
            for &(leaf, table, is_made_up) in &made_up {
                if !is_made_up && !self.unclaimed.is_nameless(k) {
                    continue;
                }
                let slot = |at| Slot {
                    leaf: leaf as u32,
                    at,
                };
                if (0..counts[leaf]).any(|at| !self.slots.is_filled(k, slot(at))) {
                    tables.insert(table.to_owned());
                }
            }
            if tables.len() == made_up.len() {
                break;
            }
        }
        tables
    }

    /// How many planned orders were seen in a table so far.
    pub fn stored_orders(&self) -> u64 {
        let ends = self.slots.ends().filter(|name| *name != DEAD_LETTER);
        let seen = ends.map(|name| self.slots.seen_at(name));
        seen.reduce(|all, end| all | end).map_or(0, |all| all.len())
    }

    /// How many slots of planned orders were filled so far: grows with every row that was not known before.
    pub fn filled_slots(&self) -> u64 {
        self.slots.filled()
    }

    /// What is missing of the first orders that left a part, and nowhere all.
    fn missing(&self, odd: &RoaringBitmap) -> Vec<Missing> {
        let Some(in_part) = { self.slots.in_part() }
            .map(|(_, in_part)| in_part)
            .reduce(|all, end| all | end)
        else {
            return Vec::new();
        };
        let orders = in_part - self.slots.whole() - odd;
        let of = |k| Missing::of(&self.plan, &self.slots, k, self.message_id_of(k));
        orders.iter().take(missing::ORDERS).map(of).collect()
    }

    /// `evidence` (how the looking went) with everything that was seen filled in.
    pub fn observation(&self, evidence: Observation) -> Observation {
        let mut phantoms = self.phantoms.clone();
        phantoms.sort_unstable();
        phantoms.dedup();
        let altered = self.contents.altered();
        let mut strangers = self.strangers.clone();
        self.links.waiting().for_each(|key| strangers.row(key));
        let (unclaimed_messages, surplus) = self.unclaimed.counts();
        (0..surplus).for_each(|_| strangers.row("a row under an unknown message id".to_owned()));
        let stored = self.slots.seen_at(STORED);
        let group_order = self
            .ordered_by
            .map(|_| self.stamps.order(&self.plan, &stored));
        let counters = self.counters.iter().map(|((sum, key), found)| Counter {
            sum: *sum,
            key: key.clone(),
            found: found.clone(),
        });
        let further = self
            .slots
            .ends()
            .filter(|name| *name != STORED && *name != DEAD_LETTER);
        Observation {
            uncounted_rows: Some(stored.len().saturating_sub(self.counted_rows)),
            untimed_rows: stored.len().saturating_sub(self.timing.timed_rows),
            stored,
            dead_lettered: self.slots.seen_at(DEAD_LETTER),
            elsewhere: further
                .map(|name| (name.to_owned(), self.slots.seen_at(name)))
                .collect(),
            in_part: { self.slots.in_part() }
                .map(|(name, in_part)| (name.to_owned(), in_part))
                .collect(),
            missing: self.missing(&(&altered | &self.contents.overwritten)),
            stored_twice: self.slots.stored_twice.clone(),
            unclaimed_messages,
            may_claim: self.unclaimed.may_claim(),
            alterations: self.alterations.of(&altered, &self.contents.overwritten),
            altered,
            overwritten: self.contents.overwritten.clone(),
            phantoms,
            counters: counters.collect(),
            foreign_rows: strangers.rows,
            foreign_row_examples: strangers.row_examples,
            foreign_dead_letters: strangers.letters,
            foreign_dead_letter_examples: strangers.letter_examples,
            unreadable_keys: strangers.unreadable,
            unreadable_key_examples: strangers.unreadable_examples,
            extra_dead_letter_copies: self.letters.extra_copies,
            redelivered: self.redelivered,
            row_clock: self.timing.row_clock,
            group_order,
            ..evidence
        }
    }

    /// When rows were stored.
    pub fn into_times(self) -> StoredTimes {
        self.timing.times
    }
}

fn body_of(plan: &OrderPlan, k: u32) -> Vec<u8> {
    let mut body = Vec::new();
    plan.write_body(u64::from(k), &mut body);
    body
}

/// A hash that is the same in every run of the program.
pub(super) fn hash_of(value: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = std::collections::hash_map::DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
