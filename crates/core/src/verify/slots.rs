//! Which slots of which orders are filled, and at which ends orders were seen, in part or whole.
//!
//! A bit for each order at each end, a bit for each row where an end has more than one, and four bytes for each row whose
//! key the consumer makes up.

use std::collections::HashMap;

use roaring::{RoaringBitmap, RoaringTreemap};

use super::plane::Plane;
use crate::order::{ELEMENTS_MAX, OrderPlan, Slot};

/// What is known of the slots of all orders.
pub(super) struct Slots {
    leaves: Vec<Leaf>,
    ends: Vec<End>,
    pub(super) stored_twice: RoaringBitmap,
}

struct Leaf {
    end: usize,
    /// It is all that its end has.
    is_alone: bool,
    filled: Filled,
    /// The keys of rows that the consumer names.
    keys: Option<Keys>,
}

struct End {
    name: String,
    leaves: Vec<usize>,
    /// A row or a letter fills its slot here as it comes, and nearly all orders are at one end or another.
    seen: Plane,
    /// Of ends with more than one slot.
    whole: RoaringBitmap,
}

impl Slots {
    /// Of so many planned orders, none of which was seen.
    pub(super) fn new(plan: &OrderPlan, planned: u64) -> Self {
        let mut ends: Vec<End> = plan
            .end_names()
            .map(|name| End::new(name, planned))
            .collect();
        for (leaf, info) in plan.leaves().enumerate() {
            ends[info.end].leaves.push(leaf);
        }
        let leaf = |info: crate::order::LeafInfo<'_>| Leaf {
            end: info.end,
            is_alone: ends[info.end].leaves.len() == 1 && !info.is_for_each,
            filled: match info.is_for_each {
                true => Filled::Elements(Elements::default()),
                false => Filled::Once(RoaringBitmap::new()),
            },
            keys: info.is_made_up.then(Keys::default),
        };
        let leaves = plan.leaves().map(leaf).collect();
        Self {
            leaves,
            ends,
            stored_twice: RoaringBitmap::new(),
        }
    }

    /// Whether a slot of order `k` was filled before.
    pub(super) fn is_filled(&self, k: u32, slot: Slot) -> bool {
        let leaf = &self.leaves[slot.leaf as usize];
        match &leaf.filled {
            Filled::Once(_) if leaf.is_alone => self.ends[leaf.end].seen.contains(k),
            Filled::Once(filled) => filled.contains(k),
            Filled::Elements(elements) => elements.contains(k, slot.at),
        }
    }

    /// Whether a slot of order `k` was filled before of the leaves that are `wanted`.
    pub(super) fn any_filled(&self, k: u32, wanted: &[bool]) -> bool {
        let leaves = self
            .leaves
            .iter()
            .zip(wanted)
            .filter(|(_, wanted)| **wanted);
        { leaves }.any(|(leaf, _)| match &leaf.filled {
            Filled::Once(_) if leaf.is_alone => self.ends[leaf.end].seen.contains(k),
            Filled::Once(filled) => filled.contains(k),
            Filled::Elements(elements) => elements.any(k),
        })
    }

    /// The slot that a row under this key fills, of those whose content it has: the one it filled before, or the first that
    /// is empty. Of rows whose keys are known it is the first.
    pub(super) fn choose(&self, k: u32, fills: &[Slot], key: u32) -> Option<Slot> {
        let first = fills.first()?;
        let leaf = &self.leaves[first.leaf as usize];
        let Some(keys) = &leaf.keys else {
            return Some(*first);
        };
        let mut same = fills.iter().filter(|slot| slot.leaf == first.leaf);
        let known = same.clone().find(|slot| keys.get(k, slot.at) == Some(key));
        let empty = || same.find(|slot| keys.get(k, slot.at).is_none());
        Some(*known.or_else(empty).unwrap_or(first))
    }

    /// Takes in that a slot of order `k` is filled, by a row under this key if it is one; `counts` says how many slots each
    /// leaf of the order has. `is_seen` says whether it is what its end alone leaves.
    pub(super) fn fill(
        &mut self,
        k: u32,
        slot: Slot,
        key: u32,
        is_seen: bool,
        counts: impl FnOnce() -> Vec<u32>,
    ) -> bool {
        let leaf = &mut self.leaves[slot.leaf as usize];
        if leaf.is_alone && leaf.keys.is_none() && is_seen {
            // A bit says both.
            return self.ends[leaf.end].seen.insert(k);
        }
        let was_filled = self.is_filled(k, slot);
        let leaf = &mut self.leaves[slot.leaf as usize];
        match &mut leaf.filled {
            Filled::Once(_) if leaf.is_alone => {}
            Filled::Once(filled) => {
                filled.insert(k);
            }
            Filled::Elements(elements) => elements.insert(k, slot.at),
        }
        if let Some(keys) = &mut leaf.keys
            && keys.put(k, slot.at, key) != key
        {
            self.stored_twice.insert(k);
        }
        let (end, is_alone) = (leaf.end, leaf.is_alone);
        if is_seen {
            self.ends[end].seen.insert(k);
        }
        if !is_alone && self.ends[end].seen.contains(k) && !self.ends[end].whole.contains(k) {
            self.look_whether_whole(k, end, &counts());
        }
        !was_filled
    }

    fn look_whether_whole(&mut self, k: u32, end: usize, counts: &[u32]) {
        let all = |leaf: &usize| {
            let at = |at| Slot {
                leaf: *leaf as u32,
                at,
            };
            (0..counts[*leaf]).all(|element| self.is_filled(k, at(element)))
        };
        if self.ends[end].leaves.iter().all(all) {
            self.ends[end].whole.insert(k);
        }
    }

    /// The slots of order `k` that are empty at ends where it was seen; `counts` says how many slots each leaf has.
    pub(super) fn empty(&self, k: u32, counts: &[u32]) -> impl Iterator<Item = Slot> {
        let ends = self.ends.iter().filter(move |end| end.seen.contains(k));
        let slots = ends.flat_map(|end| &end.leaves).flat_map(|&leaf| {
            let slot = move |at| Slot {
                leaf: leaf as u32,
                at,
            };
            (0..counts[leaf]).map(slot)
        });
        slots.filter(move |slot| !self.is_filled(k, *slot))
    }

    /// The index of the end that a leaf is of.
    pub(super) fn end_of(&self, leaf: u32) -> usize {
        self.leaves[leaf as usize].end
    }

    /// The names of the ends at which any order was seen.
    pub(super) fn ends(&self) -> impl Iterator<Item = &str> {
        let seen = self.ends.iter().filter(|end| !end.seen.is_empty());
        seen.map(|end| end.name.as_str())
    }

    /// The ends by name at which orders left only a part, with these orders.
    pub(super) fn in_part(&self) -> impl Iterator<Item = (&str, RoaringBitmap)> {
        let in_part = self.ends.iter().filter_map(|end| {
            let in_part = match self.is_alone(end) {
                true => return None,
                false => end.seen.set() - &end.whole,
            };
            Some((end.name.as_str(), in_part))
        });
        in_part.filter(|(_, in_part)| !in_part.is_empty())
    }

    /// Whether a single row or letter is all that an end has.
    fn is_alone(&self, end: &End) -> bool {
        matches!(end.leaves.as_slice(), [leaf] if self.leaves[*leaf].is_alone)
    }

    /// Orders seen at this end.
    pub(super) fn seen_at(&self, name: &str) -> RoaringBitmap {
        let end = self.ends.iter().find(|end| end.name == name);
        end.map_or_else(RoaringBitmap::new, |end| end.seen.set())
    }

    /// How many slots are filled.
    pub(super) fn filled(&self) -> u64 {
        let count = |leaf: &Leaf| match &leaf.filled {
            Filled::Once(_) if leaf.is_alone => self.ends[leaf.end].seen.len(),
            Filled::Once(filled) => filled.len(),
            Filled::Elements(elements) => elements.bits.len(),
        };
        self.leaves.iter().map(count).sum()
    }

    /// Orders that left all they must at one end or another.
    pub(super) fn whole(&self) -> RoaringBitmap {
        let mut all = RoaringBitmap::new();
        for end in &self.ends {
            match self.is_alone(end) {
                true => all |= end.seen.set(),
                false => all |= &end.whole,
            }
        }
        all
    }
}

