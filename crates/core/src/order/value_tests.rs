//! Values by meaning: what is the same in another spelling, and what is another value.

use std::collections::BTreeMap;

use super::*;

fn s(text: &str) -> Value {
    Value::S(text.into())
}

fn n(number: &str) -> Value {
    Value::N(number.into())
}

fn map<const N: usize>(fields: [(&str, Value); N]) -> Value {
    Value::M(fields.map(|(name, value)| (name.to_owned(), value)).into())
}

#[track_caller]
fn told(expected: &str, found: &Value) -> Option<String> {
    let expected = Json::read(expected).unwrap();
    value_differs(&expected, found).map(|difference| difference.to_string())
}

#[test]
fn the_same_value_in_another_spelling_is_no_difference() {
    let strings = |texts: &[&str]| {
        texts
            .iter()
            .map(|&text| text.to_owned())
            .collect::<Vec<_>>()
    };
    for (expected, found, why) in [
        ("null", Value::Null, "null"),
        ("true", Value::Bool(true), "a truth value"),
        ("\"zT\\u0056\"", s("zTV"), "an escaped text"),
        ("\"\"", s(""), "an empty text"),
        ("130.0", n("130"), "a number without its point"),
        ("1.3e2", n("130"), "a number without its exponent"),
        ("0.1", n("0.10"), "more zeros"),
        (
            "12345678901234567890123456789.5",
            n("12345678901234567890123456789.5"),
            "beyond a double",
        ),
        (
            "[1, \"a\", null]",
            Value::L(vec![n("1.0"), s("a"), Value::Null]),
            "a list",
        ),
        ("[]", Value::L(vec![]), "an empty list"),
        (
            "[\"b\", \"a\", \"b\"]",
            Value::Ss(strings(&["a", "b"])),
            "a set of texts",
        ),
        (
            "[2, 1.0]",
            Value::Ns(strings(&["1", "2.00"])),
            "a set of numbers",
        ),
        ("{}", map([]), "an empty map"),
        (
            "{\"b\": {\"c\": [1]}, \"a\": 1}",
            map([("a", n("1")), ("b", map([("c", Value::L(vec![n("1")]))]))]),
            "a map of a map of a list",
        ),
    ] {
        assert_eq!(told(expected, &found), None, "{why}: {expected}");
    }
}

#[test]
fn another_value_is_told_with_the_place_where_it_is() {
    let strings = |texts: &[&str]| {
        texts
            .iter()
            .map(|&text| text.to_owned())
            .collect::<Vec<_>>()
    };
    let lines = |price: Value| {
        map([(
            "lines",
            Value::L(vec![map([("price", n("1"))]), map([("price", price)])]),
        )])
    };
    let two = "{\"lines\": [{\"price\": 1}, {\"price\": 12.50}]}";
    assert_eq!(told(two, &lines(n("12.5"))), None);
    for (expected, found, differs) in [
        ("130", n("130.01"), "`content` is 130.01, expected 130"),
        (
            "130",
            n("130.00000000000000000000000001"),
            "`content` is 130.00000000000000000000000001, expected 130",
        ),
        ("130", s("130"), "`content` is \"130\", expected 130"),
        ("\"130\"", n("130"), "`content` is 130, expected \"130\""),
        ("true", s("true"), "`content` is \"true\", expected true"),
        (
            "true",
            Value::Bool(false),
            "`content` is false, expected true",
        ),
        ("null", s(""), "`content` is \"\", expected null"),
        ("\"a\"", Value::Null, "`content` is null, expected \"a\""),
        (
            "\"YQ==\"",
            Value::B(b"a".to_vec()),
            "`content` is binary (B), expected \"YQ==\"",
        ),
        (
            "[1, 2]",
            Value::L(vec![n("2"), n("1")]),
            "`0` is 2, expected 1",
        ),
        (
            "[1, 2]",
            Value::L(vec![n("1")]),
            "`content` is 1 element, expected 2 elements",
        ),
        (
            "[1]",
            Value::L(vec![n("1"), n("2")]),
            "`content` is 2 elements, expected 1 element",
        ),
        (
            "[\"a\", \"b\"]",
            Value::Ss(strings(&["a"])),
            "`content` is [\"a\"], expected [\"a\", \"b\"]",
        ),
        (
            "[\"a\"]",
            Value::Ss(strings(&["a", "b"])),
            "`content` is [\"a\", \"b\"], expected [\"a\"]",
        ),
        (
            "[\"1\"]",
            Value::Ns(strings(&["1"])),
            "`content` is [1], expected [\"1\"]",
        ),
        ("{\"a\": 1}", map([]), "`a` is missing, expected 1"),
        (
            "{}",
            map([("a", n("1"))]),
            "`a` is 1, expected no such field",
        ),
        (
            "{\"a\": 1}",
            s("{\"a\": 1}"),
            "`content` is \"{\\\"a\\\": 1}\", expected {\"a\": 1}",
        ),
        (
            "1",
            Value::Unknown("NEW".into()),
            "`content` is of a type this program does not know, expected 1",
        ),
        (
            two,
            lines(n("12.51")),
            "`lines/1/price` is 12.51, expected 12.50",
        ),
        (
            two,
            lines(Value::Null),
            "`lines/1/price` is null, expected 12.50",
        ),
    ] {
        assert_eq!(
            told(expected, &found).as_deref(),
            Some(differs),
            "{expected} {found:?}"
        );
    }
}

