//! A shard: the part of one schedule that one worker sends.
//!
//! Every worker walks the same schedule and takes its own part of it by number, never by a share of the rate: the instant
//! at which an order is due depends on the seed alone, whichever worker sends it. The shards of a run are disjoint and complete, and the
//! one shard of one worker is the whole schedule.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use rand_xoshiro::SplitMix64;
use rand_xoshiro::rand_core::{Rng, SeedableRng};
use roaring::RoaringBitmap;
use serde::{Deserialize, Serialize};

use super::dispatch::Dispatches;
use super::schedule::Arriving;
use super::{Dispatch, Schedule};

/// The most workers of one run.
pub const WORKERS_MAX: u32 = 500;

/// Orders of a dispatch at most, as many as a request takes.
const BATCH_MAX: usize = 10;

/// Worker `index` of `of`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "Parts", into = "Parts")]
pub struct Shard {
    index: u32,
    of: u32,
}

/// A shard as it is written down.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Parts {
    index: u32,
    of: u32,
}

impl From<Shard> for Parts {
    fn from(shard: Shard) -> Self {
        Self {
            index: shard.index,
            of: shard.of,
        }
    }
}

impl TryFrom<Parts> for Shard {
    type Error = String;

    fn try_from(parts: Parts) -> Result<Self, String> {
        Self::new(parts.index, parts.of)
            .ok_or_else(|| format!("there is no shard {} of {}", parts.index, parts.of))
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

/// What decides which orders are whose.
#[derive(Clone, Copy)]
pub enum Split<'a> {
    /// Dispatch `j` of the schedule belongs to shard `j` mod the number of shards.
    Dispatches,
    /// The message group of an order decides, so that no group is split; dispatches are formed within the shard.
    Groups(&'a dyn Fn(u64) -> String),
}

impl Shard {
    /// The whole schedule: one worker.
    pub const WHOLE: Self = Self { index: 0, of: 1 };

    /// Shard `index` of `of`; `None` unless `index` is below `of`, and `of` from 1 to [`WORKERS_MAX`].
    pub fn new(index: u32, of: u32) -> Option<Self> {
        (index < of && of <= WORKERS_MAX).then_some(Self { index, of })
    }

    /// Its number, the first being 0.
    pub fn index(self) -> u32 {
        self.index
    }

    /// How many there are.
    pub fn of(self) -> u32 {
        self.of
    }

    /// All shards of as many as there are of this one.
    pub fn all(self) -> impl Iterator<Item = Self> {
        (0..self.of).map(move |index| Self { index, ..self })
    }

    /// Its parts for so many threads, each a shard of so many times as many: together they hold what it holds. Dispatch `j` of
    /// the schedule, its own, belongs to part `j / of` modulo the number of threads; of message groups no group is split.
    pub fn split(self, threads: u32) -> impl Iterator<Item = Self> {
        let of = self.of * threads.max(1);
        (0..threads.max(1)).map(move |thread| Self {
            index: self.index + self.of * thread,
            of,
        })
    }

    /// Whether dispatch number `j` of the schedule is its own.
    pub fn owns_dispatch(self, j: u64) -> bool {
        j % u64::from(self.of) == u64::from(self.index)
    }

    /// Whether the orders of this message group are its own: CRC-32 of the name, mixed by SplitMix64, modulo the number
    /// of shards.
    pub fn owns_group(self, group: &str) -> bool {
        self.owner(group) == self.index
    }

    /// The shard that the orders of a message group belong to.
    fn owner(self, group: &str) -> u32 {
        let hash = u64::from(crc32fast::hash(group.as_bytes()));
        let mixed = SplitMix64::from_seed(hash.to_le_bytes()).next_u64();
        u32::try_from(mixed % u64::from(self.of)).expect("below a number of 32 bits")
    }

    /// What it sends of `schedule`, in order of time, at most `batch` orders together, the first of which waits at most
    /// `linger`.
    pub fn dispatches<'a>(
        self,
        schedule: &Schedule,
        batch: u8,
        linger: Duration,
        split: Split<'a>,
    ) -> OwnDispatches<'a> {
        let walk = match split {
            Split::Groups(group) if self.of > 1 => Walk::Own(OfGroups {
                all: schedule.iter_from(0),
                shard: self,
                group,
                batch,
                linger,
                found: VecDeque::new(),
                reached: Some(Duration::ZERO),
            }),
            _ => Walk::All {
                dispatches: schedule.dispatches(batch, linger),
                next: 0,
            },
        };
        OwnDispatches { shard: self, walk }
    }

    /// The orders of each shard of as many as there are of this one, in one walk of the schedule.
    pub fn deal(
        self,
        schedule: &Schedule,
        batch: u8,
        linger: Duration,
        split: Split<'_>,
    ) -> Vec<RoaringBitmap> {
        let mut hands = vec![RoaringBitmap::new(); self.of as usize];
        match split {
            Split::Groups(group) if self.of > 1 => {
                for (k, _) in schedule.iter_from(0) {
                    hands[self.owner(&group(k)) as usize].insert(narrow(k));
                }
            }
            _ => {
                let of = u64::from(self.of);
                for (j, dispatch) in (0u64..).zip(schedule.dispatches(batch, linger)) {
                    let orders = dispatch.orders();
                    let hand = &mut hands[(j % of) as usize];
                    hand.insert_range(narrow(orders.start)..narrow(orders.end));
                }
            }
        }
        hands.iter_mut().for_each(|hand| {
            hand.optimize();
        });
        hands
    }

