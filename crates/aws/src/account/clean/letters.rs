//! The dead letters of a run: the queue is received to its end, those of the run are deleted, and all
//! others are shown again.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry, Message,
    QueueAttributeName,
};

use super::{Cleaner, Found};
use crate::account::AccountError;
use crate::store::{Hold, not_done};

/// How long a received letter is hidden, seconds; one that is seen again is known by its id.
const VISIBILITY_S: i32 = 600;
/// A long poll asks all servers of SQS, seconds.
const WAIT_S: i32 = 1;
/// Empty polls in a row that are believed.
const EMPTY_POLLS: u32 = 3;
/// Letters that are left but held until the end: SQS lets 120,000 of a queue be hidden at a time.
pub const MAX_HELD: usize = 100_000;

/// How long the counts of AWS may lag behind the queue: "at least a minute", and some room.
const COUNTS_LAG: Duration = Duration::from_secs(90);

/// Letters may go on coming for this long, and for so much longer a letter that was there when it began.
const LEAST: Duration = Duration::from_secs(30);
const PER_LETTER: Duration = Duration::from_millis(50);
/// Letters that a queue is believed to hold.
const LETTERS_MAX: u64 = 10_000_000;

/// A sweep of the queue.
struct Sweep<'a> {
    cleaner: &'a Cleaner,
    sqs: Client,
    /// What the scenario calls it; `None` is the dead-letter queue.
    queue: Option<&'a str>,
    queue_url: &'a str,
    /// What is left and hidden meanwhile: the handle of the last receive by the message's id.
    held: HashMap<String, String>,
    /// The same of what was to be deleted and is there all the same.
    undeleted: HashMap<String, String>,
    /// The same of what was asked to be deleted, and no answer says whether it was.
    unanswered: HashMap<String, String>,
    /// The ids of what was deleted: SQS may hand a message out once more all the same.
    deleted: HashSet<String>,
    found: Found,
    hold: Hold,
}

pub(super) async fn clean(
    cleaner: &Cleaner,
    queue: Option<&str>,
    queue_url: &str,
) -> Result<Found, AccountError> {
    let mut sweep = Sweep {
        cleaner,
        sqs: cleaner.session.sqs(),
        queue,
        queue_url,
        held: HashMap::new(),
        undeleted: HashMap::new(),
        unanswered: HashMap::new(),
        deleted: HashSet::new(),
        found: Found::default(),
        hold: Hold::begin(),
    };
    let swept = sweep.receive_all().await;
    // Also what a sweep that failed has received is shown again, and what it could not delete.
    let staying = sweep.held.values().chain(sweep.undeleted.values());
    let hidden = show(&sweep.sqs, queue_url, staying).await;
    // What can be shown of these is there; what cannot is gone, or shows itself.
    let unanswered = show(&sweep.sqs, queue_url, sweep.unanswered.values()).await;
    sweep.found.remaining = sweep.undeleted.len() as u64;
    sweep.found.hidden = hidden;
    let error = match swept {
        Ok(()) => return Ok(sweep.found),
        Err(error) if hidden == 0 && unanswered == 0 => return Err(error),
        Err(error) => error,
    };
    let mut told = error.to_string();
    if unanswered > 0 {
        told += &format!(
            "; letters of the run that may be deleted (no answer says so; those that are not become visible within 10 \
             minutes): {unanswered}"
        );
    }
    if hidden > 0 {
        told += &format!(
            "; letters that could not be shown again, which stay hidden for up to 10 minutes: {hidden}"
        );
    }
    Err(AccountError::new("the dead-letter sweep", queue_url, told))
}

impl Sweep<'_> {
    /// Receives until polls come back empty and the queue counts nothing that was not received.
    async fn receive_all(&mut self) -> Result<(), AccountError> {
        let (lag, polls) = match self.cleaner.exact_counts {
            true => (Duration::ZERO, 1),
            false => (COUNTS_LAG, EMPTY_POLLS),
        };
        let began = Instant::now();
        let there = counts(&self.sqs, self.queue_url).await?;
        let each = u32::try_from(there.min(LETTERS_MAX)).unwrap_or(u32::MAX);
        let allowed = lag.max(LEAST) + PER_LETTER * each;
        loop {
            let mut empty = 0;
            while empty < polls {
                let letters = receive(self.cleaner, &self.sqs, self.queue_url).await?;
                empty = if letters.is_empty() { empty + 1 } else { 0 };
                self.take(letters).await?;
                let why = match self.hold.is_called_off() {
                    true => "it was interrupted",
                    false if empty == 0 && began.elapsed() > allowed => {
                        "letters were still coming long after those that had been there: stop who sends them"
                    }
                    false => continue,
                };
                return Err(AccountError::new(
                    "the dead-letter sweep",
                    self.queue_url,
                    why,
                ));
            }
            let counted = counts(&self.sqs, self.queue_url).await?;
            let own = self.held.len() + self.undeleted.len();
            self.found.held = counted.saturating_sub(own as u64);
            if self.found.held == 0 || began.elapsed() >= lag {
                return Ok(());
            }
            tokio::time::sleep(lag / 20).await;
        }
    }

    /// Deletes those of the run among these letters, if that is asked for, and holds the others.
    async fn take(&mut self, letters: Vec<Message>) -> Result<(), AccountError> {
        let mut doomed = Vec::new();
        let mut unusable = Ok(());
        for letter in letters {
            let (Some(id), Some(handle)) = (letter.message_id, letter.receipt_handle) else {
                unusable = Err(AccountError::new(
                    "SQS ReceiveMessage",
                    self.queue_url,
                    "a message was received without its id or its handle",
                ));
                continue;
            };
            let is_new = !self.held.contains_key(&id) && !self.deleted.contains(&id);
            let body = letter.body.as_deref().unwrap_or_default();
            let owner = self.cleaner.owner_of_letter(self.queue, &id, body);
            let is_ours = owner.is_some();
            match owner {
                Some(owner) if is_new => self.found.add(owner),
                None if is_new => self.found.others += 1,
                _ => {}
            }
            if is_ours && self.cleaner.delete {
                self.deleted.insert(id.clone());
                self.undeleted.insert(id.clone(), handle.clone());
                doomed.push((id, handle));
            } else {
                self.held.insert(id, handle);
            }
        }
        let ids: Vec<String> = doomed.iter().map(|(id, _)| id.clone()).collect();
        match delete(&self.sqs, self.queue_url, doomed).await {
            Ok(gone) => gone.iter().for_each(|id| {
                self.undeleted.remove(id);
            }),
            Err(error) => {
                let moved = ids.iter().filter_map(|id| self.undeleted.remove_entry(id));
                self.unanswered.extend(moved);
                return Err(error);
            }
        }
        unusable?;
        match self.held.len() + self.undeleted.len() < MAX_HELD {
            true => Ok(()),
            false => Err(AccountError::new(
                "the dead-letter sweep",
                self.queue_url,
                format!(
                    "{MAX_HELD} letters that stay are hidden, and SQS lets 120,000 be: remove those of others \
                     first"
                ),
            )),
        }
    }
}

