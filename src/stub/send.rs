//! `SendMessage` and `SendMessageBatch`, answered as SQS does: every message with its id and its MD5s.
//!
//! What breaks a rule of SQS is left to the pipeline behind, which refuses it in the words of SQS.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::figures::Meters;
use super::http::Answer;
use super::kept::{Came, Kept};
use super::reader::{Reader, Whose};
use crate::emulator::sqs::{
    AttributeValue, Md5Text, MessageAttribute, SqsErrorKind, md5_of_attributes, md5_of_body,
};

/// Messages in one batch.
const BATCH_MAX: usize = 10;
/// Bytes of all messages of one request.
const BYTES_MAX: usize = 1 << 20;

const DIFFERS: &str = "The message has the number of an order and not the content that the stub's scenario gives that order. \
     Start the stub with the scenario, the seed and the settings of the run.";
const FULL: &str = "The stub's memory is full: start it with a larger --max-stored-bytes.";
const DELAYED: &str =
    "The stub has no consumer that a delay would hold back: send without DelaySeconds.";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Single<'a> {
    #[serde(borrow)]
    queue_url: Cow<'a, str>,
    #[serde(borrow)]
    message_body: Cow<'a, str>,
    delay_seconds: Option<u32>,
    message_attributes: Option<BTreeMap<String, Attribute>>,
    message_system_attributes: Option<BTreeMap<String, Attribute>>,
    message_deduplication_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Batch<'a> {
    #[serde(borrow)]
    queue_url: Cow<'a, str>,
    #[serde(borrow)]
    entries: Vec<Entry<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry<'a> {
    #[serde(borrow, default)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    message_body: Cow<'a, str>,
    delay_seconds: Option<u32>,
    message_attributes: Option<BTreeMap<String, Attribute>>,
    message_system_attributes: Option<BTreeMap<String, Attribute>>,
    message_deduplication_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attribute {
    data_type: String,
    string_value: Option<String>,
    binary_value: Option<String>,
}

/// Why an entry is not taken.
type Refusal = (SqsErrorKind, &'static str);

/// Answers the sends that one thread gets.
pub(super) struct Sends<'a> {
    pub(super) queue: &'a str,
    pub(super) kept: &'a Mutex<Kept>,
    pub(super) meters: &'a Meters,
    pub(super) reader: Reader,
    /// Of the request that is being answered: whose its messages are.
    whose: Vec<Whose>,
}

impl<'a> Sends<'a> {
    pub(super) fn new(
        queue: &'a str,
        kept: &'a Mutex<Kept>,
        meters: &'a Meters,
        reader: Reader,
    ) -> Self {
        Self {
            queue,
            kept,
            meters,
            reader,
            whose: Vec::new(),
        }
    }

    /// Takes in one message; `None` when that is left to the pipeline behind.
    pub(super) fn single(&mut self, body: &[u8]) -> Option<Answer> {
        let single: Single<'_> = serde_json::from_slice(body).ok()?;
        let entry = Entry {
            id: Cow::Borrowed("0"),
            message_body: single.message_body,
            delay_seconds: single.delay_seconds,
            message_attributes: single.message_attributes,
            message_system_attributes: single.message_system_attributes,
            message_deduplication_id: single.message_deduplication_id,
        };
        let entries = [entry];
        let first = self.take_in(&single.queue_url, &entries)?;
        let [entry] = entries;
        Some(match self.taken(0, first) {
            Ok(serial) => {
                let mut out = Vec::with_capacity(160);
                out.push(b'{');
                write_sent(&mut out, serial, &entry)?;
                out.push(b'}');
                Answer::json(200, out)
            }
            Err((kind, message)) => Answer::refusal(kind, message),
        })
    }

