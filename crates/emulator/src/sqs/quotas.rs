//! Quotas of FIFO queues, as callers meet them, and what they ask of a batch as a whole.

use super::check::check_ids_given;
use super::engine::SqsEngine;
use super::error::{SqsError, SqsErrorKind};
use super::fifo::{Action, ThroughputLimit};
use super::message::SendEntry;

/// A FIFO queue's message groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GroupCounts {
    /// Groups that have messages.
    pub groups: usize,
    /// Those of them that have messages in flight, and so give out none.
    pub in_flight: usize,
}

impl SqsEngine {
    /// Counts one call on the queue, a batch as one. Standard queues take any number, queues that are not there as well.
    ///
    /// # Errors
    /// When a FIFO queue has had 300 such calls in this second, unless its quota is per message group.
    pub fn admit(&self, queue: &str, action: Action) -> Result<(), SqsError> {
        self.try_admit(queue, action).map_err(|_| throttled())
    }

    /// Waits until the queue takes one call more.
    pub async fn admitted(&self, queue: &str, action: Action) {
        while let Err(until) = self.try_admit(queue, action) {
            tokio::time::sleep_until(self.clock().instant(until)).await;
        }
    }

    /// Refuses a batch to a FIFO queue in which an entry has no group, or no deduplication id where it needs one.
    pub(super) fn check_batch(&self, queue: &str, entries: &[SendEntry]) -> Result<(), SqsError> {
        match self.lock().0.queue(queue)?.attributes.fifo {
            Some(fifo) => entries
                .iter()
                .try_for_each(|entry| check_ids_given(entry, fifo)),
            None => Ok(()),
        }
    }

    /// Counts one send for each of these messages' groups, a group once; what each may not go on for. Of a queue with
    /// high throughput only.
    pub(super) fn admit_groups(
        &self,
        queue: &str,
        groups: &[Option<&str>],
    ) -> Vec<Result<(), SqsError>> {
        let (mut state, now) = self.lock();
        let fifo = state.queues.get_mut(queue).and_then(|queue| {
            let limit = queue.attributes.fifo?.throughput_limit;
            let fifo = queue.fifo.as_mut()?;
            (limit == ThroughputLimit::PerMessageGroup).then_some(fifo)
        });
        let Some(fifo) = fifo else {
            return groups.iter().map(|_| Ok(())).collect();
        };
        let mut counted: Vec<(&str, bool)> = Vec::with_capacity(groups.len());
        let mut admit = |group| match counted.iter().find(|(known, _)| *known == group) {
            Some((_, admitted)) => *admitted,
            None => {
                let admitted = fifo.quota.admit_group(group, now);
                counted.push((group, admitted));
                admitted
            }
        };
        let admitted = groups.iter().map(|group| match group {
            Some(group) if !admit(group) => Err(throttled()),
            _ => Ok(()),
        });
        admitted.collect()
    }

    /// How many message groups the queue has; none if it is a standard queue.
    ///
    /// # Errors
    /// When the queue does not exist.
    pub fn groups(&self, queue: &str) -> Result<Option<GroupCounts>, SqsError> {
        let (mut state, now) = self.lock();
        let queue = state.queue(queue)?;
        queue.advance(now);
        let counts = queue.group_counts();
        Ok(counts.map(|(groups, in_flight)| GroupCounts { groups, in_flight }))
    }

    fn try_admit(&self, queue: &str, action: Action) -> Result<(), u64> {
        if !super::fifo::is_fifo(queue) {
            return Ok(());
        }
        let (mut state, now) = self.lock();
        let Some(queue) = state.queues.get_mut(queue) else {
            return Ok(());
        };
        match (queue.attributes.fifo, &mut queue.fifo) {
            (Some(attributes), Some(fifo)) => {
                fifo.quota.admit(attributes.throughput_limit, action, now)
            }
            _ => Ok(()),
        }
    }
}

fn throttled() -> SqsError {
    SqsError::new(
        SqsErrorKind::RequestThrottled,
        "The request was denied due to request throttling: a FIFO queue takes 300 calls of an action a second, with \
         high throughput as many sends for each message group.",
    )
}
