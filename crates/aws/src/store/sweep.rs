//! The sweep of the dead-letter queue: every letter once, whoever the queue belongs to.
//!
//! SQS has no peek, so a letter is received, and hidden by that, before it is known. In a shared queue everything is
//! shown again at the end. In a queue of the run's own what the caller has written down is deleted, which is also
//! the only way past the 120,000 messages that SQS lets be hidden at a time. A queue that others feed has no end: the
//! sweep has one, in time and in letters, and whatever way it ends, what it holds is shown again.

mod groups;
mod message;
mod visibility;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use aws_sdk_sqs::types::{DeleteMessageBatchRequestEntry, Message};
use tokio::task::JoinSet;
use tokio::time::Instant;

pub use self::message::not_done;
use self::message::{letter, receive};
use self::visibility::in_batches;
use super::bounds::HIDDEN_MAX;
use super::{Hold, LetterRedrive, StoreError, Stores};
use crate::records::DeadLetter;

const SWEEP: &str = "the dead-letter sweep";

/// How long a swept letter stays hidden unless that is renewed.
pub const LEASE: Duration = Duration::from_secs(900);
/// How long a poll of the sweep waits on AWS, where a short one asks only some of the servers, seconds.
const WAIT_S: i32 = 1;
/// Polls side by side on AWS.
const POLLS: usize = 4;
/// Between two rounds, when the counts say that there is more.
const PAUSE_LEAST: Duration = Duration::from_millis(200);
/// Rounds of polls in a row that must come back empty before the sweep believes it.
const EMPTY_ROUNDS: u32 = 3;
/// How often a deletion is tried.
const DELETIONS: u32 = 3;
/// How often a letter is shown again, and how long showing them all may take.
const SHOWINGS: u32 = 3;
const SHOWING_MAX: Duration = Duration::from_secs(60);
/// Messages in one batch.
const BATCH: usize = 10;

/// What a sweep took of a queue whose letters move on when they have been received too often.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Receives {
    /// The receives of the letter that was received most often in the queue, those of this sweep included.
    pub highest: u32,
    /// Those of the letter that was received least often; 0 when there is none.
    pub lowest: u32,
}

impl Receives {
    fn add(&mut self, receives: u32) {
        self.lowest = match self.highest {
            0 => receives,
            _ => self.lowest.min(receives),
        };
        self.highest = self.highest.max(receives);
    }
}

/// How a sweep ended.
#[derive(Debug)]
pub struct Swept {
    /// Whether it has seen every letter, or why not.
    pub result: Result<(), StoreError>,
    /// The handles of letters that could not be shown again: they are hidden until their lease ends ([`LEASE`]).
    pub left_hidden: Vec<String>,
}

/// What is to be done with a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposal {
    /// It stays, and others find it.
    ShowAgain,
    /// It is deleted: the caller has a durable copy. Not in a shared queue.
    Delete,
}

/// The messages of a sweep, each with its body: SQS may hand one out twice, and twice received is not two dead letters.
#[derive(Default)]
pub(super) struct Seen(HashMap<u64, u64>);

/// What one more sight of a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sight {
    First,
    Again,
    /// It was seen before, with another body. A message has one body: one of the two is not it.
    Contradiction,
}

impl Seen {
    /// Takes a message in. Only hashes are kept; should two ids share one, the sweep comes out one short of the
    /// queue's count, and so incomplete.
    pub(super) fn sight(&mut self, letter: &DeadLetter) -> Sight {
        let body = key(&letter.body);
        match self.0.entry(key(&letter.message_id)) {
            Entry::Vacant(place) => {
                place.insert(body);
                Sight::First
            }
            Entry::Occupied(first) if *first.get() == body => Sight::Again,
            Entry::Occupied(_) => Sight::Contradiction,
        }
    }
}

fn key(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
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
    /// When a request fails, `each` does, a letter cannot be read or, being to be deleted, stays, a shared queue holds
    /// more than can be hidden at a time, letters come without end, the queue still counts messages the polls do not
    /// give out, or the process is about to end.
    pub async fn sweep_dead_letters(
        &self,
        requests: &mut u64,
        each: impl FnMut(&[DeadLetter]) -> Result<Vec<Disposal>, StoreError>,
    ) -> Result<(), StoreError> {
        let unkept = &mut |_: &[String]| Ok(());
        self.sweep_counted(None, &mut Receives::default(), requests, unkept, each)
            .await
            .result
    }

    /// Shows letters again of which a sweep that was killed has left these handles. What was deleted, shown or received
    /// since stays as it is. The handles of what was not shown now are given back.
    pub async fn show_letters(&self, handles: Vec<String>) -> Vec<String> {
        self.set_visibilities(handles, 0).await
    }

    /// The same of a queue that may have a redrive policy of its own: its letters' receives are counted into
    /// `receives`. The handles of what was received are given to `held` before anything else is done with it, so that a sweep
    /// that is killed can leave them to the next ([`Self::show_letters`]).
    ///
    /// Its result is that of [`Self::sweep_dead_letters`]; it fails also when `held` fails, when a letter does not tell how often it was received, or when others
    /// have received some of them so often that a further receive might move one on.
    pub async fn sweep_counted(
        &self,
        redrive: Option<&LetterRedrive>,
        receives: &mut Receives,
        requests: &mut u64,
        held: &mut (dyn FnMut(&[String]) -> Result<(), StoreError> + Send),
        each: impl FnMut(&[DeadLetter]) -> Result<Vec<Disposal>, StoreError>,
    ) -> Swept {
        let mut sweep = Sweep {
            redrive,
            ..Sweep::new(self)
        };
        let result = sweep.receive_all(requests, held, each).await;
        *receives = sweep.receives;
        let left_hidden = sweep.show_again(SHOWING_MAX).await;
        Swept {
            result,
            left_hidden,
        }
    }
}

