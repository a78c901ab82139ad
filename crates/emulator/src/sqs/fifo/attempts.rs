//! What each receive attempt gave: asked for again by the same id, it gives the same messages.

use std::collections::{HashMap, VecDeque};

use super::Namer;
use crate::sqs::clock::Nanos;

/// Bytes that an attempt takes beside its messages, and each of those, about.
const ATTEMPT_BYTES: u64 = 112;
const HELD_BYTES: u64 = 32;

/// A message that an attempt gave, as it was left: whoever deletes, receives or hides it anew changes that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sqs) struct Held {
    pub(in crate::sqs) slot: u32,
    pub(in crate::sqs) serial: u64,
    pub(in crate::sqs) receive_count: u32,
    pub(in crate::sqs) hidden_until: Nanos,
}

/// The attempts of the last five minutes.
#[derive(Debug)]
pub(in crate::sqs) struct Attempts {
    interval: Nanos,
    namer: Namer,
    made: HashMap<u128, (Nanos, Vec<Held>)>,
    ends: VecDeque<(Nanos, u128)>,
    bytes: u64,
}

impl Attempts {
    pub(super) fn new(interval: Nanos) -> Self {
        Self {
            interval,
            namer: Namer::default(),
            made: HashMap::new(),
            ends: VecDeque::new(),
            bytes: 0,
        }
    }

    /// What the attempt with this id gave, in order.
    pub(in crate::sqs) fn find(&mut self, id: &str, now: Nanos) -> Option<Vec<Held>> {
        self.forget(now);
        let (_, held) = self.made.get(&self.namer.name(id))?;
        Some(held.clone())
    }

    /// Notes what the attempt with this id gives. Asked for again it lasts no longer for that.
    pub(in crate::sqs) fn note(&mut self, id: &str, held: Vec<Held>, now: Nanos) {
        self.forget(now);
        let name = self.namer.name(id);
        self.bytes += cost(&held);
        let end = match self.made.get(&name) {
            Some((end, before)) => {
                self.bytes -= cost(before);
                *end
            }
            None => {
                let end = now + self.interval;
                self.ends.push_back((end, name));
                end
            }
        };
        self.made.insert(name, (end, held));
    }

    /// Bytes of memory it takes, about.
    pub(in crate::sqs) fn bytes(&self) -> u64 {
        self.bytes
    }

    fn forget(&mut self, now: Nanos) {
        while let Some(&(end, name)) = self.ends.front()
            && end <= now
        {
            self.ends.pop_front();
            if let Some((_, held)) = self.made.remove(&name) {
                self.bytes -= cost(&held);
            }
        }
    }
}

fn cost(held: &[Held]) -> u64 {
    ATTEMPT_BYTES + held.len() as u64 * HELD_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(slot: u32) -> Vec<Held> {
        vec![Held {
            slot,
            serial: 7,
            receive_count: 1,
            hidden_until: 30,
        }]
    }

    #[test]
    fn an_attempt_is_known_for_five_minutes_from_its_first_time() {
        let mut attempts = Attempts::new(300);
        assert_eq!(attempts.find("a", 0), None);
        attempts.note("a", held(1), 0);
        attempts.note("b", held(2), 10);
        attempts.note("a", held(3), 200);
        assert_eq!(attempts.find("a", 299), Some(held(3)));
        assert_eq!(attempts.find("a", 300), None);
        assert_eq!(attempts.find("b", 300), Some(held(2)));
        assert_eq!(attempts.find("b", 310), None);
        assert_eq!(attempts.bytes(), 0, "nothing is kept");
    }
}
