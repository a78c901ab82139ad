//! The model check of orders with several rows and ends: worlds from a seed, judged by the program and by a naive reference.
//!
//! A world is a list of what was put where, order by order; the rows and letters are made of that list for the program, and the
//! reference judges from the list alone, one order at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use rand_xoshiro::SplitMix64;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

use super::classes::schedule;
use super::spec::{
    DAMAGED, NO_LINES, Order, STORED_MS, amount, invoice_row, item, letter, line_row, order,
    order_row, plan_of, rejected_row, s, spec,
};
use crate::ledger::{Ledger, Outcome};
use crate::order::spec::IdScheme;
use crate::order::{MAX_ORDERS, OrderPlan, RunId};
use crate::records::{DeadLetter, Item, Value};
use crate::scenario::fixture;
use crate::verdict::{Class, Gate, Severity};
use crate::verify::collector::Collector;
use crate::verify::{Belongs, JudgeInput, Observation, Sweep, judge, reconcile};

const ORDERS: u64 = 20;
const WORLDS: u64 = 600;
const WORLDS_FULL: u64 = 30_000;
const FIRST_SEED: u64 = 0x0e4d_0000_0000;

/// What was put somewhere: of an order, in one place, with the planned content (`None`) or another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Put {
    Order(Option<u8>),
    Line(usize, Option<u8>),
    /// Under which made-up number.
    Invoice(u8, Option<u8>),
    Rejected(Option<u8>),
    Letter(Option<u8>),
}

#[derive(Debug)]
struct World {
    plan: OrderPlan,
    outcomes: Vec<Outcome>,
    /// What was put where, of each order.
    puts: Vec<Vec<Put>>,
    /// Rows of nobody, rows that say nothing, and letters of nobody.
    foreign: u64,
    unreadable: u64,
    foreign_letters: u64,
    phantom: bool,
    /// By how many cents each counter is wrong.
    counters: BTreeMap<String, i64>,
    looked_everywhere: bool,
    gate: Gate,
}

struct Dice(SplitMix64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0.next_u64() % n
    }

    fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize].clone()
    }
}

impl World {
    fn new(seed: u64) -> Self {
        let dice = &mut Dice(SplitMix64::from_seed(seed.to_le_bytes()));
        let id = dice.pick(&[
            IdScheme::Uuid,
            IdScheme::Ulid,
            IdScheme::Number,
            IdScheme::Text("W{{run}}/{{n:09}}".into()),
        ]);
        let plan = plan_of(
            spec(id),
            dice.below(1 << 40),
            dice.pick(&[0.0, 0.3, 0.5, 1.0]),
        );
        let temper = dice.pick(&[0, 10, 60]);
        let outcome = |dice: &mut Dice| match dice.percent(temper / 2) {
            true => dice.pick(&[Outcome::Indeterminate, Outcome::Rejected, Outcome::Unsent]),
            false => Outcome::Acknowledged,
        };
        let outcomes: Vec<Outcome> = (0..ORDERS).map(|_| outcome(dice)).collect();
        let puts = (0..ORDERS)
            .map(|k| puts(&plan, k, outcomes[k as usize], temper, dice))
            .collect();
        let strangers = |dice: &mut Dice| {
            if dice.percent(temper / 2) {
                dice.below(3)
            } else {
                0
            }
        };
        let mut world = Self {
            foreign: strangers(dice),
            unreadable: strangers(dice) / 2,
            foreign_letters: strangers(dice),
            phantom: dice.percent(temper / 4),
            counters: BTreeMap::new(),
            looked_everywhere: !dice.percent(temper / 2),
            gate: dice.pick(&[Gate::Strict, Gate::Conserved]),
            plan,
            outcomes,
            puts,
        };
        for customer in ["c0", "c1", "c2"] {
            let wrong = if dice.percent(temper / 2) {
                dice.below(5) as i64 - 2
            } else {
                0
            };
            world.counters.insert(customer.into(), wrong);
        }
        world
    }

    fn order(&self, k: u64) -> Order {
        order(&self.plan, k)
    }
}

