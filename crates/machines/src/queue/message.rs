//! Messages as a queue keeps them.

use std::sync::Arc;

use super::SequenceNumber;
use crate::time::Nanos;

/// A message attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageAttribute {
    /// `String`, `Number` or `Binary`, perhaps followed by a label: `Number.int`.
    pub data_type: String,
    /// The value.
    pub value: AttributeValue,
}

/// The value of a message attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttributeValue {
    /// Of strings and numbers.
    Text(String),
    /// Of binary attributes.
    Binary(Vec<u8>),
}

impl AttributeValue {
    /// The value's bytes.
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Binary(bytes) => bytes,
        }
    }
}

/// What most messages do not have, apart to keep the others small.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Extras {
    /// The message's attributes.
    pub attributes: Vec<(String, MessageAttribute)>,
    /// `MessageGroupId`.
    pub group_id: Option<Arc<str>>,
    /// `MessageDeduplicationId`, as sent or made of the body.
    pub deduplication_id: Option<Arc<str>>,
    /// Its place in a FIFO queue.
    pub sequence_number: Option<SequenceNumber>,
    /// `AWSTraceHeader`.
    pub trace_header: Option<String>,
    /// The queue that a dead letter came from, by name.
    pub dead_letter_source: Option<Arc<str>>,
}

/// Bytes a message attribute takes beside its texts, about.
const ATTRIBUTE_OVERHEAD: usize = 80;

/// Bytes that what most messages do not have takes, about.
pub fn extra_bytes(attributes: &[(String, MessageAttribute)], texts: [Option<&str>; 3]) -> u64 {
    let attributes = attributes.iter().map(|(name, attribute)| {
        let value = attribute.value.as_bytes().len();
        name.len() + attribute.data_type.len() + value + ATTRIBUTE_OVERHEAD
    });
    let texts = texts.into_iter().flatten().map(str::len);
    attributes.chain(texts).sum::<usize>() as u64
}

/// Bytes a kept message takes beside its body, about: itself and its places in four indexes
/// (`cargo bench --bench pipeline` measures it).
pub const MESSAGE_OVERHEAD: u64 = 200;

/// Bytes it takes besides in a FIFO queue, about: what most messages do not have, and its places in its group and in the
/// queue's order.
const FIFO_OVERHEAD: u64 = 350;

/// A message as the queue keeps it: 72 bytes, and the body.
#[derive(Debug)]
pub struct Message {
    /// Its number, unique among all queues.
    pub serial: u64,
    /// As sent.
    pub body: Arc<str>,
    /// What most messages do not have.
    pub extras: Option<Arc<Extras>>,
    /// When it was first sent: retention counts from here.
    pub sent_at: Nanos,
    /// When it was first received; 0 before.
    pub first_received_at: Nanos,
    /// Receives in all queues it has been in.
    pub receive_count: u32,
    /// Those of them in the queues before this one: a redrive policy counts the receives of its own queue.
    pub received_elsewhere: u32,
    /// Which count it is in.
    pub place: MessageState,
}

/// Which count a message is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageState {
    /// It may be received.
    Visible,
    /// Hidden from others until then.
    InFlight(Nanos),
    /// Held back until then.
    Delayed(Nanos),
}

impl Message {
    /// Makes a dead letter of it: the next queue counts its own receives.
    pub fn bury(&mut self) {
        self.received_elsewhere = self.receive_count;
    }

    /// Receives in the queue it is in.
    pub fn received_here(&self) -> u32 {
        self.receive_count - self.received_elsewhere
    }

    /// Bytes of memory it takes, about.
    pub fn stored_bytes(&self) -> u64 {
        let extras = self.extras.as_ref().map_or(0, |extras| {
            let texts = [
                extras.group_id.as_deref(),
                extras.deduplication_id.as_deref(),
                extras.trace_header.as_deref(),
            ];
            let fifo = extras.sequence_number.map_or(0, |_| FIFO_OVERHEAD);
            extra_bytes(&extras.attributes, texts) + fifo
        });
        MESSAGE_OVERHEAD + self.body.len() as u64 + extras
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_message_is_small() {
        assert_eq!(size_of::<Option<Message>>(), 72);
    }
}
