//! One queue: which messages it holds, and in which of the three counts each one is; of a FIFO queue also, which may be
//! given out next.
//!
//! Pure state: the instant is handed in and nothing waits. The visible, in-flight and delayed
//! messages are three disjoint sets, so the counts are their sizes. Every call first carries out
//! what time has done since the last one; see `advance`.

mod giving;
mod groups;
mod message;
mod places;
mod sequence;
mod tally;
mod wake;

pub use giving::ReceiveFault;
pub use message::{
    AttributeValue, Extras, MESSAGE_OVERHEAD, Message, MessageAttribute, MessageState, extra_bytes,
};
pub use sequence::SequenceNumber;
pub use tally::{Tally, Total};
pub use wake::Wake;

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use groups::Groups;

use crate::time::Nanos;

/// The most messages in flight in a queue: beyond it a receive from a standard queue is refused, and one from a FIFO
/// queue gives nothing (SQS API reference, "Amazon SQS message quotas").
pub const IN_FLIGHT_MAX: usize = 120_000;

/// How many messages a queue holds: each message is in exactly one count of one queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QueueCounts {
    /// Ready to be received.
    pub visible: u64,
    /// Received, not deleted, and still hidden.
    pub in_flight: u64,
    /// Sent with a delay that has not passed.
    pub delayed: u64,
}

impl QueueCounts {
    /// All messages of the queue.
    pub fn total(self) -> u64 {
        self.visible + self.in_flight + self.delayed
    }
}

/// A message just received, and the slot its handle names.
#[derive(Debug)]
pub struct Taken<'a> {
    /// The slot.
    pub slot: u32,
    /// The message, as this receive leaves it.
    pub message: &'a Message,
}

/// The messages of one queue. `W` wakes long polls when a message may have become visible.
#[derive(Debug)]
pub struct Queue<W> {
    /// Wakes long polls.
    pub arrivals: W,
    /// The latest instant any long poll sleeps to; an earlier event has to wake it.
    armed_until: Nanos,
    slots: Vec<Option<Message>>,
    free: Vec<u32>,
    /// Slots and serials of visible messages, and some of messages that are gone.
    ready: VecDeque<(u32, u64)>,
    visible: usize,
    in_flight: BTreeSet<(Nanos, u32)>,
    delayed: BTreeSet<(Nanos, u32)>,
    by_age: BTreeSet<(Nanos, u32)>,
    /// What only a FIFO queue has.
    groups: Option<Box<Groups>>,
    /// Bytes of memory it takes.
    pub tally: Tally,
}

impl<W: Wake> Queue<W> {
    /// An empty queue, FIFO or standard.
    pub fn new(is_fifo: bool, arrivals: W, tally: Tally) -> Self {
        Self {
            groups: is_fifo.then(Box::default),
            arrivals,
            armed_until: 0,
            slots: Vec::new(),
            free: Vec::new(),
            ready: VecDeque::new(),
            visible: 0,
            in_flight: BTreeSet::new(),
            delayed: BTreeSet::new(),
            by_age: BTreeSet::new(),
            tally,
        }
    }

    /// Bytes of memory the messages take, about.
    pub fn stored_bytes(&self) -> u64 {
        self.tally.messages()
    }

    /// Carries out what time has done until `now`: visibilities and delays end, messages older than `retention` go; how
    /// many those were.
    pub fn advance(&mut self, now: Nanos, retention: Nanos) -> u64 {
        let mut expired = 0;
        while let Some(&(until, slot)) = self.in_flight.first()
            && until <= now
        {
            self.in_flight.pop_first();
            self.show(slot);
        }
        while let Some(&(until, slot)) = self.delayed.first()
            && until <= now
        {
            self.delayed.pop_first();
            self.show(slot);
        }
        while let Some(&(sent_at, slot)) = self.by_age.first()
            && sent_at.saturating_add(retention) <= now
        {
            self.remove(slot);
            expired += 1;
        }
        expired
    }

    /// When time will next make a message visible.
    pub fn next_event(&self) -> Option<Nanos> {
        let first = |set: &BTreeSet<(Nanos, u32)>| set.first().map(|(until, _)| *until);
        match (first(&self.in_flight), first(&self.delayed)) {
            (Some(shown), Some(due)) => Some(shown.min(due)),
            (shown, due) => shown.or(due),
        }
    }

    /// Tells the queue that a long poll is about to sleep to that instant.
    pub fn arm(&mut self, until: Nanos) {
        self.armed_until = self.armed_until.max(until);
    }

    /// How many messages are visible, in flight and delayed.
    pub fn counts(&self) -> QueueCounts {
        QueueCounts {
            visible: self.visible as u64,
            in_flight: self.in_flight.len() as u64,
            delayed: self.delayed.len() as u64,
        }
    }

