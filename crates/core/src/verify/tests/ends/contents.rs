//! What is said of rows and letters that differ, of counters, and of rows that were there before.

use std::collections::BTreeMap;

use super::classes::{Run, schedule};
use super::spec::{
    amount, invoice_row, item, letter, line_row, order_row, plan_of, rejected_row, s, spec,
};
use crate::ledger::{Ledger, Outcome};
use crate::order::spec::{Before, End, Expected, IdScheme, LetterSpec, RowSpec};
use crate::records::{DeadLetter, Item, Value};
use crate::scenario::fixture;
use crate::verdict::{Class, Severity};
use crate::verify::{Belongs, JudgeInput, Observation, judge, reconcile};

/// What is said of the first alteration.
#[track_caller]
fn told(run: &Run) -> String {
    let seen = run.seen();
    assert_eq!(seen.altered.len() + seen.overwritten.len(), 1, "{seen:#?}");
    seen.alterations[0].to_string()
}

#[test]
fn an_altered_row_says_which_attribute_what_was_expected_and_what_is_there() {
    let k = Run::new().first(None);
    let order = Run::new().order(k);
    let id = &order.id;
    let with = |row: Item, name: &str, value: Option<Value>| {
        let mut row = row;
        match value {
            Some(value) => row.insert(name.into(), value),
            None => row.remove(name),
        };
        row
    };
    let (sku, cents) = order.lines[0].clone();
    let shipping = format!("{}.{:02}", order.shipping / 100, order.shipping % 100);
    let price = format!("{}.{:02}", cents / 100, cents % 100);
    let count = order.lines.len();
    let order_row = || order_row(&order, true);
    let line_row = |at| line_row(&order, at, true);
    let lines = |count: usize| {
        if count == 1 {
            "1 element".into()
        } else {
            format!("{count} elements")
        }
    };
    for (table, row, expected) in [
        (
            "orders",
            with(
                order_row(),
                "shipping",
                Some(amount(order.shipping + 1, true)),
            ),
            format!(
                "in its row of orders, `shipping` is {}.{:02}, expected {shipping}",
                (order.shipping + 1) / 100,
                (order.shipping + 1) % 100
            ),
        ),
        (
            "orders",
            with(order_row(), "shipping", Some(s(&shipping))),
            format!("in its row of orders, `shipping` is \"{shipping}\", expected {shipping}"),
        ),
        (
            "orders",
            with(order_row(), "customer", None),
            format!(
                "in its row of orders, `customer` is missing, expected \"{}\"",
                order.customer
            ),
        ),
        (
            "orders",
            with(order_row(), "line_count", Some(Value::N("9".into()))),
            format!("in its row of orders, `line_count` is 9, expected {count}"),
        ),
        (
            "orders",
            with(line_row(0), "sku", Some(s("CAR"))),
            format!("in its row of orders, `sku` is \"CAR\", expected \"{sku}\""),
        ),
        (
            "orders",
            with(line_row(0), "price", Some(Value::Null)),
            format!("in its row of orders, `price` is null, expected {price}"),
        ),
        (
            "orders",
            with(line_row(0), "note", Some(s("x"))),
            "in its row of orders, `note` is \"x\", expected no such attribute".into(),
        ),
        (
            "orders",
            line_row(count),
            format!(
                "in its row of orders, `content` is {}, expected {}",
                lines(count + 1),
                lines(count)
            ),
        ),
        (
            "invoices",
            with(invoice_row(&order, "B"), "customer", Some(s("nobody"))),
            format!(
                "in its row of invoices, `customer` is \"nobody\", expected \"{}\"",
                order.customer
            ),
        ),
        (
            "rejected",
            with(rejected_row(&order), "body", Some(s("{}"))),
            format!("in its row of rejected, `body/orderId` is missing, expected \"{id}\""),
        ),
    ] {
        let run = Run::new().row(table, row);
        run.is(k, Class::Altered, &expected);
        assert_eq!(told(&run), expected);
    }
}

