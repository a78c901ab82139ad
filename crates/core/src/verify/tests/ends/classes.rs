//! Each class that orders of several rows and ends can have, with what trips it and a near miss that does not.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use super::message_ids;
use super::spec::{
    DAMAGED, NO_LINES, Order, invoice_row, letter, line_row, order, order_row, plan_of,
    rejected_row, s, spec,
};
use crate::ledger::{Ledger, Outcome};
use crate::load::{Phase, Schedule};
use crate::order::OrderPlan;
use crate::order::spec::IdScheme;
use crate::records::{DeadLetter, Item, Value};
use crate::scenario::fixture;
use crate::verdict::Class;
use crate::verify::collector::Collector;
use crate::verify::{Belongs, Observation, reconcile};

/// 20 orders in a second.
pub(super) fn schedule() -> Schedule {
    let mut scenario = fixture();
    scenario.phases = vec![Phase {
        name: "spike".into(),
        start_rate: 20.0,
        end_rate: 20.0,
        duration: Duration::from_secs(1),
        warm_up: false,
    }];
    scenario.schedule()
}

/// A run of the shop and what its stores hold.
pub(super) struct Run {
    pub(super) plan: OrderPlan,
    pub(super) rows: Vec<(&'static str, Item)>,
    pub(super) letters: Vec<DeadLetter>,
    pub(super) message_ids: bool,
}

impl Run {
    pub(super) fn new() -> Self {
        Self {
            plan: plan_of(spec(IdScheme::Uuid), 2026, 0.4),
            rows: Vec::new(),
            letters: Vec::new(),
            message_ids: true,
        }
    }

    /// The first order that is good (`None`), or of this kind of bad ones.
    pub(super) fn first(&self, kind: Option<usize>) -> u64 {
        (0..20)
            .find(|&k| self.plan.kind(k) == kind)
            .expect("there is one")
    }

    pub(super) fn order(&self, k: u64) -> Order {
        order(&self.plan, k)
    }

    /// Everything that a good order leaves.
    pub(super) fn store(mut self, k: u64) -> Self {
        let order = self.order(k);
        self.rows.push(("orders", order_row(&order, true)));
        for at in 0..order.lines.len() {
            self.rows.push(("orders", line_row(&order, at, false)));
        }
        self.rows
            .push(("invoices", invoice_row(&order, &format!("A-{k}"))));
        self
    }

    pub(super) fn row(mut self, table: &'static str, row: Item) -> Self {
        self.rows.push((table, row));
        self
    }

    pub(super) fn letter(mut self, k: u64) -> Self {
        self.letters.push(letter(&self.plan, k));
        self
    }

    pub(super) fn without(mut self, index: usize) -> Self {
        self.rows.remove(index);
        self
    }

    pub(super) fn collector(&self) -> Collector {
        let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let mut collector = Collector::new(self.plan.clone(), &schedule(), start, 1);
        if self.message_ids {
            collector.message_ids(&std::sync::Arc::new(message_ids(&self.plan, 20)));
        }
        self.rows
            .iter()
            .for_each(|(table, row)| collector.row(table, row));
        self.letters
            .iter()
            .for_each(|letter| collector.dead_letter(None, letter));
        collector
    }

    pub(super) fn seen(&self) -> Observation {
        self.collector()
            .observation(super::super::world::complete())
    }

    /// The class of order `k`, all orders being acknowledged but this one, which is `outcome`.
    pub(super) fn class_as(&self, k: u64, outcome: Outcome, seen: &Observation) -> Class {
        let mut ledger = Ledger::new(20);
        ledger.record(Outcome::Acknowledged, 0..20);
        ledger.record(outcome, k..k + 1);
        let found = reconcile(&ledger, &Belongs::of(&self.plan, 20), seen);
        let mut classes = found.members.iter();
        *classes
            .find(|(_, members)| members.contains(k as u32))
            .expect("it is in one")
            .0
    }

