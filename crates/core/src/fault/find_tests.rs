//! Orders are found by their ids wherever these stand, and nobody else's are.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::order::spec::{Body, Encoding, Envelope, IdScheme, KeyType, OrderSpec};
use crate::order::{RunId, lab};

fn plan(change: impl FnOnce(&mut OrderSpec)) -> OrderPlan {
    let mut spec = lab();
    change(&mut spec);
    if spec.id != IdScheme::Number {
        let key = spec.tables.get_mut("orders").expect("the lab's table");
        key.partition.kind = KeyType::S;
    }
    let model = Model::new(spec).unwrap_or_else(|problems| panic!("{problems:?}"));
    OrderPlan {
        model: Arc::new(model),
        ..OrderPlan::lab(RunId::new(7).unwrap(), 2026, 0.2)
    }
}

fn body(plan: &OrderPlan, k: u64) -> String {
    let mut out = Vec::new();
    plan.write_body(k, &mut out);
    String::from_utf8(out).unwrap()
}

fn of_another_run(plan: &OrderPlan) -> OrderPlan {
    OrderPlan {
        run: RunId::new(8).unwrap(),
        ..plan.clone()
    }
}

#[test]
fn an_order_is_found_in_its_body_however_that_is_written() {
    const NESTED: &str = r#"{"order": {"ids": ["x", "{{id}}"], "items": {{items}}, "p": {{dollars}}, "q": "{{product}}"}}"#;
    let uuid = |spec: &mut OrderSpec| {
        spec.id = IdScheme::Uuid;
        spec.body = Body::Template(NESTED.into());
    };
    let plans = [
        plan(|_| {}),
        plan(uuid),
        plan(|spec| {
            uuid(spec);
            spec.envelope = Some(Envelope::Sns);
        }),
        plan(|spec| {
            uuid(spec);
            spec.encoding = Some(Encoding::GzipBase64);
            spec.envelope = Some(Envelope::Template(r#"{"payload": "{{order}}"}"#.into()));
        }),
        plan(|spec| {
            spec.id = IdScheme::Text("WEB-{{run}}-{{n:09}}".into());
            spec.body =
                Body::Template("order={{id}};items={{items}};{{dollars}};{{product}}".into());
        }),
    ];
    for plan in plans {
        for k in [0, 1, 41] {
            let body = body(&plan, k);
            assert_eq!(order_of_body(&plan, &body), Some(k), "{body}");
            let other = super::tests::body(&of_another_run(&plan), k);
            assert_eq!(order_of_body(&plan, &other), None, "{other}");
            assert_eq!(is_to_fail(&plan, &body), plan.is_bad(k));
        }
        for nobodys in ["", "x", "{}", "[1]", r#"{"order_number": "x"}"#] {
            assert_eq!(order_of_body(&plan, nobodys), None, "{nobodys}");
            assert!(!is_to_fail(&plan, nobodys));
        }
        assert_eq!(why_hidden(&plan.model), None);
    }
}

#[test]
fn a_body_that_was_cut_short_is_nobodys_and_is_to_fail() {
    let plan = plan(|spec| {
        spec.bad[0].fields = BTreeMap::new();
        spec.bad[0].cut = Some(0.1);
    });
    let bad = (0..).find(|k| plan.is_bad(*k)).unwrap();
    let cut = body(&plan, bad);
    assert_eq!(order_of_body(&plan, &cut), None, "{cut}");
    assert!(
        is_to_fail(&plan, &cut) && !is_to_fail(&plan, &body(&plan, bad + 1))
            || plan.is_bad(bad + 1)
    );
}

#[test]
fn orders_whose_bodies_hold_no_id_are_hidden() {
    let plan = plan(|spec| {
        spec.body =
            Body::Template(r#"{"items": {{items}}, "p": {{dollars}}, "q": "{{product}}"}"#.into());
        let id = crate::order::spec::AttributeSpec::Text("{{id}}".into());
        spec.attributes.insert("id".into(), id);
    });
    assert!(why_hidden(&plan.model).is_some());
    assert_eq!(order_of_body(&plan, &body(&plan, 3)), None);
}
