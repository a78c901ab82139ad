//! What a function is given and what its answers say: an event, a batch response, an error.

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use bytes::Bytes;
use serde_json::Value;

use super::error::CommandError;

/// The longest text taken over from a function, in characters.
const TEXT_MAX: usize = 500;

/// The event as Lambda writes it: what a record or one of its attributes does not have is left out, where
/// the event's type would write `null`.
///
/// # Errors
/// When it cannot be written as JSON.
pub(super) fn event_json(event: &SqsEvent) -> serde_json::Result<Bytes> {
    let mut event = serde_json::to_value(event)?;
    let records = event.get_mut("Records").and_then(Value::as_array_mut);
    for record in records
        .into_iter()
        .flatten()
        .filter_map(Value::as_object_mut)
    {
        record.retain(|_, value| !value.is_null());
        let attributes = record.get_mut("messageAttributes");
        let attributes = attributes.and_then(Value::as_object_mut);
        for (_, attribute) in attributes.into_iter().flatten() {
            if let Some(fields) = attribute.as_object_mut() {
                fields.retain(|_, value| !value.is_null());
            }
        }
    }
    serde_json::to_vec(&event).map(Bytes::from)
}

/// The batch response in a function's answer.
///
/// Nothing, `null` and an object without `batchItemFailures`, or with none in it, are a complete
/// success. Source: AWS Lambda, "Handling errors for an SQS event source". What that page does not
/// decide, such as a bare string or an answer that is no JSON, counts as invalid.
///
/// # Errors
/// [`CommandError::InvalidResponse`].
pub(super) fn response_of(body: &[u8]) -> Result<SqsBatchResponse, CommandError> {
    let mut response = SqsBatchResponse::default();
    if body.trim_ascii().is_empty() {
        return Ok(response);
    }
    let invalid = |why: String| CommandError::InvalidResponse(cut(&why));
    let value: Value = serde_json::from_slice(body).map_err(|error| {
        let body = String::from_utf8_lossy(body);
        invalid(format!("it is not JSON: {error}: {body}"))
    })?;
    let failures = match &value {
        Value::Null => return Ok(response),
        Value::Object(fields) => match fields.get("batchItemFailures") {
            None | Some(Value::Null) => return Ok(response),
            Some(Value::Array(failures)) => failures,
            Some(other) => {
                return Err(invalid(format!(
                    "`batchItemFailures` is not a list: {other}"
                )));
            }
        },
        other => return Err(invalid(format!("neither nothing nor an object: {other}"))),
    };
    for failure in failures {
        match failure.get("itemIdentifier").and_then(Value::as_str) {
            Some(identifier) if !identifier.is_empty() => response.add_failure(identifier),
            _ => return Err(invalid(unnamed(failure))),
        }
    }
    Ok(response)
}

/// Why an entry of `batchItemFailures` names no message.
fn unnamed(entry: &Value) -> String {
    let Some(fields) = entry.as_object() else {
        return format!("an entry of batchItemFailures is not an object: {entry}");
    };
    match fields.get("itemIdentifier") {
        Some(Value::Null) => "an itemIdentifier is null".into(),
        Some(Value::String(_)) => "an itemIdentifier is empty".into(),
        Some(other) => format!("an itemIdentifier is not text: {other}"),
        None => {
            let keys: Vec<_> = fields.keys().map(|key| format!("`{key}`")).collect();
            let instead = match keys.is_empty() {
                true => String::new(),
                false => format!(" but {}", keys.join(", ")),
            };
            format!("an entry of batchItemFailures has no `itemIdentifier`{instead}")
        }
    }
}

/// What an error payload says: `errorType: errorMessage` as far as it has them, else the payload itself.
/// `kind` is the header that may carry the type.
pub(super) fn error_text(body: &[u8], kind: Option<&str>) -> String {
    let payload: Option<Value> = serde_json::from_slice(body).ok();
    let field = |name: &str| payload.as_ref()?.get(name)?.as_str();
    let kind = field("errorType").filter(|kind| !kind.is_empty()).or(kind);
    let raw = String::from_utf8_lossy(body);
    let message = field("errorMessage").unwrap_or_else(|| raw.trim());
    let text = match (kind, message) {
        (Some(kind), "") => kind.to_owned(),
        (Some(kind), message) => format!("{kind}: {message}"),
        (None, "") => "an error without a message".to_owned(),
        (None, message) => message.to_owned(),
    };
    cut(&text)
}

