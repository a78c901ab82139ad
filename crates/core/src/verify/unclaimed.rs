//! Rows under unknown message ids: neither evidence for an order nor against it.
//!
//! Where a send was not answered the message's id is unknown, so that a row with an unknown id in its key
//! may be such an order's. Where every send was answered it is nobody's.

use std::collections::HashSet;

use roaring::RoaringBitmap;

use super::collector::hash_of;

/// The most ids that are kept; further ones count as often as they are seen in the first scan.
const IDS_MAX: usize = 1_000_000;

/// The ids of messages in rows' keys that are no known message's, and the orders whose messages they may be.
#[derive(Default)]
pub(super) struct Unclaimed {
    nameless: RoaringBitmap,
    ids: HashSet<u64>,
    more: u64,
}

impl Unclaimed {
    /// Orders that were sent and whose messages' ids are unknown.
    pub(super) fn nameless(&mut self, orders: RoaringBitmap) {
        self.nameless = orders;
    }

    /// Whether the id of order `k`'s message is unknown.
    pub(super) fn is_nameless(&self, k: u32) -> bool {
        self.nameless.contains(k)
    }

    /// Whether a row under an unknown id may be an order's.
    pub(super) fn may_be_ours(&self) -> bool {
        !self.nameless.is_empty()
    }

    /// A row under an unknown id; `again` where a scan before may have shown it.
    pub(super) fn row(&mut self, message_id: &str, again: bool) {
        let hash = hash_of(message_id);
        if self.ids.len() < IDS_MAX {
            self.ids.insert(hash);
        } else if !again && !self.ids.contains(&hash) {
            self.more += 1;
        }
    }

    /// How many of the ids may be orders', and how many are certainly nobody's.
    pub(super) fn counts(&self) -> (u64, u64) {
        let ids = self.ids.len() as u64 + self.more;
        let ours = ids.min(self.nameless.len());
        (ours, ids - ours)
    }

    /// The orders that may have left them; none where there is no such row.
    pub(super) fn may_claim(&self) -> RoaringBitmap {
        match self.counts() {
            (0, _) => RoaringBitmap::new(),
            _ => self.nameless.clone(),
        }
    }
}
