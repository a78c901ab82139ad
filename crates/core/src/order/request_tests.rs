//! What is sent to a server: URL, headers and body.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::order::{Model, RunId, lab};

fn door(url: &str, headers: &[(&str, &str)], body: Option<&str>) -> HttpDoor {
    let header = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
    HttpDoor {
        method: "POST".into(),
        url: url.into(),
        headers: headers.iter().map(header).collect::<BTreeMap<_, _>>(),
        body: body.map(str::to_owned),
        accepted: vec![200],
        refused: vec![400],
        id_at: None,
        error_at: None,
    }
}

fn plan(door: HttpDoor) -> OrderPlan {
    let model = Model::through(lab(), Door::Http(Box::new(door)));
    OrderPlan {
        model: Arc::new(model.unwrap_or_else(|problems| panic!("{problems:#?}"))),
        ..OrderPlan::lab(RunId::new(7).expect("a run id"), 1, 0.0)
    }
}

fn refused(door: HttpDoor) -> String {
    let problems = Model::through(lab(), Door::Http(Box::new(door))).expect_err("it is refused");
    let told = problems.iter();
    let told = told.map(|problem| format!("{}: {}; {}", problem.key, problem.rule, problem.hint));
    told.collect::<Vec<_>>().join("\n")
}

#[test]
fn placeholders_of_a_url_are_encoded_and_those_of_headers_are_not() {
    let plan = plan(door(
        "/orders/{{id}}?what={{product}}&n={{n:03}}",
        &[
            ("Idempotency-Key", "order {{id}}"),
            ("Authorization", "Bearer {{env.TOKEN}}!"),
        ],
        None,
    ));
    let head = plan.request_head(4).expect("a request");
    let id = plan.id(4);
    assert!(
        head.url.starts_with(&format!("/orders/{id}?what=z")),
        "{}",
        head.url
    );
    assert!(head.url.ends_with("&n=004"), "{}", head.url);
    let text = |text: &str| HeaderPart::Text(text.into());
    let whole = |parts: &[HeaderPart]| {
        let each = parts.iter().map(|part| match part {
            HeaderPart::Text(text) => text.clone(),
            HeaderPart::Variable(name) => format!("<{name}>"),
        });
        each.collect::<String>()
    };
    let told: Vec<_> = head
        .headers
        .iter()
        .map(|(name, parts)| (name.as_str(), whole(parts)))
        .collect();
    assert_eq!(
        told,
        [
            ("Authorization", "Bearer <TOKEN>!".to_owned()),
            ("Idempotency-Key", format!("order {id}")),
        ]
    );
    assert!(head.headers[0].1.contains(&text("Bearer ")));
    assert!(head.is_json);
    let mut out = String::new();
    put_encoded("a/b ü?&", &mut out);
    assert_eq!(out, "a%2Fb%20%C3%BC%3F%26");
}

#[test]
fn what_a_server_takes_around_the_order_is_taken_off_again() {
    let plan = plan(door(
        "/orders",
        &[],
        Some("{\"kind\": \"order\", \"order\": {{order}}}"),
    ));
    let (mut sent, mut body) = (Vec::new(), Vec::new());
    plan.write_request_body(4, &mut sent);
    plan.write_body(4, &mut body);
    let (sent, body) = (
        String::from_utf8(sent).expect("text"),
        String::from_utf8(body).expect("text"),
    );
    assert_eq!(sent, format!("{{\"kind\": \"order\", \"order\": {body}}}"));
    assert_eq!(
        plan.taken_from_request(&sent).as_deref(),
        Some(body.as_str())
    );
    assert_eq!(crate::fault::order_of_sent(&plan, &sent), Some(4));
    assert_eq!(crate::fault::order_of_sent(&plan, "{}"), None);
}

#[test]
fn variables_are_named_once_and_stand_in_headers_alone() {
    let door_with = |text: &str| {
        door(
            "/orders",
            &[("x-a", text), ("x-b", "{{env.B}}{{env.A}}")],
            None,
        )
    };
    assert_eq!(door_with("{{ env.A }}").variables(), ["A", "B"]);
    assert!(door("/", &[("x", "{{id}}")], None).variables().is_empty());
    let told = refused(door("/orders?key={{env.KEY}}", &[], None));
    assert!(
        told.contains("sending.http.url: logs and reports show the URL"),
        "{told}"
    );
    let told = refused(door("/orders", &[("x-a", "{{env.A-B}}")], None));
    assert!(
        told.contains("sending.http.headers.x-a: `{{env.A-B}}` names no variable"),
        "{told}"
    );
    let told = refused(door("/orders/{{idd}}", &[], None));
    assert!(
        told.contains("nothing is called `{{idd}}`") && told.contains("did you mean {{id}}?"),
        "{told}"
    );
    let told = refused(door("/orders/{{id", &[], None));
    assert!(told.contains("a placeholder is not closed"), "{told}");
    let told = refused(door("/orders", &[], Some("{\"order\": 1}")));
    assert!(
        told.contains("sending.http.body: the order does not stand in its envelope once"),
        "{told}"
    );
}
