//! The dead-letter queue that the stub plays, as SQS's requests ask for it.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::{Value, json};

use super::http::Answer;
use super::kept::Kept;
use super::letters::Letter;
use super::reader::Reader;
use super::send::message_id;
use crate::emulator::sqs::{SqsErrorKind, md5_of_body};

/// What the targets of requests to SQS begin with.
pub(super) const SQS: &str = "AmazonSQS.";
/// Messages in one batch.
const BATCH_MAX: usize = 10;
const VISIBILITY_MAX_S: u64 = 43_200;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Receive {
    queue_url: String,
    max_number_of_messages: Option<usize>,
    visibility_timeout: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Handle {
    #[serde(default)]
    id: String,
    receipt_handle: String,
    visibility_timeout: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Handles {
    queue_url: String,
    entries: Vec<Handle>,
}

/// Answers what one thread is asked about dead letters.
pub(super) struct DeadLetters<'a> {
    pub(super) queue: &'a str,
    pub(super) visibility_timeout: Duration,
    pub(super) kept: &'a Mutex<Kept>,
}

impl DeadLetters<'_> {
    /// Answers a request about the dead-letter queue; `None` for everything else.
    pub(super) fn answer(
        &self,
        operation: &str,
        body: &[u8],
        reader: &mut Reader,
    ) -> Option<Answer> {
        match operation {
            "ReceiveMessage" => self.receive(body, reader),
            "DeleteMessage" | "ChangeMessageVisibility" => self.one(operation, body),
            "DeleteMessageBatch" | "ChangeMessageVisibilityBatch" => self.several(operation, body),
            _ => None,
        }
    }

    /// How many letters are shown, and how many hidden.
    pub(super) fn counts(&self) -> (usize, usize) {
        self.locked(|kept| kept.letters.counts(Instant::now()))
    }

    /// Whether a request's `QueueUrl` is this queue's.
    pub(super) fn is_asked(&self, url: &str) -> bool {
        url.rsplit('/').next() == Some(self.queue)
    }

    fn receive(&self, body: &[u8], reader: &mut Reader) -> Option<Answer> {
        let asked: Receive = serde_json::from_slice(body).ok()?;
        let most = asked.max_number_of_messages.unwrap_or(1);
        if !self.is_asked(&asked.queue_url) || !(1..=BATCH_MAX).contains(&most) {
            return None;
        }
        let hidden_for = match asked.visibility_timeout {
            None => self.visibility_timeout,
            Some(seconds) if seconds <= VISIBILITY_MAX_S => Duration::from_secs(seconds),
            Some(_) => return None,
        };
        let now = Instant::now();
        let given = self.locked(|kept| kept.letters.receive(most, hidden_for, now));
        if given.is_empty() {
            // Messages may have been sent to this queue directly.
            return None;
        }
        let messages = given
            .iter()
            .map(|(handle, letter)| message(*handle, letter, reader));
        let messages: Vec<Value> = messages.collect();
        Some(Answer::value(&json!({"Messages": messages})))
    }

    fn one(&self, operation: &str, body: &[u8]) -> Option<Answer> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Asked {
            queue_url: String,
            receipt_handle: String,
            visibility_timeout: Option<u64>,
        }
        let asked: Asked = serde_json::from_slice(body).ok()?;
        let handle = Handle {
            id: String::new(),
            receipt_handle: asked.receipt_handle,
            visibility_timeout: asked.visibility_timeout,
        };
        // Any other handle is one that the queue behind has given, or has not.
        let number = number_of(&handle).filter(|_| self.is_asked(&asked.queue_url))?;
        Some(match self.carry_out(operation, number, &handle)? {
            true => Answer::json(200, b"{}".to_vec()),
            false => Answer::refusal(SqsErrorKind::ReceiptHandleIsInvalid, OUT_OF_DATE),
        })
    }

    fn several(&self, operation: &str, body: &[u8]) -> Option<Answer> {
        let asked: Handles = serde_json::from_slice(body).ok()?;
        let entries = &asked.entries;
        let is_ours = self.is_asked(&asked.queue_url) && (1..=BATCH_MAX).contains(&entries.len());
        if !is_ours || !entries.iter().all(|entry| number_of(entry).is_some()) {
            return None;
        }
        let (mut successful, mut failed) = (Vec::new(), Vec::new());
        for entry in entries {
            match self.carry_out(operation, number_of(entry)?, entry)? {
                true => successful.push(json!({"Id": entry.id})),
                false => failed.push(json!({
                    "Id": entry.id, "SenderFault": true, "Message": OUT_OF_DATE,
                    "Code": SqsErrorKind::ReceiptHandleIsInvalid.query_code(),
                })),
            }
        }
        let mut reply = json!({"Successful": successful});
        if !failed.is_empty() {
            reply["Failed"] = failed.into();
        }
        Some(Answer::value(&reply))
    }

    /// Deletes a letter or changes how long it is hidden; whether there is one of this handle.
    fn carry_out(&self, operation: &str, number: u64, handle: &Handle) -> Option<bool> {
        let now = Instant::now();
        if operation.starts_with("Delete") {
            return Some(self.locked(|kept| kept.letters.delete(number, now)));
        }
        let seconds = handle.visibility_timeout?;
        if seconds > VISIBILITY_MAX_S {
            return None;
        }
        let hidden_for = Duration::from_secs(seconds);
        Some(self.locked(|kept| kept.letters.change(number, hidden_for, now)))
    }

    fn locked<T>(&self, look: impl FnOnce(&mut Kept) -> T) -> T {
        look(&mut self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

const OUT_OF_DATE: &str = "The receipt handle is invalid or expired.";
/// What the stub's receipt handles begin with.
const HANDLE: &str = "stub-";

fn number_of(handle: &Handle) -> Option<u64> {
    handle.receipt_handle.strip_prefix(HANDLE)?.parse().ok()
}

fn message(handle: u64, letter: &Letter, reader: &mut Reader) -> Value {
    let mut body = Vec::new();
    reader
        .plan_of(letter.run)
        .write_body(letter.k.into(), &mut body);
    let body = String::from_utf8_lossy(&body);
    json!({
        "MessageId": message_id(letter.serial, &mut [0; 36]),
        "ReceiptHandle": format!("{HANDLE}{handle}"),
        "MD5OfBody": &*md5_of_body(&body),
        "Body": body,
        "Attributes": {"ApproximateReceiveCount": letter.receives.to_string()},
    })
}

/// The queue of a request that names one.
pub(super) fn queue_url(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct OnQueue {
        queue_url: String,
    }
    serde_json::from_slice(body)
        .ok()
        .map(|asked: OnQueue| asked.queue_url)
}
