//! Durations in what is printed for programs: numbers of microseconds, as their keys then say.
//!
//! Files keep durations as seconds and nanoseconds, so that evidence keeps every digit and older files are read. A document that
//! is printed has one form for all of them.

/// The document, which is laid out a member a line, with a number for each duration: `"drain": {"secs": 3, "nanos": 100000000}`
/// is `"drain_us": 3100000`.
pub fn numbered(document: &str) -> String {
    let mut out: Vec<String> = Vec::new();
    let lines: Vec<&str> = document.lines().collect();
    let mut at = 0;
    while at < lines.len() {
        match duration(&lines[at..]) {
            Some(number) => {
                out.push(number);
                at += 4;
            }
            None => {
                out.push(lines[at].to_owned());
                at += 1;
            }
        }
    }
    let mut out = out.join("\n");
    if document.ends_with('\n') {
        out.push('\n');
    }
    out
}

/// The member that these lines begin with, if it is a duration.
fn duration(lines: &[&str]) -> Option<String> {
    let [head, first, second, end, ..] = lines else {
        return None;
    };
    let key = head.strip_suffix("\": {")?;
    let members = [first.trim().strip_suffix(',')?, second.trim()];
    // A map keeps its members by name, a structure as it has them.
    let member = |name: &str| members.iter().find_map(|member| member.strip_prefix(name));
    let secs = number(member("\"secs\": ")?)?;
    let nanos = number(member("\"nanos\": ")?)?;
    let comma = match end.trim() {
        "}" => "",
        "}," => ",",
        _ => return None,
    };
    let micros = secs.checked_mul(1_000_000)?.checked_add(nanos / 1_000)?;
    Some(format!("{key}_us\": {micros}{comma}"))
}

fn number(text: &str) -> Option<u64> {
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::*;

    fn shown(value: &Value) -> Value {
        let document = serde_json::to_string_pretty(value).unwrap();
        serde_json::from_str(&numbered(&document)).expect("it is JSON still")
    }

    #[test]
    fn durations_are_numbers_and_all_else_is_as_it_was() {
        let drain = serde_json::to_value(Duration::from_micros(3_100_645)).unwrap();
        let stored = json!({"a": {"drain": drain, "is": true}, "retention": drain, "list": [1, {"x": drain}]});
        let expected = json!({"a": {"drain_us": 3_100_645, "is": true}, "retention_us": 3_100_645,
            "list": [1, {"x_us": 3_100_645}]});
        assert_eq!(shown(&stored), expected);
        let structure = "{\n  \"drain\": {\n    \"secs\": 3,\n    \"nanos\": 999\n  }\n}\n";
        assert_eq!(numbered(structure), "{\n  \"drain_us\": 3000000\n}\n");
        for kept in [
            json!({"x": {"secs": 1, "nanos": 2, "more": 3}}),
            json!({"x": {"secs": 1}}),
            json!({"x": {"secs": -1, "nanos": 0}}),
            json!({"x": "\": {\n\"secs\": 1,\n\"nanos\": 2\n}"}),
            json!({"x": {}, "y": null}),
        ] {
            assert_eq!(shown(&kept), kept);
        }
    }
}
