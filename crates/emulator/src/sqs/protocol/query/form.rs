//! What SQS's forms say, as its JSON protocol says it.

use serde_json::{Map, Value};

use crate::query::form::{self, Form, TooLarge};
use crate::sqs::error::{SqsError, SqsErrorKind};

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

pub(super) fn parse(bytes: &[u8]) -> Result<Form, SqsError> {
    let too_large =
        |error: TooLarge| SqsError::new(SqsErrorKind::MalformedRequest, error.to_string());
    form::parse(bytes).map_err(too_large)
}

/// What the JSON protocol has in the place of these parts.
pub(super) fn input(form: &Form) -> Result<Map<String, Value>, SqsError> {
    let mut input = Map::new();
    for (name, form) in form.parts() {
        let (name, value) = member(name, form)?;
        if let Some(value) = value {
            input.insert(name, value);
        }
    }
    Ok(input)
}

fn map(form: &Form, key: &str) -> Result<Map<String, Value>, SqsError> {
    let mut map = Map::new();
    for entry in form.list() {
        let name = entry.text(key).unwrap_or_default();
        let value = match entry.part("Value") {
            Some(value) if !value.is_leaf() => Value::Object(input(value)?),
            value => Value::from(value.and_then(Form::value).unwrap_or("")),
        };
        map.insert(name.to_owned(), value);
    }
    Ok(map)
}

fn member(name: &str, form: &Form) -> Result<(String, Option<Value>), SqsError> {
    // boto3 writes a list of nothing so, under the list's own name.
    let is_list = name == "Entries" || TEXTS.iter().any(|(_, list)| *list == name);
    if is_list && form.is_leaf() {
        return Ok((name.to_owned(), Some(Value::Array(Vec::new()))));
    }
    if let Some((_, name)) = TEXTS.iter().find(|(text, _)| *text == name) {
        let texts = form.list().into_iter();
        let texts: Vec<_> = texts.filter_map(Form::value).collect();
        return Ok(((*name).to_owned(), Some(Value::from(texts))));
    }
    if let Some((_, name, key)) = MAPS.iter().find(|(text, ..)| *text == name) {
        return Ok(((*name).to_owned(), Some(Value::Object(map(form, key)?))));
    }
    if name.ends_with(ENTRY) {
        let entries = form.list().into_iter();
        let entries = entries.map(|entry| input(entry).map(Value::Object));
        let entries = entries.collect::<Result<Vec<_>, _>>()?;
        return Ok(("Entries".to_owned(), Some(Value::Array(entries))));
    }
    let value = match form.value() {
        Some(text) if NUMBERS.contains(&name) => Some(Value::from(number(name, text)?)),
        text => text.map(Value::from),
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
