//! What a reply proves about each order: acknowledged, rejected, or nothing.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Value;

use super::{Batch, plain};
use crate::ledger::{MessageId, Outcome};

/// Why an order was not acknowledged: a few words, few of them different.
pub type Reason = Cow<'static, str>;

/// Codes that say the server failed. Source: Amazon SQS API Reference, "Common errors".
const SERVER_FAULTS: [&str; 5] = [
    "InternalError",
    "InternalException",
    "InternalFailure",
    "ServiceUnavailable",
    "ServiceUnavailableException",
];

/// What became of one order of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryOutcome {
    /// Never [`Outcome::Unsent`].
    pub outcome: Outcome,
    /// Why, unless it was acknowledged.
    pub reason: Option<Reason>,
    /// The message's id, of an acknowledged order that is known by it alone.
    pub message_id: Option<MessageId>,
}

/// What became of the orders of a batch, in the batch's order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendReply {
    /// One entry an order.
    pub entries: Vec<EntryOutcome>,
    /// The HTTP status, if there was a reply.
    pub status: Option<u16>,
}

impl EntryOutcome {
    pub(super) const ACKNOWLEDGED: Self = Self {
        outcome: Outcome::Acknowledged,
        reason: None,
        message_id: None,
    };

    pub(super) fn rejected(reason: impl Into<Reason>) -> Self {
        Self {
            outcome: Outcome::Rejected,
            reason: Some(reason.into()),
            message_id: None,
        }
    }

    /// Nobody knows what became of the order, for this reason.
    pub fn indeterminate(reason: impl Into<Reason>) -> Self {
        Self {
            outcome: Outcome::Indeterminate,
            reason: Some(reason.into()),
            message_id: None,
        }
    }
}

impl SendReply {
    /// The same became of every order of `batch`.
    pub(super) fn all(batch: &Batch, status: Option<u16>, entry: EntryOutcome) -> Self {
        Self {
            entries: vec![entry; batch.len()],
            status,
        }
    }
}

/// The reply to `SendMessage`.
#[derive(Deserialize)]
struct SingleReply<'a> {
    #[serde(rename = "MessageId", borrow)]
    message_id: Cow<'a, str>,
    #[serde(rename = "MD5OfMessageBody", borrow)]
    md5: Cow<'a, str>,
    /// Looked at for a message with attributes only, so of whatever type.
    #[serde(rename = "MD5OfMessageAttributes")]
    attributes_md5: Option<Value>,
}

/// The reply to `SendMessageBatch`, its entries of the types `S` and `F`.
#[derive(Deserialize)]
struct BatchReply<S, F> {
    #[serde(rename = "Successful", default = "Vec::new")]
    successful: Vec<S>,
    #[serde(rename = "Failed", default = "Vec::new")]
    failed: Vec<F>,
}

#[derive(Deserialize)]
struct Success<'a> {
    #[serde(rename = "Id", borrow)]
    id: Cow<'a, str>,
    #[serde(rename = "MessageId", borrow)]
    message_id: Cow<'a, str>,
    #[serde(rename = "MD5OfMessageBody", borrow)]
    md5: Cow<'a, str>,
    /// Looked at for a message with attributes only, so of whatever type.
    #[serde(rename = "MD5OfMessageAttributes")]
    attributes_md5: Option<Value>,
}

#[derive(Deserialize)]
struct Failure<'a> {
    #[serde(rename = "Id", borrow)]
    id: Cow<'a, str>,
    #[serde(rename = "Code", borrow)]
    code: Cow<'a, str>,
    #[serde(rename = "SenderFault")]
    sender_fault: bool,
}

/// An entry of either list in which anything may be missing or of another type.
#[derive(Deserialize)]
struct Loose {
    #[serde(rename = "Id")]
    id: Option<Value>,
    #[serde(rename = "MessageId")]
    message_id: Option<Value>,
    #[serde(rename = "MD5OfMessageBody")]
    md5: Option<Value>,
    #[serde(rename = "MD5OfMessageAttributes")]
    attributes_md5: Option<Value>,
    #[serde(rename = "Code")]
    code: Option<Value>,
    #[serde(rename = "SenderFault")]
    sender_fault: Option<Value>,
}

#[derive(Deserialize)]
struct ErrorReply<'a> {
    #[serde(rename = "__type", borrow)]
    kind: Cow<'a, str>,
}