#[test]
fn an_altered_row_beside_sound_ones_is_altered_and_two_contents_of_one_row_are_overwritten() {
    let k = Run::new().first(None);
    let order = Run::new().order(k);
    let odd = |cents: i64| {
        let mut row = line_row(&order, 0, true);
        row.insert("price".into(), amount(cents, true));
        row
    };
    let altered = Run::new().store(k).without(1).row("orders", odd(1));
    altered.is(k, Class::Altered, "one row of several");
    let spelled = Run::new()
        .store(k)
        .without(1)
        .row("orders", odd(1))
        .row("orders", odd(1));
    spelled.is(k, Class::Altered, "the same, read again");
    let two = Run::new().store(k).row("orders", odd(1));
    two.is(k, Class::Overwritten, "the planned one, then another");
    let mut two = Run::new().store(k).row("orders", odd(1));
    two.rows.reverse();
    two.is(k, Class::Overwritten, "the other way round");
    let two = Run::new()
        .store(k)
        .without(1)
        .row("orders", odd(1))
        .row("orders", odd(2));
    two.is(k, Class::Overwritten, "two other ones");
    let mut body = letter(&altered.plan, k);
    body.body = body.body.replace("\"customer\"", "\"client\"");
    let mut run = Run::new();
    run.letters.push(body);
    run.is(k, Class::Altered, "a letter");
    assert!(
        told(&run).starts_with("in a dead letter, `customer` is missing, expected"),
        "{}",
        told(&run)
    );
    let rejected = Run::new().row("rejected", rejected_row(&order));
    let mut both = Run {
        letters: run.letters,
        ..rejected
    };
    both.is(
        k,
        Class::Overwritten,
        "a row that is the whole order, and a letter that is another",
    );
    both.letters = vec![letter(&both.plan, k)];
    both.is(k, Class::GoodOrderDeadLettered, "and one that is the same");
}

#[test]
fn a_key_of_which_a_part_is_wrong_is_told() {
    let mut spec = spec(IdScheme::Text("WEB-{{run}}-{{n:09}}".into()));
    let stored = spec.ends.get_mut("stored").unwrap();
    stored.rows[0]
        .key
        .insert("pk".into(), "CUSTOMER#c{{customer}}#*".into());
    stored.rows[0].key.insert("sk".into(), "{{id}}".into());
    stored.rows.truncate(1);
    let run = |pk: &str, sk: &str| {
        let run = Run {
            plan: plan_of(spec.clone(), 2026, 0.0),
            ..Run::new()
        };
        let mut row = order_row(&run.order(3), true);
        row.insert("pk".into(), s(&pk.replace('?', &run.order(3).customer)));
        row.insert("sk".into(), s(sk));
        run.row("orders", row)
    };
    run("CUSTOMER#?#shard-7", "WEB-7-000000003").is(3, Class::Stored, "whatever the shard");
    let wrong = run("CUSTOMER#c9#1", "WEB-7-000000003");
    wrong.is(3, Class::Altered, "another customer");
    assert!(
        told(&wrong).contains("`pk` is \"CUSTOMER#c9#1\", expected \"CUSTOMER#"),
        "{}",
        told(&wrong)
    );
    assert_eq!(
        run("CUSTOMER#?#1", "WEB-8-000000003").seen().foreign_rows,
        1,
        "another run"
    );
    assert_eq!(
        run("CUSTOMER#?#1", "WEB-7-000000020").seen().phantoms.len(),
        1
    );
    assert_eq!(run("CUSTOMER#?#1", "WEB-7-3x").seen().foreign_rows, 1);
}

#[test]
fn a_row_that_was_there_before_counts_only_once_it_has_changed() {
    let mut spec = spec(IdScheme::Uuid);
    spec.before = vec![Before {
        table: "orders".into(),
        row: BTreeMap::from([
            ("pk".to_owned(), Expected::Text("ORDER#{{id}}".into())),
            ("sk".to_owned(), Expected::Text("META".into())),
            ("status".to_owned(), Expected::Text("PENDING".into())),
        ]),
    }];
    let stored = spec.ends.get_mut("stored").unwrap();
    stored.rows.truncate(1);
    stored.rows[0].holds =
        BTreeMap::from([("status".to_owned(), Expected::Text("COMPLETED".into()))]);
    let run = |status: &str| {
        let run = Run {
            plan: plan_of(spec.clone(), 2026, 0.0),
            ..Run::new()
        };
        let row = item([
            ("pk", s(&format!("ORDER#{}", run.order(3).id))),
            ("sk", s("META")),
            ("status", s(status)),
        ]);
        run.row("orders", row)
    };
    run("PENDING").is(3, Class::Lost, "nothing has happened to it");
    run("PENDING")
        .letter(3)
        .is(3, Class::GoodOrderDeadLettered, "ended by its letter");
    run("COMPLETED").is(3, Class::Stored, "as it must be");
    run("PROCESSING").is(3, Class::Altered, "neither");
    let before = run("").plan.rows_before(3);
    assert_eq!(before.len(), 1);
    let expected = ("orders".to_owned(), run("PENDING").rows[0].1.clone());
    assert_eq!(
        before[0], expected,
        "what is written is what is taken for unchanged"
    );
}

