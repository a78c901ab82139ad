//! The message groups of a FIFO queue: which messages may be given out next, in which order.
//!
//! A group gives out nothing while one of its messages is in flight, and nothing past a message that is not visible. Of
//! the groups that may, the one whose first message has waited longest comes first. As on AWS only the first 120,000
//! messages of the queue are looked at: a longer backlog of one group hides the groups behind it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;
use std::sync::Arc;

/// How many messages are looked at for groups that may give some (SQS guide, "Avoid large message backlogs with the same
/// message group ID").
const LOOKED_AT: usize = 120_000;

/// How a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GroupMember {
    Visible,
    InFlight,
    Delayed,
}

#[derive(Debug, Clone, Copy)]
struct Member {
    slot: u32,
    standing: GroupMember,
}

#[derive(Debug, Default)]
struct Group {
    /// By sequence number.
    members: BTreeMap<u64, Member>,
    in_flight: usize,
    /// Its first message, while that may be given out.
    ready: Option<u64>,
}

impl Group {
    fn first_if_ready(&self) -> Option<u64> {
        let (sequence, member) = self.members.first_key_value()?;
        let is_ready = self.in_flight == 0 && member.standing == GroupMember::Visible;
        is_ready.then_some(*sequence)
    }
}

/// All groups that have messages.
#[derive(Debug)]
pub(super) struct Groups {
    by_id: HashMap<Arc<str>, Group>,
    /// Groups that may give messages, by their first.
    ready: BTreeMap<u64, Arc<str>>,
    sequences: BTreeSet<u64>,
    /// The last message that is looked at, and how many those are.
    horizon: u64,
    within: usize,
    looked_at: usize,
    next: u64,
}

impl Default for Groups {
    fn default() -> Self {
        Self::looking_at(LOOKED_AT)
    }
}

/// How far a receive has come.
#[derive(Debug, Default)]
pub(super) struct Cursor {
    group: Option<Arc<str>>,
    after: u64,
}

impl Groups {
    fn looking_at(looked_at: usize) -> Self {
        Self {
            by_id: HashMap::new(),
            ready: BTreeMap::new(),
            sequences: BTreeSet::new(),
            horizon: 0,
            within: 0,
            looked_at,
            next: 1,
        }
    }

    /// The group's id as it is kept, or this text to keep.
    pub(super) fn id(&self, group: &Arc<str>) -> Arc<str> {
        let known = self.by_id.get_key_value(group);
        Arc::clone(known.map_or(group, |(id, _)| id))
    }

    /// Puts a message at its group's end; its sequence number.
    pub(super) fn add(&mut self, group: &Arc<str>, slot: u32, standing: GroupMember) -> u64 {
        let sequence = self.next;
        self.next += 1;
        self.sequences.insert(sequence);
        if self.within < self.looked_at {
            self.within += 1;
            self.horizon = sequence;
        }
        let members = self.by_id.entry(Arc::clone(group)).or_default();
        members.in_flight += usize::from(standing == GroupMember::InFlight);
        members.members.insert(sequence, Member { slot, standing });
        self.refresh(group);
        sequence
    }

    /// Gives a sequence number to a message that is never stored.
    pub(super) fn skip(&mut self) -> u64 {
        self.next += 1;
        self.next - 1
    }

    /// Notes how a message stands now.
    pub(super) fn set(&mut self, group: &Arc<str>, sequence: u64, standing: GroupMember) {
        let Some(found) = self.by_id.get_mut(group) else {
            return;
        };
        if let Some(member) = found.members.get_mut(&sequence) {
            found.in_flight -= usize::from(member.standing == GroupMember::InFlight);
            found.in_flight += usize::from(standing == GroupMember::InFlight);
            member.standing = standing;
            self.refresh(group);
        }
    }

    /// Takes a message out; a group without messages is gone.
    pub(super) fn remove(&mut self, group: &Arc<str>, sequence: u64) {
        let Some(found) = self.by_id.get_mut(group) else {
            return;
        };
        if let Some(member) = found.members.remove(&sequence) {
            found.in_flight -= usize::from(member.standing == GroupMember::InFlight);
            self.sequences.remove(&sequence);
            self.look_further(sequence);
            self.refresh(group);
        }
    }

    /// Takes all out.
    pub(super) fn clear(&mut self) {
        let next = self.next;
        *self = Self::looking_at(self.looked_at);
        self.next = next;
    }

    /// Whether some group may give a message.
    pub(super) fn has_ready(&self) -> bool {
        self.first_ready().is_some()
    }

    /// The next message to give out: as many of one group as there are, then those of the next. What this gives is to be
    /// put in flight, taken out or passed over before the next is asked for.
    pub(super) fn next(&self, cursor: &mut Cursor) -> Option<u32> {
        if let Some((sequence, slot)) = self.follower(cursor) {
            cursor.after = sequence;
            return Some(slot);
        }
        let (sequence, group) = self.first_ready()?;
        let slot = self.by_id.get(group)?.members.get(&sequence)?.slot;
        *cursor = Cursor {
            group: Some(Arc::clone(group)),
            after: sequence,
        };
        Some(slot)
    }

    /// Whether the message that the cursor gave last has a follower in its group that may be given out.
    pub(super) fn has_follower(&self, cursor: &Cursor) -> bool {
        self.follower(cursor).is_some()
    }

    /// Groups that have messages, and those of them that have some in flight.
    pub(super) fn counts(&self) -> (usize, usize) {
        let in_flight = self.by_id.values().filter(|group| group.in_flight > 0);
        (self.by_id.len(), in_flight.count())
    }

    fn follower(&self, cursor: &Cursor) -> Option<(u64, u32)> {
        let group = self.by_id.get(cursor.group.as_ref()?)?;
        let after = (Bound::Excluded(cursor.after), Bound::Unbounded);
        let (sequence, member) = group.members.range(after).next()?;
        let is_next = member.standing == GroupMember::Visible && *sequence <= self.horizon;
        is_next.then_some((*sequence, member.slot))
    }

    fn first_ready(&self) -> Option<(u64, &Arc<str>)> {
        let (sequence, group) = self.ready.first_key_value()?;
        (*sequence <= self.horizon).then_some((*sequence, group))
    }

    /// Looks at one message more in the place of one that is gone.
    fn look_further(&mut self, gone: u64) {
        if gone > self.horizon {
            return;
        }
        self.within -= 1;
        let beyond = (Bound::Excluded(self.horizon), Bound::Unbounded);
        if let Some(next) = self.sequences.range(beyond).next() {
            self.horizon = *next;
            self.within += 1;
        }
    }

    fn refresh(&mut self, group: &Arc<str>) {
        let Some(found) = self.by_id.get_mut(group) else {
            return;
        };
        let (was, is) = (found.ready, found.first_if_ready());
        if was != is {
            found.ready = is;
            if let Some(was) = was {
                self.ready.remove(&was);
            }
            if let Some(is) = is {
                self.ready.insert(is, Arc::clone(group));
            }
        }
        if found.members.is_empty() {
            self.by_id.remove(group);
        }
    }
}

#[cfg(test)]
#[path = "groups_tests.rs"]
mod tests;
