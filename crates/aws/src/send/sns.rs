//! SNS: `Publish` and `PublishBatch` in the Query protocol, and what their replies prove. Source: Amazon SNS API Reference.

use aws_smithy_xml::decode::ScopedDecoder;
use bytes::BufMut;

use super::Batch;
use super::carried::Carried;
use super::reply::{
    EntryOutcome, SendReply, each_entry, failed_entry, named, named_by, refused, unclear,
    unreadable,
};
use crate::order::MessageAttribute;
use crate::xml::{self, Read, of_root, once};

/// Appends the form of a request to `out`. Entries are named by their place in the batch.
pub(super) fn write_request(topic_arn: &str, batch: &Batch, out: &mut Vec<u8>) {
    let action = match batch.len() {
        1 => "Publish",
        _ => "PublishBatch",
    };
    out.put_slice(b"Action=");
    out.put_slice(action.as_bytes());
    out.put_slice(b"&Version=2010-03-31");
    field(out, "", "TopicArn", topic_arn.as_bytes());
    if batch.len() == 1 {
        return write_message(batch, 0, "", out);
    }
    for index in 0..batch.len() {
        let prefix = format!("PublishBatchRequestEntries.member.{}.", index + 1);
        field(out, &prefix, "Id", index.to_string().as_bytes());
        write_message(batch, index, &prefix, out);
    }
}

fn write_message(batch: &Batch, index: usize, prefix: &str, out: &mut Vec<u8>) {
    field(out, prefix, "Message", batch.body(index));
    if let Some(carried) = batch.carried(index) {
        write_carried(carried, prefix, out);
    }
}

fn write_carried(carried: &Carried, prefix: &str, out: &mut Vec<u8>) {
    for (at, MessageAttribute { name, value }) in carried.attributes.iter().enumerate() {
        let entry = format!("{prefix}MessageAttributes.entry.{}.", at + 1);
        field(out, &entry, "Name", name.as_bytes());
        field(out, &entry, "Value.DataType", value.data_type().as_bytes());
        field(out, &entry, "Value.StringValue", value.text().as_bytes());
    }
    let texts = [
        ("MessageGroupId", &carried.group),
        ("MessageDeduplicationId", &carried.deduplication),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            field(out, prefix, name, text.as_bytes());
        }
    }
}

/// Appends `&prefix+name=value`, the value encoded.
fn field(out: &mut Vec<u8>, prefix: &str, name: &str, value: &[u8]) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    out.reserve(2 + prefix.len() + name.len() + value.len());
    out.put_u8(b'&');
    out.put_slice(prefix.as_bytes());
    out.put_slice(name.as_bytes());
    out.put_u8(b'=');
    for &byte in value {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.put_u8(byte),
            other => {
                out.put_slice(&[
                    b'%',
                    HEX[usize::from(other >> 4)],
                    HEX[usize::from(other & 15)],
                ]);
            }
        }
    }
}

/// What a reply with `status` and `body` says about each order of `batch`: as of SQS, only SNS's own word decides.
pub(super) fn classify(status: u16, body: &[u8], batch: &Batch) -> SendReply {
    let all = |entry| SendReply::all(batch, Some(status), entry);
    let text = std::str::from_utf8(body).unwrap_or_default();
    match status {
        200 if batch.len() == 1 => match published(text) {
            Ok(id) => all(named_by(batch, 0, id.as_deref())),
            Err(_) => all(unreadable()),
        },
        200 => match published_batch(text) {
            Ok(said) => {
                let each = said.iter().map(|entry| entry.of(batch));
                SendReply {
                    entries: each_entry(each, batch),
                    status: Some(status),
                }
            }
            Err(_) => all(unreadable()),
        },
        408 => all(unclear(status, "SNS")),
        400..=499 => match error_code(text) {
            Ok(Some(code)) => all(refused(&code)),
            _ => all(unclear(status, "SNS")),
        },
        _ => all(unclear(status, "SNS")),
    }
}

/// An entry of a reply to a batch.
#[derive(Default)]
struct Said {
    failed: bool,
    id: Option<String>,
    message_id: Option<String>,
    code: Option<String>,
    sender_fault: Option<String>,
}

impl Said {
    /// What it says of the order that it names, if it names one.
    fn of(&self, batch: &Batch) -> Option<(usize, EntryOutcome)> {
        named(self.id.as_deref()?, batch, |index| match self.failed {
            false => named_by(batch, index, self.message_id.as_deref()),
            true => match (self.code.as_deref(), self.sender_fault.as_deref()) {
                (Some(code), Some("true")) => failed_entry(code, true),
                (Some(code), Some("false")) => failed_entry(code, false),
                _ => EntryOutcome::indeterminate("unreadable entry in the reply"),
            },
        })
    }
}

/// The message id of a reply to `Publish`.
fn published(text: &str) -> Read<Option<String>> {
    let mut id = None;
    of_root(text, "PublishResponse", |tag| {
        match tag.start_el().local() {
            "PublishResult" => {
                while let Some(mut tag) = tag.next_tag() {
                    if tag.start_el().matches("MessageId") {
                        once(&mut id, &mut tag)?;
                    }
                }
                Ok(())
            }
            _ => Ok(()),
        }
    })?;
    Ok(id)
}

fn published_batch(text: &str) -> Read<Vec<Said>> {
    let mut said = Vec::new();
    of_root(text, "PublishBatchResponse", |tag| {
        if !tag.start_el().matches("PublishBatchResult") {
            return Ok(());
        }
        while let Some(mut list) = tag.next_tag() {
            let failed = match list.start_el().local() {
                "Successful" => false,
                "Failed" => true,
                _ => continue,
            };
            while let Some(mut member) = list.next_tag() {
                said.push(said_of(failed, &mut member)?);
            }
        }
        Ok(())
    })?;
    Ok(said)
}

fn said_of(failed: bool, member: &mut ScopedDecoder<'_, '_>) -> Read<Said> {
    let mut said = Said {
        failed,
        ..Said::default()
    };
    while let Some(mut tag) = member.next_tag() {
        let field = match tag.start_el().local() {
            "Id" => &mut said.id,
            "MessageId" => &mut said.message_id,
            "Code" => &mut said.code,
            "SenderFault" => &mut said.sender_fault,
            _ => continue,
        };
        once(field, &mut tag)?;
    }
    Ok(said)
}

/// The code of an error.
fn error_code(text: &str) -> Read<Option<String>> {
    let [code, _] = xml::error(text)?;
    Ok(code)
}

#[cfg(test)]
#[path = "sns_tests.rs"]
mod tests;
