//! Bodies that were recorded: three kinds of files are read, each for what it is.
//!
//! A body a line; a Lambda function's SQS event, or several; what `aws sqs receive-message` prints.

use serde::Deserialize;

use super::mistake::Mistake;

/// Bodies of one file.
const BODIES_MAX: usize = 100_000;

/// Bytes of all bodies of one file.
pub const REPLAY_BYTES_MAX: usize = 6 << 20;

const HINT: &str =
    "write a body a line, a Lambda function's SQS event, or what `aws sqs receive-message` prints";

/// The bodies in a text.
///
/// # Errors
/// When there is none, or too much.
pub fn read_replay(text: &str) -> Result<Vec<String>, Mistake> {
    let whole = serde_json::from_str::<serde_json::Value>(text).ok();
    let bodies = match whole.as_ref().and_then(recorded) {
        Some(bodies) => bodies,
        None => lines(text)?,
    };
    let bytes: usize = bodies.iter().map(String::len).sum();
    match bodies.len() {
        0 => Err(Mistake::new("there is no body in the file", HINT)),
        1..=BODIES_MAX if bytes <= REPLAY_BYTES_MAX => Ok(bodies),
        count => Err(Mistake::new(
            format!("{count} bodies of {bytes} bytes in all are too many"),
            format!("keep at most {BODIES_MAX} bodies of {REPLAY_BYTES_MAX} bytes in all"),
        )),
    }
}

/// The bodies of an event, or of received messages; `None` when it is neither.
fn recorded(value: &serde_json::Value) -> Option<Vec<String>> {
    let event = Recorded::deserialize(value).ok()?;
    let of_event = event.records.into_iter().map(|record| record.body);
    let received = event.messages.into_iter().map(|message| message.body);
    let bodies: Vec<String> = of_event.chain(received).collect();
    (!bodies.is_empty()).then_some(bodies)
}

/// A body a line; a line that holds a whole event gives the event's bodies.
fn lines(text: &str) -> Result<Vec<String>, Mistake> {
    // One JSON document over several lines is one body.
    if serde_json::from_str::<serde_json::Value>(text).is_ok() {
        return Ok(vec![text.trim().to_owned()]);
    }
    let mut bodies = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim_end_matches('\r');
        if line.trim().is_empty() {
            continue;
        }
        let value = serde_json::from_str::<serde_json::Value>(line)
            .map_err(|error| Mistake::new(format!("line {} is not JSON: {error}", at + 1), HINT))?;
        match recorded(&value) {
            Some(recorded) => bodies.extend(recorded),
            None => bodies.push(line.to_owned()),
        }
    }
    Ok(bodies)
}

/// What Lambda hands a function, or what the AWS CLI prints. What else they hold is not looked at.
#[derive(Deserialize)]
struct Recorded {
    #[serde(rename = "Records", default)]
    records: Vec<Record>,
    #[serde(rename = "Messages", default)]
    messages: Vec<Message>,
}

#[derive(Deserialize)]
struct Record {
    body: String,
}

#[derive(Deserialize)]
struct Message {
    #[serde(rename = "Body")]
    body: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn bodies(text: &str) -> Vec<String> {
        read_replay(text).unwrap_or_else(|mistake| panic!("{mistake:?}"))
    }

    #[test]
    fn each_kind_of_file_gives_its_bodies() {
        let a = r#"{"id": 1}"#;
        let b = r#"{"id": 2, "Records": "none"}"#;
        assert_eq!(bodies(&format!("{a}\n\n{b}\r\n")), [a, b]);
        let event = r#"{"Records": [{"messageId": "x", "body": "{\"id\": 1}"}, {"body": "two"}]}"#;
        assert_eq!(bodies(event), [a, "two"]);
        assert_eq!(bodies(&format!("{event}\n{b}\n")), [a, "two", b]);
        let received =
            r#"{"Messages": [{"MessageId": "x", "ReceiptHandle": "y", "Body": "{\"id\": 1}"}]}"#;
        assert_eq!(bodies(received), [a]);
        let over_lines = "{\n  \"id\": 1\n}\n";
        assert_eq!(bodies(over_lines), ["{\n  \"id\": 1\n}"]);
    }

    #[test]
    fn a_file_without_bodies_is_refused() {
        let refused = |text: &str| read_replay(text).expect_err(text).rule;
        assert!(refused("").contains("no body"));
        assert!(refused("\n\n").contains("no body"));
        assert!(refused("{\"id\": 1}\n{\"id\": \n").contains("line 2"));
        let line = format!("\"{}\"\n", "x".repeat(1 << 20));
        assert!(refused(&line.repeat(7)).contains("too many"));
    }
}