/// The first 500 characters.
pub(super) fn cut(text: &str) -> String {
    match text.char_indices().nth(TEXT_MAX) {
        Some((end, _)) => text[..end].to_owned(),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use aws_lambda_events::event::sqs::{SqsMessage, SqsMessageAttribute};

    use super::*;

    #[test]
    fn an_event_has_no_nulls_and_reads_back_as_it_was() {
        let mut record = SqsMessage::default();
        record.message_id = Some("a".into());
        record.body = Some("null".into());
        let mut attribute = SqsMessageAttribute::default();
        attribute.data_type = Some("String".into());
        attribute.string_value = Some("web".into());
        record
            .message_attributes
            .insert("channel".into(), attribute);
        let mut event = SqsEvent::default();
        event.records.push(record);
        let json = event_json(&event).unwrap();
        let value: Value = serde_json::from_slice(&json).unwrap();
        let record = &value["Records"][0];
        assert_eq!(record["body"], "null", "a body is a body");
        assert_eq!(record.get("md5OfMessageAttributes"), None);
        let channel = &record["messageAttributes"]["channel"];
        assert_eq!(channel["stringValue"], "web");
        assert_eq!(channel.get("binaryValue"), None);
        let read: SqsEvent = serde_json::from_slice(&json).unwrap();
        assert_eq!(read, event);
    }

    #[test]
    fn batch_responses_are_read_as_lambda_reads_them() {
        let complete = ["", " \n", "null", "{}", r#"{"batchItemFailures":null}"#];
        for body in complete {
            let response = response_of(body.as_bytes()).unwrap();
            assert!(response.batch_item_failures.is_empty(), "{body}");
        }
        let other = [r#"{"batchItemFailures":[]}"#, r#"{"statusCode":200}"#];
        for body in other {
            let response = response_of(body.as_bytes()).unwrap();
            assert!(response.batch_item_failures.is_empty(), "{body}");
        }
        let two = r#"{"batchItemFailures":[{"itemIdentifier":"a"},{"itemIdentifier":"b","x":1}]}"#;
        let response = response_of(two.as_bytes()).unwrap();
        let failed: Vec<_> = response
            .batch_item_failures
            .iter()
            .map(|failure| failure.item_identifier.as_str())
            .collect();
        assert_eq!(failed, ["a", "b"]);
    }

    #[test]
    fn whatever_names_no_message_is_invalid() {
        let cases = [
            (
                r#"{"batchItemFailures":[{"itemIdentifier":""}]}"#,
                "an itemIdentifier is empty",
            ),
            (
                r#"{"batchItemFailures":[{"itemIdentifier":null}]}"#,
                "an itemIdentifier is null",
            ),
            (
                r#"{"batchItemFailures":[{"itemIdentifier":7}]}"#,
                "an itemIdentifier is not text: 7",
            ),
            (
                r#"{"batchItemFailures":[{"messageId":"a"}]}"#,
                "has no `itemIdentifier` but `messageId`",
            ),
            (r#"{"batchItemFailures":["a"]}"#, r#"is not an object: "a""#),
            (
                r#"{"batchItemFailures":{}}"#,
                "`batchItemFailures` is not a list: {}",
            ),
            (r#""done""#, r#"neither nothing nor an object: "done""#),
            ("[]", "neither nothing nor an object: []"),
            ("{", "it is not JSON: "),
            ("\u{fffd}", "it is not JSON: "),
        ];
        for (body, why) in cases {
            match response_of(body.as_bytes()) {
                Err(CommandError::InvalidResponse(said)) => {
                    assert!(said.contains(why), "{why}: {said}");
                }
                other => panic!("{why}: {other:?}"),
            }
        }
    }

    #[test]
    fn an_error_says_its_type_and_message_as_far_as_there_are_any() {
        let cases = [
            (
                r#"{"errorMessage":"no","errorType":"KeyError"}"#,
                None,
                "KeyError: no",
            ),
            (
                r#"{"errorMessage":"no"}"#,
                Some("Runtime.X"),
                "Runtime.X: no",
            ),
            (r#"{"errorMessage":"no"}"#, None, "no"),
            (
                r#"{"errorMessage":"","errorType":"KeyError"}"#,
                None,
                "KeyError",
            ),
            ("plain text\n", None, "plain text"),
            ("", Some("Runtime.X"), "Runtime.X"),
            ("", None, "an error without a message"),
        ];
        for (body, kind, expected) in cases {
            assert_eq!(error_text(body.as_bytes(), kind), expected, "{body}");
        }
        let long = format!(r#"{{"errorMessage":"{}"}}"#, "ü".repeat(2_000));
        assert_eq!(error_text(long.as_bytes(), None), "ü".repeat(500));
    }
}
