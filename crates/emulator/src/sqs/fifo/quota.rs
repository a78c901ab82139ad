//! How many calls a FIFO queue takes in a second: 300 of each action, each with up to ten messages; with high throughput
//! as many sends for each message group.
//!
//! Not modeled: a region's quota for high throughput, and how its groups share partitions.

use std::collections::HashMap;

use super::Namer;
use super::attributes::ThroughputLimit;
use crate::sqs::clock::Nanos;

/// Calls of one action in a second (SQS guide, "Amazon SQS message quotas").
const CALLS_MAX: u32 = 300;

/// What is counted by itself; a batch of it is one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// `SendMessage` and its batch.
    Send,
    /// `ReceiveMessage`.
    Receive,
    /// `DeleteMessage` and its batch.
    Delete,
    /// `ChangeMessageVisibility` and its batch.
    ChangeVisibility,
}

/// Who has called how often in this second.
#[derive(Debug)]
pub(in crate::sqs) struct Quota {
    second: Nanos,
    began: Nanos,
    of_queue: [u32; 4],
    of_groups: HashMap<u128, u32>,
    namer: Namer,
}

impl Quota {
    pub(super) fn new(second: Nanos) -> Self {
        Self {
            second: second.max(1),
            began: 0,
            of_queue: [0; 4],
            of_groups: HashMap::new(),
            namer: Namer::default(),
        }
    }

    /// Counts a call; when the next second begins if there is none left in this one.
    pub(in crate::sqs) fn admit(
        &mut self,
        limit: ThroughputLimit,
        action: Action,
        now: Nanos,
    ) -> Result<(), Nanos> {
        self.roll(now);
        match limit {
            ThroughputLimit::PerMessageGroup => Ok(()),
            ThroughputLimit::PerQueue => {
                let ends = self.began + self.second;
                count(&mut self.of_queue[action as usize]).ok_or(ends)
            }
        }
    }

    /// Counts a send for a message group; whether it may go on.
    pub(in crate::sqs) fn admit_group(&mut self, group: &str, now: Nanos) -> bool {
        self.roll(now);
        let name = self.namer.name(group);
        count(self.of_groups.entry(name).or_default()).is_some()
    }

    fn roll(&mut self, now: Nanos) {
        if now >= self.began + self.second {
            self.began = now - now % self.second;
            self.of_queue = [0; 4];
            self.of_groups.clear();
        }
    }
}

fn count(calls: &mut u32) -> Option<()> {
    *calls += 1;
    (*calls <= CALLS_MAX).then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Nanos = 1_000_000_000;

    #[test]
    fn three_hundred_calls_of_an_action_a_second_and_one_more_waits() {
        let mut quota = Quota::new(SECOND);
        let mut call = |action, now| quota.admit(ThroughputLimit::PerQueue, action, now);
        for _ in 0..CALLS_MAX {
            assert_eq!(call(Action::Send, 5 * SECOND + 3), Ok(()));
        }
        assert_eq!(call(Action::Send, 6 * SECOND - 1), Err(6 * SECOND));
        assert_eq!(call(Action::Delete, 6 * SECOND - 1), Ok(()), "by itself");
        assert_eq!(call(Action::Send, 6 * SECOND), Ok(()), "the next second");
    }

    #[test]
    fn with_high_throughput_each_group_has_its_own() {
        let mut quota = Quota::new(SECOND);
        for _ in 0..CALLS_MAX {
            assert!(quota.admit_group("one", 7));
        }
        assert!(!quota.admit_group("one", 8));
        assert!(quota.admit_group("two", 8), "another group");
        assert!(quota.admit_group("one", SECOND), "the next second");
        for _ in 0..2 * CALLS_MAX {
            let limit = ThroughputLimit::PerMessageGroup;
            assert_eq!(quota.admit(limit, Action::Receive, 9), Ok(()));
        }
    }
}
