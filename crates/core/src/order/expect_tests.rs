//! Each kind of expectation: what fills it, a near miss, and what is written where a row is made of it.

use super::*;
use crate::order::{Id, RunId, Scheme};

const ORDER: &str = r#"{"id": "WEB-3", "email": null, "price": 12.50, "amount": "7.10", "lines": [{"sku": "TV"}, {"sku": "PEN"}],
    "products": ["Mouse", 5, true], "nested": {"a": [1]}}"#;

fn names() -> Names {
    Names::new(Scheme::Number, Vec::new()).with_at()
}

/// What is said of `found`, `{{at}}` being 1, and what a row is given in its place.
fn said(expected: &Expected, found: Option<&Value>) -> (Option<String>, Option<Value>) {
    let order = Json::read(ORDER).unwrap();
    let values = Values::bare(Id::Number(7_000_000_003), RunId::new(7).unwrap(), 3);
    let known = Known {
        values: &values,
        order: Some(&order),
        at: 1,
    };
    let expect = Expect::new(expected, &names()).unwrap_or_else(|mistake| panic!("{mistake:?}"));
    let told = expect
        .differs(known, found)
        .map(|difference| difference.to_string());
    (told, expect.value(known))
}

fn at(pointer: &str) -> Expected {
    Expected::At(pointer.into())
}

fn json(of: &str) -> Expected {
    Expected::Json {
        of: of.into(),
        may_add: vec!["/id".into()],
    }
}

#[test]
fn what_may_be_added_is_named_and_hides_nothing() {
    let may_add = |of: &str, names: &[&str]| Expected::Json {
        of: of.into(),
        may_add: names.iter().map(|&name| name.into()).collect(),
    };
    let told = |of: &str, text: &str| {
        said(
            &may_add(of, &["/seen", "/id"]),
            Some(&Value::S(text.into())),
        )
        .0
    };
    let more = |field: &str| format!("{}, {field}}}", &ORDER[..ORDER.len() - 1]);
    for (of, text, why) in [
        ("/", more("\"seen\": 1"), "a number"),
        ("/", more("\"seen\": {\"at\": [null, \"x\"]}"), "an object"),
        ("/", more("\"seen\": null"), "null"),
        ("/", ORDER.to_owned(), "nothing added"),
        (
            "/nested",
            "{\"a\": [1], \"seen\": 2}".into(),
            "a part of the order",
        ),
        (
            "/nested",
            "{\"a\": [1], \"id\": \"WEB-3\"}".into(),
            "the order's own",
        ),
        (
            "{\"n\": {{n}}}",
            "{\"n\": 3, \"seen\": 2}".into(),
            "a template",
        ),
    ] {
        assert_eq!(told(of, &text), None, "{why}");
    }
    let wrong = |one: &str, another: &str| more("\"seen\": 1").replace(one, another);
    for (of, text, expected) in [
        (
            "/",
            more("\"Seen\": 1"),
            "`Seen` is 1, expected no such field",
        ),
        (
            "/",
            more("\"seen\": 1, \"at\": 2"),
            "`at` is 2, expected no such field",
        ),
        (
            "/",
            wrong("12.50", "12.51"),
            "`price` is 12.51, expected 12.50",
        ),
        (
            "/",
            wrong("\"email\": null,", ""),
            "`email` is missing, expected null",
        ),
        (
            "/",
            wrong("\"TV\"", "\"TV\", \"seen\": 1"),
            "`lines/0/seen` is 1, expected no such field",
        ),
        (
            "/",
            more("\"seen\": 1, \"seen\": 2"),
            "`seen` is given more than once (1, 2)",
        ),
        (
            "/nested",
            "{\"a\": [1], \"id\": \"WEB-4\"}".into(),
            "`id` is \"WEB-4\", expected \"WEB-3\"",
        ),
        (
            "/nested",
            "{\"seen\": 1}".into(),
            "`a` is missing, expected [1]",
        ),
    ] {
        let told = told(of, &text).unwrap_or_else(|| panic!("{text}"));
        assert!(told.starts_with(expected), "{told}");
    }
    for pointer in ["/", "/nested/a", "/{{at}}"] {
        let refused = Expect::new(&may_add("/", &[pointer]), &names()).unwrap_err();
        assert!(
            refused
                .rule
                .contains("not a top-level field of the document"),
            "{pointer}: {refused:?}"
        );
    }
}

