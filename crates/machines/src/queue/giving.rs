//! Which messages a receive gets.

use std::time::Duration;

use super::groups::Cursor;
use super::{IN_FLIGHT_MAX, Message, MessageState, Queue, Taken, Wake};
use crate::time::{Nanos, nanos};

/// What happens to a message that is received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReceiveFault {
    /// Nothing.
    None,
    /// It stays visible as well.
    Duplicate,
    /// It is counted and hidden, and not handed out.
    Lose,
    /// It is hidden so long, whatever the queue's visibility timeout.
    HideFor(Duration),
    /// The same, and it is not handed out, as if another consumer had received it and never answered.
    TakenFor(Duration),
    /// The next message of its group is given out before it, in a FIFO queue that has one.
    Overtake,
}

impl<W: Wake> Queue<W> {
    /// Hides up to `wanted` visible messages until `until` and hands each to `each`, unless `fault`,
    /// asked for each body, has it otherwise.
    ///
    /// Messages that were received `limit` times already in this queue are taken out instead, into `dead`.
    pub fn take(
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
                    self.set_place(slot, MessageState::InFlight(now + nanos(time)));
                }
                ReceiveFault::TakenFor(time) => {
                    self.set_place(slot, MessageState::InFlight(now + nanos(time)));
                    // Whoever has it holds up those that follow it in its group.
                    cursor = Cursor::default();
                }
                ReceiveFault::None | ReceiveFault::Lose | ReceiveFault::Overtake => {
                    self.set_place(slot, MessageState::InFlight(until));
                }
            }
            let message = self.slots[slot as usize]
                .as_mut()
                .expect("a live message is in its slot");
            message.receive_count += 1;
            if message.receive_count == 1 {
                message.first_received_at = now;
            }
            if !matches!(fault, ReceiveFault::Lose | ReceiveFault::TakenFor(_)) {
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
        if let Some(groups) = &self.groups {
            return groups.next(cursor);
        }
        while let Some((slot, serial)) = self.ready.pop_front() {
            if self.live(slot, serial).is_some() {
                return Some(slot);
            }
        }
        None
    }

    fn has_follower(&self, cursor: &Cursor) -> bool {
        let groups = self.groups.as_ref();
        groups.is_some_and(|groups| groups.has_follower(cursor))
    }

    /// The message that has been visible longest, of those that may be given out, and its slot.
    pub fn first_visible(&mut self) -> Option<(u32, &Message)> {
        if let Some(groups) = &self.groups {
            let slot = groups.next(&mut Cursor::default())?;
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
}
