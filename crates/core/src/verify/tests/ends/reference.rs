//! What a careful reader would say of a world, from the list of what was put where alone, one order at a time.

use std::collections::{BTreeMap, BTreeSet};

use super::spec::{DAMAGED, NO_LINES};
use super::world::{ORDERS, Put, World};
use crate::ledger::Outcome;
use crate::verdict::{Class, Gate};

/// What is to be said of a world.
#[derive(Debug, PartialEq)]
pub(super) struct Answer {
    pub(super) classes: Vec<Class>,
    pub(super) phantoms: u64,
    pub(super) foreign: (u64, u64, u64),
    /// Ids of messages in rows' keys that may be an order's.
    pub(super) unclaimed: u64,
    pub(super) extra_copies: u64,
    pub(super) untimed: u64,
    /// The wrong counters' keys; nothing is said of them while nobody has looked everywhere.
    pub(super) wrong_counters: BTreeSet<String>,
    pub(super) fails: bool,
}

/// The cents that each customer's counter holds when nothing goes wrong: of the orders that are certain to be counted.
pub(super) fn counted(world: &World) -> BTreeMap<String, i64> {
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
        // A row under an unknown message id says nothing of any order.
        if let Put::Invoice(number, _) = put
            && world.by_message
            && (number > 0 || !world.is_named(k))
        {
            continue;
        }
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
    let claims = world.is_nameless(k) && world.strays().0 > 0;
    let looked = complete && !claims;
    let conditions = [
        (Class::Overwritten, overwritten),
        (Class::Altered, altered),
        (
            Class::Ghost,
            somewhere && !overwritten && !altered && !may_land,
        ),
        (Class::Incomplete, landed && !whole && looked),
        (
            Class::Undecided,
            (landed && !whole && !looked)
                || (nowhere && sent_as(Acknowledged) && !looked)
                || (nowhere && claims),
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
            nowhere && sent_as(Indeterminate) && !claims,
        ),
        (Class::Lost, nowhere && sent_as(Acknowledged) && looked),
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
pub(super) fn expected(world: &World) -> Answer {
    let classes: Vec<Class> = (0..ORDERS).map(|k| expected_class(world, k)).collect();
    let all: Vec<Facts> = (0..ORDERS).map(|k| facts(world, k)).collect();
    let complete = world.looked_everywhere && world.unreadable == 0;
    let (unclaimed, nobodys) = world.strays();
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
        foreign: (
            world.foreign + nobodys,
            world.foreign_letters,
            world.unreadable,
        ),
        unclaimed,
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
