//! Patterns as the documentation describes them, and texts that are none.

use serde_json::{Value, json};

use super::Pattern;

fn matches(pattern: &Value, content: &Value) -> bool {
    let pattern = Pattern::parse(&pattern.to_string()).expect("a pattern");
    pattern.matches(content.as_object().expect("an object"))
}

#[test]
fn content_matches_as_the_documentation_says() {
    let event = json!({
        "source": "shop", "detail": {
            "state": "paid", "total": 120.0, "tags": ["gift", "fast"], "note": null, "empty": [],
            "items": [{"sku": "zPen", "n": 2}, {"sku": "zTV", "n": 1}], "file": "images/zTV.png"
        }
    });
    let detail = |field: &str, tests: Value| json!({"detail": {field: tests}});
    for (pattern, expected, why) in [
        (json!({"source": ["shop"]}), true, "the value"),
        (json!({"source": ["Shop"]}), false, "another case"),
        (json!({"source": ["a", "shop"]}), true, "one of two"),
        (
            json!({"source": ["shop"], "detail": {"state": ["new"]}}),
            false,
            "all keys must match",
        ),
        (json!({"other": ["shop"]}), false, "no such key"),
        (detail("total", json!([120])), true, "numbers are numbers"),
        (detail("total", json!(["120"])), false, "and no texts"),
        (detail("note", json!([null])), true, "null is a value"),
        (
            detail("tags", json!(["fast"])),
            true,
            "one item of an array",
        ),
        (
            detail("tags", json!(["slow"])),
            false,
            "no item of an array",
        ),
        (
            detail("items", json!({"sku": ["zTV"]})),
            true,
            "an object of an array",
        ),
        (
            detail("items", json!({"sku": ["zTablet"]})),
            false,
            "no object of an array",
        ),
        (detail("state", json!([{"prefix": "pa"}])), true, "prefix"),
        (
            detail("state", json!([{"prefix": "ai"}])),
            false,
            "no prefix",
        ),
        (
            detail("state", json!([{"prefix": {"equals-ignore-case": "PA"}}])),
            true,
            "prefix in any case",
        ),
        (detail("file", json!([{"suffix": ".png"}])), true, "suffix"),
        (
            detail("file", json!([{"suffix": ".jpg"}])),
            false,
            "no suffix",
        ),
        (
            detail("state", json!([{"equals-ignore-case": "PAID"}])),
            true,
            "any case",
        ),
        (
            detail("file", json!([{"wildcard": "images/*.png"}])),
            true,
            "wildcard",
        ),
        (
            detail("file", json!([{"wildcard": "*z*.p*g"}])),
            true,
            "several",
        ),
        (
            detail("file", json!([{"wildcard": "images/*.jpg"}])),
            false,
            "another end",
        ),
        (
            detail("state", json!([{"anything-but": "new"}])),
            true,
            "anything but another",
        ),
        (
            detail("state", json!([{"anything-but": ["new", "paid"]}])),
            false,
            "anything but this",
        ),
        (
            detail("gone", json!([{"anything-but": "new"}])),
            false,
            "what is not there is nothing",
        ),
        (
            detail("total", json!([{"anything-but": 120}])),
            false,
            "anything but this number",
        ),
        (
            detail("state", json!([{"anything-but": {"prefix": "pa"}}])),
            false,
            "anything but this beginning",
        ),
        (
            detail("state", json!([{"anything-but": {"prefix": "ne"}}])),
            true,
            "anything but another beginning",
        ),
        (
            detail("total", json!([{"numeric": [">", 100, "<=", 120]}])),
            true,
            "in the range",
        ),
        (
            detail("total", json!([{"numeric": [">", 120]}])),
            false,
            "out of it",
        ),
        (
            detail("total", json!([{"numeric": ["=", 120]}])),
            true,
            "a number",
        ),
        (
            detail("state", json!([{"numeric": [">", 0]}])),
            false,
            "a text is not a number",
        ),
        (detail("state", json!([{"exists": true}])), true, "there"),
        (
            detail("state", json!([{"exists": false}])),
            false,
            "there, and should not be",
        ),
        (
            detail("gone", json!([{"exists": false}])),
            true,
            "not there",
        ),
        (
            detail("gone", json!([{"exists": true}])),
            false,
            "not there, and should be",
        ),
        (
            json!({"gone": {"deep": [{"exists": false}]}}),
            true,
            "nor what is in it",
        ),
        (
            json!({"detail": [{"exists": true}]}),
            false,
            "an object is not a leaf",
        ),
        (
            json!({"$or": [{"source": ["x"]}, {"detail": {"state": ["paid"]}}]}),
            true,
            "one of two patterns",
        ),
        (
            json!({"$or": [{"source": ["x"]}, {"detail": {"state": ["new"]}}]}),
            false,
            "none of two",
        ),
    ] {
        assert_eq!(matches(&pattern, &event), expected, "{why}: {pattern}");
    }
}

#[test]
fn what_is_no_pattern_is_refused_in_words() {
    for (pattern, part) in [
        ("", "not valid JSON"),
        ("[]", "must be a JSON object"),
        ("{}", "Empty objects"),
        (r#"{"a": "b"}"#, "must be an object or an array"),
        (r#"{"a": []}"#, "Empty arrays"),
        (r#"{"a": [["b"]]}"#, "must be String"),
        (r#"{"a": [{"prefix": 1}]}"#, "must be a string"),
        (r#"{"a": [{"prefix": "b", "suffix": "c"}]}"#, "Only one key"),
        (
            r#"{"a": [{"numeric": [">"]}]}"#,
            "a comparison and a number",
        ),
        (r#"{"a": [{"numeric": ["!", 1]}]}"#, "range operator"),
        (r#"{"a": [{"exists": "yes"}]}"#, "not what it takes"),
        (r#"{"a": [{"cidr": "10.0.0.0/8"}]}"#, "not served here"),
        (r#"{"a": [{"like": "b"}]}"#, "Unrecognized match type"),
        (
            r#"{"a": [{"anything-but": [true]}]}"#,
            "strings and numbers",
        ),
        (r#"{"$or": [{"a": ["b"]}]}"#, "at least two"),
    ] {
        let error = Pattern::parse(pattern).unwrap_err().to_string();
        assert!(error.contains(part), "{pattern}: {error}");
    }
}

#[test]
fn a_pattern_of_too_many_levels_is_refused() {
    let deep = |levels: usize| format!("{}[1]{}", r#"{"a":"#.repeat(levels), "}".repeat(levels));
    assert!(Pattern::parse(&deep(32)).is_ok());
    assert!(Pattern::parse(&deep(33)).is_err());
}