    /// Takes in a batch; `None` when that is left to the pipeline behind.
    pub(super) fn batch(&mut self, body: &[u8]) -> Option<Answer> {
        let batch: Batch<'_> = serde_json::from_slice(body).ok()?;
        let entries = &batch.entries;
        if !are_ids(entries) {
            return None;
        }
        let first = self.take_in(&batch.queue_url, entries)?;
        let mut out = Vec::with_capacity(64 + 160 * entries.len());
        let mut failed = Vec::new();
        out.extend_from_slice(b"{\"Successful\":[");
        let mut taken = 0;
        for (index, entry) in entries.iter().enumerate() {
            let id = entry.id.as_bytes();
            match self.taken(index, first) {
                Ok(serial) => {
                    if taken > 0 {
                        out.push(b',');
                    }
                    taken += 1;
                    put(&mut out, &[b"{\"Id\":\"", id, b"\","]);
                    write_sent(&mut out, serial, entry)?;
                    out.push(b'}');
                }
                Err((kind, message)) => {
                    if !failed.is_empty() {
                        failed.push(b',');
                    }
                    let code = kind.query_code().as_bytes();
                    put(&mut failed, &[b"{\"Id\":\"", id]);
                    put(&mut failed, &[b"\",\"SenderFault\":true,\"Code\":\"", code]);
                    put(&mut failed, &[b"\",\"Message\":\"", message.as_bytes()]);
                    failed.extend_from_slice(b"\"}");
                }
            }
        }
        out.push(b']');
        if !failed.is_empty() {
            put(&mut out, &[b",\"Failed\":[", &failed, b"]"]);
        }
        out.push(b'}');
        Some(Answer::json(200, out))
    }