#[test]
fn letters_that_a_function_sends_itself_are_held_against_what_they_must_hold() {
    let mut spec = spec(IdScheme::Ulid);
    spec.bad[0].end = "failed".into();
    spec.ends.insert(
        "failed".into(),
        End {
            rows: Vec::new(),
            letters: vec![LetterSpec {
                queue: Some("failed-orders".into()),
                id_at: vec!["/id".into()],
                holds: BTreeMap::from([
                    ("/reason".to_owned(), Expected::Text("no lines".into())),
                    ("/shipping".to_owned(), Expected::At("/shipping".into())),
                ]),
            }],
        },
    );
    spec.ends.remove("rejected");
    let run = Run {
        plan: plan_of(spec, 2026, 0.4),
        ..Run::new()
    };
    let bad = run.first(Some(0));
    let order = run.order(bad);
    let shipping = order.shipping as f64 / 100.0;
    let sent = |queue: Option<&str>, body: String| {
        let mut collector = run.collector();
        let message_id = "another".into();
        collector.dead_letter(queue, &DeadLetter { body, message_id });
        collector.observation(super::super::world::complete())
    };
    let body = |reason: &str| {
        format!(
            "{{\"id\": \"{}\", \"reason\": \"{reason}\", \"shipping\": {shipping}}}",
            order.id
        )
    };
    let seen = sent(Some("failed-orders"), body("no lines"));
    assert_eq!(
        run.class_as(bad, Outcome::Acknowledged, &seen),
        Class::EndedByDesign
    );
    assert_eq!(run.class_as(bad, Outcome::Rejected, &seen), Class::Ghost);
    let seen = sent(Some("failed-orders"), body("no idea"));
    assert_eq!(
        run.class_as(bad, Outcome::Acknowledged, &seen),
        Class::Altered
    );
    assert_eq!(
        seen.alterations[0].to_string(),
        "in a letter of queue failed-orders, `reason` is \"no idea\", expected \"no lines\""
    );
    let seen = sent(
        Some("failed-orders"),
        "{\"id\": \"01ARZ3NDEKTSV4RRFFQ69G5FAV\"}".into(),
    );
    assert_eq!((seen.foreign_dead_letters, seen.elsewhere.len()), (1, 0));
}

#[test]
fn rows_under_the_key_of_another_made_up_row_are_found_by_it_in_either_order() {
    let mut spec = spec(IdScheme::Uuid);
    let stock = RowSpec {
        table: "stock".into(),
        key: BTreeMap::from([("product".to_owned(), "STOCK#{{row.number}}".to_owned())]),
        holds: BTreeMap::from([("customer".to_owned(), Expected::At("/customer".into()))]),
        only: false,
        each: None,
        id_at: None,
        stored_at: None,
        receives_at: None,
        ordered_by: None,
    };
    spec.tables.insert("stock".into(), {
        let mut key = spec.tables["invoices"].clone();
        key.partition.name = "product".into();
        key
    });
    spec.ends.get_mut("stored").unwrap().rows.push(stock);
    let run = || Run {
        plan: plan_of(spec.clone(), 2026, 0.0),
        ..Run::new()
    };
    let linked = |number: &str, k: u64| {
        item([
            ("product", s(&format!("STOCK#{number}"))),
            ("customer", s(&run().order(k).customer)),
        ])
    };
    run().store(3).is(3, Class::Incomplete, "without it");
    run()
        .store(3)
        .row("stock", linked("A-3", 3))
        .is(3, Class::Stored, "after the other row");
    let mut before = run().store(3).row("stock", linked("A-3", 3));
    before.rows.rotate_right(1);
    before.is(3, Class::Stored, "before it");
    let strange = run().store(3).row("stock", linked("A-4", 3));
    strange.is(3, Class::Incomplete, "of a row that was not seen");
    assert_eq!(strange.seen().foreign_rows, 1);
    let mut odd = linked("A-3", 3);
    odd.insert("customer".into(), s("nobody"));
    run()
        .store(3)
        .row("stock", odd)
        .is(3, Class::Altered, "with another content");
}

