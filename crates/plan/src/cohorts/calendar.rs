//! What happens in which slot.

use std::collections::BTreeMap;

use orderproof_machines::mapping::Retries;
use orderproof_machines::time::Nanos;

use super::piece::Piece;

/// Invocations of one kind that began together.
#[derive(Debug)]
pub(super) struct Group {
    /// How many.
    pub(super) batches: u64,
    /// Their messages.
    pub(super) pieces: Vec<Piece>,
    /// When their messages are visible again.
    pub(super) hidden_until: Nanos,
    /// The slot in which they began.
    pub(super) began: u64,
    /// How long each takes.
    pub(super) takes: Nanos,
    /// Whether they end before their time-out.
    pub(super) within: bool,
    /// Their messages came back while they worked, and are no longer theirs.
    pub(super) overtaken: bool,
    /// When they are tried again, if they were throttled.
    pub(super) retries: Option<Retries>,
}

/// Something that happens.
#[derive(Debug)]
pub(super) enum Event {
    /// Messages become visible that were in flight.
    Shown(Piece),
    /// Messages become visible that were delayed.
    Due(Piece),
    /// Throttled invocations are tried again.
    Again(Group),
    /// Invocations end.
    Ended(Group),
}

/// Events by their slots, in the order in which they were noted.
#[derive(Debug, Default)]
pub(super) struct Calendar {
    slots: BTreeMap<u64, Vec<Event>>,
}

impl Calendar {
    pub(super) fn note(&mut self, slot: u64, event: Event) {
        self.slots.entry(slot).or_default().push(event);
    }

    /// The next slot in which something happens.
    pub(super) fn next(&self) -> Option<u64> {
        self.slots.first_key_value().map(|(slot, _)| *slot)
    }

    /// What happens up to this slot and was not taken yet, of one slot.
    pub(super) fn take(&mut self, slot: u64) -> Option<Vec<Event>> {
        self.next()
            .filter(|next| *next <= slot)
            .and_then(|next| self.slots.remove(&next))
    }

    /// What was still to happen.
    pub(super) fn rest(self) -> impl Iterator<Item = Event> {
        self.slots.into_values().flatten()
    }
}
