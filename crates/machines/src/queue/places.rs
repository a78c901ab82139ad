//! Where a message is: visible, in flight or delayed, and of a FIFO queue in which group.

use std::sync::Arc;

use super::groups::{GroupMember, Groups};
use super::{Extras, Message, MessageState, Queue, SequenceNumber, Wake};
use crate::time::Nanos;

impl<W: Wake> Queue<W> {
    /// Puts a new message at the end of its group.
    pub(super) fn line_up(&mut self, message: &mut Message, slot: u32) -> Option<SequenceNumber> {
        let groups = self.groups.as_mut()?;
        let extras = Arc::make_mut(message.extras.get_or_insert_default());
        let group = groups.id(extras.group_id.get_or_insert_default());
        let sequence = SequenceNumber(groups.add(&group, slot, standing(message.place)));
        extras.group_id = Some(group);
        extras.sequence_number = Some(sequence);
        Some(sequence)
    }

    /// Hides a message in flight for another while; at once visible if `until` has come.
    pub fn change_visibility(&mut self, slot: u32, now: Nanos, until: Nanos) {
        let Some(Some(message)) = self.slots.get(slot as usize) else {
            return;
        };
        if let MessageState::InFlight(previous) = message.place {
            self.in_flight.remove(&(previous, slot));
        }
        if until <= now {
            self.show(slot);
            self.arrivals.wake_one();
        } else {
            self.set_place(slot, MessageState::InFlight(until));
            self.wake_if_earlier(until);
        }
    }

    /// Hides what was never received until its delay from its sending has passed: a FIFO queue's new delay applies to what
    /// is there already.
    pub fn delay_anew(&mut self, now: Nanos, delay: Nanos) {
        for slot in 0..self.slots.len() {
            let Some(message) = &self.slots[slot] else {
                continue;
            };
            let due = message.sent_at.saturating_add(delay);
            let slot = u32::try_from(slot).expect("memory ends before 2^32 messages");
            match message.place {
                MessageState::InFlight(_) => continue,
                _ if message.receive_count > 0 => continue,
                MessageState::Visible => self.visible -= 1,
                MessageState::Delayed(until) => {
                    self.delayed.remove(&(until, slot));
                }
            }
            match due > now {
                true => self.set_place(slot, MessageState::Delayed(due)),
                false => self.show(slot),
            }
        }
        self.arrivals.wake_all();
    }

    /// Makes a message, which is in no count at the moment, visible.
    pub(super) fn show(&mut self, slot: u32) {
        let message = self.slots[slot as usize]
            .as_mut()
            .expect("a message in a count is in its slot");
        message.place = MessageState::Visible;
        self.visible += 1;
        match &mut self.groups {
            Some(groups) => stand(groups, &message.extras, GroupMember::Visible),
            None => self.ready.push_back((slot, message.serial)),
        }
    }

    /// Puts a message, which is in no count at the moment, among those in flight or delayed.
    pub(super) fn set_place(&mut self, slot: u32, place: MessageState) {
        match place {
            MessageState::Visible => self.visible += 1,
            MessageState::InFlight(until) => {
                self.in_flight.insert((until, slot));
            }
            MessageState::Delayed(until) => {
                self.delayed.insert((until, slot));
            }
        }
        if let Some(Some(message)) = self.slots.get_mut(slot as usize) {
            message.place = place;
            if let Some(groups) = &mut self.groups {
                stand(groups, &message.extras, standing(place));
            }
        }
    }
}

/// The group a message of a FIFO queue is in, and its place there.
pub(super) fn line_of(extras: &Option<Arc<Extras>>) -> Option<(&Arc<str>, u64)> {
    let extras = extras.as_deref()?;
    Some((extras.group_id.as_ref()?, extras.sequence_number?.0))
}

fn stand(groups: &mut Groups, extras: &Option<Arc<Extras>>, standing: GroupMember) {
    if let Some((group, sequence)) = line_of(extras) {
        groups.set(group, sequence, standing);
    }
}

fn standing(place: MessageState) -> GroupMember {
    match place {
        MessageState::Visible => GroupMember::Visible,
        MessageState::InFlight(_) => GroupMember::InFlight,
        MessageState::Delayed(_) => GroupMember::Delayed,
    }
}