/// The findings on a run of these rows, all orders acknowledged.
fn findings(run: &Run, change: impl FnOnce(&mut Observation)) -> Vec<(Severity, String, String)> {
    let mut seen = run.seen();
    change(&mut seen);
    let mut ledger = Ledger::new(20);
    ledger.record(Outcome::Acknowledged, 0..20);
    let reconciliation = reconcile(&ledger, &Belongs::of(&run.plan, 20), &seen);
    let judgment = judge(&JudgeInput {
        orders: &run.plan,
        expect: &fixture().expect,
        reconciliation: &reconciliation,
        observation: Some(&seen),
        ledger_ended: true,
        phases: None,
        interrupted: false,
        clock_skew_bound: std::time::Duration::ZERO,
    });
    let findings = judgment.findings.into_iter();
    findings
        .map(|one| (one.severity, one.code, one.message))
        .collect()
}

#[test]
fn a_counter_must_be_the_sum_of_the_orders_that_were_stored() {
    assert_eq!(schedule().count(), 20);
    let good: Vec<u64> = (0..20)
        .filter(|&k| Run::new().plan.kind(k).is_none())
        .collect();
    let all = || good.iter().fold(Run::new(), |run, &k| run.store(k));
    let sums = |leave_out: Option<u64>| {
        let mut sums: BTreeMap<String, i64> = BTreeMap::new();
        for &k in good.iter().filter(|&&k| Some(k) != leave_out) {
            let order = Run::new().order(k);
            *sums.entry(order.customer).or_default() += order.shipping;
        }
        sums
    };
    let counters = |run: Run, sums: BTreeMap<String, i64>| {
        sums.into_iter().fold(run, |run, (customer, cents)| {
            let row = item([
                ("customer", s(&format!("CUSTOMER#{customer}"))),
                ("shipping", amount(cents, false)),
            ]);
            run.row("stats", row)
        })
    };
    let wrong = |run: &Run| -> Vec<String> {
        let found = findings(run, |_| {})
            .into_iter()
            .filter(|(_, code, _)| code == "wrong_sum");
        found
            .map(|(severity, _, message)| {
                assert_eq!(severity, Severity::OrderFailure);
                message
            })
            .collect()
    };
    assert!(
        wrong(&counters(all(), sums(None))).is_empty(),
        "as it must be"
    );
    let first = Run::new().order(good[0]).customer;
    let mut a_cent = sums(None);
    *a_cent.get_mut(&first).unwrap() += 1;
    let told = wrong(&counters(all(), a_cent.clone()));
    let money = |cents: i64| match amount(cents, false) {
        Value::N(text) => text,
        other => panic!("{other:?}"),
    };
    let expected = sums(None)[&first];
    let words = format!(
        "1 counter is not the sum of the orders that were stored; `shipping` of CUSTOMER#{first} in stats is {}, expected {}.{:02}",
        money(a_cent[&first]),
        expected / 100,
        expected % 100
    );
    assert!(told[0].starts_with(&words), "{told:?} {words}");
    let mut missing = sums(None);
    missing.remove(&first);
    assert!(
        wrong(&counters(all(), missing))[0].contains("is missing, expected"),
        "no counter at all"
    );
    let late = findings(&counters(all(), a_cent), |seen| seen.scan.complete = false);
    assert!(
        late.iter().all(|(_, code, _)| code != "wrong_sum"),
        "nobody has looked everywhere"
    );
    // An order that is there in part may have been counted, or not.
    let part = || {
        let run = all();
        let invoice = run
            .rows
            .iter()
            .position(|(table, _)| *table == "invoices")
            .unwrap();
        run.without(invoice)
    };
    assert!(wrong(&counters(part(), sums(None))).is_empty(), "with it");
    assert!(
        wrong(&counters(part(), sums(Some(good[0])))).is_empty(),
        "without it"
    );
    let mut neither = sums(None);
    *neither.get_mut(&first).unwrap() += 1;
    assert!(
        wrong(&counters(part(), neither))[0].contains(" to "),
        "a range"
    );
    let strange = counters(all(), sums(None)).row(
        "stats",
        item([
            ("customer", s("CUSTOMER#c9")),
            ("shipping", amount(1, true)),
        ]),
    );
    assert!(wrong(&strange).is_empty(), "what others have counted");
    let own = findings(&strange, |seen| seen.own_stores = true);
    assert!(
        own.iter()
            .any(|(_, code, message)| code == "wrong_sum" && message.contains("CUSTOMER#c9"))
    );
}
