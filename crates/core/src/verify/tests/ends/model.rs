//! The model check of orders with several rows and ends: worlds from a seed, judged by the program and by a naive reference.
//!
//! A world is a list of what was put where, order by order; the rows and letters are made of that list for the program, and the
//! reference judges from the list alone, one order at a time.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use super::classes::schedule;
use super::reference::{Answer, counted, expected};
use super::spec::{
    Order, STORED_MS, amount, invoice_row, item, letter, line_row, order_row, rejected_row, s,
};
use super::world::{ORDERS, Put, World};
use crate::ledger::{Ledger, MessageId};
use crate::order::{MAX_ORDERS, RunId};
use crate::records::{DeadLetter, Item, Value};
use crate::scenario::fixture;
use crate::verdict::{Class, Severity};
use crate::verify::collector::Collector;
use crate::verify::{Belongs, JudgeInput, Observation, Sweep, judge, reconcile};

const WORLDS: u64 = 600;
const WORLDS_FULL: u64 = 6_000;
const FIRST_SEED: u64 = 0x0e4d_0000_0000;

/// What the program says.
fn found(world: &World) -> Answer {
    let start = SystemTime::UNIX_EPOCH + Duration::from_secs(STORED_MS / 1_000 - 1);
    let mut collector = Collector::new(world.plan.clone(), &schedule(), start, 1);
    let mut ledger = Ledger::new(ORDERS);
    (0..)
        .zip(&world.outcomes)
        .for_each(|(k, &outcome)| ledger.record(outcome, k..k + 1));
    for k in (0..ORDERS).filter(|&k| world.is_named(k)) {
        ledger.name(k, MessageId::parse(&format!("m{k}")).expect("an id"));
    }
    collector.messages(&ledger);
    for k in 0..ORDERS {
        let order = world.order(k);
        for &put in &world.puts[k as usize] {
            hand_over(&mut collector, world, k, &order, put);
        }
    }
    let good = (0..ORDERS)
        .find(|&k| world.plan.kind(k).is_none())
        .map(|k| world.order(k));
    strangers(&mut collector, world, good.as_ref());
    for (customer, cents) in counted(world) {
        let row = item([
            ("customer", s(&format!("CUSTOMER#{customer}"))),
            ("shipping", amount(cents + world.counters[&customer], true)),
        ]);
        collector.row("stats", &row);
    }
    let complete = super::super::world::complete();
    let seen = collector.observation(Observation {
        scan: Sweep {
            complete: world.looked_everywhere,
            ..Sweep::default()
        },
        ..complete
    });
    let reconciliation = reconcile(&ledger, &Belongs::of(&world.plan, ORDERS), &seen);
    let class = |k: u32| {
        let mut members = reconciliation.members.iter();
        *members
            .find(|(_, members)| members.contains(k))
            .expect("it is in a class")
            .0
    };
    let judgment = judge(&JudgeInput {
        orders: &world.plan,
        expect: &crate::scenario::Expectations {
            gate: world.gate,
            max_unsent_share: 1.0,
            ..fixture().expect
        },
        reconciliation: &reconciliation,
        observation: Some(&seen),
        ledger_ended: true,
        phases: None,
        interrupted: false,
        clock_skew_bound: Duration::ZERO,
    });
    let wrong = judgment
        .findings
        .iter()
        .filter(|finding| finding.code == "wrong_sum");
    let wrong = wrong.flat_map(|finding| {
        ["c0", "c1", "c2"].map(|name| (name, finding.message.contains(&format!("#{name} "))))
    });
    Answer {
        classes: (0..ORDERS as u32).map(class).collect(),
        phantoms: seen.phantoms.len() as u64,
        foreign: (
            seen.foreign_rows,
            seen.foreign_dead_letters,
            seen.unreadable_keys,
        ),
        unclaimed: seen.unclaimed_messages,
        extra_copies: seen.extra_dead_letter_copies,
        untimed: seen.untimed_rows,
        wrong_counters: wrong
            .filter(|(_, named)| *named)
            .map(|(name, _)| name.to_owned())
            .collect(),
        fails: judgment
            .findings
            .iter()
            .any(|finding| finding.severity == Severity::OrderFailure),
    }
}

