//! Orders of a plan: the lab's byte for byte, and those of other shapes.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::*;
use crate::load::{Arrivals, Phase, Schedule};
use crate::order::spec::*;
use crate::order::{Model, RunId, lab};

fn run() -> RunId {
    RunId::new(7).expect("a run id")
}

fn body(plan: &OrderPlan, k: u64) -> String {
    let mut out = Vec::new();
    plan.write_body(k, &mut out);
    String::from_utf8(out).expect("text")
}

fn planned(change: impl FnOnce(&mut OrderSpec)) -> OrderPlan {
    let mut spec = lab();
    change(&mut spec);
    let model = Model::new(spec).unwrap_or_else(|problems| panic!("{problems:#?}"));
    OrderPlan {
        model: Arc::new(model),
        ..OrderPlan::lab(run(), 2026, 0.3)
    }
}

fn bad(name: &str) -> BadKind {
    BadKind {
        name: name.into(),
        fields: Default::default(),
        ..lab().bad.remove(0)
    }
}

#[test]
fn kinds_of_bad_orders_come_by_their_weights_and_change_nothing_else() {
    let plan = planned(|spec| {
        spec.bad = vec![
            BadKind {
                weight: 3.0,
                set: [("/price_per_item".to_owned(), "\"err\"".to_owned())].into(),
                ..bad("price")
            },
            BadKind {
                weight: 0.0,
                remove: vec!["/num_items".into()],
                ..bad("never")
            },
            BadKind {
                weight: 1.0,
                remove: vec!["/num_items".into()],
                ..bad("items")
            },
            BadKind {
                weight: 1.0,
                cut: Some(0.5),
                ..bad("cut")
            },
            BadKind {
                weight: 1.0,
                body: Some("order of {{product}}".into()),
                ..bad("text")
            },
        ];
    });
    let lab = OrderPlan::lab(run(), 2026, 0.3);
    let mut counts = [0; 5];
    for k in 0..6_000 {
        let (given, whole) = (
            body(&plan, k),
            body(
                &OrderPlan {
                    bad_share: 0.0,
                    ..lab.clone()
                },
                k,
            ),
        );
        let value: Value = serde_json::from_str(&whole).expect("JSON");
        let expected = match plan.kind(k) {
            None => whole,
            Some(0) => body(&lab, k),
            Some(2) => whole.replace(&format!("\"num_items\": {}, ", value["num_items"]), ""),
            Some(3) => whole[..whole.len() / 2].to_owned(),
            Some(4) => format!(
                "order of {}",
                value["item_description"].as_str().expect("a text")
            ),
            Some(kind) => panic!("kind {kind}"),
        };
        assert_eq!(given, expected);
        assert_eq!(plan.is_bad(k), lab.is_bad(k));
        if let Some(kind) = plan.kind(k) {
            counts[kind] += 1;
            assert_eq!(plan.order_json(k).is_some(), kind < 3);
            assert_eq!(plan.keeps_message_id(k), kind >= 3, "{given}");
        }
    }
    assert!((800..1_000).contains(&counts[0]), "{counts:?}");
    assert!(
        counts[2..].iter().all(|count| (220..380).contains(count)),
        "{counts:?}"
    );
}

#[test]
fn a_message_carries_what_the_scenario_says_of_order_k() {
    let plan = planned(|spec| {
        spec.id = IdScheme::Uuid;
        spec.attributes = [
            (
                "product".to_owned(),
                AttributeSpec::Text("{{product}}".into()),
            ),
            ("n".to_owned(), AttributeSpec::Number("{{n}}".into())),
        ]
        .into();
        spec.group = Some("g-{{items}}".into());
        spec.deduplication = Some("{{id}}".into());
        spec.bad = vec![BadKind {
            without: vec!["product".into()],
            ..bad("no product")
        }];
        spec.ends.get_mut(STORED).expect("an end").rows[0].key =
            [("id".to_owned(), "{{n}}".to_owned())].into();
        spec.ends.get_mut(STORED).expect("an end").rows[0].id_at = Some("order/id".into());
    });
    assert!(plan.sends_more_than_bodies());
    for k in 0..200 {
        let value: Value = serde_json::from_str(&body(&plan, k)).expect("JSON");
        assert_eq!(value["order_number"], plan.id(k).to_string());
        assert_eq!(
            plan.model
                .owner_of(value["order_number"].as_str().expect("a text")),
            Some((run(), k))
        );
        assert_eq!(plan.deduplication(k), Some(plan.id(k).to_string()));
        assert_eq!(plan.group(k), Some(format!("g-{}", value["num_items"])));
        let attributes = plan.attributes(k);
        assert_eq!(attributes.len(), if plan.is_bad(k) { 1 } else { 2 });
        assert_eq!(
            (attributes[0].value.data_type(), attributes[0].value.text()),
            ("Number", k.to_string().as_str())
        );
    }
}

