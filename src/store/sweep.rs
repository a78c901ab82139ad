//! The sweep of the dead-letter queue: every letter once, whoever the queue belongs to.
//!
//! SQS has no peek, so a letter is received, and hidden by that, before it is known. In a shared queue everything is
//! shown again at the end. In a queue of the run's own what the caller has written down is deleted, which is also
//! the only way past the 120,000 messages that SQS lets be hidden at a time.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, Instant};

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry, Message,
};
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

use super::{StoreError, Stores};

/// How long a swept letter stays hidden unless that is renewed.
pub(super) const LEASE: Duration = Duration::from_secs(900);
/// How long a poll of the sweep waits on AWS, where a short one asks only some of the servers, seconds.
const WAIT_S: i32 = 1;
/// Polls side by side on AWS.
const POLLS: usize = 4;
/// Rounds of polls in a row that must come back empty before the sweep believes it.
const EMPTY_ROUNDS: u32 = 3;
/// How often a deletion is tried.
const DELETIONS: u32 = 3;
/// Messages of one queue that may be hidden at a time (Amazon SQS, "Quotas": about 120,000).
const HIDDEN_MAX: u64 = 120_000;
/// Messages in one batch.
const BATCH: usize = 10;

/// One copy in the dead-letter queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeadLetter {
    /// The message's body.
    pub body: String,
    /// The id SQS gave the message.
    pub message_id: String,
}

/// What is to be done with a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposal {
    /// It stays, and others find it.
    ShowAgain,
    /// It is deleted: the caller has a durable copy. Not in a shared queue.
    Delete,
}

/// The messages of a sweep: SQS may hand one out twice, and twice received is not two dead letters.
#[derive(Default)]
pub(super) struct Seen(HashSet<u64>);

impl Seen {
    /// Whether the message was not seen before. Only a hash is kept; should two ids share one, the
    /// sweep comes out one short of the queue's count, and so incomplete.
    pub(super) fn is_new(&mut self, message_id: &str) -> bool {
        self.0.insert(key(message_id))
    }
}

fn key(message_id: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    message_id.hash(&mut hasher);
    hasher.finish()
}

/// A letter that is hidden, and since when.
struct Hidden {
    handle: String,
    since: Instant,
}

impl Stores {
    /// Receives every dead letter once and hands it to `each`, a few at a time, which says what is to be done with
    /// each of them. What was not deleted is shown again at the end, also when the sweep fails.
    ///
    /// The end is reached when several rounds of polls were empty and the queue counts no message that is
    /// not hidden by this sweep. Counts that lag are given the time to catch up. Exact counts need neither: one
    /// empty poll will do.
    ///
    /// # Errors
    /// When a request fails, `each` does, a letter that is to be deleted stays, a shared queue holds more than can be
    /// hidden at a time, or the queue still counts messages the polls do not give out.
    pub async fn sweep_dead_letters(
        &self,
        requests: &mut u64,
        each: impl FnMut(&[DeadLetter]) -> Result<Vec<Disposal>, StoreError>,
    ) -> Result<(), StoreError> {
        let mut sweep = Sweep::new(self);
        let swept = sweep.receive_all(requests, each).await;
        sweep.show_again().await;
        swept
    }
}

/// Every letter seen is either hidden or deleted.
pub(super) struct Sweep<'a> {
    stores: &'a Stores,
    seen: Seen,
    hidden: HashMap<u64, Hidden>,
    /// Nothing is hidden for longer.
    oldest: Option<Instant>,
}

impl<'a> Sweep<'a> {
    pub(super) fn new(stores: &'a Stores) -> Self {
        Self {
            stores,
            seen: Seen::default(),
            hidden: HashMap::new(),
            oldest: None,
        }
    }

    /// Messages that are hidden, however often each was received.
    pub(super) fn held(&self) -> u64 {
        self.hidden.len() as u64
    }

    async fn receive_all(
        &mut self,
        requests: &mut u64,
        mut each: impl FnMut(&[DeadLetter]) -> Result<Vec<Disposal>, StoreError>,
    ) -> Result<(), StoreError> {
        let began = Instant::now();
        let queue = &self.stores.target.dead_letter_queue_url;
        if !self.stores.exact_counts() {
            self.refuse_too_many(self.stores.counts_of(queue).await?.total())?;
        }
        loop {
            self.until_empty(requests, &mut each).await?;
            let counts = self.stores.counts_of(queue).await?;
            let hidden = self.held();
            if counts.visible == 0 && counts.total() <= hidden {
                return Ok(());
            }
            if hidden >= HIDDEN_MAX {
                return Err(StoreError::new(
                    "the dead-letter sweep",
                    format!(
                        "{hidden} dead letters that are not this run's are hidden by it, and SQS lets no more be: \
                         empty the queue of them, or give the run one of its own"
                    ),
                ));
            }
            if began.elapsed() >= self.stores.counts_lag {
                return Err(StoreError::new(
                    "the dead-letter sweep",
                    format!(
                        "{hidden} dead letters are held by it and the queue counts {} ({} visible): another \
                         consumer holds them, or a sweep that was killed does for up to 15 minutes",
                        counts.total(),
                        counts.visible
                    ),
                ));
            }
            tokio::time::sleep(self.stores.counts_lag / 20).await;
        }
    }

