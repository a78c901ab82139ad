//! Envelopes and encodings, there and back.

use serde_json::Value;

use super::*;
use crate::order::{AttributeText, Id, RunId, Scheme};

const DUE: u64 = 1_795_770_000_123;
const BODY: &str = r#"{"orderId": "5\"f", "total": 1.50}"#;

fn wrapped(envelope: &Envelope, body: &str, is_json: bool) -> (Wrapper, String) {
    let names = Names::new(Scheme::Number, Vec::new());
    let wrapper = Wrapper::new(envelope, &names).unwrap_or_else(|mistake| panic!("{mistake:?}"));
    let run = RunId::new(7).expect("a run id");
    let values = Values::new(Id::Number(7_000_000_003), run, 3, DUE, Vec::new());
    let attribute = |name: &str, value| MessageAttribute {
        name: name.into(),
        value,
    };
    let attributes = [
        attribute("tenant", AttributeText::Text("a\"b".into())),
        attribute("n", AttributeText::Number("3".into())),
    ];
    let body = Inserted {
        text: body.into(),
        is_json,
    };
    let message = wrapper.wrap(values, body, &attributes, 0x4 << 76 | 5);
    (wrapper, message)
}

#[test]
fn an_encoded_body_is_decoded_and_always_the_same_bytes() {
    for encoding in [Encoding::Base64, Encoding::GzipBase64] {
        let text = encode(BODY, encoding);
        assert_eq!(text, encode(BODY, encoding));
        assert_eq!(decode(&text, encoding).as_deref(), Some(BODY));
        assert_eq!(decode("{}", encoding), None);
        assert_eq!(
            decode(&text[..text.len() / 2], encoding).filter(|body| body == BODY),
            None
        );
    }
    assert_eq!(encode("{}", Encoding::Base64), "e30=");
    let bomb = encode(&"0".repeat(DECODED_MAX as usize + 5), Encoding::GzipBase64);
    let decoded = decode(&bomb, Encoding::GzipBase64).map(|body| body.len() as u64);
    assert_eq!(decoded, Some(DECODED_MAX), "cut off");
}

#[test]
fn what_sns_puts_on_a_queue() {
    let (wrapper, message) = wrapped(&Envelope::Sns, BODY, true);
    let value: Value = serde_json::from_str(&message).expect("JSON");
    assert_eq!(value["Type"], "Notification");
    assert_eq!(value["Message"], BODY);
    assert_eq!(value["Timestamp"], "2026-11-27T09:00:00.123Z");
    assert_eq!(value["MessageId"], "00000000-0000-4000-0000-000000000005");
    assert_eq!(value["MessageAttributes"]["tenant"]["Value"], "a\"b");
    assert_eq!(value["MessageAttributes"]["n"]["Type"], "Number");
    for key in [
        "TopicArn",
        "SignatureVersion",
        "Signature",
        "SigningCertURL",
        "UnsubscribeURL",
    ] {
        assert!(value[key].is_string(), "{key}");
    }
    assert_eq!(wrapper.unwrap(&message).as_deref(), Some(BODY));
    assert_eq!(wrapper.unwrap(BODY), None);
}

#[test]
fn what_an_eventbridge_rule_puts_on_a_queue() {
    let envelope = Envelope::Eventbridge {
        source: "shop".into(),
        detail_type: "OrderPlaced".into(),
    };
    let (wrapper, message) = wrapped(&envelope, BODY, true);
    let value: Value = serde_json::from_str(&message).expect("JSON");
    assert_eq!(value["detail"]["total"], 1.5);
    assert_eq!(value["detail-type"], "OrderPlaced");
    assert_eq!(value["time"], "2026-11-27T09:00:00Z");
    assert_eq!(value["version"], "0");
    assert_eq!(value["resources"], Value::Array(Vec::new()));
    assert_eq!(wrapper.unwrap(&message).as_deref(), Some(BODY));
}

#[test]
fn an_envelope_of_ones_own() {
    for (envelope, body, is_json, message) in [
        (
            r#"{"v": 1, "payload": {{order}}, "n": {{n}}}"#,
            BODY,
            true,
            format!(r#"{{"v": 1, "payload": {BODY}, "n": 3}}"#),
        ),
        (
            r#"{"payload": {{order}}}"#,
            "a \"b\"",
            false,
            r#"{"payload": "a \"b\""}"#.into(),
        ),
        (
            r#"{"payload": "{{order}}"}"#,
            r#"{"a": "b"}"#,
            true,
            r#"{"payload": "{\"a\": \"b\"}"}"#.into(),
        ),
        (
            r#"[{"p": "v1:{{order}};"}]"#,
            r#"{"a": 1}"#,
            true,
            r#"[{"p": "v1:{\"a\": 1};"}]"#.into(),
        ),
        (
            "ORDER {{id}} {{order}}",
            BODY,
            true,
            format!("ORDER 7000000003 {BODY}"),
        ),
    ] {
        let (wrapper, given) = wrapped(&Envelope::Template(envelope.into()), body, is_json);
        assert_eq!(given, message, "{envelope}");
        assert_eq!(wrapper.unwrap(&given).as_deref(), Some(body), "{envelope}");
        assert_eq!(wrapper.unwrap("something else"), None, "{envelope}");
    }
}

#[test]
fn an_envelope_without_the_order_is_refused() {
    let names = Names::new(Scheme::Number, Vec::new());
    for (envelope, rule) in [
        (r#"{"payload": 1}"#, "does not stand"),
        (r#"{"a": {{order}}, "b": {{order}}}"#, "does not stand"),
        (r#"{"{{order}}": 1}"#, "does not stand"),
        ("text", "does not stand"),
        (r#"{"payload": {{oder}}}"#, "`{{oder}}`"),
        (r#"{"payload": {{order}}"#, "is not JSON"),
    ] {
        let refused = Wrapper::new(&Envelope::Template(envelope.into()), &names);
        let mistake = refused.expect_err(envelope);
        assert!(mistake.rule.contains(rule), "{envelope}: {}", mistake.rule);
    }
}
