//! What orders that left a part somewhere did not leave there: the first few, by table and key.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::slots::Slots;
use crate::order::{OrderPlan, Slot, excerpt};

/// Orders of which it is kept what is missing: a few more than findings name, since some may be in other classes.
pub(super) const ORDERS: usize = 16;
/// Rows and letters that are named of each.
pub(super) const NAMED: usize = 3;

/// What an order did not leave at ends where it left something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Missing {
    /// The order's place in the run, from 0.
    pub sequence: u32,
    /// The first few rows and letters.
    pub parts: Vec<MissingPart>,
    /// How many more there are.
    pub more: u64,
}

/// A row or a letter that is not there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MissingPart {
    /// The table of a row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// The key of a row; `*` is what nobody knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The queue of a letter; of none of these it is the dead-letter queue's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
}

impl Missing {
    /// Of order `k`, at the ends where it was seen; `message_id` where a key holds it.
    pub(super) fn of(plan: &OrderPlan, slots: &Slots, k: u32, message_id: Option<String>) -> Self {
        let part = |slot: Slot| MissingPart {
            table: plan
                .leaves()
                .nth(slot.leaf as usize)
                .and_then(|leaf| leaf.table.map(str::to_owned)),
            key: plan.key_in_words(u64::from(k), slot, message_id.clone()),
            queue: plan.queue_of(slot.leaf).map(str::to_owned),
        };
        let counts = plan.slots_of(u64::from(k));
        let mut empty = slots.empty(k, &counts);
        Self {
            sequence: k,
            parts: empty.by_ref().take(NAMED).map(part).collect(),
            more: empty.count() as u64,
        }
    }
}

impl fmt::Display for MissingPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.table, &self.queue) {
            (Some(table), _) => {
                let key = excerpt(self.key.as_deref().unwrap_or_default());
                write!(f, "row {key} of {}", excerpt(table))
            }
            (None, Some(queue)) => write!(f, "its letter in {}", excerpt(queue)),
            (None, None) => f.write_str("its letter in the dead-letter queue"),
        }
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, part) in self.parts.iter().take(NAMED).enumerate() {
            let before = if at == 0 { "" } else { ", " };
            write!(f, "{before}{part}")?;
        }
        let beyond = self.parts.len().saturating_sub(NAMED) as u64;
        match self.more.saturating_add(beyond) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}