    fn is_shared(&self) -> bool {
        !self.stores.deletes_dead_letters()
    }

    fn refuse_too_many(&self, letters: u64) -> Result<(), StoreError> {
        if self.is_shared() && letters > HIDDEN_MAX {
            return Err(StoreError::new(
                "the dead-letter sweep",
                format!(
                    "the queue holds {letters} messages, and SQS lets {HIDDEN_MAX} of a queue be hidden at a time: \
                     give the run a dead-letter queue of its own and say so (--dead-letters own)"
                ),
            ));
        }
        Ok(())
    }

    /// Receives until the polls come back empty.
    async fn until_empty(
        &mut self,
        requests: &mut u64,
        each: &mut impl FnMut(&[DeadLetter]) -> Result<Vec<Disposal>, StoreError>,
    ) -> Result<(), StoreError> {
        let exact = self.stores.exact_counts();
        let rounds = if exact { 1 } else { EMPTY_ROUNDS };
        let polls = if exact { 1 } else { POLLS };
        let mut empty = 0;
        while empty < rounds {
            let mut receiving = JoinSet::new();
            for _ in 0..polls {
                *requests += 1;
                receiving.spawn(receive(
                    self.stores.sqs.clone(),
                    self.stores.target.dead_letter_queue_url.clone(),
                    if exact { 0 } else { WAIT_S },
                    self.stores.lease,
                ));
            }
            let mut received = Vec::new();
            let mut failed = None;
            while let Some(joined) = receiving.join_next().await {
                match joined.map_err(StoreError::of("SQS ReceiveMessage")) {
                    Ok(Ok(letters)) => received.extend(letters),
                    Ok(Err(error)) | Err(error) => failed = Some(error),
                }
            }
            empty = if received.is_empty() { empty + 1 } else { 0 };
            // What was received beside a receive that failed is hidden all the same.
            self.take_in(received, each).await?;
            if let Some(error) = failed {
                return Err(error);
            }
            self.renew().await;
        }
        Ok(())
    }

    /// Hands new letters over and does with them what is said.
    pub(super) async fn take_in(
        &mut self,
        received: Vec<(DeadLetter, String)>,
        each: &mut impl FnMut(&[DeadLetter]) -> Result<Vec<Disposal>, StoreError>,
    ) -> Result<(), StoreError> {
        let since = Instant::now();
        let (mut letters, mut handles, mut deleting) = (Vec::new(), Vec::new(), Vec::new());
        let mut places = HashMap::new();
        for (letter, handle) in received {
            let key = key(&letter.message_id);
            if self.seen.is_new(&letter.message_id) {
                places.insert(key, handles.len());
                letters.push(letter);
                handles.push((key, handle));
            } else if let Some(&place) = places.get(&key) {
                // Handed out twice at a time.
                handles[place].1 = handle;
            } else if self.hidden.contains_key(&key) {
                // It came back: its newest handle is the one that counts.
                self.hide(key, handle, since);
            } else {
                // It was deleted, and a server that did not know gave it out.
                deleting.push((key, handle));
            }
        }
        let disposals = match letters.is_empty() {
            true => Ok(Vec::new()),
            false => each(&letters),
        };
        let own = !self.is_shared();
        for (index, (key, handle)) in handles.into_iter().enumerate() {
            let disposal = disposals.as_ref().ok().and_then(|all| all.get(index));
            match disposal {
                Some(Disposal::Delete) if own => deleting.push((key, handle)),
                _ => self.hide(key, handle, since),
            }
        }
        let deleted = self.delete(deleting, since).await;
        disposals.and(deleted)
    }

    fn hide(&mut self, key: u64, handle: String, since: Instant) {
        self.oldest.get_or_insert(since);
        self.hidden.insert(key, Hidden { handle, since });
    }