#[test]
fn each_kind_is_filled_by_what_it_asks_for_and_by_nothing_near_it() {
    let (s, n) = (
        |text: &str| Value::S(text.into()),
        |number: &str| Value::N(number.into()),
    );
    let join = Expected::Join {
        of: "/products".into(),
        with: ";".into(),
    };
    let nested = Value::M([("a".to_owned(), Value::L(vec![n("1.0")]))].into());
    for (expected, fills, near, told) in [
        (
            at("/price"),
            n("12.5"),
            n("12.51"),
            "`content` is 12.51, expected 12.50",
        ),
        (
            at("/lines/{{at}}/sku"),
            s("PEN"),
            s("TV"),
            "`content` is \"TV\", expected \"PEN\"",
        ),
        (
            at("/email"),
            Value::Null,
            s(""),
            "`content` is \"\", expected null",
        ),
        (
            at("/nested"),
            nested,
            s("{}"),
            "`content` is \"{}\", expected {\"a\": [1]}",
        ),
        (
            Expected::Text("O-{{id}}-{{at}}".into()),
            s("O-7000000003-1"),
            s("O-7000000003-2"),
            "`content` is \"O-7000000003-2\", expected \"O-7000000003-1\"",
        ),
        (
            Expected::Text("{{n}}".into()),
            s("3"),
            n("3"),
            "`content` is 3, expected \"3\"",
        ),
        (
            Expected::Number("{{n}}".into()),
            n("3.0"),
            s("3"),
            "`content` is \"3\", expected 3",
        ),
        (
            Expected::Number("/amount".into()),
            n("7.1"),
            s("7.10"),
            "`content` is \"7.10\", expected 7.10",
        ),
        (
            Expected::Count("/lines".into()),
            n("2"),
            n("3"),
            "`content` is 3, expected 2",
        ),
        (
            json("/nested"),
            s("{\"a\":[1]}"),
            s("{\"a\":[2]}"),
            "`a/0` is 2, expected 1",
        ),
        (
            json("/nested"),
            s("{\"a\":[1],\"id\":\"WEB-3\"}"),
            s("{\"a\":[1],\"id\":\"WEB-4\"}"),
            "`id` is \"WEB-4\", expected \"WEB-3\"",
        ),
        (
            json("{\"n\": {{n}}}"),
            s("{\"n\":3e0}"),
            s("{\"n\":3,\"m\":1}"),
            "`m` is 1, expected no such field",
        ),
        (
            join,
            s("Mouse;5;true"),
            s("Mouse;5"),
            "`content` is \"Mouse;5\", expected \"Mouse;5;true\"",
        ),
        (
            Expected::Is("[true, 1]".into()),
            Value::L(vec![Value::Bool(true), n("1")]),
            Value::L(vec![]),
            "`content` is 0 elements, expected 2 elements",
        ),
    ] {
        let (nothing, written) = said(&expected, Some(&fills));
        assert_eq!(nothing, None, "{expected:?}");
        assert_eq!(
            said(&expected, Some(&near)).0.as_deref(),
            Some(told),
            "{expected:?}"
        );
        assert!(
            said(&expected, None)
                .0
                .is_some_and(|told| told.starts_with("`content` is missing")),
            "{expected:?}"
        );
        let written = written.expect("a row has it");
        assert_eq!(
            said(&expected, Some(&written)).0,
            None,
            "what is written fills it: {expected:?}"
        );
    }
    let absent = said(&Expected::Absent, Some(&n("1")));
    assert_eq!(
        absent,
        (
            Some("`content` is 1, expected no such attribute".into()),
            None
        )
    );
    assert_eq!(said(&Expected::Absent, None).0, None);
}

#[test]
fn what_the_order_does_not_have_need_not_be_there_and_must_not() {
    for expected in [
        at("/gone"),
        Expected::Number("/gone".into()),
        Expected::Count("/gone".into()),
        json("/gone"),
    ] {
        assert_eq!(said(&expected, None), (None, None), "{expected:?}");
        assert_eq!(said(&expected, Some(&Value::Null)).0, None, "{expected:?}");
        let there = said(&expected, Some(&Value::S("x".into()))).0;
        assert_eq!(
            there.as_deref(),
            Some("`content` is \"x\", expected no such attribute"),
            "{expected:?}"
        );
    }
}

#[test]
fn of_an_order_that_is_no_json_only_templates_are_compared() {
    let values = Values::bare(Id::Number(7_000_000_003), RunId::new(7).unwrap(), 3);
    let known = Known {
        values: &values,
        order: None,
        at: 0,
    };
    let differs = |expected: Expected, found: &str| {
        let expect = Expect::new(&expected, &names()).unwrap();
        expect
            .differs(known, Some(&Value::S(found.into())))
            .is_some()
    };
    assert!(!differs(at("/price"), "anything"));
    assert!(!differs(json("/"), "anything"));
    assert!(!differs(Expected::Text("{{id}}".into()), "7000000003"));
    assert!(differs(Expected::Text("{{id}}".into()), "7000000004"));
    assert!(differs(Expected::Is("1".into()), "1"));
}

#[test]
fn what_cannot_be_read_is_a_mistake() {
    for expected in [
        at("price"),
        Expected::Text("{{nobody}}".into()),
        Expected::Is("{".into()),
        Expected::Count("".into()),
    ] {
        let mistake = Expect::new(&expected, &names()).unwrap_err();
        assert!(
            !mistake.rule.is_empty() && !mistake.hint.is_empty(),
            "{expected:?}"
        );
    }
}
