//! What a reply proves about each order: acknowledged, rejected, or nothing.

use std::borrow::Cow;

use serde::Deserialize;

use super::Batch;
use crate::ledger::Outcome;

/// Why an order was not acknowledged: a few words, few of them different.
pub type Reason = Cow<'static, str>;

/// What became of one order of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryOutcome {
    /// Never [`Outcome::Unsent`].
    pub outcome: Outcome,
    /// Why, unless it was acknowledged.
    pub reason: Option<Reason>,
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
    const ACKNOWLEDGED: Self = Self {
        outcome: Outcome::Acknowledged,
        reason: None,
    };

    pub(super) fn rejected(reason: impl Into<Reason>) -> Self {
        Self {
            outcome: Outcome::Rejected,
            reason: Some(reason.into()),
        }
    }

    pub(super) fn indeterminate(reason: impl Into<Reason>) -> Self {
        Self {
            outcome: Outcome::Indeterminate,
            reason: Some(reason.into()),
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
    #[serde(rename = "MD5OfMessageBody", borrow)]
    md5: Cow<'a, str>,
}

/// The reply to `SendMessageBatch`.
#[derive(Deserialize)]
struct BatchReply<'a> {
    #[serde(rename = "Successful", borrow, default)]
    successful: Vec<Success<'a>>,
    #[serde(rename = "Failed", borrow, default)]
    failed: Vec<Failure<'a>>,
}

#[derive(Deserialize)]
struct Success<'a> {
    #[serde(rename = "Id", borrow)]
    id: Cow<'a, str>,
    #[serde(rename = "MD5OfMessageBody", borrow)]
    md5: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Failure<'a> {
    #[serde(rename = "Id", borrow)]
    id: Cow<'a, str>,
    #[serde(rename = "Code", borrow)]
    code: Cow<'a, str>,
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
        200 if batch.len() == 1 => match serde_json::from_slice::<SingleReply<'_>>(body) {
            Ok(reply) => all(accepted(batch, 0, &reply.md5)),
            Err(_) => all(unreadable()),
        },
        200 => match serde_json::from_slice::<BatchReply<'_>>(body) {
            Ok(reply) => SendReply {
                entries: each_entry(&reply, batch),
                status: Some(status),
            },
            Err(_) => all(unreadable()),
        },
        408 => all(EntryOutcome::indeterminate("reply 408")),
        400..=499 => match serde_json::from_slice::<ErrorReply<'_>>(body) {
            Ok(error) => all(refused(&error.kind)),
            Err(_) => all(EntryOutcome::indeterminate(format!(
                "reply {status} without an error of SQS"
            ))),
        },
        _ => all(EntryOutcome::indeterminate(format!("reply {status}"))),
    }
}

/// One entry an order; what the reply does not name, or names twice, stays indeterminate.
fn each_entry(reply: &BatchReply<'_>, batch: &Batch) -> Vec<EntryOutcome> {
    let mut entries: Vec<Option<EntryOutcome>> = vec![None; batch.len()];
    let successes = reply.successful.iter().map(|entry| {
        let index = place(&entry.id, batch);
        (index, index.map(|index| accepted(batch, index, &entry.md5)))
    });
    // SQS did not take a `Failed` entry, whoever's fault it was (`SenderFault`).
    let failures = reply
        .failed
        .iter()
        .map(|entry| (place(&entry.id, batch), Some(refused(&entry.code))));
    for (index, entry) in successes.chain(failures) {
        // An unknown id says nothing about any order here; those it leaves out stay unnamed.
        let Some(index) = index else { continue };
        entries[index] = match entries[index] {
            None => entry,
            Some(_) => Some(EntryOutcome::indeterminate("named twice in the reply")),
        };
    }
    entries
        .into_iter()
        .map(|entry| entry.unwrap_or(EntryOutcome::indeterminate("not named in the reply")))
        .collect()
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

/// An accepted order is acknowledged if SQS took the body that was sent.
pub(super) fn accepted(batch: &Batch, index: usize, md5: &str) -> EntryOutcome {
    if batch.md5_matches(index, md5) {
        EntryOutcome::ACKNOWLEDGED
    } else {
        EntryOutcome::indeterminate("MD5 of the body differs")
    }
}

/// A refusal with its code: `com.amazonaws.sqs#QueueDoesNotExist` is `QueueDoesNotExist`.
pub(super) fn refused(code: &str) -> EntryOutcome {
    let code = code.rsplit('#').next().unwrap_or(code);
    let legible = code
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'.');
    if legible && (1..=80).contains(&code.len()) {
        EntryOutcome::rejected(code.to_owned())
    } else {
        EntryOutcome::rejected("a code that is no code")
    }
}

fn unreadable() -> EntryOutcome {
    EntryOutcome::indeterminate("unreadable reply")
}
