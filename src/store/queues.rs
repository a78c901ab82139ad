//! Reading the queues: counts, retention, and the sweep of the dead-letter queue.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, Instant};

use aws_sdk_sqs::types::{ChangeMessageVisibilityBatchRequestEntry, QueueAttributeName};

use serde::{Deserialize, Serialize};

use super::{StoreError, Stores};

/// How long a swept dead letter stays hidden, seconds: longer than any sweep, so that none is seen
/// twice for having come back.
const SWEEP_VISIBILITY_S: i32 = 900;
/// How long a poll of the sweep waits on AWS, where a short one asks only some of the servers,
/// seconds.
const SWEEP_WAIT_S: i32 = 1;
/// Polls in a row that must come back empty before the sweep believes it.
const EMPTY_POLLS: u32 = 3;

/// The messages of one queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Ready to be received.
    pub visible: u64,
    /// Received and neither deleted nor visible again.
    pub in_flight: u64,
    /// Sent with a delay that has not passed.
    pub delayed: u64,
}

impl Counts {
    /// All of them.
    pub fn total(self) -> u64 {
        self.visible + self.in_flight + self.delayed
    }
}

/// One copy in the dead-letter queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// The message's body.
    pub body: String,
    /// The id SQS gave the message.
    pub message_id: String,
}

/// The messages of a sweep: SQS may hand one out twice, and twice received is not two dead letters.
#[derive(Default)]
pub(super) struct Seen(HashSet<u64>);

impl Seen {
    /// Whether the message was not seen before. Only a hash is kept; should two ids share one, the
    /// sweep comes out one short of the queue's count, and so incomplete.
    pub(super) fn is_new(&mut self, message_id: &str) -> bool {
        let mut hasher = DefaultHasher::new();
        message_id.hash(&mut hasher);
        self.0.insert(hasher.finish())
    }

    pub(super) fn count(&self) -> u64 {
        self.0.len() as u64
    }
}

impl Stores {
    /// The counts of the orders queue and of the dead-letter queue.
    ///
    /// # Errors
    /// When either cannot be read.
    pub async fn counts(&self) -> Result<(Counts, Counts), StoreError> {
        tokio::try_join!(
            self.counts_of(&self.target.orders_queue_url),
            self.counts_of(&self.target.dead_letter_queue_url)
        )
    }

    async fn counts_of(&self, queue_url: &str) -> Result<Counts, StoreError> {
        let operation = "SQS GetQueueAttributes";
        let output = self
            .sqs
            .get_queue_attributes()
            .queue_url(queue_url)
            .attribute_names(QueueAttributeName::ApproximateNumberOfMessages)
            .attribute_names(QueueAttributeName::ApproximateNumberOfMessagesNotVisible)
            .attribute_names(QueueAttributeName::ApproximateNumberOfMessagesDelayed)
            .send()
            .await
            .map_err(StoreError::of(operation))?;
        let count = |name: QueueAttributeName| {
            output
                .attributes()
                .and_then(|attributes| attributes.get(&name)?.parse().ok())
                .ok_or_else(|| {
                    StoreError::new(operation, format!("{name} is missing in the reply"))
                })
        };
        Ok(Counts {
            visible: count(QueueAttributeName::ApproximateNumberOfMessages)?,
            in_flight: count(QueueAttributeName::ApproximateNumberOfMessagesNotVisible)?,
            delayed: count(QueueAttributeName::ApproximateNumberOfMessagesDelayed)?,
        })
    }

    /// The shorter retention of the two queues.
    ///
    /// # Errors
    /// When either cannot be read.
    pub async fn shortest_retention(&self) -> Result<Duration, StoreError> {
        let operation = "SQS GetQueueAttributes";
        let mut shortest = Duration::MAX;
        for queue_url in [
            &self.target.orders_queue_url,
            &self.target.dead_letter_queue_url,
        ] {
            let name = QueueAttributeName::MessageRetentionPeriod;
            let output = self
                .sqs
                .get_queue_attributes()
                .queue_url(queue_url)
                .attribute_names(name.clone())
                .send()
                .await
                .map_err(StoreError::of(operation))?;
            let seconds = output
                .attributes()
                .and_then(|attributes| attributes.get(&name)?.parse().ok())
                .ok_or_else(|| {
                    StoreError::new(operation, "the retention is missing in the reply")
                })?;
            shortest = shortest.min(Duration::from_secs(seconds));
        }
        Ok(shortest)
    }