#[test]
fn a_document_is_found_again_in_its_envelope() {
    for encoding in [None, Some(Encoding::Base64), Some(Encoding::GzipBase64)] {
        for envelope in [
            None,
            Some(Envelope::Sns),
            Some(Envelope::Template(
                r#"{"data": "{{order}}", "price": {{dollars}}}"#.into(),
            )),
            Some(Envelope::Template(r#"{"data": {{order}}}"#.into())),
        ] {
            let plan = planned(|spec| {
                (spec.encoding, spec.envelope) = (encoding, envelope.clone());
            });
            for k in 0..20 {
                let sent = body(&plan, k);
                let document = plan.model.document_of(&sent);
                assert_eq!(document, plan.order_json(k), "{sent}");
            }
        }
    }
}

#[test]
fn an_order_says_when_it_is_due() {
    let phase = Phase {
        name: "baseline".into(),
        start_rate: 10.0,
        end_rate: 10.0,
        duration: Duration::from_secs(10),
        warm_up: false,
    };
    let plan = planned(|spec| {
        spec.id = IdScheme::Ulid;
        spec.fields
            .insert("when".into(), Field::Time(TimeFormat::UnixMs));
        spec.body = Body::Template(r#"{"id": "{{id}}", "when": {{when}}}"#.into());
        spec.bad = vec![BadKind {
            remove: vec!["/when".into()],
            ..bad("when")
        }];
        spec.tables
            .get_mut("orders")
            .expect("a table")
            .partition
            .kind = KeyType::S;
    });
    assert!(plan.model.needs_times());
    let plan = plan.due(Times::new(
        1_795_770_000_000,
        Schedule::new(&[phase], Arrivals::Uniform, 1),
    ));
    let good = (0..100)
        .find(|&k| k > 5 && !plan.is_bad(k))
        .expect("a good order");
    let value: Value = serde_json::from_str(&body(&plan, good)).expect("JSON");
    assert_eq!(value["when"], 1_795_770_000_000 + 100 * good);
    assert!(plan.id(1).to_string() < plan.id(2).to_string());
}

#[test]
fn recorded_bodies_are_sent_again() {
    let replay = |take| {
        planned(|spec| {
            spec.body = Body::Replay {
                bodies: (0..5)
                    .map(|n| format!(r#"{{"order_number": {n}, "x": "{n}", "num_items": 1}}"#))
                    .collect(),
                take,
                id_at: vec!["/order_number".into()],
                set: [("/num_items".to_owned(), "{{items}}".to_owned())].into(),
            };
            spec.bad = vec![BadKind {
                remove: vec!["/num_items".into()],
                ..bad("items")
            }];
        })
    };
    let plan = replay(Take::InTurn);
    let random = replay(Take::Random);
    let mut seen = std::collections::BTreeSet::new();
    for k in 0..50 {
        let value: Value = serde_json::from_str(&body(&plan, k)).expect("JSON");
        assert_eq!(value["order_number"], 7_000_000_000 + k);
        assert_eq!(value["x"], (k % 5).to_string());
        assert_eq!(value["num_items"].is_u64(), !plan.is_bad(k));
        let value: Value = serde_json::from_str(&body(&random, k)).expect("JSON");
        seen.insert(value["x"].to_string());
    }
    assert_eq!(seen.len(), 5);
}