impl End {
    fn new(name: &str, planned: u64) -> Self {
        Self {
            name: name.to_owned(),
            leaves: Vec::new(),
            seen: Plane::new(planned),
            whole: RoaringBitmap::new(),
        }
    }
}

/// For which orders, and elements, a leaf is filled.
enum Filled {
    Once(RoaringBitmap),
    Elements(Elements),
}

/// A bit for each element of each order, orders side by side: as far apart as the longest list seen so far.
struct Elements {
    stride: u32,
    bits: RoaringTreemap,
}

impl Default for Elements {
    fn default() -> Self {
        Self {
            stride: 8,
            bits: RoaringTreemap::new(),
        }
    }
}

impl Elements {
    fn contains(&self, k: u32, at: u32) -> bool {
        at < self.stride && self.bits.contains(self.place(k, at))
    }

    fn any(&self, k: u32) -> bool {
        (0..self.stride).any(|at| self.bits.contains(self.place(k, at)))
    }

    fn insert(&mut self, k: u32, at: u32) {
        if at >= ELEMENTS_MAX {
            return;
        }
        if at >= self.stride {
            self.widen((at + 1).next_power_of_two());
        }
        self.bits.insert(self.place(k, at));
    }

    fn place(&self, k: u32, at: u32) -> u64 {
        u64::from(k) * u64::from(self.stride) + u64::from(at)
    }

    fn widen(&mut self, stride: u32) {
        let old = u64::from(self.stride);
        let wide = |place: u64| place / old * u64::from(stride) + place % old;
        self.bits = self.bits.iter().map(wide).collect();
        self.stride = stride;
    }
}

/// Of each row whose key is made up a hash of the key, so that another row in its place is told from the same one again.
#[derive(Default)]
struct Keys {
    /// By order, zero where there is none: of the only row, or that of the first element.
    first: Vec<u32>,
    /// By order and element.
    further: HashMap<(u32, u32), u32>,
}

impl Keys {
    fn get(&self, k: u32, at: u32) -> Option<u32> {
        match at {
            0 => self
                .first
                .get(k as usize)
                .copied()
                .filter(|&hash| hash != 0),
            at => self.further.get(&(k, at)).copied(),
        }
    }

    /// The hash that is there now: the first that was put.
    fn put(&mut self, k: u32, at: u32, hash: u32) -> u32 {
        if at > 0 {
            return *self.further.entry((k, at)).or_insert(hash);
        }
        let place = k as usize;
        if place >= self.first.len() {
            self.first.resize(place + 1, 0);
        }
        let there = &mut self.first[place];
        if *there == 0 {
            *there = hash;
        }
        *there
    }
}