    #[track_caller]
    pub(super) fn is(&self, k: u64, class: Class, why: &str) {
        let seen = self.seen();
        assert_eq!(
            self.class_as(k, Outcome::Acknowledged, &seen),
            class,
            "{why}: {seen:#?}"
        );
    }
}

#[test]
fn an_order_is_stored_when_all_of_its_rows_are_there_and_incomplete_when_one_is_missing() {
    let k = Run::new().first(None);
    let whole = Run::new().store(k);
    whole.is(k, Class::Stored, "all of it");
    let rows = whole.rows.len();
    assert!(rows >= 3, "an order, a line, an invoice");
    for missing in 0..rows {
        let part = Run::new().store(k).without(missing);
        part.is(k, Class::Incomplete, &format!("without row {missing}"));
        let mut seen = part.seen();
        assert_eq!(seen.in_part["stored"].len(), 1);
        seen.scan.complete = false;
        let class = part.class_as(k, Outcome::Acknowledged, &seen);
        assert_eq!(class, Class::Undecided, "nobody has looked everywhere");
    }
    Run::new().is(k, Class::Lost, "none of them");
    let part = Run::new().store(k).without(0);
    let seen = part.seen();
    for (outcome, class) in [
        (Outcome::Indeterminate, Class::Incomplete),
        (Outcome::Rejected, Class::Ghost),
        (Outcome::Unsent, Class::Ghost),
    ] {
        assert_eq!(part.class_as(k, outcome, &seen), class, "{outcome:?}");
    }
    part.letter(k)
        .is(k, Class::StoredAndDeadLettered, "some rows, and a letter");
    let seen = Run::new().store(k).seen();
    assert_eq!(
        whole.class_as(k, Outcome::Indeterminate, &seen),
        Class::Recovered
    );
}

#[test]
fn a_second_row_under_a_made_up_key_is_stored_twice_and_the_same_row_again_is_not() {
    let k = Run::new().first(None);
    let twice = |number: &str| {
        let run = Run::new().store(k);
        let invoice = invoice_row(&run.order(k), number);
        run.row("invoices", invoice)
    };
    twice(&format!("A-{k}")).is(k, Class::Stored, "the same row, read again");
    twice("B").is(k, Class::StoredTwice, "another key");
    assert!(twice("B").seen().stored_twice.contains(k as u32));
    let run = twice("B");
    let seen = run.seen();
    assert_eq!(
        run.class_as(k, Outcome::Indeterminate, &seen),
        Class::StoredTwice
    );
    let third = twice("B").row("invoices", invoice_row(&run.order(k), "C"));
    assert_eq!(third.seen().stored_twice.len(), 1, "counted once");
    let mut odd = invoice_row(&run.order(k), "B");
    odd.insert("customer".into(), s("another"));
    let run = Run::new().store(k).row("invoices", odd);
    run.is(k, Class::Overwritten, "and with another content");
    let again = Run::new().store(k);
    let row = order_row(&again.order(k), false);
    again
        .row("orders", row)
        .is(k, Class::Stored, "a row whose key is known");
}

#[test]
fn an_order_at_an_end_that_is_not_its_own_is_told_from_one_that_is_at_its_own() {
    let run = Run::new();
    let (good, bad, damaged) = (
        run.first(None),
        run.first(Some(NO_LINES)),
        run.first(Some(DAMAGED)),
    );
    let rejected = |k: u64| rejected_row(&Run::new().order(k));
    Run::new().row("rejected", rejected(bad)).is(
        bad,
        Class::EndedByDesign,
        "a bad order where it belongs",
    );
    Run::new()
        .row("rejected", rejected(good))
        .is(good, Class::WrongEnd, "a good order, rejected");
    let both = Run::new().store(good).row("rejected", rejected(good));
    both.is(good, Class::WrongEnd, "stored, and rejected as well");
    Run::new()
        .store(bad)
        .is(bad, Class::BadOrderStored, "a bad order stored");
    let both = Run::new().store(bad).row("rejected", rejected(bad));
    both.is(bad, Class::BadOrderStored, "where it belongs, and stored");
    Run::new()
        .letter(bad)
        .is(bad, Class::WrongEnd, "dead-lettered in place of rejected");
    Run::new()
        .letter(good)
        .is(good, Class::GoodOrderDeadLettered, "a good order");
    Run::new().letter(damaged).is(
        damaged,
        Class::DeadLetteredByDesign,
        "a bad one that belongs there",
    );
    let both = Run::new().row("rejected", rejected(bad)).letter(bad);
    both.is(bad, Class::WrongEnd, "where it belongs, and dead-lettered");
    let both = Run::new().store(good).letter(good);
    both.is(good, Class::StoredAndDeadLettered, "a good one");
    let seen = Run::new().row("rejected", rejected(bad)).seen();
    assert_eq!(
        run.class_as(bad, Outcome::Indeterminate, &seen),
        Class::Recovered
    );
    assert_eq!(run.class_as(bad, Outcome::Rejected, &seen), Class::Ghost);
}

#[test]
fn a_good_order_may_belong_to_several_ends() {
    let mut spec = spec(IdScheme::Uuid);
    spec.good_ends = vec!["stored".into(), "rejected".into()];
    let run = || Run {
        plan: plan_of(spec.clone(), 2026, 0.4),
        ..Run::new()
    };
    let k = run().first(None);
    let rejected = rejected_row(&run().order(k));
    run().store(k).is(k, Class::Stored, "at the one");
    run()
        .row("rejected", rejected.clone())
        .is(k, Class::EndedByDesign, "at the other");
    let both = run().store(k).row("rejected", rejected.clone());
    both.is(k, Class::WrongEnd, "whole at both: one too many");
    let both = run().row("rejected", rejected.clone()).letter(k);
    both.is(k, Class::StoredAndDeadLettered, "at one, and dead-lettered");
    let in_part = run().store(k).without(0).row("rejected", rejected);
    in_part.is(k, Class::Stored, "whole at one of its own ends");
}

#[test]
fn a_letter_without_an_id_is_known_by_its_message_id_or_by_its_body() {
    let run = Run::new();
    let damaged = run.first(Some(DAMAGED));
    let body = &letter(&run.plan, damaged).body;
    assert!(!body.contains(&run.order(damaged).id), "{body}");
    let other = (damaged + 1..20)
        .find(|&k| run.plan.kind(k) == Some(DAMAGED))
        .expect("another one");
    assert_eq!(&letter(&run.plan, other).body, body, "they are all alike");
    let run = Run::new().letter(damaged);
    run.is(damaged, Class::DeadLetteredByDesign, "its own message id");
    run.is(other, Class::Lost, "not the other's");
    let unknown = Run {
        message_ids: false,
        ..Run::new().letter(damaged)
    };
    unknown.is(damaged, Class::Lost, "nobody knows the id");
    assert_eq!(unknown.seen().foreign_dead_letters, 1);
    let mut collector = Run {
        letters: Vec::new(),
        ..unknown
    }
    .collector();
    collector.without_message_id(damaged as u32);
    collector.without_message_id(other as u32);
    for copies in [1, 2, 3] {
        collector.dead_letter(None, &letter(&run.plan, damaged));
        let seen = collector.observation(Observation::default());
        assert_eq!(seen.dead_lettered.len(), copies.min(2), "one each");
        assert_eq!(seen.extra_dead_letter_copies, copies.saturating_sub(2));
        assert_eq!(seen.foreign_dead_letters, 0);
    }
}

#[test]
fn what_is_missing_is_looked_up_by_the_keys_that_are_known() {
    let run = Run::new();
    let k = run.first(None);
    let lines = run.order(k).lines.len();
    let tables = |run: &Run| {
        let mut counts = BTreeMap::new();
        for row in run.collector().rows_to_look_up(k as u32) {
            *counts.entry(row.table).or_insert(0) += 1;
        }
        counts
    };
    let all = BTreeMap::from([("orders".to_owned(), 1 + lines), ("rejected".to_owned(), 1)]);
    assert_eq!(tables(&run), all, "an invoice has no key that is known");
    let stored = Run::new().store(k);
    let wanted = (0..20).collect();
    assert!(!stored.collector().unseen(&wanted).contains(k as u32));
    let part = Run::new().store(k).without(1);
    assert!(part.collector().unseen(&wanted).contains(k as u32));
    let missing = part.collector().rows_to_look_up(k as u32);
    let of_orders: Vec<_> = missing.iter().filter(|row| row.table == "orders").collect();
    assert_eq!(of_orders.len(), 1, "the others are there");
    assert_eq!(of_orders[0].key["sk"], s("LINE#0"));
    let mut collector = part.collector();
    let before = collector.filled_slots();
    collector.row("orders", &line_row(&run.order(k), 0, true));
    assert_eq!(collector.filled_slots(), before + 1);
    assert!(!collector.unseen(&wanted).contains(k as u32));
}

#[test]
fn rows_that_are_nobodys_are_told_from_those_that_say_nothing() {
    let run = Run::new();
    let k = run.first(None);
    let order = run.order(k);
    let other_run = crate::order::RunId::new(8).unwrap();
    let theirs = run.plan.model.id(other_run, 3, None).to_string();
    let beyond = run.plan.id(20).to_string();
    let with_id = |id: &str| Order {
        id: id.to_owned(),
        ..order.clone()
    };
    let mut nameless = invoice_row(&order, "B");
    nameless.remove("order");
    let typed = Item::from([
        ("pk".to_owned(), Value::N("5".into())),
        ("sk".to_owned(), s("META")),
    ]);
    let run = Run::new()
        .store(k)
        .row("orders", order_row(&with_id(&theirs), true))
        .row(
            "orders",
            order_row(&with_id("6f1ed002-ab5a-4d5e-9f5e-2f5a3a3c9b11"), true),
        )
        .row("orders", order_row(&with_id(&beyond), true))
        .row(
            "orders",
            Item::from([
                ("pk".to_owned(), s("STOCK#TV")),
                ("sk".to_owned(), s("META")),
            ]),
        )
        .row("invoices", nameless)
        .row("orders", typed)
        .row("another", order_row(&order, true));
    let seen = run.seen();
    assert_eq!(seen.foreign_rows, 4, "{:?}", seen.foreign_row_examples);
    assert_eq!(
        seen.foreign_row_examples[0],
        format!("ORDER#{theirs} / META")
    );
    let phantoms: Vec<String> = seen.phantoms.iter().map(|id| id.to_string()).collect();
    assert_eq!(phantoms, [beyond]);
    assert_eq!(seen.unreadable_keys, 2);
    assert_eq!(
        seen.unreadable_key_examples,
        ["`order` is missing", "`pk` is a number (N)"]
    );
    assert_eq!(seen.stored.len(), 1);
}

#[test]
fn the_ends_at_which_an_order_was_seen_are_named() {
    let run = Run::new();
    let (good, other) = (run.first(None), run.first(Some(NO_LINES)));
    let rejected = rejected_row(&run.order(good));
    let run = run.store(good).without(0).row("rejected", rejected);
    let run = run.row("rejected", rejected_row(&Run::new().order(other)));
    let seen = run.seen();
    let members = [good as u32].into_iter().collect();
    let told = crate::verify::judge_content::ends_of(&run.plan, &members, &seen);
    let id = run.order(good).id;
    assert_eq!(told, format!("; {id}: at stored, in part, and at rejected"));
}

#[test]
fn what_an_incomplete_order_lacks_is_named_by_table_and_key() {
    let k = Run::new().first(None);
    let told = |run: &Run| {
        let members = [k as u32].into_iter().collect();
        crate::verify::judge_content::ends_of(&run.plan, &members, &run.seen())
    };
    let Order { id, lines, .. } = Run::new().order(k);
    let whole = || Run::new().store(k);
    let at = |what: &str| format!("; {id}: at stored, in part, without {what}");
    let order = format!("row ORDER#{id} / META of orders");
    assert_eq!(told(&whole().without(0)), at(&order));
    let line = format!("row ORDER#{id} / LINE#0 of orders");
    assert_eq!(told(&whole().without(1)), at(&line));
    let invoice = whole().rows.len() - 1;
    assert_eq!(told(&whole().without(invoice)), at("row * of invoices"));
    // Only the first few are named, and the others counted.
    let mut alone = whole();
    let invoice = alone.rows.remove(invoice);
    alone.rows = vec![invoice];
    let more = (lines.len() + 1).saturating_sub(3);
    let text = told(&alone);
    assert!(text.starts_with(&at(&format!("{order}, {line}"))), "{text}");
    assert_eq!(
        text.ends_with(&format!(" and {more} more")),
        more > 0,
        "{text}"
    );
    // Nothing is said to be missing of an order that is whole, or altered.
    assert_eq!(told(&whole()), format!("; {id}: at stored"));
    let mut odd = whole().without(1);
    odd.rows[0].1.insert("customer".into(), s("another"));
    assert!(odd.seen().missing.is_empty());
}