    /// Receives every dead letter once and hands it to `each`; nothing is deleted, and what was received is
    /// made visible again at the end, so that others, and another sweep, find it.
    ///
    /// The end is reached when several long polls in a row were empty and the queue counts no message
    /// that was not handed over. Counts that lag are given the time to catch up. Exact counts need
    /// neither: one empty poll will do.
    ///
    /// # Errors
    /// When a receive fails, or when the queue still counts messages the polls do not give out.
    pub async fn sweep_dead_letters(
        &self,
        requests: &mut u64,
        mut each: impl FnMut(DeadLetter),
    ) -> Result<(), StoreError> {
        let mut handles = Vec::new();
        let swept = self
            .receive_all(requests, |letter, handle| {
                handles.push(handle);
                each(letter);
            })
            .await;
        self.make_visible(handles).await;
        swept
    }

    async fn receive_all(
        &self,
        requests: &mut u64,
        mut each: impl FnMut(DeadLetter, String),
    ) -> Result<(), StoreError> {
        let began = Instant::now();
        let mut seen = Seen::default();
        loop {
            self.receive_until_empty(requests, |(letter, handle)| {
                if seen.is_new(&letter.message_id) {
                    each(letter, handle);
                }
            })
            .await?;
            let swept = seen.count();
            let counts = self.counts_of(&self.target.dead_letter_queue_url).await?;
            if counts.visible == 0 && counts.total() <= swept {
                return Ok(());
            }
            if began.elapsed() >= self.counts_lag {
                return Err(StoreError::new(
                    "the dead-letter sweep",
                    format!(
                        "{swept} dead letters were received and the queue counts {} ({} visible): another \
                         consumer holds them, or a sweep that was killed does for up to 15 minutes",
                        counts.total(),
                        counts.visible
                    ),
                ));
            }
            tokio::time::sleep(self.counts_lag / 20).await;
        }
    }

    /// Ends the hiding of what was received. What cannot be shown again shows itself within 15 minutes.
    async fn make_visible(&self, handles: Vec<String>) {
        for handles in handles.chunks(10) {
            let entries = handles.iter().enumerate().map(|(index, handle)| {
                ChangeMessageVisibilityBatchRequestEntry::builder()
                    .id(index.to_string())
                    .receipt_handle(handle)
                    .visibility_timeout(0)
                    .build()
                    .expect("an id and a handle")
            });
            let shown = self
                .sqs
                .change_message_visibility_batch()
                .queue_url(&self.target.dead_letter_queue_url)
                .set_entries(Some(entries.collect()))
                .send()
                .await;
            match shown {
                Ok(reply) if reply.failed().is_empty() => {}
                Ok(reply) => {
                    let failed = reply.failed().len();
                    tracing::warn!(failed, "dead letters stay hidden for up to 15 minutes");
                }
                Err(error) => {
                    let error = StoreError::of("SQS ChangeMessageVisibilityBatch")(error);
                    tracing::warn!(%error, "dead letters stay hidden for up to 15 minutes");
                }
            }
        }
    }

    /// Receives until the polls come back empty.
    async fn receive_until_empty(
        &self,
        requests: &mut u64,
        mut each: impl FnMut((DeadLetter, String)),
    ) -> Result<(), StoreError> {
        let polls = if self.target.exact_counts {
            1
        } else {
            EMPTY_POLLS
        };
        let mut empty = 0;
        while empty < polls {
            *requests += 1;
            let letters = self.receive_dead_letters().await?;
            empty = if letters.is_empty() { empty + 1 } else { 0 };
            letters.into_iter().for_each(&mut each);
        }
        Ok(())
    }

    /// Up to ten dead letters, each with the handle of this receive.
    async fn receive_dead_letters(&self) -> Result<Vec<(DeadLetter, String)>, StoreError> {
        let wait_s = if self.target.exact_counts {
            0
        } else {
            SWEEP_WAIT_S
        };
        let output = self
            .sqs
            .receive_message()
            .queue_url(&self.target.dead_letter_queue_url)
            .max_number_of_messages(10)
            .visibility_timeout(SWEEP_VISIBILITY_S)
            .wait_time_seconds(wait_s)
            .send()
            .await
            .map_err(StoreError::of("SQS ReceiveMessage"))?;
        let letters = output.messages.unwrap_or_default().into_iter();
        Ok(letters
            .map(|message| {
                let letter = DeadLetter {
                    body: message.body.unwrap_or_default(),
                    message_id: message.message_id.unwrap_or_default(),
                };
                (letter, message.receipt_handle.unwrap_or_default())
            })
            .collect())
    }
}