/// Makes a row or a letter of what was put somewhere.
fn hand_over(collector: &mut Collector, world: &World, k: u64, order: &Order, put: Put) {
    let odd = |mut row: Item, name: &str, odd: Option<u8>| {
        if let Some(odd) = odd {
            row.insert(name.into(), s(&format!("odd {odd}")));
        }
        row
    };
    let spelled_otherwise = k.is_multiple_of(2);
    match put {
        Put::Order(which) => collector.row(
            "orders",
            &odd(order_row(order, spelled_otherwise), "shipping", which),
        ),
        Put::Line(at, which) => collector.row(
            "orders",
            &odd(line_row(order, at, spelled_otherwise), "sku", which),
        ),
        Put::Invoice(number, which) => {
            let number = match (world.by_message, number) {
                (true, 0) => format!("INV#m{k}"),
                (true, more) => format!("INV#m{k}-{more}"),
                (false, number) => format!("{k}-{number}"),
            };
            let row = invoice_row(order, &number);
            collector.row("invoices", &odd(row, "customer", which));
        }
        Put::Rejected(which) => {
            collector.row("rejected", &odd(rejected_row(order), "status", which))
        }
        Put::Letter(which) => {
            let mut letter = letter(&world.plan, k);
            if let Some(which) = which {
                letter.body = letter
                    .body
                    .replacen('{', &format!("{{\"odd\": {which}, "), 1);
            }
            collector.dead_letter(None, &letter);
        }
    }
}

fn strangers(collector: &mut Collector, world: &World, good: Option<&Order>) {
    let nobody = Order {
        id: "7".into(),
        customer: "c0".into(),
        shipping: 1,
        lines: Vec::new(),
        text: "{}".into(),
    };
    for _ in 0..world.foreign {
        collector.row("orders", &order_row(&nobody, true));
    }
    for _ in 0..world.unreadable {
        let number = match world.by_message {
            true => Value::Bool(true),
            false => s("N"),
        };
        collector.row(
            "invoices",
            &item([("number", number), ("order", Value::Bool(true))]),
        );
    }
    for number in 0..world.foreign_letters {
        let body = format!("{{\"orderId\": \"nobody {number}\"}}");
        collector.dead_letter(
            None,
            &DeadLetter {
                body,
                message_id: "x".into(),
            },
        );
    }
    if world.phantom {
        let run = RunId::new(7).unwrap();
        let id = world.plan.model.id(run, MAX_ORDERS - 1, None).to_string();
        let beyond = Order {
            id,
            ..good.unwrap_or(&nobody).clone()
        };
        collector.row("orders", &order_row(&beyond, true));
        collector.row("invoices", &invoice_row(&beyond, "INV#P"));
    }
}

fn they_agree_on(worlds: u64) -> BTreeMap<Class, u64> {
    let mut classes = BTreeMap::new();
    let mut unclaimed = 0;
    for seed in FIRST_SEED..FIRST_SEED + worlds {
        let world = World::new(seed);
        let (expected, found) = (expected(&world), found(&world));
        assert_eq!(found, expected, "seed {seed:#x}: {world:#?}");
        unclaimed += u64::from(found.unclaimed > 0);
        for class in found.classes {
            *classes.entry(class).or_default() += 1;
        }
    }
    assert!(
        unclaimed >= worlds / 20,
        "{unclaimed} worlds with rows that nobody can claim"
    );
    classes
}

#[test]
fn program_and_reference_agree_on_every_world_and_the_worlds_reach_every_class() {
    let classes = they_agree_on(WORLDS);
    for class in Class::ALL
        .into_iter()
        .filter(|class| *class != Class::Phantom)
    {
        let times = classes.get(&class).copied().unwrap_or(0);
        assert!(times >= 10, "{class:?} only {times} times: {classes:?}");
    }
}

#[test]
#[ignore = "full matrix: .ci/run runs it"]
fn full_matrix_of_6_000_worlds_of_several_ends() {
    they_agree_on(WORLDS_FULL);
}