/// Every letter seen is either hidden or deleted.
pub(super) struct Sweep<'a> {
    stores: &'a Stores,
    redrive: Option<&'a LetterRedrive>,
    receives: Receives,
    seen: Seen,
    hidden: HashMap<u64, Hidden>,
    /// Nothing is hidden for longer.
    oldest: Option<Instant>,
    /// When it began, and how long it may take; that is known once it matters.
    began: Instant,
    allowed: Option<Duration>,
    /// Why a letter that was received cannot be used.
    unusable: Option<String>,
    hold: Hold,
}

impl<'a> Sweep<'a> {
    pub(super) fn new(stores: &'a Stores) -> Self {
        Self {
            stores,
            redrive: None,
            receives: Receives::default(),
            seen: Seen::default(),
            hidden: HashMap::new(),
            oldest: None,
            began: Instant::now(),
            allowed: None,
            unusable: None,
            hold: Hold::begin(),
        }
    }

    /// Messages that are hidden, however often each was received.
    pub(super) fn held(&self) -> u64 {
        self.hidden.len() as u64
    }

    async fn receive_all(
        &mut self,
        requests: &mut u64,
        held: &mut (dyn FnMut(&[String]) -> Result<(), StoreError> + Send),
        mut each: impl FnMut(&[DeadLetter]) -> Result<Vec<Disposal>, StoreError>,
    ) -> Result<(), StoreError> {
        let queue = &self.stores.target.dead_letter_queue_url;
        if !self.stores.exact_counts() {
            let letters = self.stores.counts_of(queue).await?.total();
            self.refuse_too_many(letters)?;
            self.allowed = Some(self.stores.time_for_letters(letters));
        }
        loop {
            self.until_empty(requests, held, &mut each).await?;
            let counts = self.stores.counts_of(queue).await?;
            let hidden = self.held();
            if counts.visible == 0 && counts.total() <= hidden {
                return Ok(());
            }
            if hidden >= HIDDEN_MAX {
                return Err(self.too_many_hidden());
            }
            if self.began.elapsed() >= self.stores.counts_lag + self.for_hidden() {
                return Err(StoreError::new(
                    SWEEP,
                    format!(
                        "{hidden} dead letters are held by it and the queue counts {} ({} visible): another \
                         consumer holds them, or a sweep that was killed does for up to 15 minutes{}",
                        counts.total(),
                        counts.visible,
                        groups::told(queue)
                    ),
                ));
            }
            tokio::time::sleep((self.stores.counts_lag / 20).max(PAUSE_LEAST)).await;
        }
    }

    /// How long a sweep waits for letters that another reader has received and thereby hides.
    fn for_hidden(&self) -> Duration {
        match self.stores.target.read.awaits_hidden {
            true => self.stores.lease,
            false => Duration::ZERO,
        }
    }

    /// Whether one more round of polls may be made after one that brought letters.
    async fn goes_on(&mut self) -> Result<(), StoreError> {
        if self.hold.is_called_off() {
            return Err(StoreError::new(SWEEP, "it was interrupted"));
        }
        if let Some(why) = self.unusable.take() {
            return Err(StoreError::new(SWEEP, why));
        }
        self.leaves_letters_where_they_are()?;
        if self.held() > HIDDEN_MAX {
            return Err(self.too_many_hidden());
        }
        let letters = self.seen.0.len() as u64;
        if letters > self.stores.letters_max() || self.has_run_out().await? {
            return Err(StoreError::new(
                SWEEP,
                format!(
                    "letters were still coming after {:.0} s, {letters} by then: others feed the queue; give the run a \
                     dead-letter queue that nobody else uses",
                    self.began.elapsed().as_secs_f64()
                ),
            ));
        }
        Ok(())
    }

    /// One more receive of a letter that others have received as often as its queue lets it be would move it on.
    fn leaves_letters_where_they_are(&self) -> Result<(), StoreError> {
        let Some(redrive) = self.redrive else {
            return Ok(());
        };
        let Receives { highest, lowest } = self.receives;
        let limit = redrive.max_receive_count;
        if highest < limit || lowest == highest {
            return Ok(());
        }
        Err(StoreError::new(
            SWEEP,
            format!(
                "a letter has been received {highest} times and another {lowest} times, and after {limit} receives the \
                 queue's own redrive policy moves a letter to {}: receiving more might move some",
                redrive.name()
            ),
        ))
    }