    /// The bodies of all messages, wherever they are, in no order.
    pub fn bodies(&self) -> impl Iterator<Item = &Arc<str>> {
        self.slots.iter().flatten().map(|message| &message.body)
    }

    /// The serial numbers of all messages, wherever they are, in no order.
    pub fn serials(&self) -> impl Iterator<Item = u64> {
        self.slots.iter().flatten().map(|message| message.serial)
    }

    /// The counts of the messages whose body is `wanted`, looked at one by one.
    pub fn counts_of(&self, wanted: impl Fn(&str) -> bool) -> QueueCounts {
        let mut counts = QueueCounts::default();
        for message in self.slots.iter().flatten() {
            let count = match message.place {
                MessageState::Visible => &mut counts.visible,
                MessageState::InFlight(_) => &mut counts.in_flight,
                MessageState::Delayed(_) => &mut counts.delayed,
            };
            *count += u64::from(wanted(&message.body));
        }
        counts
    }

    /// Whether there is something to receive and room to receive it.
    pub fn has_work(&self) -> bool {
        let has_some = match &self.groups {
            Some(groups) => groups.has_ready(),
            None => self.visible > 0,
        };
        has_some && !self.is_full()
    }

    /// Whether as many messages are in flight as AWS allows.
    pub fn is_full(&self) -> bool {
        self.in_flight.len() >= IN_FLIGHT_MAX
    }

    /// Stores a message in the place it says it is in; its sequence number in a FIFO queue.
    pub fn insert(&mut self, mut message: Message) -> Option<SequenceNumber> {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            u32::try_from(self.slots.len() - 1).expect("memory ends before 2^32 messages")
        });
        let place = message.place;
        let sequence = self.line_up(&mut message, slot);
        self.by_age.insert((message.sent_at, slot));
        self.tally.add(message.stored_bytes());
        message.place = MessageState::Visible;
        self.slots[slot as usize] = Some(message);
        match place {
            MessageState::Visible => {
                self.show(slot);
                self.arrivals.wake_one();
            }
            MessageState::InFlight(until) | MessageState::Delayed(until) => {
                self.set_place(slot, place);
                self.wake_if_earlier(until);
            }
        }
        sequence
    }

    /// The message in a slot, if it is still the one with this serial number.
    pub fn live(&self, slot: u32, serial: u64) -> Option<&Message> {
        let message = self.slots.get(slot as usize)?.as_ref()?;
        (message.serial == serial).then_some(message)
    }

    /// Takes a message out of the queue, wherever it is.
    pub fn remove(&mut self, slot: u32) -> Option<Message> {
        let was_full = self.is_full();
        let message = self.slots.get_mut(slot as usize)?.take()?;
        self.tally.remove(message.stored_bytes());
        match message.place {
            MessageState::Visible => self.visible -= 1,
            MessageState::InFlight(until) => {
                self.in_flight.remove(&(until, slot));
            }
            MessageState::Delayed(until) => {
                self.delayed.remove(&(until, slot));
            }
        }
        self.by_age.remove(&(message.sent_at, slot));
        if let Some(groups) = &mut self.groups
            && let Some((group, sequence)) = places::line_of(&message.extras)
        {
            groups.remove(group, sequence);
        }
        self.free.push(slot);
        if self.by_age.is_empty() {
            self.clear();
        }
        // The end of a message in flight may free its group.
        if (was_full || self.groups.is_some()) && self.has_work() {
            self.arrivals.wake_one();
        }
        Some(message)
    }

    /// Whether this is the message's latest receive: an earlier one has no say any more.
    pub fn is_latest(&self, slot: u32, serial: u64, receive_count: u32) -> bool {
        self.live(slot, serial)
            .is_some_and(|message| message.receive_count == receive_count)
    }

    /// Message groups that have messages, and those of them that have some in flight; none of a standard queue.
    pub fn group_counts(&self) -> Option<(usize, usize)> {
        self.groups.as_ref().map(|groups| groups.counts())
    }

    /// The sequence number of a message that is never stored, in a FIFO queue.
    pub fn skip(&mut self) -> Option<SequenceNumber> {
        self.groups
            .as_mut()
            .map(|groups| SequenceNumber(groups.skip()))
    }

    /// Takes every message out, and gives the memory back.
    pub fn clear(&mut self) {
        self.slots = Vec::new();
        self.free = Vec::new();
        self.ready = VecDeque::new();
        self.visible = 0;
        self.in_flight.clear();
        self.delayed.clear();
        self.by_age.clear();
        if let Some(groups) = &mut self.groups {
            groups.clear();
        }
        self.tally.clear();
    }

    /// Wakes the long polls if one of them would sleep past that instant.
    fn wake_if_earlier(&mut self, event: Nanos) {
        if event < self.armed_until {
            self.armed_until = 0;
            self.arrivals.wake_all();
        }
    }
}
