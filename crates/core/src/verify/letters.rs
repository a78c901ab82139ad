//! Whose a letter is whose body may not say so: by its message id, or by the body that was sent.

use std::collections::HashMap;

use roaring::RoaringBitmap;

use super::collector::hash_of;
use crate::ledger::MessageIds;
use crate::records::DeadLetter;

/// The letters that are known otherwise than by an id in them, and how many copies of each order were seen.
///
/// 20 bytes for each message id: 20 MB for a million of them.
#[derive(Default)]
pub(super) struct LetterIds {
    by_message_id: MessageIds,
    /// Hashes of the bodies of orders whose message ids nobody knows.
    by_body: HashMap<u64, Vec<u32>>,
    copied: RoaringBitmap,
    /// Letters beyond the first of an order.
    pub(super) extra_copies: u64,
}

impl LetterIds {
    pub(super) fn know(&mut self, message_ids: &MessageIds) {
        self.by_message_id = message_ids.clone();
        self.by_message_id.index();
    }

    pub(super) fn unanswered(&mut self, k: u32, body: &[u8]) {
        self.by_body.entry(hash_of(body)).or_default().push(k);
    }

    pub(super) fn order_of(&self, letter: &DeadLetter) -> Option<u32> {
        if self.by_message_id.is_empty() {
            return None;
        }
        let k = self.by_message_id.order_of(&letter.message_id)?;
        u32::try_from(k).ok()
    }

    /// The first order that was sent with this body and of which no letter was seen; the first of all when there is none.
    pub(super) fn unanswered_of(&self, body: &str) -> Option<u32> {
        if self.by_body.is_empty() {
            return None;
        }
        let orders = self.by_body.get(&hash_of(body.as_bytes()))?;
        let open = orders.iter().find(|k| !self.copied.contains(**k));
        open.or(orders.first()).copied()
    }

    /// One more copy of order `k` in the dead-letter queue.
    pub(super) fn copy(&mut self, k: u32) {
        if !self.copied.insert(k) {
            self.extra_copies += 1;
        }
    }
}
