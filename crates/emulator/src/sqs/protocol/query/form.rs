//! Forms: names with dots and numbers, such as `SendMessageBatchRequestEntry.1.MessageAttribute.2.Value.DataType`.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::sqs::error::{SqsError, SqsErrorKind};

/// The most fields of a form: a batch of ten messages with ten attributes each has about 500.
const FIELDS_MAX: usize = 4_096;
/// The most parts of a name; the longest that SQS has is of six.
const DEPTH_MAX: usize = 8;

/// Fields whose values are numbers.
const NUMBERS: [&str; 6] = [
    "DelaySeconds",
    "MaxNumberOfMessages",
    "MaxNumberOfMessagesPerSecond",
    "MaxResults",
    "VisibilityTimeout",
    "WaitTimeSeconds",
];

/// Lists of texts, and what the JSON protocol calls them.
const TEXTS: [(&str, &str); 6] = [
    ("AWSAccountId", "AWSAccountIds"),
    ("ActionName", "Actions"),
    ("AttributeName", "AttributeNames"),
    ("MessageAttributeName", "MessageAttributeNames"),
    ("MessageSystemAttributeName", "MessageSystemAttributeNames"),
    ("TagKey", "TagKeys"),
];

/// Maps: what the JSON protocol calls them, and what their keys are called.
const MAPS: [(&str, &str, &str); 4] = [
    ("Attribute", "Attributes", "Name"),
    ("MessageAttribute", "MessageAttributes", "Name"),
    ("MessageSystemAttribute", "MessageSystemAttributes", "Name"),
    ("Tag", "Tags", "Key"),
];

/// The entries of batches are called after their operation.
const ENTRY: &str = "BatchRequestEntry";

/// A form, or a part of one.
#[derive(Debug, Default)]
pub(super) struct Node {
    value: Option<String>,
    parts: BTreeMap<String, Node>,
}

pub(super) fn parse(form: &[u8]) -> Result<Node, SqsError> {
    let mut root = Node::default();
    for (count, (name, value)) in form_urlencoded::parse(form).enumerate() {
        if count == FIELDS_MAX || name.split('.').count() > DEPTH_MAX {
            return Err(SqsError::new(
                SqsErrorKind::MalformedRequest,
                format!(
                    "The form has more than {FIELDS_MAX} fields, or one whose name has more than {DEPTH_MAX} parts."
                ),
            ));
        }
        let mut node = &mut root;
        for part in name.split('.') {
            node = node.parts.entry(part.to_owned()).or_default();
        }
        node.value = Some(value.into_owned());
    }
    Ok(root)
}

impl Node {
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.parts.get(name)?.value.as_deref()
    }

    /// What the JSON protocol has in the place of these parts.
    pub(super) fn input(&self) -> Result<Map<String, Value>, SqsError> {
        let mut input = Map::new();
        for (name, node) in &self.parts {
            let (name, value) = member(name, node)?;
            if let Some(value) = value {
                input.insert(name, value);
            }
        }
        Ok(input)
    }

    /// The numbered parts, in order; of a list with one part the number may be left out.
    fn list(&self) -> Vec<&Self> {
        let mut numbered: Vec<_> = self
            .parts
            .iter()
            .filter_map(|(name, node)| Some((name.parse::<u32>().ok()?, node)))
            .collect();
        numbered.sort_by_key(|(number, _)| *number);
        match numbered.is_empty() {
            true => vec![self],
            false => numbered.into_iter().map(|(_, node)| node).collect(),
        }
    }

    fn map(&self, key: &str) -> Result<Map<String, Value>, SqsError> {
        let mut map = Map::new();
        for entry in self.list() {
            let name = entry.text(key).unwrap_or_default();
            let value = match entry.parts.get("Value") {
                Some(value) if !value.parts.is_empty() => Value::Object(value.input()?),
                value => Value::from(value.and_then(|value| value.value.as_deref()).unwrap_or("")),
            };
            map.insert(name.to_owned(), value);
        }
        Ok(map)
    }
}

fn member(name: &str, node: &Node) -> Result<(String, Option<Value>), SqsError> {
    // boto3 writes a list of nothing so, under the list's own name.
    let is_list = name == "Entries" || TEXTS.iter().any(|(_, list)| *list == name);
    if is_list && node.parts.is_empty() {
        return Ok((name.to_owned(), Some(Value::Array(Vec::new()))));
    }
    if let Some((_, name)) = TEXTS.iter().find(|(form, _)| *form == name) {
        let texts = node.list().into_iter();
        let texts: Vec<_> = texts.filter_map(|node| node.value.as_deref()).collect();
        return Ok(((*name).to_owned(), Some(Value::from(texts))));
    }
    if let Some((_, name, key)) = MAPS.iter().find(|(form, ..)| *form == name) {
        return Ok(((*name).to_owned(), Some(Value::Object(node.map(key)?))));
    }
    if name.ends_with(ENTRY) {
        let entries = node.list().into_iter();
        let entries = entries.map(|entry| entry.input().map(Value::Object));
        let entries = entries.collect::<Result<Vec<_>, _>>()?;
        return Ok(("Entries".to_owned(), Some(Value::Array(entries))));
    }
    let value = match &node.value {
        Some(text) if NUMBERS.contains(&name) => Some(Value::from(number(name, text)?)),
        text => text.clone().map(Value::String),
    };
    Ok((name.to_owned(), value))
}

fn number(name: &str, text: &str) -> Result<i64, SqsError> {
    text.parse().map_err(|_| {
        SqsError::value(format!(
            "Value {} for parameter {name} is invalid. Reason: Must be an integer.",
            text.escape_debug()
        ))
    })
}
