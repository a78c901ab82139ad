//! Publishing: what is accepted goes to every subscription that wants it.

use super::arn;
use super::envelope::{self, Sender};
use super::error::{SnsError, SnsErrorKind};
use super::message::{Published, TopicMessage};
use super::registry::{Subscribed, Topic};
use crate::doors::outbox::{Letter, Patience};
use crate::doors::{Door, DoorFault, Doors};
use crate::sqs::{Seen, SendEntry, SequenceNumber, content_id, is_fifo};

/// The first number of a FIFO topic, and from one to the next: they are not consecutive.
const FIRST: u128 = 10_000_000_000_000_000_000;
const STEP: u128 = 1_000;

impl Doors {
    /// Publishes one message to the topic of this name.
    ///
    /// # Errors
    /// What SNS refuses, and what a fault does.
    pub fn publish(&self, topic: &str, message: TopicMessage) -> Result<Published, SnsError> {
        let door = Door::topic(topic);
        let fault = self.0.hall.fault(&door, &message.message);
        let published = self.with_topic(topic, |found| {
            self.accept_message(&door, found, message, fault)
        });
        self.tally(&door, &published);
        published
    }

    /// Publishes several messages; one that is refused keeps no other from being published.
    ///
    /// # Errors
    /// When there is no such topic, the messages together are too large, or one has no group that must have one.
    pub fn publish_all(
        &self,
        topic: &str,
        messages: Vec<TopicMessage>,
    ) -> Result<Vec<Result<Published, SnsError>>, SnsError> {
        let door = Door::topic(topic);
        let faults: Vec<_> = messages
            .iter()
            .map(|message| self.0.hall.fault(&door, &message.message))
            .collect();
        if faults.contains(&DoorFault::ThrottleRequest) {
            self.refuse_at(&door);
            return Err(throttled());
        }
        let size: usize = messages.iter().map(TopicMessage::size).sum();
        let results = self.with_topic(topic, |found| {
            if size > found.attributes.message_size_max() as usize {
                return Err(SnsError::new(
                    SnsErrorKind::BatchRequestTooLong,
                    "The length of all the messages put together is more than the limit.",
                ));
            }
            if is_fifo(topic) {
                messages.iter().try_for_each(TopicMessage::check_group)?;
            }
            let entries = messages.into_iter().zip(faults);
            let results = entries.map(|(message, fault)| {
                let published = self.accept_message(&door, found, message, fault);
                self.tally(&door, &published);
                published
            });
            Ok(results.collect())
        });
        if results.is_err() {
            self.refuse_at(&door);
        }
        results
    }

    /// Counts a request that was refused as a whole.
    pub(super) fn refuse_at(&self, door: &Door) {
        self.0
            .hall
            .tallies
            .count(door, |counts| counts.refused += 1);
    }

    fn tally(&self, door: &Door, published: &Result<Published, SnsError>) {
        self.0.hall.tallies.count(door, |counts| match published {
            Ok(_) => counts.accepted += 1,
            Err(_) => counts.refused += 1,
        });
    }

    /// Takes a message and delivers it. The topics stay locked meanwhile, so that a FIFO topic's order is that of its
    /// queues.
    fn accept_message(
        &self,
        door: &Door,
        topic: &mut Topic,
        message: TopicMessage,
        fault: DoorFault,
    ) -> Result<Published, SnsError> {
        message.check(&topic.attributes, topic.fifo.is_some())?;
        match fault {
            DoorFault::Refuse => {
                return Err(SnsError::new(
                    SnsErrorKind::InternalError,
                    "A fault has failed this message.",
                ));
            }
            DoorFault::Throttle | DoorFault::ThrottleRequest => return Err(throttled()),
            DoorFault::None | DoorFault::Vanish | DoorFault::Double | DoorFault::Late(_) => {}
        }
        let text = message.for_queues()?;
        let serial = self.0.hall.next_serial();
        let mut published = Published {
            message_id: self.0.hall.message_id(serial),
            sequence_number: None,
        };
        let mut deduplication_id = None;
        if let Some(fifo) = &mut topic.fifo {
            let id = message.deduplication_id.clone();
            let id = id.unwrap_or_else(|| content_id(&message.message));
            let group = message.group_id.as_deref().unwrap_or_default();
            let (scope, now) = (
                topic.attributes.deduplication_scope,
                self.0.hall.clock.now(),
            );
            if let Some(first) = fifo.deduplication.find(scope, (group, &id), now) {
                self.0
                    .hall
                    .tallies
                    .count(door, |counts| counts.deduplicated += 1);
                return Ok(Published {
                    message_id: self.0.hall.message_id(first.serial),
                    sequence_number: Some(sequence_number(first.sequence.0)),
                });
            }
            fifo.sequence += 1;
            let sequence = SequenceNumber(fifo.sequence);
            fifo.deduplication
                .note(scope, (group, &id), Seen { serial, sequence }, now);
            published.sequence_number = Some(sequence_number(fifo.sequence));
            deduplication_id = Some(id);
        }
        let from = From {
            door,
            published: &published,
            text: &text,
            deduplication_id: deduplication_id.as_deref(),
        };
        for subscribed in &topic.subscriptions {
            self.deliver(&from, &message, subscribed, fault);
        }
        Ok(published)
    }

    fn deliver(&self, from: &From<'_>, message: &TopicMessage, to: &Subscribed, fault: DoorFault) {
        let hall = &self.0.hall;
        let subscription = &to.subscription;
        if !subscription.wants(message) {
            hall.tallies.count(from.door, |counts| counts.filtered += 1);
            return;
        }
        let Door::Topic(topic) = from.door else {
            return;
        };
        let topic_arn = arn::of_topic(&hall.site, topic);
        let entry = match subscription.is_raw {
            true => envelope::raw(message, from.text),
            false => {
                let sender = Sender {
                    site: &hall.site,
                    topic_arn: &topic_arn,
                    subscription_arn: &format!("{topic_arn}:{}", to.id),
                    published_ms: hall.now_ms(),
                };
                envelope::enveloped(&sender, from.published, message, from.text)
            }
        };
        let is_fifo = is_fifo(&subscription.queue);
        let entry = SendEntry {
            group_id: message.group_id.clone(),
            deduplication_id: from.deduplication_id.filter(|_| is_fifo).map(str::to_owned),
            ..entry
        };
        let letter = Letter {
            door: from.door.clone(),
            queue: subscription.queue.clone(),
            entry,
            dead_letter_queue: subscription.dead_letter_queue.clone(),
            patience: Patience::Topic,
        };
        hall.post(letter, fault);
    }
}

fn throttled() -> SnsError {
    SnsError::new(SnsErrorKind::Throttling, "Rate exceeded")
}

/// A message that was accepted, for all subscriptions.
struct From<'a> {
    door: &'a Door,
    published: &'a Published,
    text: &'a str,
    /// Of a FIFO topic.
    deduplication_id: Option<&'a str>,
}

/// Twenty digits, as AWS has them.
fn sequence_number(place: u64) -> String {
    (FIRST + u128::from(place) * STEP).to_string()
}
