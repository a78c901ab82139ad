//! Messages: as they are sent, kept and received.

use std::sync::Arc;
use std::time::Duration;

use orderproof_machines::queue::{
    Extras, MESSAGE_OVERHEAD, MessageAttribute, SequenceNumber, extra_bytes,
};

use super::digest::{md5_of_attributes, md5_of_body};
use super::handle::{Md5Text, MessageId, ReceiptHandle};

/// A message to send.
#[derive(Debug, Clone, PartialEq)]
pub struct SendEntry {
    /// The body: 1 byte to 1 MiB of the characters XML takes.
    pub body: Arc<str>,
    /// How long it stays invisible at first; the queue's delay if none, at most 15 minutes.
    pub delay: Option<Duration>,
    /// At most ten, names distinct.
    pub attributes: Vec<(String, MessageAttribute)>,
    /// `MessageGroupId`: the group whose messages a FIFO queue keeps in order. A standard queue keeps it and gives it back
    /// (fair queues), of no other effect here.
    pub group_id: Option<String>,
    /// `MessageDeduplicationId`, of FIFO queues.
    pub deduplication_id: Option<String>,
    /// `AWSTraceHeader`.
    pub trace_header: Option<String>,
}

impl SendEntry {
    /// A message of nothing but a body.
    pub fn new(body: impl Into<Arc<str>>) -> Self {
        Self {
            body: body.into(),
            delay: None,
            attributes: Vec::new(),
            group_id: None,
            deduplication_id: None,
            trace_header: None,
        }
    }

    /// The same in a message group.
    #[must_use]
    pub fn in_group(mut self, group: impl Into<String>) -> Self {
        self.group_id = Some(group.into());
        self
    }

    /// The same with a deduplication id.
    #[must_use]
    pub fn deduplicated_by(mut self, id: impl Into<String>) -> Self {
        self.deduplication_id = Some(id.into());
        self
    }

    /// Bytes that count against the size limits: the body and the attributes' names, types and
    /// values.
    pub fn size(&self) -> usize {
        let attributes = self.attributes.iter().map(|(name, attribute)| {
            name.len() + attribute.data_type.len() + attribute.value.as_bytes().len()
        });
        self.body.len() + attributes.sum::<usize>()
    }

    /// Bytes of memory it takes once it is kept, about.
    pub(super) fn stored_bytes(&self) -> u64 {
        let texts = [&self.group_id, &self.deduplication_id, &self.trace_header];
        let extras = extra_bytes(&self.attributes, texts.map(Option::as_deref));
        MESSAGE_OVERHEAD + self.body.len() as u64 + extras
    }
}

/// The reply to a send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    /// The message's id.
    pub message_id: MessageId,
    /// Of the body.
    pub md5_of_body: Md5Text,
    /// Of the attributes, if there are any.
    pub md5_of_attributes: Option<Md5Text>,
    /// Of the system attributes (`AWSTraceHeader`), if there are any.
    pub md5_of_system_attributes: Option<Md5Text>,
    /// Its place in a FIFO queue.
    pub sequence_number: Option<SequenceNumber>,
}

/// How to receive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReceiveOptions {
    /// The most messages to return, 1 to 10.
    pub max_messages: usize,
    /// How long received messages stay hidden; the queue's visibility timeout if none.
    pub visibility_timeout: Option<Duration>,
    /// How long to wait for a first message, at most 20 s; the queue's wait time if none.
    pub wait: Option<Duration>,
}

impl Default for ReceiveOptions {
    fn default() -> Self {
        Self {
            max_messages: 1,
            visibility_timeout: None,
            wait: None,
        }
    }
}

/// A message as received.
#[derive(Debug, Clone, PartialEq)]
pub struct ReceivedMessage {
    /// The message's id, the same in the dead-letter queue.
    pub message_id: MessageId,
    /// Deletes the message, or changes its visibility.
    pub receipt_handle: ReceiptHandle,
    /// The body, as sent.
    pub body: Arc<str>,
    /// When it was sent, in milliseconds since the Unix epoch.
    pub sent_timestamp_ms: u64,
    /// How many times it was received, this time included.
    pub receive_count: u32,
    /// When it was first received, in milliseconds since the Unix epoch.
    pub first_receive_timestamp_ms: u64,
    /// What most messages do not have.
    pub extras: Option<Arc<Extras>>,
}

impl ReceivedMessage {
    /// The body's digest, worked out anew.
    pub fn md5_of_body(&self) -> Md5Text {
        md5_of_body(&self.body)
    }

    /// The attributes' digest, worked out anew; none when there are none.
    pub fn md5_of_attributes(&self) -> Option<Md5Text> {
        md5_of_attributes(self.attributes())
    }

    /// Its message group, if it has one.
    pub fn group_id(&self) -> Option<&str> {
        self.extras.as_ref()?.group_id.as_deref()
    }

    /// Its place in a FIFO queue.
    pub fn sequence_number(&self) -> Option<SequenceNumber> {
        self.extras.as_ref()?.sequence_number
    }

    /// The message's attributes.
    pub fn attributes(&self) -> &[(String, MessageAttribute)] {
        self.extras
            .as_ref()
            .map_or(&[], |extras| extras.attributes.as_slice())
    }
}
