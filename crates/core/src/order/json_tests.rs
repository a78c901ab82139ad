//! Every field as it was written, at any depth that is taken apart.

use super::*;

fn canonical(text: &str) -> String {
    let mut out = String::new();
    Json::read(text).unwrap().write_canonical(&mut out);
    out
}

#[test]
fn every_field_is_seen_as_it_was_written() {
    let text = " {\"a\": 1.00000000000000000001, \"\\u0061\" :[ 1 ],\"b\":{\"b\":1,\"b\":2}}\n";
    let document = Json::read(text).unwrap();
    let fields = document.as_object().unwrap().iter();
    let fields: Vec<_> = fields
        .map(|(name, value)| (&**name, value.text()))
        .collect();
    let expected = [
        ("a", "1.00000000000000000001"),
        ("a", "[ 1 ]"),
        ("b", "{\"b\":1,\"b\":2}"),
    ];
    assert_eq!(fields, expected);
    assert_eq!(document.repeated(), Some("a"), "also when it is escaped");
    assert_eq!(document.values("a").count(), 2);
    let inner = document.values("b").next().unwrap();
    assert_eq!(inner.repeated(), Some("b"));
    assert_eq!(Json::read("{\"a\": 1, \"A\": 2}").unwrap().repeated(), None);
}

#[test]
fn what_is_no_object_is_told_from_what_is_not_json() {
    for text in [
        "",
        " ",
        "{",
        "{}x",
        "{} {}",
        "\u{feff}{}",
        "{\"a\": NaN}",
        "{'a': 1}",
        "{\"a\": 01}",
        "{\"a\": 1,}",
        "\u{a0}{}",
        "{\"a\": \"\u{1}\"}",
    ] {
        let flaw = Json::read_object(text).err();
        assert!(matches!(flaw, Some(Flaw::NotJson(_))), "{text:?}: {flaw:?}");
    }
    for text in ["null", "[{}]", "\"{}\"", "5", "{\"\\ud800\": 1}"] {
        let flaw = Json::read_object(text).err();
        assert_eq!(flaw, Some(Flaw::NotAnObject), "{text:?}");
    }
}

#[test]
fn each_value_has_its_shape() {
    let document = Json::read(r#"{"n": null, "t": true, "f": false, "d": -1.5e3, "s": "a\u00e9\"", "l": [1, "x"], "half": "\ud800"}"#).unwrap();
    let of = |name| document.values(name).next().unwrap();
    assert!(matches!(of("n").shape(), Shape::Null));
    assert!(matches!(of("t").shape(), Shape::Bool(true)));
    assert!(matches!(of("f").shape(), Shape::Bool(false)));
    assert!(matches!(of("d").shape(), Shape::Number));
    assert_eq!(of("d").text(), "-1.5e3");
    assert_eq!(of("s").as_text(), Some("aé\""));
    assert_eq!(of("l").as_list().map(<[_]>::len), Some(2));
    assert!(
        matches!(of("half").shape(), Shape::Opaque),
        "no text holds it"
    );
    let plain = ["n", "t", "d", "s", "l"].map(|name| of(name).plain());
    assert_eq!(
        plain,
        [None, Some("true"), Some("-1.5e3"), Some("aé\""), None]
    );
}

#[test]
fn the_same_content_has_one_canonical_text_and_another_content_another() {
    let one = canonical("{\"a\": [1, {\"b\": 130}], \"c\": \"z\"}");
    assert_eq!(
        canonical("{\"c\":\"\\u007a\",\"a\":[1.0,{\"b\":1.3e2}]}"),
        one
    );
    for other in [
        "{\"a\": [1, {\"b\": 130.00000000000000000000000000001}], \"c\": \"z\"}",
        "{\"a\": [1, {\"b\": \"130\"}], \"c\": \"z\"}",
        "{\"a\": [1, {\"b\": 130}, 2], \"c\": \"z\"}",
        "{\"a\": [{\"b\": 130}, 1], \"c\": \"z\"}",
        "{\"a\": [1, {\"b\": 130, \"b\": 130}], \"c\": \"z\"}",
        "{\"a\": [1, {\"b\": 130}], \"c\": \"z\", \"d\": null}",
    ] {
        assert_ne!(canonical(other), one, "{other}");
    }
    assert_ne!(
        canonical("{\"a\": 1, \"a\": 2}"),
        canonical("{\"a\": 2, \"a\": 1}"),
        "readers that take the first see a difference"
    );
}

#[test]
fn nesting_and_huge_exponents_cost_nothing() {
    let deep = format!("{{\"a\": {}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let document = Json::read(&deep).unwrap();
    assert_eq!(document.as_object().unwrap().len(), 1);
    assert!(canonical(&deep).len() < 2 * deep.len());
    let huge = "{\"a\": 1e999999999, \"b\": 1e99999999999999999999999999}";
    assert!(canonical(huge).len() < 2 * huge.len());
    let just = |depth: usize| {
        let text = format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        let pointer = Pointer::parse(&"/0".repeat(depth.min(64))).unwrap();
        Json::read(&text)
            .unwrap()
            .at(&pointer, 0)
            .map(|value| value.text().to_owned())
    };
    assert_eq!(
        just(64).as_deref(),
        Some("1"),
        "the deepest that is taken apart"
    );
    assert_eq!(just(65).as_deref(), Some("[1]"), "and one more is its text");
}
