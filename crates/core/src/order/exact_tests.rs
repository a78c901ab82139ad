//! Rows and letters that are byte for byte as planned are recognized without parsing them, with the result of the general
//! way.

use std::sync::Arc;

use crate::order::{Model, OrderPlan, RowOwner, RunId, lab};
use crate::records::{Item, Value};

const PLANNED: u64 = 200;

fn plan() -> OrderPlan {
    OrderPlan::lab(RunId::new(7).unwrap(), 2026, 0.3)
}

fn body(plan: &OrderPlan, k: u64) -> String {
    let mut out = Vec::new();
    plan.write_body(k, &mut out);
    String::from_utf8(out).unwrap()
}

fn row(id: Value, details: Value) -> Item {
    [
        ("id".to_owned(), id),
        ("order_details".to_owned(), details),
        ("more".to_owned(), Value::Bool(true)),
        ("receive_count".to_owned(), number("2")),
        ("stored_at".to_owned(), number("1800000000000000")),
    ]
    .into()
}

fn text(text: &str) -> Value {
    Value::S(text.to_owned())
}

fn number(text: &str) -> Value {
    Value::N(text.to_owned())
}

/// The details of order `k` as the lab's processor keeps them.
fn details(plan: &OrderPlan, k: u64) -> String {
    let body = body(plan, k);
    let (_, rest) = body.split_once(", ").unwrap();
    format!("{{{rest}")
}

#[test]
fn a_row_as_planned_is_told_at_once_and_as_the_general_way_tells_it() {
    let plan = plan();
    let mut told = 0;
    for k in 0..PLANNED + 5 {
        let (id, details) = (plan.run.number(k).to_string(), details(&plan, k));
        let other = self::details(&plan, k + 1);
        for (item, table, is_simple) in [
            (row(number(&id), text(&details)), "orders", k < PLANNED),
            (row(number(&id), text(&details)), "others", false),
            (
                row(number(&format!("{id}.0")), text(&details)),
                "orders",
                false,
            ),
            (
                row(number(&format!("0{id}")), text(&details)),
                "orders",
                false,
            ),
            (row(text(&id), text(&details)), "orders", false),
            (
                row(number(&id), text(&details.replace(", ", ","))),
                "orders",
                false,
            ),
            (row(number(&id), number(&details)), "orders", false),
            (
                row(number(&id), text(&other)),
                "orders",
                other == details && k < PLANNED,
            ),
            (row(number("8000000001"), text(&details)), "orders", false),
            (row(number("x"), text(&details)), "orders", false),
            (
                row(number(&format!("+{id}")), text(&details)),
                "orders",
                false,
            ),
            (row(number(""), text(&details)), "orders", false),
            (
                row(number(&format!("{id}{id}")), text(&details)),
                "orders",
                false,
            ),
        ] {
            let simple = plan.just_so(PLANNED, table);
            let says = simple.as_ref().and_then(|simple| simple.says(&item));
            assert_eq!(says.is_some(), is_simple, "{k}: {item:?}");
            let (Some(says), Some(slot)) = (says, simple.map(|simple| simple.slot())) else {
                continue;
            };
            let found = says.k;
            let (stored_at_us, receives) = (
                plan.stored_at_us(slot.leaf, &item),
                plan.receives(slot.leaf, &item),
            );
            assert_eq!((says.stored_at_us, says.receives), (stored_at_us, receives));
            told += 1;
            let owner = plan.owner_of_row(PLANNED, table, &item);
            let RowOwner::Order {
                k: owner,
                candidates,
            } = owner
            else {
                panic!("{owner:?}")
            };
            let sighting = plan.sight_row(owner, &candidates, table, &item);
            assert_eq!((found, vec![slot]), (owner, sighting.fills));
            assert!(sighting.odd.is_none() && !sighting.unchanged);
        }
    }
    assert!(told >= PLANNED);
}

#[test]
fn a_letter_as_it_was_sent_is_told_at_once_and_as_the_general_way_tells_it() {
    let plan = plan();
    let mut told = 0;
    for k in 0..PLANNED + 5 {
        let sent = body(&plan, k);
        let other = RunId::new(8).unwrap().number(k).to_string();
        for (letter, is_simple) in [
            (sent.clone(), k < PLANNED),
            (sent.replace(", ", ","), false),
            (format!("{sent} "), false),
            (sent[..sent.len() - 1].to_owned(), false),
            (
                sent.replacen(&plan.run.number(k).to_string(), &other, 1),
                false,
            ),
            (sent.replacen("order_number", "number", 1), false),
            (String::new(), false),
        ] {
            let simple = plan.just_sent(PLANNED).expect("the lab's are simple");
            let (found, slot) = (simple.order(&letter), simple.slot());
            assert_eq!(found.is_some(), is_simple, "{letter}");
            let Some(found) = found else {
                continue;
            };
            told += 1;
            let owners = plan.owners_of_letter(PLANNED, None, &letter);
            assert_eq!((owners.orders, owners.phantoms.len()), (vec![found], 0));
            let sighting = plan.sight_letter(found, None, &letter);
            assert_eq!((sighting.fills, sighting.odd.is_none()), (vec![slot], true));
        }
    }
    assert_eq!(told, PLANNED);
}

/// Orders of the lab, the bad ones with this body.
fn with_bad_body(template: &str) -> OrderPlan {
    let mut spec = lab();
    spec.bad[0].set.clear();
    spec.bad[0].fields.clear();
    spec.bad[0].body = Some(template.to_owned());
    let model = Model::new(spec).unwrap_or_else(|problems| panic!("{problems:#?}"));
    OrderPlan {
        model: Arc::new(model),
        ..plan()
    }
}

#[test]
fn a_letter_that_says_twice_whose_it_is_is_left_to_the_general_way() {
    let stranger = RunId::new(7).unwrap().number(PLANNED + 1);
    for (template, is_once) in [
        (
            r#"{"order_number": {{id}}, "price_per_item": "err"}"#.to_owned(),
            true,
        ),
        (
            format!(r#"{{"order_number": {{{{id}}}}, "also": {{"order_number": {stranger}}}}}"#),
            true,
        ),
        (
            format!(r#"{{"order_number": {{{{id}}}}, "order_number": {stranger}}}"#),
            false,
        ),
        (
            format!(r#"{{"order_number": {{{{id}}}}, "order\u005fnumber": {stranger}}}"#),
            false,
        ),
    ] {
        let plan = with_bad_body(&template);
        let mut bad = 0;
        for k in 0..PLANNED {
            let letter = body(&plan, k);
            let is_bad = plan.kind(k).is_some();
            bad += u64::from(is_bad);
            let simple = plan.just_sent(PLANNED).expect("good orders are simple");
            let found = simple.order(&letter);
            assert_eq!(found, (is_once || !is_bad).then_some(k), "{letter}");
            let owners = plan.owners_of_letter(PLANNED, None, &letter);
            assert_eq!(owners.orders, [k], "{letter}");
            assert_eq!(owners.phantoms.is_empty(), is_once || !is_bad, "{letter}");
        }
        assert!(bad > 20, "{bad}");
    }
}