async fn receive(
    cleaner: &Cleaner,
    sqs: &Client,
    queue_url: &str,
) -> Result<Vec<Message>, AccountError> {
    let output = sqs
        .receive_message()
        .queue_url(queue_url)
        .max_number_of_messages(10)
        .visibility_timeout(VISIBILITY_S)
        .wait_time_seconds(if cleaner.exact_counts { 0 } else { WAIT_S })
        .send()
        .await
        .map_err(AccountError::of("SQS ReceiveMessage", queue_url))?;
    Ok(output.messages.unwrap_or_default())
}

/// Deletes up to ten letters, each of an id and a handle; the ids of what is gone.
async fn delete(
    sqs: &Client,
    queue_url: &str,
    letters: Vec<(String, String)>,
) -> Result<Vec<String>, AccountError> {
    if letters.is_empty() {
        return Ok(Vec::new());
    }
    let entries = letters.iter().enumerate().map(|(index, (_, handle))| {
        DeleteMessageBatchRequestEntry::builder()
            .id(index.to_string())
            .receipt_handle(handle)
            .build()
            .expect("an id and a handle")
    });
    let output = sqs
        .delete_message_batch()
        .queue_url(queue_url)
        .set_entries(Some(entries.collect()))
        .send()
        .await
        .map_err(AccountError::of("SQS DeleteMessageBatch", queue_url))?;
    let done = output.successful().iter().map(|entry| entry.id());
    let failed = output.failed().iter().map(|entry| entry.id());
    let stayed = not_done(letters.len(), done, failed);
    let all = letters.into_iter().enumerate();
    let gone = all.filter(|(index, _)| !stayed.contains(index));
    Ok(gone.map(|(_, (id, _))| id).collect())
}

/// Ends the hiding of what is held; how many could not be shown.
async fn show(sqs: &Client, queue_url: &str, handles: impl Iterator<Item = &String>) -> u64 {
    let handles: Vec<_> = handles.collect();
    let mut hidden = 0;
    for handles in handles.chunks(10) {
        let entries = handles.iter().enumerate().map(|(index, handle)| {
            ChangeMessageVisibilityBatchRequestEntry::builder()
                .id(index.to_string())
                .receipt_handle(*handle)
                .visibility_timeout(0)
                .build()
                .expect("an id and a handle")
        });
        let shown = sqs
            .change_message_visibility_batch()
            .queue_url(queue_url)
            .set_entries(Some(entries.collect()))
            .send()
            .await;
        hidden += match shown {
            Ok(reply) => {
                let done = reply.successful().iter().map(|entry| entry.id());
                let failed = reply.failed().iter().map(|entry| entry.id());
                not_done(handles.len(), done, failed).len() as u64
            }
            Err(_) => handles.len() as u64,
        };
    }
    hidden
}

/// All messages of the queue, whatever their state.
async fn counts(sqs: &Client, queue_url: &str) -> Result<u64, AccountError> {
    use QueueAttributeName as Name;
    let operation = "SQS GetQueueAttributes";
    let names = [
        Name::ApproximateNumberOfMessages,
        Name::ApproximateNumberOfMessagesNotVisible,
        Name::ApproximateNumberOfMessagesDelayed,
    ];
    let output = sqs
        .get_queue_attributes()
        .queue_url(queue_url)
        .set_attribute_names(Some(names.to_vec()))
        .send()
        .await
        .map_err(AccountError::of(operation, queue_url))?;
    let attributes = output.attributes.unwrap_or_default();
    let count = |name| attributes.get(name)?.parse::<u64>().ok();
    let counts: Option<Vec<u64>> = names.iter().map(count).collect();
    let sum = counts.map(|counts| counts.into_iter().fold(0, u64::saturating_add));
    sum.ok_or_else(|| AccountError::new(operation, queue_url, "a count is missing in the reply"))
}
