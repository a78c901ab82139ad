//! EventBridge: `PutEvents`, and what its replies prove. Source: Amazon EventBridge API Reference, "PutEvents".

use serde::Deserialize;
use serde_json::Value;

use super::Batch;
use super::reply::{EntryOutcome, SendReply, error_of, named_by, refused, unclear, unreadable};
use super::request::write_escaped;
use crate::order::Bus;

pub(super) const OPERATION: &str = "AWSEvents.PutEvents";

/// What all events have in common, as JSON: from the opening brace of an entry up to the text of its detail.
pub(super) struct EventsAt {
    before: Vec<u8>,
}

impl EventsAt {
    pub(super) fn new(bus: &str, events: &Bus) -> Self {
        let mut before = Vec::new();
        let texts = [
            ("EventBusName", bus),
            ("Source", &events.source),
            ("DetailType", &events.detail_type),
        ];
        before.extend_from_slice(b"{");
        for (name, text) in texts {
            before.extend_from_slice(format!("\"{name}\":\"").as_bytes());
            write_escaped(text, &mut before);
            before.extend_from_slice(b"\",");
        }
        before.extend_from_slice(br#""Detail":""#);
        Self { before }
    }

    /// Appends the request's JSON to `out`.
    pub(super) fn write_request(&self, batch: &Batch, out: &mut Vec<u8>) {
        out.extend_from_slice(br#"{"Entries":["#);
        for index in 0..batch.len() {
            if index > 0 {
                out.extend_from_slice(b",");
            }
            out.extend_from_slice(&self.before);
            out.extend_from_slice(batch.escaped_body(index));
            out.extend_from_slice(br#""}"#);
        }
        out.extend_from_slice(b"]}");
    }
}

/// The reply to `PutEvents`: its entries are those of the request, in their order.
#[derive(Deserialize)]
struct Reply {
    #[serde(rename = "FailedEntryCount")]
    failed: u64,
    #[serde(rename = "Entries")]
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(rename = "EventId")]
    id: Option<Value>,
    #[serde(rename = "ErrorCode")]
    code: Option<Value>,
}

/// What a reply with `status` and `body` says about each order of `batch`: as of SQS, only EventBridge's own word decides.
pub(super) fn classify(status: u16, body: &[u8], batch: &Batch) -> SendReply {
    let all = |entry| SendReply::all(batch, Some(status), entry);
    match status {
        200 => match serde_json::from_slice::<Reply>(body) {
            Ok(reply) => match entries_of(&reply, batch) {
                Ok(entries) => SendReply {
                    entries,
                    status: Some(status),
                },
                Err(why) => all(EntryOutcome::indeterminate(why)),
            },
            Err(_) => all(unreadable()),
        },
        408 => all(unclear(status, "EventBridge")),
        400..=499 => match error_of(body) {
            Some(code) => all(refused(&code)),
            None => all(unclear(status, "EventBridge")),
        },
        _ => all(unclear(status, "EventBridge")),
    }
}

/// One entry an order. Entries have no ids, only places, so that of a reply with more or fewer, or with
/// another count of failures than it says, none is believed.
fn entries_of(reply: &Reply, batch: &Batch) -> Result<Vec<EntryOutcome>, &'static str> {
    if reply.entries.len() != batch.len() {
        return Err("more or fewer entries in the reply than events");
    }
    let failed = reply.entries.iter().filter(|entry| entry.code.is_some());
    if failed.count() as u64 != reply.failed {
        return Err("FailedEntryCount contradicts the reply's entries");
    }
    let each = reply.entries.iter().enumerate();
    let outcome = |(index, entry): (usize, &Entry)| match (&entry.id, &entry.code) {
        (Some(Value::String(id)), None) => named_by(batch, index, Some(id)),
        (None, Some(Value::String(code))) => refused(code),
        _ => EntryOutcome::indeterminate("unreadable entry in the reply"),
    };
    Ok(each.map(outcome).collect())
}

#[cfg(test)]
#[path = "events_tests.rs"]
mod tests;