    /// The orders that are its own.
    pub fn orders(
        self,
        schedule: &Schedule,
        batch: u8,
        linger: Duration,
        split: Split<'_>,
    ) -> RoaringBitmap {
        let mut own = RoaringBitmap::new();
        if self.of == 1 {
            own.insert_range(0..narrow(schedule.count()));
            return own;
        }
        for dispatch in self.dispatches(schedule, batch, linger, split) {
            own.extend(dispatch.orders().iter().map(|&k| narrow(k)));
        }
        own.optimize();
        own
    }
}

/// Sequence numbers stay below `order::MAX_ORDERS`, which fits.
fn narrow(k: u64) -> u32 {
    u32::try_from(k).expect("a sequence number below 10^9")
}

/// Orders that a shard sends together, which need not be neighbors in the schedule, and when each of them is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnDispatch {
    /// Its first order, how many there are, and when they are to be sent.
    pub dispatch: Dispatch,
    orders: [u64; BATCH_MAX],
    intended_at: [Duration; BATCH_MAX],
}

impl OwnDispatch {
    /// Its sequence numbers, ascending.
    pub fn orders(&self) -> &[u64] {
        &self.orders[..self.dispatch.count.into()]
    }

    /// When each of them is due, from the start.
    pub fn intended_at(&self) -> &[Duration] {
        &self.intended_at[..self.dispatch.count.into()]
    }
}

/// The dispatches of a shard, in order of time.
pub struct OwnDispatches<'a> {
    shard: Shard,
    walk: Walk<'a>,
}

enum Walk<'a> {
    /// Dispatches of all arrivals, each with its number: those of the shard are taken.
    All { dispatches: Dispatches, next: u64 },
    /// Dispatches of the shard's own arrivals.
    Own(OfGroups<'a>),
}

impl OwnDispatches<'_> {
    /// Searches at most `arrivals` further arrivals for the next dispatch. Returns whether the next dispatch is known;
    /// [`Iterator::next`] then searches no further. Where a shard's groups are rare, a caller can do other work between
    /// calls.
    pub fn look_ahead(&mut self, arrivals: usize) -> bool {
        match &mut self.walk {
            Walk::All { .. } => true,
            Walk::Own(own) => own.look_ahead(arrivals),
        }
    }
}

impl Iterator for OwnDispatches<'_> {
    type Item = OwnDispatch;

    fn next(&mut self) -> Option<OwnDispatch> {
        loop {
            let mut orders = [0; BATCH_MAX];
            let mut intended_at = [Duration::ZERO; BATCH_MAX];
            let mut members = orders.iter_mut().zip(&mut intended_at);
            let take = |order, due| {
                if let Some(member) = members.next() {
                    (*member.0, *member.1) = (order, due);
                }
            };
            let (dispatch, own) = match &mut self.walk {
                Walk::Own(own) => (own.next_with(take)?, true),
                Walk::All { dispatches, next } => {
                    let j = *next;
                    *next += 1;
                    (dispatches.next_with(take)?, self.shard.owns_dispatch(j))
                }
            };
            if own {
                return Some(OwnDispatch {
                    dispatch,
                    orders,
                    intended_at,
                });
            }
        }
    }
}

/// The arrivals of a shard's groups.
struct OfGroups<'a> {
    all: Arriving,
    shard: Shard,
    group: &'a dyn Fn(u64) -> String,
    batch: u8,
    linger: Duration,
    /// Those that were found and are in no dispatch yet.
    found: VecDeque<(u64, Duration)>,
    /// All that are due before this were looked at; `None` at the end.
    reached: Option<Duration>,
}

impl OfGroups<'_> {
    /// Whether nothing that is to come belongs to the next dispatch.
    fn is_known(&self) -> bool {
        let Some(reached) = self.reached else {
            return true;
        };
        let lingered = |&(_, due)| reached > due + self.linger;
        self.found.len() >= self.batch.max(1).into() || self.found.front().is_some_and(lingered)
    }

    fn look_ahead(&mut self, arrivals: usize) -> bool {
        for _ in 0..arrivals {
            if self.is_known() {
                return true;
            }
            let next = self.all.next();
            self.reached = next.map(|(_, due)| due);
            if let Some((k, due)) = next
                && self.shard.owns_group(&(self.group)(k))
            {
                self.found.push_back((k, due));
            }
        }
        self.is_known()
    }

    fn next_with(&mut self, take: impl FnMut(u64, Duration)) -> Option<Dispatch> {
        while !self.look_ahead(usize::MAX) {}
        let found = self.found.iter().copied();
        let dispatch = Dispatches::new(found, self.batch, self.linger).next_with(take)?;
        self.found.drain(..usize::from(dispatch.count));
        Some(dispatch)
    }
}

#[cfg(test)]
#[path = "shard_tests.rs"]
mod tests;
