//! The queue's side of the mapping: how batches are taken.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::pipeline::counters::Counters;
use crate::pipeline::sqs::{ReceiveOptions, ReceivedMessage, SqsEngine, SqsError};
use crate::scenario::{Mapping, MessageFilter};

/// The longest a receive can wait; an idle mapping wakes this seldom.
const LONG_POLL: Duration = Duration::from_secs(20);

/// Messages in one receive.
const PER_RECEIVE: usize = 10;

/// A batch of so many bytes is not added to: an invocation takes 6 MB, and one receive gives 1 MiB at most.
const BYTES_MAX: usize = 5 << 20;

/// Takes batches from a queue.
pub(super) struct Batches {
    pub(super) engine: SqsEngine,
    pub(super) queue: Arc<str>,
    size: usize,
    window: Duration,
    filter: Option<MessageFilter>,
    counters: Arc<Counters>,
}

impl Batches {
    pub(super) fn new(
        engine: SqsEngine,
        queue: Arc<str>,
        mapping: &Mapping,
        counters: Arc<Counters>,
    ) -> Self {
        Self {
            engine,
            queue,
            size: usize::from(mapping.batch_size),
            window: mapping.batching_window,
            filter: mapping.filter.clone(),
            counters,
        }
    }

    /// The next batch: what is there, or what comes within the long poll; with a batching window,
    /// what gathers within it.
    pub(super) async fn next(&self) -> Result<Vec<ReceivedMessage>, SqsError> {
        let mut batch = self.receive(self.size, LONG_POLL).await?;
        if self.window.is_zero() || batch.is_empty() {
            return Ok(batch);
        }
        let closes_at = Instant::now() + self.window;
        let mut bytes = bytes_in(&batch);
        while batch.len() < self.size && bytes < BYTES_MAX {
            let left = closes_at.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let wait = left.min(LONG_POLL);
            match self.receive(self.size - batch.len(), wait).await {
                Ok(more) => {
                    bytes += bytes_in(&more);
                    batch.extend(more);
                }
                Err(error) => {
                    tracing::error!(%error, "a batch could not be filled");
                    break;
                }
            }
        }
        Ok(batch)
    }

    async fn receive(&self, most: usize, wait: Duration) -> Result<Vec<ReceivedMessage>, SqsError> {
        let options = ReceiveOptions {
            max_messages: most.min(PER_RECEIVE),
            visibility_timeout: None,
            wait: Some(wait),
        };
        let mut batch = self.engine.receive(&self.queue, options).await?;
        if let Some(filter) = &self.filter {
            batch.retain(|message| {
                let wanted = filter.lets_through(&message.body);
                if !wanted {
                    self.discard(message);
                }
                wanted
            });
        }
        Ok(batch)
    }

    /// A message that the filter does not let through is deleted, as AWS does.
    fn discard(&self, message: &ReceivedMessage) {
        self.counters.filtered_messages.add(1);
        if let Err(error) = self.engine.delete(&self.queue, &message.receipt_handle) {
            tracing::error!(%error, "a filtered message could not be deleted");
        }
    }

    pub(super) fn has_backlog(&self) -> bool {
        self.engine
            .counts(&self.queue)
            .is_ok_and(|counts| counts.visible > 0)
    }
}

fn bytes_in(batch: &[ReceivedMessage]) -> usize {
    batch.iter().map(|message| message.body.len()).sum()
}
