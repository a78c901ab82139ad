//! What is done to whole queues: create, delete, list, set attributes, tag, purge.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::attributes::{ALLOW_POLICY, QueueAttributes};
use super::clock::nanos;
use super::described::described_bytes;
use super::engine::{SqsEngine, State};
use super::error::{SqsError, SqsErrorKind};
use super::fifo::is_fifo;
use super::permission;
use super::queue::{Queue, QueueCounts};
use orderproof_machines::queue::{Tally, Wake};

/// Tags of a queue, and characters of their keys and values (SQS API reference, `TagQueue`).
const TAGS_MAX: usize = 50;
const TAG_KEY_MAX: usize = 128;
const TAG_VALUE_MAX: usize = 256;

/// A queue's attributes, counts and dates at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueDescription {
    /// The attributes that can be set.
    pub attributes: QueueAttributes,
    /// The counts, exact unless a fault hides some.
    pub counts: QueueCounts,
    /// When it was created, in seconds since the Unix epoch.
    pub created_s: u64,
    /// When its attributes were last set, in seconds since the Unix epoch.
    pub modified_s: u64,
}

impl SqsEngine {
    /// Creates a queue. The same name with the same attributes again changes nothing.
    pub fn create_queue(&self, name: &str, attributes: QueueAttributes) -> Result<(), SqsError> {
        self.create_queue_with(name, BTreeMap::new(), |all| {
            *all = attributes;
            Ok(())
        })
    }

    /// Creates a queue with tags, setting the attributes that are not the defaults. If there is one
    /// of this name, the attributes set must be those it has.
    pub fn create_queue_with(
        &self,
        name: &str,
        tags: BTreeMap<String, String>,
        set: impl FnOnce(&mut QueueAttributes) -> Result<(), SqsError>,
    ) -> Result<(), SqsError> {
        check_tags(&tags)?;
        let (mut state, now) = self.lock();
        let existing = state.queues.get(name).map(|queue| &queue.attributes);
        let mut attributes = existing.cloned().unwrap_or_default();
        set(&mut attributes)?;
        check_name(name, attributes.fifo.is_some())?;
        check_attributes(&state, name, &attributes, self.speed())?;
        match state.queues.get(name) {
            Some(existing) if existing.attributes == attributes => Ok(()),
            Some(_) => Err(SqsError::new(
                SqsErrorKind::QueueNameExists,
                "A queue already exists with the same name and a different value for some attribute.",
            )),
            None => {
                let described = described_bytes(name, &attributes, &tags, 0);
                self.check_room(&state, described, 0)?;
                state.queues_created += 1;
                let mut tally = Tally::new(&state.total);
                tally.describe(described);
                let uid = state.queues_created;
                let mut queue = Queue::new(uid, attributes, (now, self.speed()), tally);
                queue.tags = tags;
                state.queues.insert(name.into(), queue);
                Ok(())
            }
        }
    }

    /// Deletes a queue with all it holds; receives that wait on it fail.
    pub fn delete_queue(&self, name: &str) -> Result<(), SqsError> {
        let (mut state, _) = self.lock();
        let queue = state.queues.remove(name).ok_or_else(SqsError::no_queue)?;
        queue.arrivals.wake_all();
        Ok(())
    }

    /// Whether there is a queue of this name.
    pub fn has_queue(&self, name: &str) -> bool {
        self.lock().0.queues.contains_key(name)
    }

    /// The names of the queues that begin so, in order.
    pub fn list_queues(&self, prefix: &str) -> Vec<Arc<str>> {
        let (state, _) = self.lock();
        let names = state.queues.keys();
        names
            .filter(|name| name.starts_with(prefix))
            .cloned()
            .collect()
    }

    /// The names of the queues whose dead letters go to this one, in order.
    pub fn dead_letter_sources(&self, name: &str) -> Result<Vec<Arc<str>>, SqsError> {
        let (mut state, _) = self.lock();
        state.queue(name)?;
        Ok(state.sources(name).cloned().collect())
    }

    /// The queue's attributes, counts and dates.
    pub fn describe_queue(&self, name: &str) -> Result<QueueDescription, SqsError> {
        let (mut state, now) = self.lock();
        let queue = state.queue(name)?;
        queue.advance(now);
        let clock = self.clock();
        Ok(QueueDescription {
            attributes: queue.attributes.clone(),
            counts: self.told_counts(queue, name),
            created_s: clock.epoch_ms(queue.created_at) / 1000,
            modified_s: clock.epoch_ms(queue.modified_at) / 1000,
        })
    }

    /// Changes the queue's attributes as the function says, if what comes out is allowed.
    pub fn update_attributes(
        &self,
        name: &str,
        update: impl FnOnce(&mut QueueAttributes) -> Result<(), SqsError>,
    ) -> Result<(), SqsError> {
        let (mut state, now) = self.lock();
        let mut attributes = state.queue(name)?.attributes.clone();
        update(&mut attributes)?;
        check_type(name, &attributes)?;
        check_attributes(&state, name, &attributes, self.speed())?;
        let queue = state.queue(name)?;
        let described = described_bytes(name, &attributes, &queue.tags, queue.moves.len());
        let before = queue.tally.described();
        self.check_room(&state, described, before)?;
        let queue = state.queue(name)?;
        queue.tally.describe(described);
        let is_delayed_anew = queue.fifo.is_some() && queue.attributes.delay != attributes.delay;
        queue.attributes = attributes;
        queue.modified_at = now;
        if is_delayed_anew {
            queue.advance(now);
            queue.delay_anew(now);
        }
        Ok(())
    }