/// What a reply with `status` and `body` says about each order of `batch`.
///
/// Only SQS's own word decides: an error of 4xx counts as a refusal if it carries SQS's error type,
/// since a proxy's 4xx tells nothing about what SQS did; a 408 never does.
pub(super) fn classify(status: u16, body: &[u8], batch: &Batch) -> SendReply {
    let all = |entry| SendReply::all(batch, Some(status), entry);
    match status {
        200 if batch.len() == 1 => all(entry_of(body, batch)),
        200 => match entries_of(body, batch) {
            Some(entries) => SendReply {
                entries,
                status: Some(status),
            },
            None => all(unreadable()),
        },
        408 => all(unclear(status, "SQS")),
        400..=499 => match error_of(body) {
            Some(code) => all(refused(&code)),
            None => all(unclear(status, "SQS")),
        },
        _ => all(unclear(status, "SQS")),
    }
}

/// What a reply to a single message says of it.
fn entry_of(body: &[u8], batch: &Batch) -> EntryOutcome {
    if let Some(taken) = plain::single(body) {
        return accepted(batch, 0, taken.message_id, (taken.md5_of_body, None));
    }
    match serde_json::from_slice::<SingleReply<'_>>(body) {
        Ok(reply) => {
            let attributes = reply.attributes_md5.as_ref().and_then(Value::as_str);
            accepted(batch, 0, &reply.message_id, (&*reply.md5, attributes))
        }
        Err(_) => unreadable(),
    }
}

/// The error type of a reply in AWS's JSON.
pub(super) fn error_of(body: &[u8]) -> Option<Cow<'_, str>> {
    let error: ErrorReply<'_> = serde_json::from_slice(body).ok()?;
    Some(error.kind)
}

/// After a reply that says nothing about the orders.
pub(super) fn unclear(status: u16, service: &str) -> EntryOutcome {
    EntryOutcome::indeterminate(match status {
        400..=499 if status != 408 => format!("reply {status} without an error of {service}"),
        _ => format!("reply {status}"),
    })
}

/// One entry an order, if `body` is a reply to a batch at all. An entry that lacks what it must have, or has it in
/// another type, leaves its own order in doubt and no other.
fn entries_of(body: &[u8], batch: &Batch) -> Option<Vec<EntryOutcome>> {
    let mut entries = Entries::new(batch);
    let read = plain::batch(body, |entry| {
        let md5s = (entry.md5_of_body, None);
        let accept = |index| accepted(batch, index, entry.message_id, md5s);
        entries.add(named(entry.id, batch, accept));
    });
    if read.is_some() {
        return Some(entries.all());
    }
    if let Ok(reply) = serde_json::from_slice::<BatchReply<Success<'_>, Failure<'_>>>(body) {
        let successes = reply.successful.iter().map(|entry| {
            let attributes = entry.attributes_md5.as_ref().and_then(Value::as_str);
            let told = (&*entry.md5, attributes);
            let accept = |index| accepted(batch, index, &entry.message_id, told);
            named(&entry.id, batch, accept)
        });
        let failures = reply.failed.iter().map(|entry| {
            named(&entry.id, batch, |_| {
                failed_entry(&entry.code, entry.sender_fault)
            })
        });
        return Some(each_entry(successes.chain(failures), batch));
    }
    let reply: BatchReply<Loose, Loose> = serde_json::from_slice(body).ok()?;
    let text = |value: &Option<Value>| value.as_ref()?.as_str().map(str::to_owned);
    let in_doubt = || EntryOutcome::indeterminate("unreadable entry in the reply");
    let successes = reply.successful.iter().map(|entry| {
        let said = text(&entry.message_id).zip(text(&entry.md5));
        let attributes = text(&entry.attributes_md5);
        named(&text(&entry.id)?, batch, |index| match &said {
            Some((message_id, md5)) => {
                accepted(batch, index, message_id, (md5, attributes.as_deref()))
            }
            None => in_doubt(),
        })
    });
    let failures = reply.failed.iter().map(|entry| {
        let fault = entry.sender_fault.as_ref().and_then(Value::as_bool);
        let said = text(&entry.code).zip(fault);
        named(&text(&entry.id)?, batch, |_| match &said {
            Some((code, fault)) => failed_entry(code, *fault),
            None => in_doubt(),
        })
    });
    Some(each_entry(successes.chain(failures), batch))
}

/// What an entry says of the order that its id names; nothing when it names none of this batch.
pub(super) fn named(
    id: &str,
    batch: &Batch,
    says: impl FnOnce(usize) -> EntryOutcome,
) -> Option<(usize, EntryOutcome)> {
    let index = place(id, batch)?;
    Some((index, says(index)))
}

