//! What arrives behind a door: envelopes taken off, ids found in them, letters known by them.

use super::*;
use crate::order::spec::{BadKind, Body, DEAD_LETTER, IdScheme, OrderSpec};
use crate::order::{Model, OrderPlan, RunId, lab};

fn topic(raw: bool) -> Door {
    Door::Sns(Topic {
        topic: "orders".into(),
        raw,
    })
}

fn bus(raw: bool) -> Door {
    Door::Eventbridge(Bus {
        bus: "default".into(),
        source: "shop".into(),
        detail_type: "OrderPlaced".into(),
        raw,
    })
}

/// From the Amazon SNS Developer Guide, "Parsing Amazon SNS message formats".
fn notification(message: &str) -> String {
    let message = serde_json::to_string(message).expect("text");
    format!(
        "{{\n  \"Type\" : \"Notification\",\n  \"MessageId\" : \"22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324\",\n  \"TopicArn\" : \
         \"arn:aws:sns:us-west-2:123456789012:MyTopic\",\n  \"Subject\" : \"My First Message\",\n  \"Message\" : {message},\n  \
         \"Timestamp\" : \"2012-05-02T00:54:06.655Z\",\n  \"SignatureVersion\" : \"1\"\n}}"
    )
}

/// From the Amazon EventBridge User Guide, "Events".
fn event(detail: &str) -> String {
    format!(
        "{{\"version\": \"0\", \"id\": \"6a7e8feb-b491-4cf7-a9f1-bf3703467718\", \"detail-type\": \"x\", \"source\": \"y\", \
         \"account\": \"111122223333\", \"time\": \"2017-12-22T18:43:48Z\", \"region\": \"us-west-1\", \"resources\": [], \
         \"detail\": {detail}}}"
    )
}

#[test]
fn what_was_sent_is_taken_out_of_the_doors_envelope_with_the_id_of_its_reply() {
    let order = "{\"id\": \"a\\\"b\"}";
    for (door, message, id) in [
        (
            topic(false),
            notification(order),
            "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
        ),
        (
            bus(false),
            event(order),
            "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
        ),
        (topic(true), order.to_owned(), "of-sqs"),
        (bus(true), order.to_owned(), "of-sqs"),
        (Door::Sqs, order.to_owned(), "of-sqs"),
    ] {
        assert_eq!(door.as_sent(&message), order, "{door:?}");
        assert_eq!(door.id_of("of-sqs", &message), id, "{door:?}");
    }
    assert_eq!(
        topic(false).as_sent(order),
        order,
        "a function sent it itself"
    );
    assert_eq!(
        topic(false).id_of("of-sqs", order),
        "",
        "and no reply told its id"
    );
}

/// Orders whose kind of bad ones holds no id.
fn orders() -> OrderSpec {
    let mut spec = lab();
    spec.id = IdScheme::Uuid;
    spec.body = Body::Template("{\"orderId\": \"{{id}}\", \"total\": 5}".into());
    let stored = spec.ends.get_mut("stored").expect("an end");
    stored.rows[0].key = [("id".to_owned(), "{{id}}".to_owned())].into();
    stored.rows[0].holds.clear();
    spec.tables
        .get_mut("orders")
        .expect("a table")
        .partition
        .kind = crate::order::spec::KeyType::S;
    spec.bad = vec![BadKind {
        name: "no id".into(),
        weight: 1.0,
        end: DEAD_LETTER.into(),
        set: Default::default(),
        remove: vec!["/orderId".into()],
        fields: Default::default(),
        cut: None,
        body: None,
        without: Vec::new(),
        without_before: false,
    }];
    spec
}

fn plan(door: Door) -> OrderPlan {
    let model = Model::through(orders(), door).unwrap_or_else(|problems| panic!("{problems:#?}"));
    OrderPlan {
        model: std::sync::Arc::new(model),
        ..OrderPlan::lab(RunId::new(7).expect("a run id"), 1, 0.5)
    }
}

#[test]
fn a_letter_in_the_doors_envelope_is_the_orders_and_as_it_was_sent() {
    let plan = plan(topic(false));
    let k = (0..50).find(|&k| !plan.is_bad(k)).expect("a good order");
    let mut sent = Vec::new();
    plan.write_body(k, &mut sent);
    let letter = notification(&String::from_utf8(sent).expect("text"));
    assert_eq!(plan.owners_of_letter(50, None, &letter).orders, [k]);
    assert_eq!(plan.sight_letter(k, None, &letter).odd, None);
    let other = letter.replace("5", "6");
    assert!(
        plan.sight_letter(k, None, &other).odd.is_some(),
        "another total"
    );
}

#[test]
fn ids_are_kept_where_the_envelope_tells_them_again() {
    let bad = |plan: &OrderPlan| (0..50).find(|&k| plan.is_bad(k)).expect("a bad order");
    for door in [Door::Sqs, topic(false), bus(false)] {
        let plan = plan(door.clone());
        let (bad, good) = (bad(&plan), (0..50).find(|&k| !plan.is_bad(k)).expect("one"));
        assert!(
            plan.keeps_message_ids() && plan.keeps_message_id(bad),
            "{door:?}"
        );
        assert!(!plan.keeps_message_id(good), "{door:?}");
    }
}
