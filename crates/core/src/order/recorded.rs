//! Recorded bodies, out of the envelope and the encoding they were recorded in.

use super::body::is_json;
use super::envelope::{Wrapper, decode};
use super::json_text::Tree;
use super::spec::Encoding;

/// Recorded bodies as the orders they hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unwrapped {
    /// The orders.
    pub documents: Vec<String>,
    /// What was taken off, as keys of `[order]` with their values.
    pub keys: Vec<String>,
}

/// Takes off an SNS or EventBridge envelope and a base64 encoding, if every body has it.
pub fn unwrap_recorded(bodies: &[String]) -> Unwrapped {
    let mut documents = bodies.to_vec();
    let mut keys = Vec::new();
    if let Some((inner, key)) = sns(&documents).or_else(|| event(&documents)) {
        (documents, keys) = (inner, vec![key]);
    }
    for (encoding, name) in [
        (Encoding::GzipBase64, "gzip base64"),
        (Encoding::Base64, "base64"),
    ] {
        let decoded = |body: &String| decode(body.trim(), encoding).filter(|text| is_json(text));
        let decoded: Option<Vec<String>> = documents.iter().map(decoded).collect();
        if let Some(decoded) = decoded {
            documents = decoded;
            keys.push(format!("encoding = \"{name}\""));
            break;
        }
    }
    Unwrapped { documents, keys }
}

/// The text at a JSON pointer of a body.
fn text_at(body: &str, pointer: &str) -> Option<String> {
    let tree = Tree::of_text(body).ok()?;
    let node = tree.at(pointer)?;
    serde_json::from_str(&body[node.span.clone()]).ok()
}

fn unwrapped(bodies: &[String], wrapper: &Wrapper) -> Option<Vec<String>> {
    let inner = |body: &String| wrapper.unwrap(body).map(|inner| inner.into_owned());
    bodies.iter().map(inner).collect()
}

fn sns(bodies: &[String]) -> Option<(Vec<String>, String)> {
    let is_sns = |body: &String| text_at(body, "/Type").as_deref() == Some("Notification");
    let inner = bodies
        .iter()
        .all(is_sns)
        .then(|| unwrapped(bodies, &Wrapper::Sns))??;
    Some((inner, "envelope = \"sns\"".into()))
}

fn event(bodies: &[String]) -> Option<(Vec<String>, String)> {
    let first = bodies.first()?;
    let source = text_at(first, "/source")?;
    let detail_type = text_at(first, "/detail-type")?;
    let key = format!(
        "envelope = {{ eventbridge = {{ source = {}, detail_type = {} }} }}",
        toml::Value::String(source.clone()),
        toml::Value::String(detail_type.clone()),
    );
    let wrapper = Wrapper::Eventbridge {
        source,
        detail_type,
    };
    Some((unwrapped(bodies, &wrapper)?, key))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORDER: &str = r#"{"orderId": "a", "total": 1.50}"#;

    #[test]
    fn an_order_is_found_in_what_it_was_recorded_in() {
        let sns = format!(
            "{{\"Type\": \"Notification\", \"Message\": {}}}",
            serde_json::Value::String(ORDER.into())
        );
        let event =
            format!("{{\"detail-type\": \"Placed\", \"source\": \"shop\", \"detail\": {ORDER}}}");
        for (body, keys) in [
            (ORDER.to_owned(), vec![]),
            (sns.clone(), vec!["envelope = \"sns\""]),
            (
                event,
                vec![
                    "envelope = { eventbridge = { source = \"shop\", detail_type = \"Placed\" } }",
                ],
            ),
            (
                super::super::envelope::encode(ORDER, Encoding::Base64),
                vec!["encoding = \"base64\""],
            ),
            (
                super::super::envelope::encode(ORDER, Encoding::GzipBase64),
                vec!["encoding = \"gzip base64\""],
            ),
        ] {
            let unwrapped = unwrap_recorded(&[body.clone(), body]);
            assert_eq!(unwrapped.documents, [ORDER, ORDER]);
            assert_eq!(unwrapped.keys, keys);
        }
        let mixed = [sns, ORDER.to_owned()];
        assert_eq!(
            unwrap_recorded(&mixed).documents,
            mixed,
            "not all are in one"
        );
    }
}
