//! What can be read of a row of the lab's table.

use super::*;

/// What is read of a row with this key.
fn keyed(key: Option<Value>) -> (Option<u64>, Option<OddKey>) {
    let key = key.map(|key| ("id".to_owned(), key));
    let row = Row::read(&key.into_iter().collect());
    (row.order_number, row.odd_key)
}

#[test]
fn a_key_is_a_number_however_it_is_spelled_and_otherwise_said_to_be_none() {
    let number = |text: &str| keyed(Some(Value::N(text.into())));
    for text in [
        "7000000001",
        "7.000000001E9",
        "7000000001.0",
        "+7000000001",
        "07000000001",
        "7000000001e0",
    ] {
        assert_eq!(number(text), (Some(7_000_000_001), None), "{text}");
    }
    for text in [
        "-7000000001",
        "7000000001.5",
        "18446744073709551616",
        "1e400",
    ] {
        let odd = OddKey::Number(text.into());
        assert_eq!(number(text), (None, Some(odd)), "{text}");
    }
    let unreadable = [
        (None, "`id` is missing"),
        (
            Some(Value::N("7e".into())),
            "`id` is \"7e\", which is no number",
        ),
        (
            Some(Value::N(" 7".into())),
            "`id` is \" 7\", which is no number",
        ),
        (
            Some(Value::N("\u{1b}".into())),
            "`id` is \"\\u{1b}\", which is no number",
        ),
        (
            Some(Value::S("7000000001".into())),
            "`id` is a text (S), \"7000000001\"",
        ),
        (Some(Value::Bool(true)), "`id` is a truth value (BOOL)"),
        (Some(Value::Null), "`id` is null (NULL)"),
        (
            Some(Value::Ns(vec!["7".into()])),
            "`id` is a set of numbers (NS)",
        ),
    ];
    for (key, why) in unreadable {
        assert_eq!(
            keyed(key),
            (None, Some(OddKey::Unreadable(why.into()))),
            "{why}"
        );
    }
}

#[test]
fn details_are_a_text_and_otherwise_their_type_is_named() {
    let details = |value: Option<Value>| {
        let value = value.map(|value| ("order_details".to_owned(), value));
        let row = Row::read(&value.into_iter().collect());
        (row.order_details, row.odd_details)
    };
    let text = Value::S("details".into());
    assert_eq!(details(Some(text)), (Some("details".into()), None));
    assert_eq!(details(None), (None, None));
    for (value, kind) in [
        (Value::M([].into()), "a map (M)"),
        (Value::L(vec![]), "a list (L)"),
        (Value::B(vec![1]), "binary (B)"),
    ] {
        assert_eq!(details(Some(value)), (None, Some(kind.into())), "{kind}");
    }
}
