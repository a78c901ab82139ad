//! The mapping on a queue far away, behind the AWS protocol.
//!
//! Long polls run side by side in tasks of their own, so that one round trip does not bound the rate; what
//! they bring waits in a channel for the mapping. `demand` keeps that little: no poll begins for which
//! there is no invocation to take its messages, so that none of them waits hidden until its visibility
//! time-out. Dropping the queue ends the polls, and what they had received comes back by visibility.

mod demand;
mod message;
mod poll;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_sqs::error::DisplayErrorContext;
use aws_sdk_sqs::types::DeleteMessageBatchRequestEntry;
use tokio::task::JoinSet;
use tokio::time::timeout;

use self::demand::{Demand, POLLS_MAX};
pub use self::message::RemoteMessage;
use self::poll::Polls;
use crate::emulator::mapping::{Mapping, MessageQueue};
use crate::emulator::sqs::is_fifo;

/// Messages in one delete.
const PER_DELETE: usize = 10;

/// A queue that is polled through the SDK.
pub struct RemoteQueue {
    client: aws_sdk_sqs::Client,
    url: String,
    visibility_timeout: Duration,
    demand: Arc<Demand>,
    batches: flume::Receiver<Vec<RemoteMessage>>,
    /// What was received and did not fit into a batch.
    left_over: Mutex<VecDeque<RemoteMessage>>,
    /// The polls, which end with the queue.
    _polls: JoinSet<()>,
}

impl RemoteQueue {
    /// The queue at this URL, which `mapping` polls; `visibility_timeout` is the queue's own. No poll begins
    /// before the mapping asks for messages. Needs a runtime.
    pub fn new(
        client: aws_sdk_sqs::Client,
        url: &str,
        visibility_timeout: Duration,
        mapping: &Mapping,
    ) -> Self {
        Self::with(client, url, visibility_timeout, mapping, Demand::default())
    }

    fn with(
        client: aws_sdk_sqs::Client,
        url: &str,
        visibility_timeout: Duration,
        mapping: &Mapping,
        demand: Demand,
    ) -> Self {
        let (found, batches) = flume::bounded(POLLS_MAX);
        let demand = Arc::new(demand);
        let polls = Arc::new(Polls::new(
            client.clone(),
            url,
            mapping,
            Arc::clone(&demand),
            found,
        ));
        let mut tasks = JoinSet::new();
        for _ in 0..POLLS_MAX {
            tasks.spawn(Arc::clone(&polls).run());
        }
        Self {
            client,
            url: url.to_owned(),
            visibility_timeout,
            demand,
            batches,
            left_over: Mutex::default(),
            _polls: tasks,
        }
    }

    /// At most `most` of what is left over and of `more`; what is above stays left over.
    fn portion(&self, most: usize, more: Vec<RemoteMessage>) -> Vec<RemoteMessage> {
        let left_over = self.left_over.lock();
        let mut left_over = left_over.unwrap_or_else(PoisonError::into_inner);
        if left_over.is_empty() && more.len() <= most {
            return more;
        }
        left_over.extend(more);
        let taken = most.min(left_over.len());
        left_over.drain(..taken).collect()
    }

    async fn delete_ten(&self, messages: &[&RemoteMessage]) -> u64 {
        let entries = messages.iter().enumerate().map(|(index, message)| {
            DeleteMessageBatchRequestEntry::builder()
                .id(index.to_string())
                .receipt_handle(message.receipt_handle())
                .build()
                .expect("an id and a handle")
        });
        let deleted = self
            .client
            .delete_message_batch()
            .queue_url(&self.url)
            .set_entries(Some(entries.collect()))
            .send()
            .await;
        let reply = match deleted {
            Ok(reply) => reply,
            Err(error) => {
                let error = DisplayErrorContext(&error);
                let messages = messages.len();
                tracing::warn!(%error, messages, "processed messages could not be deleted");
                return messages as u64;
            }
        };
        for failed in reply.failed() {
            let message = failed.message().unwrap_or_default();
            tracing::warn!(
                code = failed.code(),
                message,
                "a processed message could not be deleted"
            );
        }
        // One that the reply does not name is as good as not deleted.
        let named = |index: usize| {
            let is_it = |id: &str| id.parse() == Ok(index);
            reply.successful().iter().any(|entry| is_it(entry.id()))
                && !reply.failed().iter().any(|entry| is_it(entry.id()))
        };
        (0..messages.len()).filter(|index| !named(*index)).count() as u64
    }
}

impl MessageQueue for RemoteQueue {
    type Message = RemoteMessage;

    async fn receive(&self, most: usize, wait: Duration, room: usize) -> Vec<RemoteMessage> {
        let left_over = self.portion(most, Vec::new());
        if !left_over.is_empty() {
            return left_over;
        }
        self.demand.set_room(room);
        match timeout(wait, self.batches.recv_async()).await {
            Ok(Ok(batch)) => {
                self.demand.taken();
                self.portion(most, batch)
            }
            Ok(Err(_)) | Err(_) => Vec::new(),
        }
    }

    async fn delete(&self, batch: &[RemoteMessage], returning: &[usize]) -> u64 {
        let done = batch.iter().enumerate().filter_map(|(position, message)| {
            let returns = returning.binary_search(&position).is_ok();
            (!returns).then_some(message)
        });
        let done: Vec<_> = done.collect();
        let mut failed = 0;
        for ten in done.chunks(PER_DELETE) {
            failed += self.delete_ten(ten).await;
        }
        failed
    }

    fn has_backlog(&self) -> bool {
        self.demand.last_poll_was_full()
    }

    fn is_fifo(&self) -> bool {
        is_fifo(&self.url)
    }

    fn visibility_timeout(&self) -> Duration {
        self.visibility_timeout
    }
}
