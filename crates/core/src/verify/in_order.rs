//! Whether the orders of a message group were processed in the order in which they were sent: by the stamps that rows
//! carry, a time or a counter taken as each order is processed.
//!
//! When an order whose send has no known outcome reached the queue is unknown, so it is left out. One that was
//! processed again counts by its earliest stamp; equal stamps accuse nobody and prove nothing.

use std::collections::{HashMap, VecDeque};

use roaring::RoaringBitmap;
use serde::{Deserialize, Serialize};

use super::collector::hash_of;
use crate::order::{OrderPlan, Stamp, excerpt};
use crate::records::Item;

/// The most overtaken orders that are kept with the one that overtook each, and rows without a stamp.
const EXAMPLES: usize = 5;

/// What the rows say of the order within message groups.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupOrder {
    /// Orders that were compared with others of their group.
    pub judged: u64,
    /// The groups they are of.
    pub groups: u64,
    /// Of the orders with later ones in their group, those whose stamp is that of one of them: which came first is unknown.
    #[serde(default)]
    pub ties: u64,
    /// Orders that were processed after one of their group that was sent later.
    #[serde(with = "super::bitmap")]
    pub overtaken: RoaringBitmap,
    /// By whom the first of them were overtaken.
    pub overtakes: Vec<Overtake>,
    /// Stored orders with a row that has no stamp, or none that can be read.
    pub unstamped: u64,
    /// What stands in place of the first such stamps.
    pub unstamped_examples: Vec<String>,
    /// Stored orders that were left out, as their sends have no known outcome.
    pub unsure: u64,
}

/// An order that was processed after one of its group that was sent later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Overtake {
    /// The order's place in the run, from 0.
    pub sequence: u32,
    /// Its stamp.
    pub stamp: String,
    /// The later order's place, and its stamp.
    pub by: u32,
    /// The later order's stamp.
    pub by_stamp: String,
}

/// Gathers the stamps.
#[derive(Default)]
pub(super) struct Stamps {
    /// By order; `None` where no stamp was read.
    stamps: Vec<Option<Stamp>>,
    unreadable: RoaringBitmap,
    examples: Vec<String>,
    /// Orders that are known to be in the queue since their send.
    sure: RoaringBitmap,
}

impl Stamps {
    /// Takes in which sends were acknowledged.
    pub(super) fn sent(&mut self, acknowledged: &RoaringBitmap) {
        self.sure.clone_from(acknowledged);
    }

    /// Takes in a row of order `k` that the template `leaf` describes.
    pub(super) fn row(&mut self, plan: &OrderPlan, k: u32, leaf: u32, item: &Item) {
        match plan.stamp(leaf, item) {
            Ok(stamp) => {
                let place = k as usize;
                if place >= self.stamps.len() {
                    self.stamps.resize(place + 1, None);
                }
                let there = &mut self.stamps[place];
                *there = Some(there.map_or(stamp, |before| before.min(stamp)));
            }
            Err(instead) => {
                if self.unreadable.insert(k) && self.examples.len() < EXAMPLES {
                    let id = plan.id(u64::from(k)).to_string();
                    self.examples.push(format!("{}: {instead}", excerpt(&id)));
                }
            }
        }
    }

    fn of(&self, k: u32) -> Option<Stamp> {
        let stamp = self.stamps.get(k as usize).copied().flatten();
        stamp.filter(|_| !self.unreadable.contains(k))
    }

    /// What they say of the orders that are stored.
    pub(super) fn order(&self, plan: &OrderPlan, stored: &RoaringBitmap) -> GroupOrder {
        let unstamped = stored.iter().filter(|k| self.of(*k).is_none()).count() as u64;
        let mut order = GroupOrder {
            unstamped,
            unstamped_examples: self.examples.clone(),
            unsure: (stored - &self.sure).len(),
            ..GroupOrder::default()
        };
        // From the last to the first: the earliest stamp of those that were sent later, by group.
        let mut later: HashMap<u64, (u32, Stamp)> = HashMap::new();
        let mut overtakes = VecDeque::new();
        for k in (stored & &self.sure).iter().rev() {
            let Some(stamp) = self.of(k) else { continue };
            order.judged += 1;
            let group = plan.group(u64::from(k));
            let earliest = later.entry(hash_of(&group)).or_insert((k, stamp));
            let by = *earliest;
            order.ties += u64::from(by.0 != k && stamp == by.1);
            // Two groups of one hash accuse nobody.
            if stamp > by.1 && plan.group(u64::from(by.0)) == group {
                order.overtaken.insert(k);
                overtakes.push_front(Overtake {
                    sequence: k,
                    stamp: stamp.to_string(),
                    by: by.0,
                    by_stamp: by.1.to_string(),
                });
                overtakes.truncate(EXAMPLES);
            }
            if stamp <= by.1 {
                *earliest = (k, stamp);
            }
        }
        order.groups = later.len() as u64;
        order.overtakes = overtakes.into();
        order
    }
}
