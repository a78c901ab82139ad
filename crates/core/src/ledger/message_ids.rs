//! Which message is whose: for orders whose body may hold no id.
//!
//! SQS moves a dead letter under the id it gave the message when it was sent (Amazon SQS Developer Guide, "Using
//! dead-letter queues"), so that the reply to a send tells what a body that was cut short no longer does.

use std::fmt;

use roaring::RoaringBitmap;
use serde::{Deserialize, Serialize};

/// The longest message id SQS gives. Source: Amazon SQS Developer Guide, "Queue and message identifiers".
const TEXT_BYTES_MAX: usize = 100;

/// Where the hyphens of a UUID stand.
const HYPHENS: [usize; 4] = [8, 13, 18, 23];

/// A message's id as the queue gave it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum MessageId {
    /// A UUID in its usual form, as SQS gives.
    Uuid([u8; 16]),
    /// Any other text of 1 to 100 bytes.
    Text(Box<str>),
}

impl MessageId {
    /// The id in `text`; `None` when it is empty or longer than SQS's may be.
    pub fn parse(text: &str) -> Option<Self> {
        match uuid(text.as_bytes()) {
            Some(uuid) => Some(Self::Uuid(uuid)),
            None => (1..=TEXT_BYTES_MAX)
                .contains(&text.len())
                .then(|| Self::Text(text.into())),
        }
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = match self {
            Self::Uuid(bytes) => bytes,
            Self::Text(text) => return f.write_str(text),
        };
        for (index, byte) in bytes.iter().enumerate() {
            if [4, 6, 8, 10].contains(&index) {
                f.write_str("-")?;
            }
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl From<MessageId> for String {
    fn from(id: MessageId) -> Self {
        id.to_string()
    }
}

impl TryFrom<String> for MessageId {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or_else(|| {
            format!(
                "a message id has 1 to {TEXT_BYTES_MAX} bytes, not {}",
                text.len()
            )
        })
    }
}

/// The UUID in `text`, if it is written with lower-case digits and hyphens, so that it reads back the same.
fn uuid(text: &[u8]) -> Option<[u8; 16]> {
    if text.len() != 36 || HYPHENS.iter().any(|&at| text[at] != b'-') {
        return None;
    }
    let mut digits = text
        .iter()
        .enumerate()
        .filter(|(at, _)| !HYPHENS.contains(at));
    let mut digit = || match digits.next()?.1 {
        digit @ b'0'..=b'9' => Some(digit - b'0'),
        letter @ b'a'..=b'f' => Some(letter - b'a' + 10),
        _ => None,
    };
    let mut uuid = [0; 16];
    for byte in &mut uuid {
        *byte = digit()? << 4 | digit()?;
    }
    Some(uuid)
}

/// The orders of messages by their ids: 20 bytes for each UUID.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MessageIds {
    /// Sorted up to `indexed.0`.
    uuids: Vec<([u8; 16], u32)>,
    /// Sorted up to `indexed.1`.
    texts: Vec<(Box<str>, u32)>,
    indexed: (usize, usize),
}

impl MessageIds {
    /// Notes that the message `id` is that of order `k`.
    ///
    /// # Panics
    /// When `k` is not below 2^32; sequence numbers stay below `order::MAX_ORDERS`.
    pub fn insert(&mut self, k: u64, id: MessageId) {
        let k = u32::try_from(k).expect("a sequence number below 10^9");
        match id {
            MessageId::Uuid(uuid) => self.uuids.push((uuid, k)),
            MessageId::Text(text) => self.texts.push((text, k)),
        }
    }

    /// Sorts what was inserted, so that it is found in a few steps.
    pub fn index(&mut self) {
        self.uuids.sort_unstable();
        self.uuids.shrink_to_fit();
        self.texts.sort_unstable();
        self.indexed = (self.uuids.len(), self.texts.len());
    }

    /// Whether all that was inserted is sorted.
    pub fn is_indexed(&self) -> bool {
        self.indexed == (self.uuids.len(), self.texts.len())
    }

    /// The orders whose messages it knows.
    pub fn orders(&self) -> impl Iterator<Item = u32> {
        let uuids = self.uuids.iter().map(|(_, k)| *k);
        uuids.chain(self.texts.iter().map(|(_, k)| *k))
    }

    /// Each order with the id of its message.
    pub fn entries(&self) -> impl Iterator<Item = (u32, MessageId)> {
        let uuids = self.uuids.iter();
        let uuids = uuids.map(|(uuid, k)| (*k, MessageId::Uuid(*uuid)));
        let texts = self.texts.iter();
        uuids.chain(texts.map(|(text, k)| (*k, MessageId::Text(text.clone()))))
    }

    /// Those whose message has an id that no other message was given. Meant for ids that were sorted.
    pub fn told_apart(&self) -> RoaringBitmap {
        let mut orders: RoaringBitmap = self.orders().collect();
        same(&self.uuids, &mut orders);
        same(&self.texts, &mut orders);
        orders
    }

    /// Places of the messages in the order of their orders, for [`MessageIds::id_of`]: four bytes each.
    pub fn by_order(&self) -> Vec<u32> {
        let mut places: Vec<u32> = (0..self.len() as u32).collect();
        places.sort_unstable_by_key(|&place| self.order_at(place));
        places
    }

    /// The id of the message of order `k`, found in the places of [`MessageIds::by_order`].
    pub fn id_of(&self, places: &[u32], k: u32) -> Option<MessageId> {
        let at = places.binary_search_by_key(&k, |&place| self.order_at(place));
        let place = places[at.ok()?] as usize;
        Some(match self.uuids.get(place) {
            Some((uuid, _)) => MessageId::Uuid(*uuid),
            None => MessageId::Text(self.texts[place - self.uuids.len()].0.clone()),
        })
    }

    fn order_at(&self, place: u32) -> u32 {
        let place = place as usize;
        match self.uuids.get(place) {
            Some((_, k)) => *k,
            None => self.texts[place - self.uuids.len()].1,
        }
    }

    /// How many messages it knows.
    pub fn len(&self) -> usize {
        self.uuids.len() + self.texts.len()
    }

    /// Whether it knows none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The order whose message this is; `None` when it is nobody's, or when two orders were given this id, which then
    /// tells neither.
    pub fn order_of(&self, message_id: &str) -> Option<u64> {
        match MessageId::parse(message_id)? {
            MessageId::Uuid(uuid) => only(&self.uuids, self.indexed.0, &uuid),
            MessageId::Text(text) => only(&self.texts, self.indexed.1, &text),
        }
    }
}

/// Takes the orders of ids that stand side by side more than once out of `orders`.
fn same<I: Ord>(entries: &[(I, u32)], orders: &mut RoaringBitmap) {
    for pair in entries.windows(2).filter(|pair| pair[0].0 == pair[1].0) {
        orders.remove(pair[0].1);
        orders.remove(pair[1].1);
    }
}

/// The one entry with this id, searched for in the sorted part and looked for in the rest.
fn only<I: Ord>(entries: &[(I, u32)], sorted: usize, id: &I) -> Option<u64> {
    let (sorted, rest) = entries.split_at(sorted);
    let first = sorted.partition_point(|(other, _)| other < id);
    let run = sorted[first..].iter().take_while(|(other, _)| other == id);
    let mut found = run.chain(rest.iter().filter(|(other, _)| other == id));
    match (found.next(), found.next()) {
        (Some((_, k)), None) => Some(u64::from(*k)),
        _ => None,
    }
}

#[cfg(test)]
#[path = "message_ids_tests.rs"]
mod tests;
