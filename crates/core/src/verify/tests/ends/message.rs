//! Rows whose key is the id that the queue gave the message: known by it, and where nobody knows it neither evidence for an
//! order nor against it.

use super::classes::Run;
use super::spec::{invoice_row, order, plan_of, s, spec_by_message};
use crate::ledger::{Ledger, MessageId, Outcome};
use crate::order::OrderPlan;
use crate::order::spec::IdScheme;
use crate::records::Item;
use crate::verdict::{Class, Severity};
use crate::verify::{Belongs, Collector, JudgeInput, Observation, judge, reconcile};

fn plan() -> OrderPlan {
    plan_of(spec_by_message(IdScheme::Uuid), 2026, 0.4)
}

/// All orders acknowledged, each message called `m` and its number; but `open` were not answered.
fn ledger(open: &[u64]) -> Ledger {
    let mut ledger = Ledger::new(20);
    ledger.record(Outcome::Acknowledged, 0..20);
    for &k in open {
        ledger.record(Outcome::Indeterminate, k..k + 1);
    }
    for k in (0..20).filter(|k| !open.contains(k)) {
        ledger.name(k, MessageId::parse(&format!("m{k}")).expect("an id"));
    }
    ledger
}

fn collector(ledger: &Ledger) -> Collector {
    let start = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_800_000_000);
    let mut collector = Collector::new(plan(), &super::classes::schedule(), start, 1);
    collector.messages(ledger);
    collector
}

/// What a good order leaves, its invoice under this message id.
fn rows(k: u64, message_id: &str) -> Vec<(&'static str, Item)> {
    let mut rows = Run {
        plan: plan(),
        ..Run::new()
    }
    .store(k)
    .rows;
    rows.pop();
    let invoice = invoice_row(&order(&plan(), k), &format!("INV#{message_id}"));
    rows.push(("invoices", invoice));
    rows
}

