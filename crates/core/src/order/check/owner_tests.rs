//! What of a message and a body tells whose it is.

use super::super::spec::*;
use super::tests::{accepts, body, holds, refuses};

#[test]
fn a_message_says_whose_it_is() {
    let says = |text: &'static str| {
        move |s: &mut OrderSpec| {
            body(s, text);
            s.bad.clear();
        }
    };
    refuses(
        says(r#"{"n": "{{n}}"}"#),
        &["order.body", "whose it is", "{{id}}"],
    );
    accepts(says(r#"{"n": "{{run}}", "of": {{n}}}"#));
    let with_attribute = |s: &mut OrderSpec| {
        says(r#"{"n": "{{n}}"}"#)(s);
        let id = AttributeSpec::Text("{{id}}".into());
        s.attributes.insert("id".into(), id);
    };
    accepts(with_attribute);
    let with_group = |s: &mut OrderSpec| {
        says(r#"{"n": "{{n}}"}"#)(s);
        s.group = Some("{{id}}".into());
    };
    accepts(with_group);
}

#[test]
fn of_a_body_that_is_no_json_nothing_is_found_by_a_pointer() {
    let text = |expected: Expected| {
        move |s: &mut OrderSpec| {
            body(s, "{{id}};{{n}}");
            s.bad.clear();
            holds(s, expected);
        }
    };
    let refused = [
        "ends.stored.rows[0].holds.x",
        "not a JSON object",
        "template",
    ];
    refuses(text(Expected::At("/n".into())), &refused);
    refuses(text(Expected::Number("/n".into())), &refused);
    accepts(text(Expected::Number("{{n}}".into())));
    accepts(text(Expected::Text("{{id}};{{n}}".into())));
}
