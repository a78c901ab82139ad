//! One queue: its messages, and what it is besides.

use std::collections::{BTreeMap, VecDeque};
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use orderproof_machines::queue::{self, Tally, Wake};
use tokio::sync::Notify;

use super::attributes::QueueAttributes;
use super::clock::{Nanos, nanos};
use super::fifo::Fifo;
use super::moves::MoveTask;

pub use orderproof_machines::queue::QueueCounts;

/// Long polls that wait.
#[derive(Debug, Clone, Default)]
pub(super) struct Arrivals(pub(super) Arc<Notify>);

impl Wake for Arrivals {
    fn wake_one(&self) {
        self.0.notify_one();
    }

    fn wake_all(&self) {
        self.0.notify_waiters();
    }
}

/// A queue with its settings. Every call first carries out what time has done since the last one; see `advance`.
#[derive(Debug)]
pub(super) struct Queue {
    pub(super) uid: u32,
    pub(super) attributes: QueueAttributes,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) created_at: Nanos,
    pub(super) modified_at: Nanos,
    pub(super) purged_at: Option<Nanos>,
    /// The tasks that move messages out of this queue, the latest first.
    pub(super) moves: VecDeque<MoveTask>,
    /// What only a FIFO queue has, beside its groups.
    pub(super) fifo: Option<Box<Fifo>>,
    messages: queue::Queue<Arrivals>,
}

impl Deref for Queue {
    type Target = queue::Queue<Arrivals>;

    fn deref(&self) -> &Self::Target {
        &self.messages
    }
}

impl DerefMut for Queue {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.messages
    }
}

impl Queue {
    /// A new queue, where time passes `speed` times faster than on AWS.
    pub(super) fn new(
        uid: u32,
        attributes: QueueAttributes,
        (now, speed): (Nanos, f64),
        tally: Tally,
    ) -> Self {
        let fifo = attributes.fifo.map(|_| Box::new(Fifo::new(speed)));
        Self {
            uid,
            messages: queue::Queue::new(fifo.is_some(), Arrivals::default(), tally),
            fifo,
            attributes,
            tags: BTreeMap::new(),
            created_at: now,
            modified_at: now,
            purged_at: None,
            moves: VecDeque::new(),
        }
    }

    /// Carries out what time has done: visibilities and delays end, old messages go.
    pub(super) fn advance(&mut self, now: Nanos) {
        let retention = nanos(self.attributes.retention);
        self.messages.advance(now, retention);
    }

    /// Hides what was never received until the queue's delay from its sending has passed.
    pub(super) fn delay_anew(&mut self, now: Nanos) {
        let delay = nanos(self.attributes.delay);
        self.messages.delay_anew(now, delay);
    }

    /// Counts what a FIFO queue remembers of messages that may be gone.
    pub(super) fn remember(&mut self) {
        if let Some(fifo) = &self.fifo {
            let bytes = fifo.deduplication.bytes() + fifo.attempts.bytes();
            self.messages.tally.remember(bytes);
        }
    }
}