/// What becomes of order `k`.
fn puts(plan: &OrderPlan, k: u64, outcome: Outcome, temper: u64, dice: &mut Dice) -> Vec<Put> {
    let lines = order(plan, k).lines.len();
    let stored = |dice: &mut Dice| {
        let mut puts = vec![Put::Order(None), Put::Invoice(0, None)];
        puts.extend((0..lines).map(|at| Put::Line(at, None)));
        if dice.percent(50) {
            puts.reverse();
        }
        puts
    };
    let landed = match outcome {
        Outcome::Acknowledged => true,
        Outcome::Indeterminate => dice.percent(50),
        Outcome::Rejected | Outcome::Unsent => false,
    };
    let mut puts = match (landed, plan.kind(k)) {
        (false, _) => Vec::new(),
        (true, None) => stored(dice),
        (true, Some(NO_LINES)) => vec![Put::Rejected(None)],
        (true, Some(_)) => vec![Put::Letter(None)],
    };
    // What is left of a damaged order is compared with nothing: it stays where it belongs.
    if plan.kind(k) == Some(DAMAGED) || !dice.percent(temper) {
        return puts;
    }
    for _ in 0..=dice.below(3) {
        match dice.below(8) {
            0 if !puts.is_empty() => drop(puts.remove(dice.below(puts.len() as u64) as usize)),
            1 if !puts.is_empty() => {
                let at = dice.below(puts.len() as u64) as usize;
                puts[at] = changed(puts[at], dice.below(2) as u8);
            }
            2 if !puts.is_empty() => {
                let again = dice.pick(&puts);
                let odd = dice.percent(40);
                puts.push(if odd {
                    changed(again, dice.below(2) as u8)
                } else {
                    again
                });
            }
            3 => puts.push(Put::Letter(None)),
            4 => puts.push(Put::Rejected(None)),
            5 => puts.push(Put::Invoice(dice.below(3) as u8, None)),
            6 => puts.extend(stored(dice)),
            7 => puts.push(Put::Line(lines, None)),
            _ => {}
        }
    }
    puts
}

fn changed(put: Put, odd: u8) -> Put {
    let odd = Some(odd);
    match put {
        Put::Order(_) => Put::Order(odd),
        Put::Line(at, _) => Put::Line(at, odd),
        Put::Invoice(number, _) => Put::Invoice(number, odd),
        Put::Rejected(_) => Put::Rejected(odd),
        Put::Letter(_) => Put::Letter(odd),
    }
}

/// What is to be said of a world.
#[derive(Debug, PartialEq)]
struct Answer {
    classes: Vec<Class>,
    phantoms: u64,
    foreign: (u64, u64, u64),
    extra_copies: u64,
    untimed: u64,
    /// The wrong counters' keys; nothing is said of them while nobody has looked everywhere.
    wrong_counters: BTreeSet<String>,
    fails: bool,
}

