//! Replies and errors in XML.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use crate::sqs::error::SqsError;

/// The namespace of all replies.
const NAMESPACE: &str = "http://queue.amazonaws.com/doc/2012-11-05/";

/// Maps of the JSON protocol: an element for each entry, and what its key is called.
const MAPS: [(&str, &str, &str); 3] = [
    ("Attributes", "Attribute", "Name"),
    ("MessageAttributes", "MessageAttribute", "Name"),
    ("Tags", "Tag", "Key"),
];

pub(super) fn reply(operation: &str, reply: &Value, request_id: &str) -> String {
    let mut xml = String::from("<?xml version=\"1.0\"?>");
    let _ = write!(xml, "<{operation}Response xmlns=\"{NAMESPACE}\">");
    if let Value::Object(members) = reply
        && has_result(operation)
    {
        element(&mut xml, &format!("{operation}Result"), |xml| {
            structure(xml, operation, members);
        });
    }
    element(&mut xml, "ResponseMetadata", |xml| {
        leaf(xml, "RequestId", request_id);
    });
    let _ = write!(xml, "</{operation}Response>");
    xml
}

pub(super) fn refusal(error: &SqsError, request_id: &str) -> String {
    let mut xml = String::from("<?xml version=\"1.0\"?>");
    let _ = write!(xml, "<ErrorResponse xmlns=\"{NAMESPACE}\">");
    element(&mut xml, "Error", |xml| {
        let side = match error.kind.is_server_fault() {
            true => "Receiver",
            false => "Sender",
        };
        leaf(xml, "Type", side);
        leaf(xml, "Code", error.kind.query_code());
        leaf(xml, "Message", &error.message);
        xml.push_str("<Detail/>");
    });
    leaf(&mut xml, "RequestId", request_id);
    xml.push_str("</ErrorResponse>");
    xml
}

/// Operations without an output have no element for it either.
fn has_result(operation: &str) -> bool {
    !matches!(
        operation,
        "AddPermission"
            | "ChangeMessageVisibility"
            | "DeleteMessage"
            | "DeleteQueue"
            | "PurgeQueue"
            | "RemovePermission"
            | "SetQueueAttributes"
            | "TagQueue"
            | "UntagQueue"
    )
}

fn structure(xml: &mut String, operation: &str, members: &Map<String, Value>) {
    for (name, value) in members {
        match value {
            Value::Array(items) => {
                let name = item_name(operation, name);
                for item in items {
                    any(xml, operation, &name, item);
                }
            }
            Value::Object(entries) => match MAPS.iter().find(|(json, ..)| json == name) {
                Some((_, name, key)) => map(xml, operation, (name, key), entries),
                None => any(xml, operation, name, value),
            },
            value => any(xml, operation, name, value),
        }
    }
}

/// What an element of this list is called.
fn item_name(operation: &str, list: &str) -> String {
    match list {
        "QueueUrls" | "queueUrls" => "QueueUrl".to_owned(),
        "Messages" => "Message".to_owned(),
        "Failed" => "BatchResultErrorEntry".to_owned(),
        // `Successful` and `Results`.
        _ => format!("{operation}ResultEntry"),
    }
}

fn map(xml: &mut String, operation: &str, (name, key): (&str, &str), entries: &Map<String, Value>) {
    for (entry, value) in entries {
        element(xml, name, |xml| {
            leaf(xml, key, entry);
            any(xml, operation, "Value", value);
        });
    }
}

fn any(xml: &mut String, operation: &str, name: &str, value: &Value) {
    match value {
        Value::Null => {}
        Value::Object(members) => {
            element(xml, name, |xml| structure(xml, operation, members));
        }
        Value::String(text) => leaf(xml, name, text),
        value => leaf(xml, name, &value.to_string()),
    }
}

fn element(xml: &mut String, name: &str, inside: impl FnOnce(&mut String)) {
    let _ = write!(xml, "<{name}>");
    inside(xml);
    let _ = write!(xml, "</{name}>");
}

fn leaf(xml: &mut String, name: &str, text: &str) {
    element(xml, name, |xml| escape(xml, text));
}

/// A reader of XML takes a bare carriage return for a line's end.
fn escape(xml: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '"' => xml.push_str("&quot;"),
            '\r' => xml.push_str("&#xD;"),
            // Not even as a reference may XML have these.
            character if character < ' ' && !matches!(character, '\t' | '\n') => {
                xml.push('\u{fffd}')
            }
            character => xml.push(character),
        }
    }
}
