//! Templates: what they give, what they refuse, and what they find in a text.

use proptest::prelude::*;

use super::super::draw::Constant;
use super::super::{FieldName, Id, RunId, Scheme};
use super::*;
use crate::order::spec::IdScheme;

fn run() -> RunId {
    RunId::new(7).expect("a run id")
}

fn names() -> Names {
    let plain = |name: &str, is_whole| FieldName {
        name: name.into(),
        columns: Vec::new(),
        is_whole,
    };
    let customer = FieldName {
        name: "customer".into(),
        columns: vec!["email".into(), "name".into()],
        is_whole: false,
    };
    let fields = vec![
        plain("article", false),
        customer,
        plain("items", true),
        plain("price", false),
    ];
    Names::new(Scheme::Number, fields)
}

fn given(template: &Template) -> String {
    let article = Constant::new(r#""a \"b\" 5€\n""#).expect("JSON");
    let price = Constant::new("110.0").expect("JSON");
    let fields = vec![
        Drawn::Picked(&article),
        Drawn::Flag(true),
        Drawn::Whole(-3),
        Drawn::Picked(&price),
    ];
    let values = Values::new(Id::Number(7_000_000_042), run(), 42, 0, fields);
    template.rendered(&values)
}

#[track_caller]
fn json(text: &str) -> String {
    given(&Template::json(text, &names()).unwrap_or_else(|mistake| panic!("{mistake:?}")))
}

#[track_caller]
fn plain(text: &str) -> String {
    given(&Template::text(text, &names()).unwrap_or_else(|mistake| panic!("{mistake:?}")))
}

#[test]
fn outside_quotes_stands_a_json_value_and_within_quotes_its_text() {
    assert_eq!(
        json(r#"{"a": {{article}}, "b": "<{{article}}>", "p": {{price}}, "q": "{{ price }}"}"#),
        r#"{"a": "a \"b\" 5€\n", "b": "<a \"b\" 5€\n>", "p": 110.0, "q": "110.0"}"#,
    );
    assert_eq!(
        json(r#"{"i":{{id}},"t":"{{id}}"}"#),
        r#"{"i":7000000042,"t":"7000000042"}"#
    );
    assert_eq!(
        json(r#"{"a\"": {{article}}, "\\": {{price}}}"#),
        r#"{"a\"": "a \"b\" 5€\n", "\\": 110.0}"#,
        "quotes that are escaped open nothing"
    );
    assert_eq!(json(r#"{"x": {"y": {{n}}}}"#), r#"{"x": {"y": 42}}"#);
}

#[test]
fn texts_are_given_as_they_are() {
    assert_eq!(plain("ORDER#{{id}}"), "ORDER#7000000042");
    assert_eq!(plain("\"{{article}}\""), "\"a \"b\" 5€\n\"");
    assert_eq!(
        plain("{{run}}-{{n:09}}/{{items:04}}*"),
        "7-000000042/-0003*"
    );
    assert_eq!(
        plain("no placeholder, {one} brace"),
        "no placeholder, {one} brace"
    );
}

#[test]
fn a_wrong_placeholder_says_what_to_write() {
    let refused = |text: &str| {
        let mistake = Template::json(text, &names()).expect_err(text);
        format!("{}; {}", mistake.rule, mistake.hint)
    };
    for (text, parts) in [
        ("{{artikle}}", ["`{{artikle}}`", "did you mean {{article}}"]),
        (
            "{{warehouse}}",
            [
                "`{{warehouse}}`",
                "known here: id, n, run, article, customer.email",
            ],
        ),
        (
            "{{customer.mail}}",
            ["`{{customer.mail}}`", "{{customer.email}}"],
        ),
        ("{{customer}}", ["row of data", "{{customer.email}}"]),
        ("{{id", ["not closed", "{{name}}"]),
        ("{{at}}", ["`{{at}}`", "known here"]),
        ("{{order}}", ["`{{order}}`", "known here"]),
        ("\"{{price:04}}\"", ["not a whole number", "{{price}}"]),
        ("\"{{n:9}}\"", ["not a width", "{{n:09}}"]),
        ("\"{{n:0999}}\"", ["not a width", "{{n:09}}"]),
        ("{{n:09}}", ["leading zeros", "within quotes"]),
    ] {
        let told = refused(text);
        assert!(
            parts.iter().all(|part| told.contains(part)),
            "{text}: {told}"
        );
    }
}

fn found(scheme: IdScheme, template: &str, text: &str) -> Option<[Option<String>; 4]> {
    let scheme = Scheme::new(&scheme).expect("a scheme");
    let fields = vec![FieldName {
        name: "email".into(),
        columns: Vec::new(),
        is_whole: false,
    }];
    let names = Names::new(scheme, fields).with_at();
    let template = Template::key(template, &names).expect("a template");
    let captures = template.matches(text)?;
    let of = |capture| captures.get(capture).map(str::to_owned);
    Some([Capture::Id, Capture::N, Capture::Run, Capture::At].map(of))
}

#[test]
fn a_key_is_read_back() {
    let uuid = "0123abcd-0123-8abc-9abc-0123456789ab";
    let web = || IdScheme::Text("WEB-{{run}}-{{n:09}}".into());
    for (scheme, template, text, expected) in [
        (
            IdScheme::Uuid,
            "{{id}}",
            "anything at all",
            Some("anything at all"),
        ),
        (
            IdScheme::Uuid,
            "ORDER#{{id}}",
            &format!("ORDER#{uuid}"),
            Some(uuid),
        ),
        (
            IdScheme::Uuid,
            "ORDER#{{id}}",
            &format!("order#{uuid}"),
            None,
        ),
        (
            IdScheme::Uuid,
            "ORDER#{{id}}",
            &format!("ORDER#{uuid}#1"),
            None,
        ),
        (
            IdScheme::Uuid,
            "{{email}}#{{id}}",
            &format!("a#b@c.de#{uuid}"),
            Some(uuid),
        ),
        (
            IdScheme::Uuid,
            "*#{{id}}#{{email}}",
            &format!("#{uuid}##"),
            Some(uuid),
        ),
        (
            IdScheme::Uuid,
            "{{id}}*",
            &format!("{uuid}{uuid}"),
            Some(uuid),
        ),
        (
            IdScheme::Ulid,
            "{{email}}{{id}}",
            "me01ARZ3NDEKTSV4RRFFQ69G5FAV",
            Some("01ARZ3NDEKTSV4RRFFQ69G5FAV"),
        ),
        (
            IdScheme::Number,
            "A{{id}}",
            "A7000000042",
            Some("7000000042"),
        ),
        (IdScheme::Number, "A{{id}}", "A7000000042.0", None),
        (
            web(),
            "x#{{id}}#*",
            "x#WEB-7-000000042#3",
            Some("WEB-7-000000042"),
        ),
        (
            web(),
            "{{email}}/{{id}}",
            "a/WEB-7-x/WEB-7-000000042",
            Some("WEB-7-000000042"),
        ),
        (web(), "x#{{id}}", "x#WEB-7-42", None),
    ] {
        let id = found(scheme, template, text).map(|[id, ..]| id);
        assert_eq!(
            id,
            expected.map(|id| Some(id.to_owned())),
            "{template} in {text}"
        );
    }
    assert_eq!(
        found(web(), "{{id}}#{{at:02}}", "WEB-7-000000042#05"),
        Some(["WEB-7-000000042", "000000042", "7", "05"].map(|text| Some(text.to_owned()))),
    );
    assert_eq!(
        found(IdScheme::Uuid, "{{email}}", "é"),
        Some([None, None, None, None]),
    );
    assert_eq!(found(IdScheme::Uuid, "a*é", "aéxé").map(|_| ()), Some(()));
    assert_eq!(found(IdScheme::Uuid, "a*é", "aéx"), None);
}

#[test]
fn what_a_template_gives_it_reads_back() {
    for text in [
        "ORDER#{{id}}",
        "{{run}}.{{n}}",
        "{{price}}#{{id}}#{{items}}",
        "*{{id}}",
    ] {
        let template = Template::key(text, &names()).expect("a template");
        let given = given(&template);
        let captures = template
            .matches(&given)
            .unwrap_or_else(|| panic!("{text}: {given}"));
        match captures.get(Capture::Id) {
            Some(id) => assert_eq!(id, "7000000042", "{text}"),
            None => assert_eq!(captures.number(Capture::N), Some(42), "{text}"),
        }
    }
}

#[test]
fn a_long_text_is_read_once() {
    let names = names();
    let template = Template::key("*a*{{id}}*b", &names).expect("a template");
    let text = "a1".repeat(500_000);
    assert!(template.matches(&text).is_none());
}

#[test]
fn what_is_not_known_before_the_order_ends_is_seen() {
    let names = names().with_row();
    let key = |text: &str| Template::key(text, &names).expect("a template");
    assert!(key("ORDER#{{id}}").is_known());
    assert!(!key("{{id}}#*").is_known());
    let linked = key("{{row.product_id}}");
    assert!(!linked.is_known());
    assert_eq!(linked.links().collect::<Vec<_>>(), ["product_id"]);
    assert!(key("{{run}}/{{n}}").tells_order());
    assert!(!key("{{n}}").tells_order());
}

/// Texts in which what has a meaning is frequent.
fn odd_text() -> impl Strategy<Value = String> {
    let parts = prop_oneof![
        Just("{{".to_owned()),
        Just("}}".to_owned()),
        Just("{{id}}".to_owned()),
        Just("{{n:09}}".to_owned()),
        Just("*".to_owned()),
        Just("\"".to_owned()),
        Just("\\".to_owned()),
        Just("[{:,".to_owned()),
        "[a-z0-9é]{0,3}",
    ];
    proptest::collection::vec(parts, 0..12).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(template in odd_text(), text in odd_text()) {
        for read in [Template::text, Template::json, Template::key] {
            if let Ok(template) = read(&template, &names()) {
                let _ = template.matches(&text);
                let _ = given(&template);
            }
        }
        let _ = crate::order::json_text::Tree::of_template(&template);
    }

    #[test]
    fn json_of_a_template_is_json(article in any::<String>()) {
        let article = serde_json::to_string(&article).expect("a text");
        let article = Constant::new(&article).expect("JSON");
        let text = r#"{"a": {{article}}, "b": "<{{article}}>", "c": "{{n:04}}"}"#;
        let template = Template::json(text, &names()).expect("a template");
        let fields = vec![Drawn::Picked(&article)];
        let rendered = template.rendered(&Values::new(Id::Text("\"".into()), run(), 42, 0, fields));
        let read = serde_json::from_str::<serde_json::Value>(&rendered);
        prop_assert!(read.is_ok(), "{}", rendered);
    }
}