#[test]
fn a_difference_is_short_and_safe_to_print_whatever_is_there() {
    let huge = map([("a\u{1b}[31m", s(&"\u{202e}x".repeat(200_000)))]);
    let many = Value::L(vec![n("1"); 100_000]);
    for (expected, found) in [
        ("{\"a\": 1}", &huge),
        ("1", &huge),
        ("1", &many),
        ("{}", &huge),
    ] {
        let told = told(expected, found).unwrap();
        assert!(told.chars().count() < 250, "{told}");
        assert!(!told.chars().any(char::is_control), "{told:?}");
        assert!(!told.contains('\u{202e}'), "{told:?}");
    }
    assert!(shown(&many).len() < 2 * SHOWN_MAX);
}

/// What the text `found` is taken for where this order of the lab is expected, in its details or in a letter.
fn told_of_details(price: &str, text: &str) -> Option<Difference> {
    let planned =
        format!(r#"{{"num_items": 3, "price_per_item": {price}, "item_description": "zTV"}}"#);
    let own = Json::read("7000000003").unwrap();
    let may_hold = |name: &str| match name {
        "order_number" => Beside::Only(&own),
        _ => Beside::Nothing,
    };
    json_text_differs(&Json::read(&planned).unwrap(), &s(text), may_hold)
}

#[track_caller]
fn details(text: &str) -> Option<String> {
    told_of_details("130.0", text).map(|difference| difference.to_string())
}

#[test]
fn the_same_json_in_another_spelling_is_no_difference() {
    for (text, why) in [
        (
            r#"{"num_items": 3, "price_per_item": 130.0, "item_description": "zTV"}"#,
            "as planned",
        ),
        (
            r#"{"num_items":3,"price_per_item":130,"item_description":"zTV"}"#,
            "a whole-number price, as JavaScript, Go and C# write it",
        ),
        (
            r#"{"num_items":3.0,"price_per_item":1.3e2,"item_description":"zTV"}"#,
            "items with a point, the price with an exponent",
        ),
        (
            r#"{"num_items":3e0,"price_per_item":13000E-2,"item_description":"zTV"}"#,
            "exponents both ways",
        ),
        (
            " \n{\"item_description\":\"\\u007aTV\",\t\"price_per_\\u0069tem\":130.00,\"num_items\":3}\r\n",
            "other order, escapes, white space around",
        ),
        (
            r#"{"order_number": 7000000003, "num_items": 3, "price_per_item": 130.0, "item_description": "zTV"}"#,
            "the whole body",
        ),
        (
            r#"{"order_number": 7.000000003E9, "num_items": 3, "price_per_item": 130.0, "item_description": "zTV"}"#,
            "its own number with an exponent",
        ),
    ] {
        assert_eq!(details(text), None, "{why}: {text}");
    }
}

#[test]
fn a_difference_names_the_field_what_was_expected_and_what_is_there() {
    let with = |items: &str, price: &str, article: &str| {
        format!(
            r#"{{"num_items": {items}, "price_per_item": {price}, "item_description": {article}}}"#
        )
    };
    let tv = "\"zTV\"";
    for (text, expected) in [
        (
            with("3", "1.0", tv),
            "`price_per_item` is 1.0, expected 130.0",
        ),
        (
            with("3", "130.00000000000000001", tv),
            "`price_per_item` is 130.00000000000000001, expected 130.0",
        ),
        (
            with("3", "129.99999999999999999999", tv),
            "`price_per_item` is 129.99999999999999999999, expected 130.0",
        ),
        (
            with("3", "-130.0", tv),
            "`price_per_item` is -130.0, expected 130.0",
        ),
        (
            with("3", "\"130.0\"", tv),
            "`price_per_item` is \"130.0\", expected 130.0",
        ),
        (
            with("3", "[130.0]", tv),
            "`price_per_item` is [130.0], expected 130.0",
        ),
        (
            with("3", "null", tv),
            "`price_per_item` is null, expected 130.0",
        ),
        (
            with("3", "1e999999999", tv),
            "`price_per_item` is 1e999999999, expected 130.0",
        ),
        (
            with("\"3\"", "130.0", tv),
            "`num_items` is \"3\", expected 3",
        ),
        (with("3.5", "130.0", tv), "`num_items` is 3.5, expected 3"),
        (with("true", "130.0", tv), "`num_items` is true, expected 3"),
        (
            with("3", "130.0", "\"zTv\""),
            "`item_description` is \"zTv\", expected \"zTV\"",
        ),
        (
            with("3", "130.0", "\"zTV \""),
            "`item_description` is \"zTV \", expected \"zTV\"",
        ),
        (
            with("3", "130.0", "5"),
            "`item_description` is 5, expected \"zTV\"",
        ),
        (
            with("3", "130.0, \"discount\": \"100%\"", tv),
            "`discount` is \"100%\", expected no such field",
        ),
        (
            with("3", "130.0, \"more\": {\"a\": 1, \"a\": 2}", tv),
            "`more` is {\"a\": 1, \"a\": 2}, expected no such field",
        ),
        (
            with("3", "1.0, \"price_per_item\": 130.0", tv),
            "`price_per_item` is given more than once (1.0, 130.0), expected 130.0 once",
        ),
        (
            with("3", "130.0, \"price_per_\\u0069tem\": 130.0", tv),
            "`price_per_item` is given more than once (130.0, 130.0), expected 130.0 once",
        ),
        (
            with("3", "130.0, \"order_number\": 4", tv),
            "`order_number` is 4, expected 7000000003",
        ),
        (
            with("3", "130.0, \"order_number\": \"7000000003\"", tv),
            "`order_number` is \"7000000003\", expected 7000000003",
        ),
        (
            with(
                "3",
                "130.0, \"order_number\": 7000000003, \"order_number\": 7000000003",
                tv,
            ),
            "`order_number` is given more than once (7000000003, 7000000003), expected one value",
        ),
        (
            r#"{"num_items": 3, "item_description": "zTV"}"#.into(),
            "`price_per_item` is missing, expected 130.0",
        ),
        (
            String::new(),
            "`content` is empty, expected an order as a JSON object",
        ),
        (
            "null".into(),
            "`content` is not a JSON object: null, expected an order as a JSON object",
        ),
        (
            "[3]".into(),
            "`content` is not a JSON object: [3], expected an order as a JSON object",
        ),
    ] {
        assert_eq!(details(&text).as_deref(), Some(expected), "{text}");
    }
    let planned = with("3", "130.0", tv);
    for text in [
        format!("{planned} garbage"),
        format!("{planned}{planned}"),
        format!("\u{feff}{planned}"),
        format!("\u{a0}{planned}"),
        with("3", "NaN", tv),
        with("3", "0130.0", tv),
        planned[..planned.len() - 1].to_owned(),
        serde_json::to_string(&planned).unwrap(),
    ] {
        let told =
            details(&text).unwrap_or_else(|| panic!("{text} is not the content of the order"));
        assert!(told.starts_with("`content` is no"), "{told}");
    }
}

#[test]
fn a_text_is_compared_as_any_other_value_and_another_type_is_told() {
    let with = |price: &str| {
        let text =
            format!(r#"{{"num_items":3,"price_per_item":{price},"item_description":"zTV"}}"#);
        told_of_details("\"err\"", &text).map(|difference| difference.found)
    };
    assert_eq!(with("\"err\""), None);
    assert_eq!(with("\"\\u0065rr\""), None);
    assert_eq!(with("130.0").as_deref(), Some("130.0"));
    assert_eq!(with("\"Err\"").as_deref(), Some("\"Err\""));
    let planned = Json::read("[1]").unwrap();
    let differs = |found: &Value| {
        json_text_differs(&planned, found, |_| Beside::Nothing).map(|one| one.to_string())
    };
    assert_eq!(differs(&s("[1.0]")), None);
    assert_eq!(differs(&s("[2]")).as_deref(), Some("`0` is 2, expected 1"));
    assert_eq!(
        differs(&Value::M(BTreeMap::new())).as_deref(),
        Some("`content` is a map (M), expected a text (S)")
    );
}

#[test]
fn hostile_json_texts_make_short_differences() {
    let hostile = format!(
        "{{\"\\u001b]0;pwn\\u0007{}\": 1, \"num_items\": 3, \"price_per_item\": 130, \"item_description\": \"zTV\"}}",
        "x".repeat(10_000)
    );
    for text in [
        hostile.as_str(),
        &"\u{1b}".repeat(10_000),
        &"[".repeat(10_000),
    ] {
        let told = details(text).unwrap();
        assert!(told.chars().count() < 250, "{told}");
        assert!(!told.chars().any(char::is_control), "{told:?}");
    }
}
