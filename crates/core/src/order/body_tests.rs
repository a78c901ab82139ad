//! Edits of bodies, places of ids, recorded bodies.

use super::*;
use crate::order::Scheme;
use crate::order::spec::IdScheme;

fn names() -> Names {
    let scheme = Scheme::new(&IdScheme::Text("W-{{run}}-{{n}}".into())).expect("a scheme");
    Names::new(scheme, Vec::new())
}

fn edited(text: &str, set: &[(&str, &str)], remove: &[&str]) -> (String, Vec<String>) {
    let edits = Edits {
        set: set
            .iter()
            .map(|&(at, json)| (at.into(), json.into()))
            .collect(),
        remove: remove.iter().map(|&at| at.into()).collect(),
    };
    let edited = edit(text, &edits).expect("JSON");
    (edited.text, edited.missed)
}

#[test]
fn what_is_edited_leaves_the_rest_as_it_is_written() {
    let body = "{\"id\": {{id}},\n  \"lines\": [ {\"q\" :1}, {\"q\": {{q}}} ], \"price\": 1.50}";
    for (set, remove, expected) in [
        (
            vec![("/price", "\"err\"")],
            vec![],
            "{\"id\": {{id}},\n  \"lines\": [ {\"q\" :1}, {\"q\": {{q}}} ], \"price\": \"err\"}",
        ),
        (
            vec![("/lines", "[]")],
            vec!["/id"],
            "{\"lines\": [], \"price\": 1.50}",
        ),
        (
            vec![("/lines/1/q", "\"{{id}}\"")],
            vec!["/lines/0", "/price"],
            "{\"id\": {{id}},\n  \"lines\": [ {\"q\": \"{{id}}\"} ]}",
        ),
        (vec![], vec!["/id", "/lines", "/price"], "{}"),
        (vec![("/", "null")], vec![], "null"),
    ] {
        assert_eq!(edited(body, &set, &remove), (expected.to_owned(), vec![]));
    }
    let (text, missed) = edited(body, &[("/prize", "1")], &["/lines/2"]);
    assert_eq!(
        (text.as_str(), missed),
        (body, vec!["/prize".into(), "/lines/2".into()])
    );
}

#[test]
fn the_places_of_an_id_are_found() {
    let places = |text: &str| -> Vec<String> {
        let body = Body::new(text, &names()).expect("a body");
        body.id_places
            .into_iter()
            .map(|place| place.pointer)
            .collect()
    };
    let body = r#"{"a": "{{id}}", "b": {"c/d": ["x", {{id}}]}, "e": "{{run}}:{{n}}", "f": "{{n}}", "g": "ORDER#{{id}}"}"#;
    assert_eq!(places(body), ["/a", "/b/c~1d/1", "/e", "/g"]);
    assert_eq!(places("order {{id}}"), [""]);
    assert_eq!(places("order {{n}}"), [""; 0]);
    assert_eq!(places(r#"{"a": "{{n}}"}"#), [""; 0]);
}

#[test]
fn a_recorded_body_gets_the_id_of_its_order_and_nothing_personal() {
    let recorded = |body: &str, id_at: &[&str]| {
        let id_at: Vec<String> = id_at.iter().map(|&at| at.into()).collect();
        let set = BTreeMap::from([
            ("/mail".to_owned(), "\"nobody@example.com\"".to_owned()),
            ("/phone".to_owned(), "null".to_owned()),
        ]);
        of_recorded(body, &id_at, &set).map_err(|mistake| mistake.rule)
    };
    assert_eq!(
        recorded(
            r#" {"id": "5f", "mail": "a@b.c", "n": 5, "t": "{{{x"} "#,
            &["/id", "/n", "/no"]
        )
        .as_deref(),
        Ok(r#"{"id": "{{id}}", "mail": "nobody@example.com", "n": {{id}}, "t": "{\u007b{x"}"#),
    );
    for (body, id_at, rule) in [
        ("plain text", vec!["/id"], "not a JSON object"),
        (r#"{"id": 1"#, vec!["/id"], "is not JSON"),
        (r#"{"id": 1}"#, vec!["/orderId"], "none of these places"),
        (r#"{"id": {}}"#, vec!["/id"], "stands no id"),
    ] {
        let refused = recorded(body, &id_at).expect_err(body);
        assert!(refused.contains(rule), "{refused}");
    }
}
