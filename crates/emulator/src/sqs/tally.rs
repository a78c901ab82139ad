//! Bytes of memory that queues take: each queue's own, and of all together.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::attributes::QueueAttributes;

/// A queue without messages, tags and policies, and its places in the registry, about.
const QUEUE_OVERHEAD: u64 = 512;
/// A movement task, about.
const MOVE_OVERHEAD: u64 = 192;
/// An entry of a map, about, beside its texts.
const ENTRY_OVERHEAD: u64 = 64;

/// What all queues together take.
#[derive(Debug, Clone, Default)]
pub(super) struct Total(Arc<AtomicU64>);

impl Total {
    pub(super) fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What one queue takes; dropping it takes that from the total.
#[derive(Debug)]
pub(super) struct Tally {
    messages: u64,
    described: u64,
    remembered: u64,
    total: Total,
}

impl Tally {
    pub(super) fn new(total: &Total) -> Self {
        Self {
            messages: 0,
            described: 0,
            remembered: 0,
            total: total.clone(),
        }
    }

    /// What its messages take.
    pub(super) fn messages(&self) -> u64 {
        self.messages
    }

    pub(super) fn add(&mut self, bytes: u64) {
        self.messages += bytes;
        self.total.0.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn remove(&mut self, bytes: u64) {
        self.messages -= bytes;
        self.total.0.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// No message is left.
    pub(super) fn clear(&mut self) {
        self.remove(self.messages);
    }

    /// What a FIFO queue remembers of messages takes so much now.
    pub(super) fn remember(&mut self, bytes: u64) {
        self.total.0.fetch_add(bytes, Ordering::Relaxed);
        self.total.0.fetch_sub(self.remembered, Ordering::Relaxed);
        self.remembered = bytes;
    }

    /// What the queue itself is described by.
    pub(super) fn described(&self) -> u64 {
        self.described
    }

    pub(super) fn describe(&mut self, bytes: u64) {
        self.total.0.fetch_add(bytes, Ordering::Relaxed);
        self.total.0.fetch_sub(self.described, Ordering::Relaxed);
        self.described = bytes;
    }
}

impl Drop for Tally {
    fn drop(&mut self) {
        let bytes = self.messages + self.described + self.remembered;
        self.total.0.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// What a queue of this description takes, with so many movement tasks.
pub(super) fn described_bytes(
    name: &str,
    attributes: &QueueAttributes,
    tags: &BTreeMap<String, String>,
    moves: usize,
) -> u64 {
    let entries = attributes.inert.iter().chain(tags);
    let entries = entries.map(|(key, value)| (key.len() + value.len()) as u64 + ENTRY_OVERHEAD);
    let redrive = attributes.redrive.as_ref();
    let redrive = redrive.map_or(0, |redrive| redrive.dead_letter_queue.len());
    QUEUE_OVERHEAD
        + (name.len() + redrive) as u64
        + entries.sum::<u64>()
        + moves as u64 * MOVE_OVERHEAD
}