    fn too_many_hidden(&self) -> StoreError {
        StoreError::new(
            SWEEP,
            format!(
                "{} dead letters that are not this run's are hidden by it, and SQS lets no more be: empty the queue of \
                 them, or give the run one of its own",
                self.held()
            ),
        )
    }

    async fn has_run_out(&mut self) -> Result<bool, StoreError> {
        let least = self.stores.time_for_letters(0);
        if self.allowed.is_none() && self.began.elapsed() > least {
            let queue = &self.stores.target.dead_letter_queue_url;
            let letters = self.stores.counts_of(queue).await?.total();
            self.allowed = Some(self.stores.time_for_letters(letters));
        }
        Ok(self
            .allowed
            .is_some_and(|allowed| self.began.elapsed() > allowed + self.for_hidden()))
    }

    fn is_shared(&self) -> bool {
        !self.stores.deletes_dead_letters()
    }

    fn refuse_too_many(&self, letters: u64) -> Result<(), StoreError> {
        if self.is_shared() && letters > HIDDEN_MAX {
            return Err(StoreError::new(
                SWEEP,
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
        held: &mut (dyn FnMut(&[String]) -> Result<(), StoreError> + Send),
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
                    self.redrive.is_some(),
                ));
            }
            let (mut received, mut cut_off) = (Vec::new(), Vec::new());
            let mut failed = None;
            while let Some(joined) = receiving.join_next().await {
                match joined.map_err(StoreError::of("SQS ReceiveMessage")) {
                    Ok(Ok(messages)) => {
                        cut_off.extend(groups::cut_off(&messages));
                        received.extend(messages);
                    }
                    Ok(Err(error)) | Err(error) => failed = Some(error),
                }
            }
            let handles = received.iter().filter_map(Message::receipt_handle);
            let handles: Vec<String> = handles.map(str::to_owned).collect();
            let noted = match handles.is_empty() {
                true => Ok(()),
                false => held(&handles),
            };
            let is_empty = received.is_empty();
            empty = if is_empty { empty + 1 } else { 0 };
            let letters = self.letters(received);
            // What was received beside a receive that failed is hidden all the same.
            self.take_in(letters, each).await?;
            self.show_cut_off(&cut_off).await;
            noted?;
            if let Some(error) = failed {
                return Err(error);
            }
            if !is_empty {
                self.goes_on().await?;
            }
            self.renew().await;
        }
        Ok(())
    }

    /// The letters among what was received. What is none is held as far as it can be, and ends the sweep.
    fn letters(&mut self, received: Vec<Message>) -> Vec<(DeadLetter, String)> {
        let mut letters = Vec::with_capacity(received.len());
        for message in received {
            let receives = self
                .redrive
                .map(|redrive| redrive.receives(message.attributes.as_ref()));
            match receives {
                None => {}
                Some(Some(receives)) => self.receives.add(receives),
                Some(None) => {
                    let untold = "a letter does not tell how often it was received, and its queue's own redrive policy \
                                  moves it on after some receives";
                    self.unusable = Some(untold.into());
                }
            }
            match letter(message) {
                Ok(letter) => letters.push(letter),
                Err((handle, why)) => {
                    self.unusable = Some(why);
                    if let Some(handle) = handle {
                        self.hide(key(&handle), handle, Instant::now());
                    }
                }
            }
        }
        letters
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
        let mut contradiction = Ok(());
        for (letter, handle) in received {
            let key = key(&letter.message_id);
            let sight = self.seen.sight(&letter);
            if sight == Sight::Contradiction {
                let two = format!(
                    "message {} was received twice, with two different bodies",
                    letter.message_id
                );
                contradiction = Err(StoreError::new(SWEEP, two));
            }
            if sight == Sight::First {
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
        disposals.and(deleted).and(contradiction)
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
        let mut last = "the reply did not name them".to_owned();
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
                    Ok(reply) => {
                        if let Some(entry) = reply.failed().last() {
                            last = entry.code().to_owned();
                        }
                        let done = reply.successful().iter().map(|entry| entry.id());
                        let not = reply.failed().iter().map(|entry| entry.id());
                        let left = not_done(batch.len(), done, not);
                        failed.extend(left.into_iter().map(|index| batch[index].clone()));
                    }
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

    /// Ends the hiding of what stays. What cannot be shown again shows itself when its lease ends; the handles of that are
    /// given back.
    pub(super) async fn show_again(self, within: Duration) -> Vec<String> {
        let handles = self.hidden.into_values().map(|hidden| hidden.handle);
        let mut left = in_batches(handles.collect());
        let showing = async {
            for _ in 0..SHOWINGS {
                self.stores.change_visibilities(&mut left, 0).await;
                if left.is_empty() {
                    break;
                }
            }
        };
        if tokio::time::timeout(within, showing).await.is_err() {
            tracing::warn!("showing dead letters again took too long");
        }
        left.concat()
    }
}

fn seconds(lease: Duration) -> i32 {
    i32::try_from(lease.as_secs()).unwrap_or(i32::MAX)
}
