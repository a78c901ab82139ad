//! A message on its way into a queue.

use std::sync::Arc;
use std::time::Duration;

use orderproof_machines::queue::{
    AttributeValue, Extras, Message, MessageAttribute, MessageState, SequenceNumber,
};

use super::clock::{Nanos, nanos};
use super::digest::{md5_of_attributes, md5_of_body};
use super::faults::SendFault;
use super::fifo::{FifoAttributes, Seen, content_id};
use super::handle::{Md5Text, Scribe};
use super::message::{SendEntry, Sent};
use super::queue::Queue;

/// A message with what is worked out before the queues are locked.
pub(super) struct Prepared {
    pub(super) entry: SendEntry,
    pub(super) fault: SendFault,
    md5_of_body: Md5Text,
    md5_of_attributes: Option<Md5Text>,
    md5_of_system_attributes: Option<Md5Text>,
    /// Of a message to a FIFO queue: its own, or its body's.
    deduplication_id: Option<Arc<str>>,
}

impl Prepared {
    pub(super) fn of(entry: SendEntry, fault: SendFault, is_fifo: bool) -> Self {
        let system = entry.trace_header.as_ref().and_then(|header| {
            let attribute = MessageAttribute {
                data_type: "String".to_owned(),
                value: AttributeValue::Text(header.clone()),
            };
            md5_of_attributes(&[("AWSTraceHeader".to_owned(), attribute)])
        });
        let deduplication_id = is_fifo.then(|| match &entry.deduplication_id {
            Some(id) => id.as_str().into(),
            None => content_id(&entry.body).into(),
        });
        Self {
            md5_of_body: md5_of_body(&entry.body),
            md5_of_attributes: md5_of_attributes(&entry.attributes),
            md5_of_system_attributes: system,
            deduplication_id,
            entry,
            fault,
        }
    }

    /// The message that this one would double in a FIFO queue.
    pub(super) fn first_sent(&self, queue: &mut Queue, now: Nanos) -> Option<Seen> {
        let scope = queue.attributes.fifo?.deduplication_scope;
        if self.fault == SendFault::Double {
            return None;
        }
        let deduplication = &mut queue.fifo.as_mut()?.deduplication;
        deduplication.find(scope, self.ids()?, now)
    }

    /// Stores it, or does with it what its fault has instead; its sequence number in a FIFO queue.
    pub(super) fn store(
        &self,
        queue: &mut Queue,
        serial: &mut u64,
        now: Nanos,
    ) -> Option<SequenceNumber> {
        let (first, delay) = (*serial, queue.attributes.delay);
        let sequence = match self.fault {
            SendFault::Vanish => queue.skip(),
            _ => queue.insert(self.message(first, delay, now)),
        };
        match self.fault {
            SendFault::Purge => queue.clear(),
            SendFault::Double => {
                *serial += 1;
                queue.insert(self.message(*serial, delay, now));
            }
            SendFault::None | SendFault::Vanish | SendFault::Refuse | SendFault::Again => {}
        }
        self.note(queue, first, sequence, now);
        if self.fault == SendFault::Again && self.first_sent(queue, now).is_none() {
            *serial += 1;
            queue.insert(self.message(*serial, delay, now));
        }
        sequence
    }

    /// Remembers it for the deduplication interval, also one that was forgotten on purpose.
    fn note(&self, queue: &mut Queue, serial: u64, sequence: Option<SequenceNumber>, now: Nanos) {
        let Some(FifoAttributes {
            deduplication_scope: scope,
            ..
        }) = queue.attributes.fifo
        else {
            return;
        };
        if let (Some(fifo), Some(ids), Some(sequence)) = (&mut queue.fifo, self.ids(), sequence) {
            let seen = Seen { serial, sequence };
            fifo.deduplication.note(scope, ids, seen, now);
            queue.remember();
        }
    }

    /// Group and deduplication id.
    fn ids(&self) -> Option<(&str, &str)> {
        let group = self.entry.group_id.as_deref()?;
        Some((group, self.deduplication_id.as_deref()?))
    }

    fn extras(&self) -> Option<Extras> {
        let entry = &self.entry;
        let is_plain =
            entry.attributes.is_empty() && entry.group_id.is_none() && entry.trace_header.is_none();
        (!is_plain).then(|| Extras {
            attributes: entry.attributes.clone(),
            group_id: entry.group_id.as_deref().map(Arc::from),
            deduplication_id: self.deduplication_id.clone(),
            trace_header: entry.trace_header.clone(),
            ..Extras::default()
        })
    }

    fn message(&self, serial: u64, delay: Duration, now: Nanos) -> Message {
        let entry = &self.entry;
        // A FIFO queue's delay is the queue's alone.
        let own_delay = entry.delay.filter(|_| self.deduplication_id.is_none());
        let delay = nanos(own_delay.unwrap_or(delay));
        Message {
            serial,
            body: Arc::clone(&entry.body),
            extras: self.extras().map(Arc::new),
            sent_at: now,
            first_received_at: 0,
            receive_count: 0,
            received_elsewhere: 0,
            place: match delay {
                0 => MessageState::Visible,
                delay => MessageState::Delayed(now + delay),
            },
        }
    }

    pub(super) fn sent(
        &self,
        scribe: Scribe,
        serial: u64,
        sequence: Option<SequenceNumber>,
    ) -> Sent {
        Sent {
            message_id: scribe.message_id(serial),
            md5_of_body: self.md5_of_body,
            md5_of_attributes: self.md5_of_attributes,
            md5_of_system_attributes: self.md5_of_system_attributes,
            sequence_number: sequence,
        }
    }
}
