//! The queue's side of the mapping: how batches are taken.

use std::sync::Arc;
use std::time::Duration;

use orderproof_machines::mapping::{Gathering, LONG_POLL, Mapping, MessageFilter};
use tokio::time::Instant;

use super::queue::{Delivery, MessageQueue};
use crate::counters::Counters;

/// Takes batches from a queue.
pub(super) struct Batches<Q> {
    pub(super) queue: Arc<Q>,
    gathering: Gathering,
    filter: Option<MessageFilter>,
    counters: Arc<Counters>,
}

impl<Q: MessageQueue> Batches<Q> {
    pub(super) fn new(queue: Arc<Q>, mapping: &Mapping, counters: Arc<Counters>) -> Self {
        Self {
            gathering: Gathering::new(mapping, queue.is_fifo()),
            queue,
            filter: mapping.filter.clone(),
            counters,
        }
    }

    /// The next batch: what is there, or what comes within the long poll; with a batching window,
    /// what gathers within it. `room` invocations may start.
    pub(super) async fn next(&self, room: usize) -> Vec<Q::Message> {
        let (first, window) = (self.gathering.first(), self.gathering.window());
        let mut batch = self.receive(first, LONG_POLL, room).await;
        if window.is_zero() || batch.is_empty() {
            return batch;
        }
        let closes_at = Instant::now() + window;
        let mut bytes = bytes_in(&batch);
        while let Some(most) = self.gathering.more(batch.len(), bytes) {
            let left = closes_at.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let wait = left.min(LONG_POLL);
            let more = self.receive(most, wait, room).await;
            bytes += bytes_in(&more);
            batch.extend(more);
        }
        batch
    }

    async fn receive(&self, most: usize, wait: Duration, room: usize) -> Vec<Q::Message> {
        let batch = self.queue.receive(most, wait, room).await;
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