fn seen(ledger: &Ledger, rows: &[(&'static str, Item)]) -> Observation {
    let mut collector = collector(ledger);
    rows.iter()
        .for_each(|(table, row)| collector.row(table, row));
    collector.observation(super::super::world::complete())
}

fn class(ledger: &Ledger, seen: &Observation, k: u64) -> Class {
    let found = reconcile(ledger, &Belongs::of(&plan(), 20), seen);
    let mut classes = found.members.iter();
    let is_in = |(_, members): &(&Class, &roaring::RoaringBitmap)| members.contains(k as u32);
    *classes.find(is_in).expect("it is in one").0
}

fn good() -> (u64, u64) {
    let plan = plan();
    let mut good = (0..20).filter(|&k| plan.kind(k).is_none());
    (good.next().expect("one"), good.next().expect("another"))
}

#[test]
fn a_row_under_the_message_s_id_is_its_order_s() {
    let (k, other) = good();
    let ledger = ledger(&[]);
    let own = rows(k, &format!("m{k}"));
    let seen_own = seen(&ledger, &own);
    assert_eq!(class(&ledger, &seen_own, k), Class::Stored);
    assert_eq!(class(&ledger, &seen_own, other), Class::Lost);
    assert_eq!((seen_own.foreign_rows, seen_own.unclaimed_messages), (0, 0));
    // Under another order's id the row is that order's, and its content is not.
    let swapped = seen(&ledger, &rows(k, &format!("m{other}")));
    assert_eq!(class(&ledger, &swapped, k), Class::Incomplete);
    let same = order(&plan(), k).customer == order(&plan(), other).customer;
    let expected = if same {
        Class::Incomplete
    } else {
        Class::Altered
    };
    assert_eq!(class(&ledger, &swapped, other), expected);
    // Where every message has a known id, a row under another one is nobody's.
    let stray = seen(&ledger, &rows(k, "m20"));
    assert_eq!(class(&ledger, &stray, k), Class::Incomplete);
    assert_eq!((stray.foreign_rows, stray.unclaimed_messages), (1, 0));
    assert_eq!(stray.foreign_row_examples, ["INV#m20"]);
    let mut odd = own;
    odd.last_mut()
        .unwrap()
        .1
        .insert("customer".into(), s("another"));
    assert_eq!(class(&ledger, &seen(&ledger, &odd), k), Class::Altered);
}

#[test]
fn where_nobody_knows_the_message_s_id_a_row_decides_nothing() {
    let (k, other) = good();
    let open = ledger(&[k, other]);
    let both = [rows(k, "x"), rows(other, "y")].concat();
    let seen_both = seen(&open, &both);
    assert_eq!(
        class(&open, &seen_both, k),
        Class::Undecided,
        "the rest of it may be there"
    );
    assert_eq!(
        (seen_both.unclaimed_messages, seen_both.foreign_rows),
        (2, 0)
    );
    let alone = seen(
        &open,
        &[("invoices", invoice_row(&order(&plan(), k), "INV#x"))],
    );
    assert_eq!(
        class(&open, &alone, k),
        Class::Undecided,
        "seen nowhere else"
    );
    assert_eq!(
        alone.may_claim.iter().collect::<Vec<_>>(),
        [k as u32, other as u32]
    );
    // Of more such rows than unanswered sends the rest is nobody's.
    let more: Vec<_> = ["x", "y", "z", "z"]
        .map(|id| {
            (
                "invoices",
                invoice_row(&order(&plan(), k), &format!("INV#{id}")),
            )
        })
        .to_vec();
    let more = seen(&open, &more);
    assert_eq!((more.unclaimed_messages, more.foreign_rows), (2, 1));
    // Near misses: no such row, and an order whose message has a known id.
    let without = rows(k, "x")[..1].to_vec();
    let seen_without = seen(&open, &without);
    assert_eq!(class(&open, &seen_without, k), Class::Incomplete);
    assert_eq!(
        class(&open, &seen_without, other),
        Class::IndeterminateNeverSeen
    );
    let third = (0..20).find(|&n| plan().kind(n).is_none() && n != k && n != other);
    let third = third.expect("a third");
    assert_eq!(class(&open, &seen_both, third), Class::Lost);
}

#[test]
fn rows_that_nobody_can_claim_leave_the_run_without_a_verdict() {
    let (k, other) = good();
    let codes = |open: &Ledger, seen: &Observation| -> Vec<(String, Severity)> {
        let plan = plan();
        let reconciliation = reconcile(open, &Belongs::of(&plan, 20), seen);
        let judgment = judge(&JudgeInput {
            orders: &plan,
            expect: &crate::scenario::fixture().expect,
            reconciliation: &reconciliation,
            observation: Some(seen),
            ledger_ended: true,
            phases: None,
            interrupted: false,
            clock_skew_bound: std::time::Duration::ZERO,
        });
        judgment
            .findings
            .into_iter()
            .map(|finding| (finding.code, finding.severity))
            .collect()
    };
    let open = ledger(&[k]);
    let unclaimed = ("unclaimed_rows".to_owned(), Severity::MissingEvidence);
    let found = codes(&open, &seen(&open, &rows(k, "x")));
    assert!(found.contains(&unclaimed), "{found:?}");
    let found = codes(&open, &seen(&open, &rows(other, &format!("m{other}"))));
    assert!(!found.contains(&unclaimed), "{found:?}");
}

#[test]
fn an_id_that_two_messages_were_given_tells_neither() {
    let (k, other) = good();
    let mut ledger = Ledger::new(20);
    ledger.record(Outcome::Acknowledged, 0..20);
    for n in 0..20 {
        let called = if n == other { k } else { n };
        ledger.name(n, MessageId::parse(&format!("m{called}")).expect("an id"));
    }
    let seen = seen(&ledger, &rows(k, &format!("m{k}")));
    assert_eq!(class(&ledger, &seen, k), Class::Undecided);
    assert_eq!(class(&ledger, &seen, other), Class::Undecided);
}

#[test]
fn what_is_missing_is_looked_up_under_the_id_where_it_is_known_and_scanned_for_elsewhere() {
    let (k, other) = good();
    let collector = collector(&ledger(&[other]));
    let keys = |k: u64| -> Vec<Item> {
        let rows = collector.rows_to_look_up(k as u32).into_iter();
        let invoices = rows.filter(|row| row.table == "invoices");
        invoices.map(|row| row.key).collect()
    };
    let key = Item::from([("number".to_owned(), s(&format!("INV#m{k}")))]);
    assert_eq!(keys(k), [key]);
    assert_eq!(keys(other), [] as [Item; 0]);
    let again = |k: u64| collector.tables_to_scan_again(&[k as u32].into_iter().collect());
    assert!(again(k).is_empty());
    assert!(again(other).contains("invoices"));
}

#[test]
fn a_second_scan_counts_no_row_twice() {
    let (k, _) = good();
    let ledger = ledger(&[k]);
    let mut collector = collector(&ledger);
    let row = |id: &str| invoice_row(&order(&plan(), k), &format!("INV#{id}"));
    collector.row("invoices", &row("x"));
    collector.rows_again("invoices", &[row("x")]);
    let found = |collector: &Collector| {
        let seen = collector.observation(super::super::world::complete());
        (seen.unclaimed_messages, seen.foreign_rows)
    };
    assert_eq!(found(&collector), (1, 0));
    collector.rows_again("invoices", &[row("late")]);
    assert_eq!(
        found(&collector),
        (1, 1),
        "one more than there are unanswered sends"
    );
}
