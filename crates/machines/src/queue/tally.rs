//! Bytes of memory that queues take: each queue's own, and of all together.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What all queues together take.
#[derive(Debug, Clone, Default)]
pub struct Total(Arc<AtomicU64>);

impl Total {
    /// Their bytes.
    pub fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What one queue takes; dropping it takes that from the total.
#[derive(Debug)]
pub struct Tally {
    messages: u64,
    described: u64,
    remembered: u64,
    total: Total,
}

impl Tally {
    /// Of a new queue, counted in `total`, too.
    pub fn new(total: &Total) -> Self {
        Self {
            messages: 0,
            described: 0,
            remembered: 0,
            total: total.clone(),
        }
    }

    /// What its messages take.
    pub fn messages(&self) -> u64 {
        self.messages
    }

    /// A message of so many bytes has come.
    pub fn add(&mut self, bytes: u64) {
        self.messages += bytes;
        self.total.0.fetch_add(bytes, Ordering::Relaxed);
    }

    /// One has gone.
    pub fn remove(&mut self, bytes: u64) {
        self.messages -= bytes;
        self.total.0.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// No message is left.
    pub fn clear(&mut self) {
        self.remove(self.messages);
    }

    /// What a FIFO queue remembers of messages takes so much now.
    pub fn remember(&mut self, bytes: u64) {
        self.total.0.fetch_add(bytes, Ordering::Relaxed);
        self.total.0.fetch_sub(self.remembered, Ordering::Relaxed);
        self.remembered = bytes;
    }

    /// What the queue itself is described by.
    pub fn described(&self) -> u64 {
        self.described
    }

    /// What the queue itself is described by takes so much now.
    pub fn describe(&mut self, bytes: u64) {
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
