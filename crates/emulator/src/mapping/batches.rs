//! The queue's side of the mapping: how batches are taken.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::queue::{Delivery, MessageQueue};
use super::settings::{Mapping, MessageFilter};
use crate::counters::Counters;

/// The longest a receive can wait; an idle mapping wakes this seldom.
const LONG_POLL: Duration = Duration::from_secs(20);

/// Messages in one receive.
const PER_RECEIVE: usize = 10;

/// A batch of so many bytes is not added to: an invocation takes 6 MB, and one receive gives 1 MiB at most.
const BYTES_MAX: usize = 5 << 20;

/// Takes batches from a queue.
pub(super) struct Batches<Q> {
    pub(super) queue: Arc<Q>,
    size: usize,
    window: Duration,
    filter: Option<MessageFilter>,
    counters: Arc<Counters>,
}

impl<Q: MessageQueue> Batches<Q> {
    pub(super) fn new(queue: Arc<Q>, mapping: &Mapping, counters: Arc<Counters>) -> Self {
        let (size, window) = (usize::from(mapping.batch_size), mapping.batching_window);
        // What AWS refuses to set for a FIFO queue (AWS Lambda, "Lambda parameters for Amazon SQS event source mappings").
        let (size, window) = match queue.is_fifo() {
            true => (size.min(PER_RECEIVE), Duration::ZERO),
            false => (size, window),
        };
        Self {
            queue,
            size,
            window,
            filter: mapping.filter.clone(),
            counters,
        }
    }

    /// The next batch: what is there, or what comes within the long poll; with a batching window,
    /// what gathers within it. `room` invocations may start.
    pub(super) async fn next(&self, room: usize) -> Vec<Q::Message> {
        let mut batch = self.receive(self.size, LONG_POLL, room).await;
        if self.window.is_zero() || batch.is_empty() {
            return batch;
        }
        let closes_at = Instant::now() + self.window;
        let mut bytes = bytes_in(&batch);
        while batch.len() < self.size && bytes < BYTES_MAX {
            let left = closes_at.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let wait = left.min(LONG_POLL);
            let more = self.receive(self.size - batch.len(), wait, room).await;
            bytes += bytes_in(&more);
            batch.extend(more);
        }
        batch
    }

    async fn receive(&self, most: usize, wait: Duration, room: usize) -> Vec<Q::Message> {
        let batch = self.queue.receive(most.min(PER_RECEIVE), wait, room).await;
        match &self.filter {
            None => batch,
            Some(filter) => self.sift(filter, batch).await,
        }
    }

    /// Messages that the filter does not let through are deleted, as AWS does.
    async fn sift(&self, filter: &MessageFilter, batch: Vec<Q::Message>) -> Vec<Q::Message> {
        let (wanted, unwanted): (Vec<_>, Vec<_>) = batch
            .into_iter()
            .partition(|message| filter.lets_through(message.body()));
        if !unwanted.is_empty() {
            self.counters.filtered_messages.add(unwanted.len() as u64);
            let kept = self.queue.delete(&unwanted, &[]).await;
            self.counters.failed_deletes.add(kept);
        }
        wanted
    }
}

fn bytes_in<M: Delivery>(batch: &[M]) -> usize {
    batch.iter().map(|message| message.body().len()).sum()
}