    /// Takes in the orders among the entries, and says what the message id of the first is made of. What became of each
    /// is in [`Self::whose`] afterwards: an order that there is no room for is one no more.
    fn take_in(&mut self, queue_url: &str, entries: &[Entry<'_>]) -> Option<u64> {
        let is_ours = queue_url.rsplit('/').next() == Some(self.queue);
        if !is_ours || !entries.iter().all(is_plain) || bytes(entries) > BYTES_MAX {
            return None;
        }
        self.whose.clear();
        let (whose, reader) = (&mut self.whose, &mut self.reader);
        let found = entries.iter().map(|entry| {
            match entry.delay_seconds.unwrap_or(0) {
                0 => reader.whose(&entry.message_body),
                // Whatever it is, it is refused.
                _ => Whose::Delayed,
            }
        });
        whose.extend(found);
        let first = self.meters.serials(entries.len() as u64);
        let now = Instant::now();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        for (index, whose) in whose.iter_mut().enumerate() {
            let Whose::Order { run, k, bad } = *whose else {
                continue;
            };
            let came = Came {
                run,
                k,
                bad,
                serial: first + index as u64,
            };
            if !kept.take(came, now) {
                *whose = Whose::NoRoom;
            }
        }
        drop(kept);
        self.meters.sends(&self.whose, now);
        Some(first)
    }

    /// What the message id of this entry is made of, or why it is not taken.
    fn taken(&self, index: usize, first: u64) -> Result<u64, Refusal> {
        match self.whose[index] {
            Whose::Order { .. } | Whose::Stranger => Ok(first + index as u64),
            Whose::Differs => Err((SqsErrorKind::InvalidMessageContents, DIFFERS)),
            Whose::Delayed => Err((SqsErrorKind::UnsupportedOperation, DELAYED)),
            Whose::NoRoom => Err((SqsErrorKind::OverLimit, FULL)),
        }
    }
}

/// Whether the entries' ids are as SQS asks, so that they can be answered as they are.
fn are_ids(entries: &[Entry<'_>]) -> bool {
    let is_id = |id: &str| {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        (1..=80).contains(&id.len()) && id.bytes().all(is_allowed)
    };
    let distinct = entries
        .iter()
        .enumerate()
        .all(|(index, entry)| !entries[..index].iter().any(|other| other.id == entry.id));
    (1..=BATCH_MAX).contains(&entries.len())
        && distinct
        && entries.iter().all(|entry| is_id(&entry.id))
}

/// Whether SQS takes the message; of those with control characters it refuses most.
fn is_plain(entry: &Entry<'_>) -> bool {
    let body = entry.message_body.as_bytes();
    let has_controls = body.iter().any(|byte| *byte < 0x20);
    let is_text =
        entry.message_body.is_ascii() || !entry.message_body.contains(['\u{fffe}', '\u{ffff}']);
    !body.is_empty() && !has_controls && is_text && entry.message_deduplication_id.is_none()
}

fn bytes(entries: &[Entry<'_>]) -> usize {
    entries.iter().map(|entry| entry.message_body.len()).sum()
}

/// The members of an entry that was taken; `None` when its attributes are none.
fn write_sent(out: &mut Vec<u8>, serial: u64, entry: &Entry<'_>) -> Option<()> {
    let mut id = [0; 36];
    put(
        out,
        &[b"\"MessageId\":\"", message_id(serial, &mut id).as_bytes()],
    );
    let md5 = md5_of_body(&entry.message_body);
    put(out, &[b"\",\"MD5OfMessageBody\":\"", md5.as_bytes(), b"\""]);
    for (name, attributes) in [
        ("MD5OfMessageAttributes", &entry.message_attributes),
        (
            "MD5OfMessageSystemAttributes",
            &entry.message_system_attributes,
        ),
    ] {
        if let Some(md5) = digest_of(attributes.as_ref()) {
            put(
                out,
                &[b",\"", name.as_bytes(), b"\":\"", md5.as_bytes(), b"\""],
            );
        }
    }
    Some(())
}

fn put(out: &mut Vec<u8>, parts: &[&[u8]]) {
    for part in parts {
        out.extend_from_slice(part);
    }
}

fn digest_of(attributes: Option<&BTreeMap<String, Attribute>>) -> Option<Md5Text> {
    let value = |attribute: &Attribute| match (&attribute.string_value, &attribute.binary_value) {
        (Some(text), None) => Some(AttributeValue::Text(text.clone())),
        (None, Some(base64)) => STANDARD.decode(base64).ok().map(AttributeValue::Binary),
        _ => None,
    };
    let read = attributes?.iter().map(|(name, attribute)| {
        let value = value(attribute)?;
        let data_type = attribute.data_type.clone();
        Some((name.clone(), MessageAttribute { data_type, value }))
    });
    md5_of_attributes(&read.collect::<Option<Vec<_>>>()?)
}

/// The message id of this number: shaped like a version 4 UUID.
pub(super) fn message_id(serial: u64, text: &mut [u8; 36]) -> &str {
    const HIGH: u128 = 0x0d3a_57b1 << 96;
    let scattered = serial.wrapping_mul(0x9e37_79b9_7f4a_7c15) & (u64::MAX >> 2);
    let bytes = (HIGH | u128::from(scattered)).to_be_bytes();
    let id = uuid::Builder::from_random_bytes(bytes).into_uuid();
    id.hyphenated().encode_lower(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_ids_differ_also_of_copies() {
        let serials = (0..10_000).chain((0..10_000).map(|serial| serial | 1 << 61));
        let id = |serial| message_id(serial, &mut [0; 36]).to_owned();
        let ids: std::collections::HashSet<String> = serials.map(id).collect();
        assert_eq!(ids.len(), 20_000);
    }

    #[test]
    fn attributes_have_the_digest_that_other_implementations_give() {
        let attribute = Attribute {
            data_type: "Number".into(),
            string_value: Some("1493147359900".into()),
            binary_value: None,
        };
        let attributes = BTreeMap::from([("timestamp".to_owned(), attribute)]);
        assert_eq!(
            digest_of(Some(&attributes)).as_deref(),
            Some("235c5c510d26fb653d073faed50ae77c"),
            "the answer in moto's own tests"
        );
        assert_eq!(digest_of(None), None);
    }
}
