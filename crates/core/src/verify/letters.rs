//! Whose a letter is whose body may not say so, by its message id or by the body that was sent; and whose a row is under a
//! message's id.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use roaring::RoaringBitmap;

use super::collector::hash_of;
use super::plane::Plane;
use crate::ledger::MessageIds;

/// The letters that are known otherwise than by an id in them, and how many copies of each order were seen.
///
/// The message ids are the ledger's own, not a copy of them.
#[derive(Default)]
pub(super) struct LetterIds {
    by_message_id: Arc<MessageIds>,
    /// Hashes of the bodies of orders whose message ids nobody knows.
    by_body: HashMap<u64, Vec<u32>>,
    /// Places of the message ids by order, once they are asked for.
    by_order: OnceLock<Vec<u32>>,
    copied: Plane,
    /// Letters beyond the first of an order.
    pub(super) extra_copies: u64,
}

impl LetterIds {
    /// Of so many planned orders, no letter of which was seen.
    pub(super) fn new(planned: u64) -> Self {
        Self {
            copied: Plane::new(planned),
            ..Self::default()
        }
    }

    /// Takes the ids in; gives the orders that they tell apart.
    pub(super) fn know(&mut self, message_ids: &Arc<MessageIds>) -> RoaringBitmap {
        self.by_message_id = Arc::clone(message_ids);
        if !self.by_message_id.is_indexed() {
            Arc::make_mut(&mut self.by_message_id).index();
        }
        self.by_order = OnceLock::new();
        self.by_message_id.told_apart()
    }

    /// What the queue calls the message of order `k`.
    pub(super) fn id_of(&self, k: u32) -> Option<String> {
        let places = self.by_order.get_or_init(|| self.by_message_id.by_order());
        let id = self.by_message_id.id_of(places, k)?;
        Some(id.to_string())
    }

    pub(super) fn unanswered(&mut self, k: u32, body: &[u8]) {
        self.by_body.entry(hash_of(body)).or_default().push(k);
    }

    /// Whether no letter is known by its message's id.
    pub(super) fn are_known_by_bodies(&self) -> bool {
        self.by_message_id.is_empty()
    }

    /// The order whose message has this id.
    pub(super) fn order_of(&self, message_id: &str) -> Option<u32> {
        if self.by_message_id.is_empty() {
            return None;
        }
        u32::try_from(self.by_message_id.order_of(message_id)?).ok()
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
