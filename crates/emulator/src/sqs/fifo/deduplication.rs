//! Which messages were sent already within the last five minutes.

use std::collections::{HashMap, VecDeque};

use sha2::{Digest, Sha256};

use super::attributes::DeduplicationScope;
use orderproof_machines::queue::SequenceNumber;

use super::Namer;
use crate::sqs::clock::Nanos;

/// Bytes that a remembered id takes, about.
const ENTRY_BYTES: u64 = 96;

/// What is remembered of the first message with an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) serial: u64,
    pub(crate) sequence: SequenceNumber,
}

/// The ids of the last interval, also of messages that were received and deleted.
#[derive(Debug)]
pub(crate) struct Deduplication {
    interval: Nanos,
    namer: Namer,
    seen: HashMap<u128, Seen>,
    /// When each is forgotten, in that order.
    ends: VecDeque<(Nanos, u128)>,
}

impl Deduplication {
    pub(crate) fn new(interval: Nanos) -> Self {
        Self {
            interval,
            namer: Namer::default(),
            seen: HashMap::new(),
            ends: VecDeque::new(),
        }
    }

    /// The message that a message of this group with this id would double.
    pub(crate) fn find(
        &mut self,
        scope: DeduplicationScope,
        (group, id): (&str, &str),
        now: Nanos,
    ) -> Option<Seen> {
        self.forget(now);
        self.seen.get(&self.name(scope, group, id)).copied()
    }

    /// Notes a message that is stored.
    pub(crate) fn note(
        &mut self,
        scope: DeduplicationScope,
        (group, id): (&str, &str),
        seen: Seen,
        now: Nanos,
    ) {
        let name = self.name(scope, group, id);
        self.seen.insert(name, seen);
        self.ends.push_back((now + self.interval, name));
    }

    /// Bytes of memory it takes, about.
    pub(crate) fn bytes(&self) -> u64 {
        self.ends.len() as u64 * ENTRY_BYTES
    }

    fn forget(&mut self, now: Nanos) {
        while let Some(&(end, name)) = self.ends.front()
            && end <= now
        {
            self.ends.pop_front();
            self.seen.remove(&name);
        }
    }

    fn name(&self, scope: DeduplicationScope, group: &str, id: &str) -> u128 {
        let group = match scope {
            DeduplicationScope::Queue => None,
            DeduplicationScope::MessageGroup => Some(group),
        };
        self.namer.name((group, id))
    }
}

/// The deduplication id of a message that has none of its own: the SHA-256 of its body, in hexadecimal.
pub(crate) fn content_id(body: &str) -> String {
    use std::fmt::Write as _;
    let mut id = String::with_capacity(64);
    for byte in Sha256::digest(body.as_bytes()) {
        let _ = write!(id, "{byte:02x}");
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCOPES: [DeduplicationScope; 2] =
        [DeduplicationScope::Queue, DeduplicationScope::MessageGroup];

    fn seen(serial: u64) -> Seen {
        Seen {
            serial,
            sequence: SequenceNumber(serial),
        }
    }

    #[test]
    fn an_id_is_remembered_for_the_interval_and_not_longer() {
        let mut ids = Deduplication::new(300);
        let scope = DeduplicationScope::Queue;
        ids.note(scope, ("g", "a"), seen(1), 1_000);
        assert_eq!(ids.find(scope, ("g", "a"), 1_000), Some(seen(1)));
        assert_eq!(ids.find(scope, ("g", "b"), 1_000), None, "another id");
        assert_eq!(ids.find(scope, ("g", "a"), 1_299), Some(seen(1)));
        assert_eq!(ids.find(scope, ("g", "a"), 1_300), None);
        assert_eq!(ids.bytes(), 0, "nothing is kept");
    }

    #[test]
    fn the_same_id_in_another_group_is_another_message_per_group_alone() {
        for (scope, expected) in SCOPES.into_iter().zip([Some(seen(1)), None]) {
            let mut ids = Deduplication::new(300);
            ids.note(scope, ("one", "a"), seen(1), 0);
            assert_eq!(ids.find(scope, ("two", "a"), 1), expected, "{scope:?}");
        }
    }

    #[test]
    fn a_content_id_is_the_bodys_sha_256() {
        assert_eq!(
            content_id("hello"),
            "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
            "sha256sum's own answer"
        );
    }
}
