//! Replies and errors in XML.

use serde_json::{Map, Value};

use crate::query::xml::{self, element, leaf};
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
    let result = match reply {
        Value::Object(members) if has_result(operation) => {
            let mut xml = String::new();
            structure(&mut xml, operation, members);
            Some(xml)
        }
        _ => None,
    };
    xml::reply(NAMESPACE, operation, result.as_deref(), request_id)
}

pub(super) fn refusal(error: &SqsError, request_id: &str) -> String {
    let refusal = xml::XmlError {
        namespace: NAMESPACE,
        is_server_fault: error.kind.is_server_fault(),
        code: error.kind.query_code(),
        message: &error.message,
        has_detail: true,
    };
    xml::refusal(&refusal, request_id)
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