    async fn delete(
        &mut self,
        letters: Vec<(u64, String)>,
        since: Instant,
    ) -> Result<(), StoreError> {
        let operation = "SQS DeleteMessageBatch";
        let mut left = letters;
        let mut last = String::new();
        for _ in 0..DELETIONS {
            let mut failed = Vec::new();
            for batch in left.chunks(BATCH) {
                let entries = batch.iter().enumerate().map(|(index, (_, handle))| {
                    DeleteMessageBatchRequestEntry::builder()
                        .id(index.to_string())
                        .receipt_handle(handle)
                        .build()
                        .expect("an id and a handle")
                });
                let deleted = self
                    .stores
                    .sqs
                    .delete_message_batch()
                    .queue_url(&self.stores.target.dead_letter_queue_url)
                    .set_entries(Some(entries.collect()))
                    .send()
                    .await;
                match deleted {
                    Ok(reply) => failed.extend(reply.failed().iter().filter_map(|entry| {
                        last = entry.code().to_owned();
                        batch.get(entry.id().parse::<usize>().ok()?).cloned()
                    })),
                    Err(error) => {
                        last = StoreError::of(operation)(error).to_string();
                        failed.extend_from_slice(batch);
                    }
                }
            }
            left = failed;
            if left.is_empty() {
                return Ok(());
            }
        }
        let stayed = left.len();
        for (key, handle) in left {
            self.hide(key, handle, since);
        }
        Err(StoreError::new(
            operation,
            format!("{stayed} dead letters that are written down could not be deleted: {last}"),
        ))
    }

    /// Keeps hidden what would soon show itself: what is half through its lease, once the oldest is two thirds
    /// through, so that not every round looks at every letter.
    async fn renew(&mut self) {
        let lease = self.stores.lease;
        if self
            .oldest
            .is_none_or(|oldest| oldest.elapsed() < lease * 2 / 3)
        {
            return;
        }
        let now = Instant::now();
        let mut handles = Vec::new();
        for hidden in self.hidden.values_mut() {
            if now.duration_since(hidden.since) >= lease / 2 {
                hidden.since = now;
                handles.push(hidden.handle.clone());
            }
        }
        self.oldest = self.hidden.values().map(|hidden| hidden.since).min();
        self.stores.set_visibilities(handles, seconds(lease)).await;
    }

    /// Ends the hiding of what stays. What cannot be shown again shows itself when its lease ends.
    async fn show_again(self) {
        let handles = self.hidden.into_values().map(|hidden| hidden.handle);
        self.stores.set_visibilities(handles.collect(), 0).await;
    }
}

fn seconds(lease: Duration) -> i32 {
    i32::try_from(lease.as_secs()).unwrap_or(i32::MAX)
}

impl Stores {
    /// A few batches side by side: those of 100,000 letters would outlast a lease one by one.
    async fn set_visibilities(&self, handles: Vec<String>, seconds: i32) {
        let mut changing = JoinSet::new();
        for batch in handles.chunks(BATCH) {
            if changing.len() >= POLLS {
                changing.join_next().await;
            }
            let (stores, batch) = (self.clone(), batch.to_vec());
            changing.spawn(async move { stores.set_visibility(batch, seconds).await });
        }
        changing.join_all().await;
    }

    async fn set_visibility(&self, handles: Vec<String>, seconds: i32) {
        let entries = handles.into_iter().enumerate().map(|(index, handle)| {
            ChangeMessageVisibilityBatchRequestEntry::builder()
                .id(index.to_string())
                .receipt_handle(handle)
                .visibility_timeout(seconds)
                .build()
                .expect("an id and a handle")
        });
        let changed = self
            .sqs
            .change_message_visibility_batch()
            .queue_url(&self.target.dead_letter_queue_url)
            .set_entries(Some(entries.collect()))
            .send()
            .await;
        match changed {
            Ok(reply) if reply.failed().is_empty() => {}
            Ok(reply) => {
                let failed = reply.failed().len();
                tracing::warn!(
                    failed,
                    "dead letters keep their visibility until their lease ends"
                );
            }
            Err(error) => {
                let error = StoreError::of("SQS ChangeMessageVisibilityBatch")(error);
                tracing::warn!(%error, "dead letters keep their visibility until their lease ends");
            }
        }
    }
}

/// Up to ten dead letters, each with the handle of this receive.
async fn receive(
    sqs: Client,
    queue_url: String,
    wait_s: i32,
    lease: Duration,
) -> Result<Vec<(DeadLetter, String)>, StoreError> {
    let output = sqs
        .receive_message()
        .queue_url(queue_url)
        .max_number_of_messages(BATCH as i32)
        .visibility_timeout(seconds(lease))
        .wait_time_seconds(wait_s)
        .send()
        .await
        .map_err(StoreError::of("SQS ReceiveMessage"))?;
    let received = output.messages.unwrap_or_default().into_iter();
    Ok(received.map(letter).collect())
}

fn letter(message: Message) -> (DeadLetter, String) {
    let letter = DeadLetter {
        body: message.body.unwrap_or_default(),
        message_id: message.message_id.unwrap_or_default(),
    };
    (letter, message.receipt_handle.unwrap_or_default())
}
