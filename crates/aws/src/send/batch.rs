//! The orders of one request, with their messages.

use std::ops::Range;
use std::sync::OnceLock;

use super::carried::Carried;
use super::hex::hex;
use super::md5s::{Md5Digests, md5s};
use crate::order::{Door, EscapedText, OrderPlan};

/// The most orders SQS takes in one request.
pub const BATCH_MAX: usize = 10;

/// The orders of one request and their messages, in buffers that are used again and again.
#[derive(Debug, Default)]
pub struct Batch {
    first: u64,
    bodies: EscapedText,
    /// Where each ends, in both forms.
    ends: Vec<[usize; 2]>,
    /// What each message carries beside its body; empty when none carries anything.
    carried: Vec<Carried>,
    /// Bytes of all attributes.
    carried_bytes: usize,
    /// The places of orders whose message ids are kept.
    named: u16,
    /// The most bytes of a request.
    bytes_max: usize,
    /// The MD5 of each body, once one was asked for.
    md5s: OnceLock<Md5Digests>,
}

impl Batch {
    /// An empty batch.
    pub fn new() -> Self {
        Self {
            bytes_max: Door::Sqs.request_bytes_max(),
            ..Self::default()
        }
    }

    /// Makes this the batch of `orders`, of as many from the first on as one request takes: all of them, unless they are
    /// larger together than [`Door::request_bytes_max`](crate::order::Door::request_bytes_max). One that is larger by
    /// itself is taken alone, to be refused.
    ///
    /// # Panics
    /// When these are more than [`BATCH_MAX`]; scenarios are bounded by it.
    pub fn fill(&mut self, plan: &OrderPlan, orders: impl IntoIterator<Item = u64>) {
        let carries = plan.sends_more_than_bodies();
        let mut orders = orders.into_iter().peekable();
        self.clear(orders.peek().copied().unwrap_or_default());
        self.bytes_max = plan.model.door().request_bytes_max();
        for k in orders {
            let carried = carries.then(|| Carried::of(plan, k));
            if !self.push(|body| plan.write_request_body(k, body), carried) {
                break;
            }
            if plan.keeps_message_id(k) {
                self.name_last();
            }
        }
    }

    pub(super) fn clear(&mut self, first: u64) {
        self.first = first;
        self.bodies.truncate([0, 0]);
        self.ends.clear();
        self.carried.clear();
        self.carried_bytes = 0;
        self.named = 0;
        self.md5s.take();
    }

    /// One more message, if the request takes it: of a batch all carry something or none.
    pub(super) fn push(
        &mut self,
        write_body: impl FnOnce(&mut EscapedText),
        carried: Option<Carried>,
    ) -> bool {
        assert!(self.len() < BATCH_MAX, "SQS takes {BATCH_MAX} orders");
        self.md5s.take();
        let before = self.bodies.lengths();
        write_body(&mut self.bodies);
        let more = carried.as_ref().map_or(0, Carried::size);
        let after = self.bodies.lengths();
        let size = after[0] + self.carried_bytes + more;
        if size > self.bytes_max && !self.is_empty() {
            self.bodies.truncate(before);
            return false;
        }
        self.ends.push(after);
        self.carried.extend(carried);
        self.carried_bytes += more;
        true
    }

    /// The id of the last message is wanted.
    pub(super) fn name_last(&mut self) {
        self.named |= 1 << (self.len() - 1);
    }

    /// Whether the id of the message at `index` is wanted.
    pub(super) fn wants_message_id(&self, index: usize) -> bool {
        self.named & 1 << index != 0
    }

    /// About as many bytes as its request takes, escapes and names included.
    pub(super) fn request_bytes(&self) -> usize {
        let [_, escaped] = self.bodies.lengths();
        let messages = escaped + self.carried_bytes * 2;
        messages + 64 * self.len() + 256
    }

    /// How many orders it holds.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The sequence numbers of its orders.
    pub fn orders(&self) -> Range<u64> {
        self.first..self.first + self.ends.len() as u64
    }

    /// The message body of its order at `index`.
    ///
    /// # Panics
    /// When there is none.
    pub fn body(&self, index: usize) -> &[u8] {
        let [start, _] = self.start(index);
        &self.bodies.plain()[start..self.ends[index][0]]
    }

    /// The same as it stands between the quotes of a JSON text.
    pub(super) fn escaped_body(&self, index: usize) -> &[u8] {
        let [_, start] = self.start(index);
        &self.bodies.escaped()[start..self.ends[index][1]]
    }

    fn start(&self, index: usize) -> [usize; 2] {
        let before = index.checked_sub(1);
        before.map_or([0, 0], |before| self.ends[before])
    }

    /// The message bodies in order.
    pub fn bodies(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len()).map(|index| self.body(index))
    }

    /// What the message at `index` carries beside its body, if it may carry anything.
    pub(super) fn carried(&self, index: usize) -> Option<&Carried> {
        self.carried.get(index)
    }

    /// Whether `given` is the MD5 of the body at `index`, as SQS writes it.
    pub(super) fn md5_matches(&self, index: usize, given: &str) -> bool {
        let digests = self.md5s.get_or_init(|| {
            let mut bodies: [&[u8]; BATCH_MAX] = Default::default();
            for (slot, body) in bodies.iter_mut().zip(self.bodies()) {
                *slot = body;
            }
            md5s(&bodies[..self.len()])
        });
        hex(digests[index]).as_bytes() == given.as_bytes()
    }

    /// Whether `given` is the MD5 of the attributes at `index`; nothing has to be there for a message without any.
    pub(super) fn attributes_md5_matches(&self, index: usize, given: Option<&str>) -> bool {
        let digest = self.carried(index).and_then(Carried::md5_of_attributes);
        digest.is_none_or(|digest| given.is_some_and(|given| hex(digest).as_str() == given))
    }
}

#[cfg(test)]
#[path = "batch_tests.rs"]
mod tests;
