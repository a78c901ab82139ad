//! Contents that are not the planned ones: of which orders there is one, and of which there are two.
//!
//! Contents are compared within groups. The letters of an order and the only row of an end hold the order itself and are one
//! group; each further row is a group of its own, for two rows of an order have different contents by design.

use std::collections::hash_map::{DefaultHasher, HashMap};
use std::hash::{Hash, Hasher};

use roaring::RoaringBitmap;

use super::plane::Plane;
use crate::order::Slot;

/// What contents of an order are compared with each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Group {
    /// The order itself.
    Whole,
    /// One row.
    Slot(Slot),
}

/// The contents seen so far.
#[derive(Default)]
pub(super) struct Contents {
    /// Orders whose whole was seen as planned, where no slot that is filled tells that.
    as_planned: RoaringBitmap,
    /// The fingerprint of the first content that is not the planned one.
    odd: HashMap<(u32, Group), u64>,
    /// Orders that are among those.
    odd_orders: RoaringBitmap,
    /// The lower halves of their numbers: that an order is not among them takes one look for nearly every one.
    odd_halves: Plane,
    pub(super) overwritten: RoaringBitmap,
}

impl Contents {
    /// A content of order `k` is the planned one, and perhaps fills no slot.
    pub(super) fn as_planned(&mut self, k: u32, group: Group) {
        if group == Group::Whole {
            self.as_planned.insert(k);
        }
        self.fills_as_planned(k, group);
    }

    /// A content of order `k` is the planned one, and fills a slot.
    pub(super) fn fills_as_planned(&mut self, k: u32, group: Group) {
        if self.odd_halves.contains(lower_half(k))
            && self.odd_orders.contains(k)
            && self.odd.contains_key(&(k, group))
        {
            self.overwritten.insert(k);
        }
    }

    /// A content of order `k` is another one; `was_filled` says whether its slot was filled before, or, of the order itself,
    /// any slot that holds it.
    pub(super) fn odd(&mut self, k: u32, group: Group, content: &str, was_filled: bool) {
        let print = fingerprint(content);
        let before = self.odd.get(&(k, group)).copied();
        let was_planned = match group {
            Group::Whole if self.as_planned.contains(k) => true,
            // Filled, and not by another content: one would have been noted.
            Group::Whole | Group::Slot(_) => was_filled && before.is_none(),
        };
        if was_planned || before.is_some_and(|before| before != print) {
            self.overwritten.insert(k);
        }
        self.odd.entry((k, group)).or_insert(print);
        self.odd_orders.insert(k);
        self.odd_halves.insert(lower_half(k));
    }

    /// Orders of which something has one content, and that is not the planned one.
    pub(super) fn altered(&self) -> RoaringBitmap {
        &self.odd_orders - &self.overwritten
    }
}

fn lower_half(k: u32) -> u32 {
    k & 0xffff
}

fn fingerprint(content: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    hasher.finish()
}