    /// The queue's tags.
    pub fn tags(&self, name: &str) -> Result<BTreeMap<String, String>, SqsError> {
        let (mut state, _) = self.lock();
        Ok(state.queue(name)?.tags.clone())
    }

    /// Changes the queue's tags as the function says; 50 is the most.
    pub fn update_tags(
        &self,
        name: &str,
        update: impl FnOnce(&mut BTreeMap<String, String>),
    ) -> Result<(), SqsError> {
        let (mut state, _) = self.lock();
        let queue = state.queue(name)?;
        let mut tags = queue.tags.clone();
        update(&mut tags);
        check_tags(&tags)?;
        let described = described_bytes(name, &queue.attributes, &tags, queue.moves.len());
        let before = queue.tally.described();
        self.check_room(&state, described, before)?;
        let queue = state.queue(name)?;
        queue.tally.describe(described);
        queue.tags = tags;
        Ok(())
    }

    /// Deletes all messages of the queue; not twice within 60 s.
    pub fn purge(&self, name: &str) -> Result<(), SqsError> {
        let (mut state, now) = self.lock();
        let queue = state.queue(name)?;
        let minute = nanos(Duration::from_secs(60).div_f64(self.speed()));
        if queue
            .purged_at
            .is_some_and(|purged_at| now < purged_at + minute)
        {
            return Err(SqsError::new(
                SqsErrorKind::PurgeQueueInProgress,
                format!("Only one PurgeQueue operation on {name} is allowed every 60 seconds."),
            ));
        }
        queue.purged_at = Some(now);
        queue.clear();
        Ok(())
    }
}

fn check_attributes(
    state: &State,
    name: &str,
    attributes: &QueueAttributes,
    speed: f64,
) -> Result<(), SqsError> {
    attributes.check(speed)?;
    let Some(redrive) = &attributes.redrive else {
        return Ok(());
    };
    let target = &*redrive.dead_letter_queue;
    if target == name {
        return Err(SqsError::value(
            "Value for parameter RedrivePolicy is invalid. Reason: a queue cannot be its own dead \
             letter target.",
        ));
    }
    if is_fifo(target) != is_fifo(name) {
        return Err(SqsError::value(
            "Value for parameter RedrivePolicy is invalid. Reason: Dead-letter queue must be same type of queue as \
             the source.",
        ));
    }
    let Some(target_queue) = state.queues.get(target) else {
        return Err(SqsError::value(format!(
            "Value for parameter RedrivePolicy is invalid. Reason: Dead letter target does not exist: \
             {target}."
        )));
    };
    let before = state
        .queues
        .get(name)
        .map(|queue| &queue.attributes.redrive);
    let is_new = before != Some(&attributes.redrive);
    let policy = target_queue.attributes.inert.get(ALLOW_POLICY);
    match !is_new || permission::lets(policy, name) {
        true => Ok(()),
        false => Err(SqsError::value(format!(
            "Value for parameter RedrivePolicy is invalid. Reason: {target} does not let this queue be its source \
             (RedriveAllowPolicy)."
        ))),
    }
}

/// As many tags as AWS takes, and of its lengths.
fn check_tags(tags: &BTreeMap<String, String>) -> Result<(), SqsError> {
    if tags.len() > TAGS_MAX {
        return Err(SqsError::value(
            "Too many tags added for queue: 50 is the most.",
        ));
    }
    let is_of_aws = |key: &&String| {
        key.get(..4)
            .is_some_and(|start| start.eq_ignore_ascii_case("aws:"))
    };
    if let Some(key) = tags.keys().find(is_of_aws) {
        return Err(SqsError::value(format!(
            "Value {key} for parameter Tags is invalid. Reason: tag keys that begin with aws: are reserved for AWS."
        )));
    }
    let fits = |(key, value): (&String, &String)| {
        (1..=TAG_KEY_MAX).contains(&key.chars().count()) && value.chars().count() <= TAG_VALUE_MAX
    };
    match tags.iter().all(fits) {
        true => Ok(()),
        false => Err(SqsError::value(
            "Tag keys must be between 1 and 128 characters in length, tag values at most 256.",
        )),
    }
}

/// A FIFO queue is one by its name, and no other has such a name.
fn check_name(name: &str, is_fifo: bool) -> Result<(), SqsError> {
    let bare = match is_fifo {
        true => name.strip_suffix(".fifo").unwrap_or_default(),
        false => name,
    };
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if !bare.is_empty() && name.len() <= 80 && bare.bytes().all(is_allowed) {
        return Ok(());
    }
    Err(SqsError::value(match is_fifo {
        true => {
            "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end \
             with .fifo suffix and be 1 to 80 in length."
        }
        false => {
            "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
        }
    }))
}

/// A queue stays of the type it was created as.
fn check_type(name: &str, attributes: &QueueAttributes) -> Result<(), SqsError> {
    match attributes.fifo.is_some() == is_fifo(name) {
        true => Ok(()),
        false => Err(SqsError::new(
            SqsErrorKind::InvalidAttributeValue,
            "Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported.",
        )),
    }
}