/// One entry an order; what the reply does not name, or names twice, stays indeterminate.
pub(super) fn each_entry(
    said: impl Iterator<Item = Option<(usize, EntryOutcome)>>,
    batch: &Batch,
) -> Vec<EntryOutcome> {
    let mut entries = Entries::new(batch);
    said.for_each(|entry| entries.add(entry));
    entries.all()
}

/// The entries of a reply, by their places in the batch.
struct Entries {
    entries: Vec<EntryOutcome>,
    /// The places that were named.
    named: u16,
}

impl Entries {
    fn new(batch: &Batch) -> Self {
        Self {
            entries: vec![EntryOutcome::indeterminate("not named in the reply"); batch.len()],
            named: 0,
        }
    }

    /// An unknown id says nothing about any order here; those it leaves out stay unnamed.
    fn add(&mut self, entry: Option<(usize, EntryOutcome)>) {
        let Some((index, entry)) = entry else {
            return;
        };
        let place = 1 << index;
        self.entries[index] = match self.named & place {
            0 => entry,
            _ => EntryOutcome::indeterminate("named twice in the reply"),
        };
        self.named |= place;
    }

    fn all(self) -> Vec<EntryOutcome> {
        self.entries
    }
}

/// The place in the batch that an entry's id names.
fn place(id: &str, batch: &Batch) -> Option<usize> {
    match id.as_bytes() {
        [digit @ b'0'..=b'9'] => {
            Some(usize::from(digit - b'0')).filter(|&index| index < batch.len())
        }
        _ => None,
    }
}

/// An accepted order is acknowledged if SQS gave it an id and took the body and the attributes that were sent, by the MD5
/// of either in its reply.
pub(super) fn accepted(
    batch: &Batch,
    index: usize,
    message_id: &str,
    (md5_of_body, md5_of_attributes): (&str, Option<&str>),
) -> EntryOutcome {
    if message_id.is_empty() {
        EntryOutcome::indeterminate("no message id in the reply")
    } else if !batch.md5_matches(index, md5_of_body) {
        EntryOutcome::indeterminate("MD5 of the body differs")
    } else if !batch.attributes_md5_matches(index, md5_of_attributes) {
        EntryOutcome::indeterminate(match md5_of_attributes {
            Some(_) => "MD5 of the attributes differs",
            None => "no MD5 of the attributes in the reply",
        })
    } else {
        named_by(batch, index, Some(message_id))
    }
}

/// An order that was taken under the id that the reply gives it.
pub(super) fn named_by(batch: &Batch, index: usize, id: Option<&str>) -> EntryOutcome {
    let Some(id) = id.filter(|id| !id.is_empty()) else {
        return EntryOutcome::indeterminate("no message id in the reply");
    };
    if !batch.wants_message_id(index) {
        return EntryOutcome::ACKNOWLEDGED;
    }
    match MessageId::parse(id) {
        Some(id) => EntryOutcome {
            message_id: Some(id),
            ..EntryOutcome::ACKNOWLEDGED
        },
        None => EntryOutcome::indeterminate("a message id longer than any of SQS's"),
    }
}

/// An entry under `Failed`: a refusal if it was the sender's fault. After a fault of the server's own nobody knows
/// whether the queue took it, as after a 5xx of a whole request.
pub(super) fn failed_entry(code: &str, sender_fault: bool) -> EntryOutcome {
    match sender_fault {
        true => refused(code),
        false => {
            EntryOutcome::indeterminate(legible(code).unwrap_or("an unreadable code").to_owned())
        }
    }
}

/// A refusal with its code: `com.amazonaws.sqs#QueueDoesNotExist` is `QueueDoesNotExist`. A code by which the server
/// failed, or that is no code, refuses nothing, whatever stands beside it.
pub(super) fn refused(code: &str) -> EntryOutcome {
    match legible(code) {
        Some(code) if SERVER_FAULTS.contains(&code) => EntryOutcome::indeterminate(code.to_owned()),
        Some(code) => EntryOutcome::rejected(code.to_owned()),
        None => EntryOutcome::indeterminate("an unreadable code"),
    }
}

/// The code without its namespace, if it is one.
fn legible(code: &str) -> Option<&str> {
    let code = code.rsplit('#').next().unwrap_or(code);
    let legible = code
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'.');
    (legible && (1..=80).contains(&code.len())).then_some(code)
}

pub(super) fn unreadable() -> EntryOutcome {
    EntryOutcome::indeterminate("unreadable reply")
}
