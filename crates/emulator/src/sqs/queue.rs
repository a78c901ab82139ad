//! One queue: which messages it holds, and in which of the three counts each one is; of a FIFO queue also, which may be
//! given out next.
//!
//! Pure state: the instant is handed in and nothing waits. The visible, in-flight and delayed
//! messages are three disjoint sets, so the counts are their sizes. Every call first carries out
//! what time has done since the last one; see `advance`.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use tokio::sync::Notify;

use super::attributes::{IN_FLIGHT_MAX, QueueAttributes};
use super::clock::{Nanos, nanos};
use super::faults::ReceiveFault;
use super::fifo::{Cursor, Fifo, SequenceNumber, Standing};
use super::message::{Extras, Message, Place};
use super::moves::MoveTask;
use super::tally::Tally;

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
pub(super) struct Taken<'a> {
    pub(super) slot: u32,
    pub(super) message: &'a Message,
}

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
    /// Wakes long polls.
    pub(super) arrivals: Arc<Notify>,
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
    pub(super) fifo: Option<Box<Fifo>>,
    pub(super) tally: Tally,
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
            fifo,
            uid,
            attributes,
            tags: BTreeMap::new(),
            created_at: now,
            modified_at: now,
            purged_at: None,
            moves: VecDeque::new(),
            arrivals: Arc::new(Notify::new()),
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
    pub(super) fn stored_bytes(&self) -> u64 {
        self.tally.messages()
    }

    /// Carries out what time has done: visibilities and delays end, old messages go.
    pub(super) fn advance(&mut self, now: Nanos) {
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
        let retention = nanos(self.attributes.retention);
        while let Some(&(sent_at, slot)) = self.by_age.first()
            && sent_at.saturating_add(retention) <= now
        {
            self.remove(slot);
        }
    }

    /// When time will next make a message visible.
    pub(super) fn next_event(&self) -> Option<Nanos> {
        let first = |set: &BTreeSet<(Nanos, u32)>| set.first().map(|(until, _)| *until);
        match (first(&self.in_flight), first(&self.delayed)) {
            (Some(shown), Some(due)) => Some(shown.min(due)),
            (shown, due) => shown.or(due),
        }
    }

    /// Tells the queue that a long poll is about to sleep to that instant.
    pub(super) fn arm(&mut self, until: Nanos) {
        self.armed_until = self.armed_until.max(until);
    }

    pub(super) fn counts(&self) -> QueueCounts {
        QueueCounts {
            visible: self.visible as u64,
            in_flight: self.in_flight.len() as u64,
            delayed: self.delayed.len() as u64,
        }
    }

    /// The bodies of all messages, wherever they are, in no order.
    pub(super) fn bodies(&self) -> impl Iterator<Item = &Arc<str>> {
        self.slots.iter().flatten().map(|message| &message.body)
    }

    /// The counts of the messages whose body is `wanted`, looked at one by one.
    pub(super) fn counts_of(&self, wanted: impl Fn(&str) -> bool) -> QueueCounts {
        let mut counts = QueueCounts::default();
        for message in self.slots.iter().flatten() {
            let count = match message.place {
                Place::Visible => &mut counts.visible,
                Place::InFlight(_) => &mut counts.in_flight,
                Place::Delayed(_) => &mut counts.delayed,
            };
            *count += u64::from(wanted(&message.body));
        }
        counts
    }

    /// Whether there is something to receive and room to receive it.
    pub(super) fn has_work(&self) -> bool {
        let has_some = match &self.fifo {
            Some(fifo) => fifo.groups.has_ready(),
            None => self.visible > 0,
        };
        has_some && !self.is_full()
    }

    /// Whether as many messages are in flight as AWS allows.
    pub(super) fn is_full(&self) -> bool {
        self.in_flight.len() >= IN_FLIGHT_MAX
    }

    /// Stores a message in the place it says it is in; its sequence number in a FIFO queue.
    pub(super) fn insert(&mut self, mut message: Message) -> Option<SequenceNumber> {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            u32::try_from(self.slots.len() - 1).expect("memory ends before 2^32 messages")
        });
        let place = message.place;
        let sequence = self.line_up(&mut message, slot);
        self.by_age.insert((message.sent_at, slot));
        self.tally.add(message.stored_bytes());
        message.place = Place::Visible;
        self.slots[slot as usize] = Some(message);
        match place {
            Place::Visible => {
                self.show(slot);
                self.arrivals.notify_one();
            }
            Place::InFlight(until) | Place::Delayed(until) => {
                self.set_place(slot, place);
                self.wake_if_earlier(until);
            }
        }
        sequence
    }

    /// Puts a new message at the end of its group.
    fn line_up(&mut self, message: &mut Message, slot: u32) -> Option<SequenceNumber> {
        let groups = &mut self.fifo.as_mut()?.groups;
        let extras = Arc::make_mut(message.extras.get_or_insert_default());
        let group = groups.id(extras.group_id.get_or_insert_default());
        let sequence = SequenceNumber(groups.add(&group, slot, standing(message.place)));
        extras.group_id = Some(group);
        extras.sequence_number = Some(sequence);
        Some(sequence)
    }

    /// Hides up to `wanted` visible messages until `until` and hands each to `each`, unless `fault`,
    /// asked for each body, has it otherwise.
    ///
    /// Messages that were received `limit` times already in this queue are taken out instead, into `dead`.
    pub(super) fn take(
        &mut self,
        wanted: usize,
        (now, until): (Nanos, Nanos),
        limit: Option<u32>,
        dead: &mut Vec<Message>,
        fault: impl Fn(&str) -> ReceiveFault,
        mut each: impl FnMut(Taken<'_>),
    ) {
        let mut duplicates = Vec::new();
        let room = IN_FLIGHT_MAX.saturating_sub(self.in_flight.len());
        let mut left = wanted.min(room);
        let mut cursor = Cursor::default();
        while left > 0
            && let Some(slot) = self.next_visible(&mut cursor)
        {
            let message = self.slots[slot as usize]
                .as_ref()
                .expect("a visible message is in its slot");
            if limit.is_some_and(|limit| message.received_here() >= limit) {
                dead.extend(self.remove(slot));
                continue;
            }
            let fault = fault(&message.body);
            let is_overtaken = fault == ReceiveFault::Overtake && self.has_follower(&cursor);
            if is_overtaken {
                continue;
            }
            self.visible -= 1;
            match fault {
                ReceiveFault::Duplicate => duplicates.push(slot),
                ReceiveFault::HideFor(time) => {
                    self.set_place(slot, Place::InFlight(now + nanos(time)))
                }
                ReceiveFault::None | ReceiveFault::Lose | ReceiveFault::Overtake => {
                    self.set_place(slot, Place::InFlight(until));
                }
            }
            let message = self.slots[slot as usize]
                .as_mut()
                .expect("a live message is in its slot");
            message.receive_count += 1;
            if message.receive_count == 1 {
                message.first_received_at = now;
            }
            if fault != ReceiveFault::Lose {
                each(Taken { slot, message });
            }
            left -= 1;
        }
        for slot in duplicates {
            self.show(slot);
        }
        if left < wanted {
            self.wake_if_earlier(until);
        }
    }

    /// The next message to give out, which is visible.
    fn next_visible(&mut self, cursor: &mut Cursor) -> Option<u32> {
        if let Some(fifo) = &self.fifo {
            return fifo.groups.next(cursor);
        }
        while let Some((slot, serial)) = self.ready.pop_front() {
            if self.live(slot, serial).is_some() {
                return Some(slot);
            }
        }
        None
    }

    fn has_follower(&self, cursor: &Cursor) -> bool {
        let fifo = self.fifo.as_ref();
        fifo.is_some_and(|fifo| fifo.groups.has_follower(cursor))
    }

    /// The message that has been visible longest, of those that may be given out, and its slot.
    pub(super) fn first_visible(&mut self) -> Option<(u32, &Message)> {
        if let Some(fifo) = &self.fifo {
            let slot = fifo.groups.next(&mut Cursor::default())?;
            return Some((slot, self.slots[slot as usize].as_ref()?));
        }
        while let Some(&(slot, serial)) = self.ready.front() {
            if self.live(slot, serial).is_some() {
                break;
            }
            self.ready.pop_front();
        }
        let &(slot, serial) = self.ready.front()?;
        self.live(slot, serial).map(|message| (slot, message))
    }

    /// The message in a slot, if it is still the one with this serial number.
    pub(super) fn live(&self, slot: u32, serial: u64) -> Option<&Message> {
        let message = self.slots.get(slot as usize)?.as_ref()?;
        (message.serial == serial).then_some(message)
    }

    /// Takes a message out of the queue, wherever it is.
    pub(super) fn remove(&mut self, slot: u32) -> Option<Message> {
        let was_full = self.is_full();
        let message = self.slots.get_mut(slot as usize)?.take()?;
        self.tally.remove(message.stored_bytes());
        match message.place {
            Place::Visible => self.visible -= 1,
            Place::InFlight(until) => {
                self.in_flight.remove(&(until, slot));
            }
            Place::Delayed(until) => {
                self.delayed.remove(&(until, slot));
            }
        }
        self.by_age.remove(&(message.sent_at, slot));
        if let Some(fifo) = &mut self.fifo
            && let Some((group, sequence)) = line_of(&message.extras)
        {
            fifo.groups.remove(group, sequence);
        }
        self.free.push(slot);
        if self.by_age.is_empty() {
            self.clear();
        }
        // The end of a message in flight may free its group.
        if (was_full || self.fifo.is_some()) && self.has_work() {
            self.arrivals.notify_one();
        }
        Some(message)
    }

    /// Hides a message in flight for another while; at once visible if `until` has come.
    pub(super) fn change_visibility(&mut self, slot: u32, now: Nanos, until: Nanos) {
        let Some(Some(message)) = self.slots.get(slot as usize) else {
            return;
        };
        if let Place::InFlight(previous) = message.place {
            self.in_flight.remove(&(previous, slot));
        }
        if until <= now {
            self.show(slot);
            self.arrivals.notify_one();
        } else {
            self.set_place(slot, Place::InFlight(until));
            self.wake_if_earlier(until);
        }
    }

    /// Counts what a FIFO queue remembers of messages that may be gone.
    pub(super) fn remember(&mut self) {
        if let Some(fifo) = &self.fifo {
            let bytes = fifo.deduplication.bytes() + fifo.attempts.bytes();
            self.tally.remember(bytes);
        }
    }

    /// Takes every message out, and gives the memory back.
    pub(super) fn clear(&mut self) {
        self.slots = Vec::new();
        self.free = Vec::new();
        self.ready = VecDeque::new();
        self.visible = 0;
        self.in_flight.clear();
        self.delayed.clear();
        self.by_age.clear();
        if let Some(fifo) = &mut self.fifo {
            fifo.groups.clear();
        }
        self.tally.clear();
    }

    /// Hides what was never received until its delay from its sending has passed: a FIFO queue's new delay applies to what
    /// is there already.
    pub(super) fn delay_anew(&mut self, now: Nanos) {
        let delay = nanos(self.attributes.delay);
        for slot in 0..self.slots.len() {
            let Some(message) = &self.slots[slot] else {
                continue;
            };
            let due = message.sent_at.saturating_add(delay);
            let slot = u32::try_from(slot).expect("memory ends before 2^32 messages");
            match message.place {
                Place::InFlight(_) => continue,
                _ if message.receive_count > 0 => continue,
                Place::Visible => self.visible -= 1,
                Place::Delayed(until) => {
                    self.delayed.remove(&(until, slot));
                }
            }
            match due > now {
                true => self.set_place(slot, Place::Delayed(due)),
                false => self.show(slot),
            }
        }
        self.arrivals.notify_waiters();
    }

    /// Makes a message, which is in no count at the moment, visible.
    fn show(&mut self, slot: u32) {
        let message = self.slots[slot as usize]
            .as_mut()
            .expect("a message in a count is in its slot");
        message.place = Place::Visible;
        self.visible += 1;
        match &mut self.fifo {
            Some(fifo) => stand(fifo, &message.extras, Standing::Visible),
            None => self.ready.push_back((slot, message.serial)),
        }
    }

    /// Puts a message, which is in no count at the moment, among those in flight or delayed.
    fn set_place(&mut self, slot: u32, place: Place) {
        match place {
            Place::Visible => self.visible += 1,
            Place::InFlight(until) => {
                self.in_flight.insert((until, slot));
            }
            Place::Delayed(until) => {
                self.delayed.insert((until, slot));
            }
        }
        if let Some(Some(message)) = self.slots.get_mut(slot as usize) {
            message.place = place;
            if let Some(fifo) = &mut self.fifo {
                stand(fifo, &message.extras, standing(place));
            }
        }
    }

    /// Wakes the long polls if one of them would sleep past that instant.
    fn wake_if_earlier(&mut self, event: Nanos) {
        if event < self.armed_until {
            self.armed_until = 0;
            self.arrivals.notify_waiters();
        }
    }
}

/// The group a message of a FIFO queue is in, and its place there.
fn line_of(extras: &Option<Arc<Extras>>) -> Option<(&Arc<str>, u64)> {
    let extras = extras.as_deref()?;
    Some((extras.group_id.as_ref()?, extras.sequence_number?.0))
}

fn stand(fifo: &mut Fifo, extras: &Option<Arc<Extras>>, standing: Standing) {
    if let Some((group, sequence)) = line_of(extras) {
        fifo.groups.set(group, sequence, standing);
    }
}

fn standing(place: Place) -> Standing {
    match place {
        Place::Visible => Standing::Visible,
        Place::InFlight(_) => Standing::InFlight,
        Place::Delayed(_) => Standing::Delayed,
    }
}