/// What the program says.
fn found(world: &World) -> Answer {
    let start = SystemTime::UNIX_EPOCH + Duration::from_secs(STORED_MS / 1_000 - 1);
    let mut collector = Collector::new(world.plan.clone(), &schedule(), start, 1);
    for k in (0..ORDERS).filter(|&k| world.plan.keeps_message_id(k)) {
        collector.message_id(k as u32, &format!("m{k}"));
    }
    for k in 0..ORDERS {
        let order = world.order(k);
        for &put in &world.puts[k as usize] {
            hand_over(&mut collector, &world.plan, k, &order, put);
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
    let mut ledger = Ledger::new(ORDERS);
    (0..)
        .zip(&world.outcomes)
        .for_each(|(k, &outcome)| ledger.record(outcome, k..k + 1));
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
fn hand_over(collector: &mut Collector, plan: &OrderPlan, k: u64, order: &Order, put: Put) {
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
            let row = invoice_row(order, &format!("{k}-{number}"));
            collector.row("invoices", &odd(row, "customer", which));
        }
        Put::Rejected(which) => {
            collector.row("rejected", &odd(rejected_row(order), "status", which))
        }
        Put::Letter(which) => {
            let mut letter = letter(plan, k);
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
        collector.row(
            "invoices",
            &item([("number", s("N")), ("order", Value::Bool(true))]),
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
        collector.row("invoices", &invoice_row(&beyond, "P"));
    }
}

/// The cents that each customer's counter holds when nothing goes wrong: of the orders that are certain to be counted.
fn counted(world: &World) -> BTreeMap<String, i64> {
    let mut sums: BTreeMap<String, i64> = world
        .counters
        .keys()
        .map(|name| (name.clone(), 0))
        .collect();
    for k in 0..ORDERS {
        if is_counted(world, k) == Some(true) {
            let order = world.order(k);
            *sums.get_mut(&order.customer).unwrap() += order.shipping;
        }
    }
    sums
}

/// Whether an order was counted; `None` when that cannot be known.
fn is_counted(world: &World, k: u64) -> Option<bool> {
    match expected_class(world, k) {
        Class::Stored | Class::StoredAndDeadLettered | Class::StoredTwice => Some(true),
        Class::Recovered => Some(world.plan.kind(k).is_none()),
        Class::Undecided
        | Class::Altered
        | Class::Overwritten
        | Class::Ghost
        | Class::Incomplete
        | Class::WrongEnd
        | Class::BadOrderStored => None,
        _ => Some(false),
    }
}

/// All that is known of one order, from what was put where.
struct Facts {
    stored: bool,
    all_stored: bool,
    rejected: bool,
    letters: usize,
    /// The different contents of each thing that has one: the planned one is `None`.
    contents: Vec<BTreeSet<(u8, Option<u8>)>>,
    invoices: BTreeSet<u8>,
    timed: bool,
}

fn facts(world: &World, k: u64) -> Facts {
    let puts = &world.puts[k as usize];
    let lines = world.order(k).lines.len();
    let mut contents: BTreeMap<String, BTreeSet<(u8, Option<u8>)>> = BTreeMap::new();
    let (mut order_rows, mut letters) = (0, 0);
    let mut there = BTreeSet::new();
    let mut invoices = BTreeSet::new();
    let mut rejected = false;
    for &put in puts {
        // Letters and the only row of an end are the order itself, and one thing; a planned one is the same in either.
        let (thing, content) = match put {
            Put::Order(odd) => ("order".to_owned(), (0, odd)),
            // There is no such line, whatever it holds.
            Put::Line(at, odd) if at >= lines => {
                (format!("line {at}"), (1, Some(odd.unwrap_or(9))))
            }
            Put::Line(at, odd) => (format!("line {at}"), (0, odd)),
            Put::Invoice(_, odd) => ("invoice".to_owned(), (0, odd)),
            Put::Rejected(odd) => ("itself".to_owned(), (u8::from(odd.is_some()) * 2, odd)),
            Put::Letter(odd) => ("itself".to_owned(), (u8::from(odd.is_some()) * 3, odd)),
        };
        contents.entry(thing).or_default().insert(content);
        match put {
            Put::Order(_) => order_rows += 1,
            Put::Line(at, _) => drop(there.insert(at)),
            Put::Invoice(number, _) => drop(invoices.insert(number)),
            Put::Rejected(_) => rejected = true,
            Put::Letter(_) => letters += 1,
        }
    }
    Facts {
        stored: order_rows > 0 || !there.is_empty() || !invoices.is_empty(),
        all_stored: order_rows > 0
            && (0..lines).all(|at| there.contains(&at))
            && !invoices.is_empty(),
        rejected,
        letters,
        contents: contents.into_values().collect(),
        invoices,
        timed: order_rows > 0,
    }
}

/// The one class whose whole condition holds.
fn expected_class(world: &World, k: u64) -> Class {
    use Outcome::{Acknowledged, Indeterminate, Rejected, Unsent};
    let facts = facts(world, k);
    let outcome = world.outcomes[k as usize];
    let sent_as = |other: Outcome| outcome == other;
    let complete = world.looked_everywhere && world.unreadable == 0;
    let is_odd =
        |contents: &BTreeSet<(u8, Option<u8>)>| contents.iter().any(|(_, odd)| odd.is_some());
    let overwritten = facts.contents.iter().any(|contents| contents.len() > 1);
    let altered = !overwritten && facts.contents.iter().any(is_odd);
    let letter = facts.letters > 0;
    let somewhere = facts.stored || facts.rejected || letter;
    let may_land = sent_as(Acknowledged) || sent_as(Indeterminate);
    let landed = somewhere && may_land && !overwritten && !altered;
    let whole = facts.all_stored || facts.rejected || letter;
    let [good, no_lines, damaged] =
        [None, Some(NO_LINES), Some(DAMAGED)].map(|kind| world.plan.kind(k) == kind);
    let fine = landed && whole;
    let stored_and_lettered = facts.stored && letter;
    let misplaced = stored_and_lettered || (!good && facts.stored) || (good && letter);
    let astray = (facts.rejected && !no_lines) || (letter && !damaged) || (facts.stored && !good);
    let twice = facts.invoices.len() > 1;
    let home = fine && !misplaced && !astray && !twice;
    let nowhere = !somewhere;
    let conditions = [
        (Class::Overwritten, overwritten),
        (Class::Altered, altered),
        (
            Class::Ghost,
            somewhere && !overwritten && !altered && !may_land,
        ),
        (Class::Incomplete, landed && !whole && complete),
        (
            Class::Undecided,
            (landed && !whole && !complete) || (nowhere && sent_as(Acknowledged) && !complete),
        ),
        (Class::StoredAndDeadLettered, fine && stored_and_lettered),
        (
            Class::BadOrderStored,
            fine && !good && facts.stored && !letter,
        ),
        (
            Class::GoodOrderDeadLettered,
            fine && good && letter && !facts.stored,
        ),
        (Class::WrongEnd, fine && !misplaced && astray),
        (Class::StoredTwice, fine && !misplaced && !astray && twice),
        (Class::Recovered, home && sent_as(Indeterminate)),
        (Class::Stored, home && sent_as(Acknowledged) && good),
        (
            Class::EndedByDesign,
            home && sent_as(Acknowledged) && no_lines,
        ),
        (
            Class::DeadLetteredByDesign,
            home && sent_as(Acknowledged) && damaged,
        ),
        (Class::Rejected, nowhere && sent_as(Rejected)),
        (Class::Unsent, nowhere && sent_as(Unsent)),
        (
            Class::IndeterminateNeverSeen,
            nowhere && sent_as(Indeterminate),
        ),
        (Class::Lost, nowhere && sent_as(Acknowledged) && complete),
    ];
    let holding: Vec<Class> = conditions
        .iter()
        .filter(|(_, holds)| *holds)
        .map(|(class, _)| *class)
        .collect();
    assert_eq!(
        holding.len(),
        1,
        "order {k} is one thing: {holding:?} {world:#?}"
    );
    holding[0]
}

/// What a careful reader says.
fn expected(world: &World) -> Answer {
    let classes: Vec<Class> = (0..ORDERS).map(|k| expected_class(world, k)).collect();
    let all: Vec<Facts> = (0..ORDERS).map(|k| facts(world, k)).collect();
    let complete = world.looked_everywhere && world.unreadable == 0;
    let mut wrong_counters = BTreeSet::new();
    for (customer, wrong) in &world.counters {
        let open = (0..ORDERS).filter(|&k| is_counted(world, k).is_none());
        let open: i64 = open
            .map(|k| world.order(k))
            .filter(|order| order.customer == *customer)
            .map(|order| order.shipping)
            .sum();
        if complete && (*wrong < 0 || *wrong > open) && is_known(world, customer) {
            wrong_counters.insert(customer.clone());
        }
    }
    let misplaced = [
        Class::StoredAndDeadLettered,
        Class::BadOrderStored,
        Class::GoodOrderDeadLettered,
        Class::WrongEnd,
        Class::StoredTwice,
    ];
    let grave = [
        Class::Overwritten,
        Class::Altered,
        Class::Ghost,
        Class::Incomplete,
        Class::Lost,
    ];
    let fails = |class: &Class| {
        grave.contains(class) || (world.gate == Gate::Strict && misplaced.contains(class))
    };
    Answer {
        phantoms: u64::from(world.phantom),
        foreign: (world.foreign, world.foreign_letters, world.unreadable),
        extra_copies: all
            .iter()
            .map(|facts| facts.letters.saturating_sub(1) as u64)
            .sum(),
        untimed: all
            .iter()
            .filter(|facts| facts.stored && !facts.timed)
            .count() as u64,
        fails: classes.iter().any(fails) || world.phantom || !wrong_counters.is_empty(),
        classes,
        wrong_counters,
    }
}

/// Whether any order adds to a customer's counter, or may: of one that nobody knows it is not said that it is wrong, since others
/// may count there.
fn is_known(world: &World, customer: &str) -> bool {
    let adds =
        |k: &u64| is_counted(world, *k) != Some(false) && world.order(*k).customer == customer;
    (0..ORDERS).any(|k| adds(&k))
}

fn they_agree_on(worlds: u64) -> BTreeMap<Class, u64> {
    let mut classes = BTreeMap::new();
    for seed in FIRST_SEED..FIRST_SEED + worlds {
        let world = World::new(seed);
        let (expected, found) = (expected(&world), found(&world));
        assert_eq!(found, expected, "seed {seed:#x}: {world:#?}");
        for class in found.classes {
            *classes.entry(class).or_default() += 1;
        }
    }
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
fn full_matrix_of_30_000_worlds_of_several_ends() {
    they_agree_on(WORLDS_FULL);
}
