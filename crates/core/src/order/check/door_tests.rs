//! What orders cannot be for what they are sent to, and what they just can.

use std::time::Duration;

use super::super::super::door::{Bus, HttpDoor, Topic};
use super::super::super::lab::lab;
use super::super::super::spec::{AttributeSpec, BadKind, DEAD_LETTER};
use super::*;

fn topic(raw: bool) -> Door {
    Door::Sns(Topic {
        topic: "orders".into(),
        raw,
    })
}

fn bus() -> Door {
    Door::Eventbridge(Bus {
        bus: "default".into(),
        source: "shop".into(),
        detail_type: "OrderPlaced".into(),
        raw: false,
    })
}

fn server(id_at: Option<&str>) -> Door {
    Door::Http(Box::new(HttpDoor {
        method: "POST".into(),
        url: "/orders".into(),
        headers: Default::default(),
        body: None,
        accepted: vec![200],
        refused: vec![400],
        id_at: id_at.map(str::to_owned),
        error_at: None,
    }))
}

fn told(door: Door, change: impl FnOnce(&mut OrderSpec)) -> Vec<String> {
    let mut spec = lab();
    change(&mut spec);
    let problems = Model::through(spec, door).err().unwrap_or_default();
    let told = |problem: Problem| format!("{}: {}; {}", problem.key, problem.rule, problem.hint);
    problems.into_iter().map(told).collect()
}

#[track_caller]
fn refuses(door: Door, change: impl FnOnce(&mut OrderSpec), parts: &[&str]) {
    let told = told(door, change);
    let all = |line: &&String| parts.iter().all(|part| line.contains(part));
    assert!(
        told.iter().any(|line| all(&line)),
        "{told:#?} lacks {parts:?}"
    );
}

#[track_caller]
fn takes(door: Door, change: impl FnOnce(&mut OrderSpec)) {
    let told = told(door, change);
    assert!(told.is_empty(), "{told:#?}");
}

fn attribute(spec: &mut OrderSpec) {
    spec.attributes
        .insert("tenant".into(), AttributeSpec::Text("t".into()));
}

fn cut(spec: &mut OrderSpec) {
    spec.bad = vec![BadKind {
        name: "cut short".into(),
        weight: 1.0,
        end: DEAD_LETTER.into(),
        set: Default::default(),
        remove: Vec::new(),
        fields: Default::default(),
        cut: Some(0.5),
        body: None,
        without: Vec::new(),
        without_before: false,
    }];
}

#[test]
fn what_no_door_can_carry_is_refused() {
    takes(topic(false), |_| {});
    takes(topic(false), attribute);
    takes(topic(true), attribute);
    for door in [bus(), server(None)] {
        takes(door.clone(), |_| {});
        refuses(
            door.clone(),
            attribute,
            &["order.attributes", "leave it out"],
        );
        refuses(
            door.clone(),
            |spec| spec.mark = Some("run".into()),
            &["sending.mark"],
        );
        refuses(door, |spec| spec.group = Some("g".into()), &["order.group"]);
    }
    let delayed = |spec: &mut OrderSpec| spec.delay = Some(Duration::from_secs(1));
    refuses(
        topic(true),
        delayed,
        &[
            "order.delay",
            "no message can be held back by the topic orders",
        ],
    );
    takes(Door::Sqs, delayed);
}

#[test]
fn an_envelope_is_put_on_once() {
    let sns = |spec: &mut OrderSpec| spec.envelope = Some(Envelope::Sns);
    refuses(
        topic(false),
        sns,
        &[
            "order.envelope",
            "the topic orders puts orders into the envelope by itself",
        ],
    );
    takes(topic(true), sns);
    takes(Door::Sqs, sns);
    let own = |spec: &mut OrderSpec| {
        spec.envelope = Some(Envelope::Template("{\"payload\": {{order}}}".into()));
    };
    takes(topic(false), own);
    takes(bus(), own);
}

#[test]
fn an_events_detail_is_a_json_object() {
    let list = |spec: &mut OrderSpec| {
        spec.body = Body::Template("[\"{{id}}\"]".into());
        spec.ends.get_mut("stored").expect("an end").rows[0]
            .holds
            .clear();
        spec.bad.clear();
    };
    refuses(bus(), list, &["order.body", "takes JSON objects alone"]);
    takes(bus(), |spec| {
        list(spec);
        spec.envelope = Some(Envelope::Template("{\"payload\": {{order}}}".into()));
    });
    refuses(bus(), cut, &["bad[0].cut", "takes JSON objects alone"]);
    takes(topic(false), cut);
}

#[test]
fn a_letter_that_nothing_tells_is_refused_before_anything_is_sent() {
    for (door, hint) in [
        (topic(true), "leave out `raw`"),
        (server(None), "[sending.http] id_at"),
    ] {
        refuses(
            door.clone(),
            cut,
            &[
                "bad[0]",
                "its dead letter could not be matched to an order",
                hint,
            ],
        );
        takes(door, |spec| {
            cut(spec);
            let letters = &mut spec.ends.get_mut(DEAD_LETTER).expect("an end").letters;
            letters[0].id_at = vec!["/order_number".into()];
        });
    }
    takes(server(Some("/messageId")), cut);
}

#[test]
fn a_message_is_no_larger_than_its_door_takes() {
    let large = |spec: &mut OrderSpec| {
        let text = crate::order::spec::Field::Text {
            p50: 1_000,
            p99: 100_000,
        };
        spec.fields.insert("note".into(), text);
        spec.body = Body::Template("{\"id\": \"{{id}}\", \"note\": \"{{note}}\"}".into());
        spec.ends.get_mut("stored").expect("an end").rows[0]
            .holds
            .clear();
        spec.bad.clear();
    };
    takes(Door::Sqs, large);
    refuses(topic(false), large, &["order", "and SNS takes 262144"]);
}
