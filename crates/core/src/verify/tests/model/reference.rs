//! What a careful reader would say of a world, one order at a time; shares no code with what it checks.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::reading::{Json, read, whole};
use super::reasons::reasons;
use super::world::{Ending, FIRST, World};
use crate::ledger::Outcome;
use crate::records::Value;
use crate::verdict::{Class, Severity, Verdict};
use crate::verify::tests::lab::LabOrder;

/// A content as it was seen under an order's number.
#[derive(Debug, Clone, PartialEq)]
enum Content {
    AsPlanned,
    /// An object with other fields than planned, by name, its own order number left out.
    Fields(Vec<(String, Json)>),
    /// No object at all.
    Text(Option<String>),
}

/// All that is known of one order.
#[derive(Debug)]
pub(super) struct OrderState {
    pub(super) outcome: Outcome,
    /// The journal has no end, and no word of it: a line may be missing.
    untold: bool,
    bad: bool,
    pub(super) rows: u64,
    pub(super) letters: u64,
    /// The different contents, each once.
    contents: Vec<Content>,
    untimed: bool,
    redelivered: bool,
}

/// What is to be said of a world.
#[derive(Debug, PartialEq)]
pub(in crate::verify) struct Answer {
    /// The class of each order, by its place in the run.
    pub(super) classes: BTreeMap<u64, Class>,
    pub(super) phantoms: BTreeSet<u64>,
    pub(super) tallies: Tallies,
    pub(super) verdict: Verdict,
    pub(super) exit: u8,
    /// Each reason's severity and code, how many orders it concerns, and the first five numbers.
    pub(super) reasons: BTreeMap<(u8, String), (u64, Vec<u64>)>,
    /// How many orders are in each class.
    pub(super) counts: BTreeMap<Class, u64>,
}

/// What is counted beside the classes.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Tallies {
    pub(super) foreign_rows: u64,
    pub(super) foreign_letters: u64,
    pub(super) unreadable: u64,
    pub(super) extra_copies: u64,
    pub(super) redelivered: u64,
    pub(super) untimed: u64,
}

/// A finding's severity as a number, so that reasons can be sorted.
pub(super) fn rank(severity: Severity) -> u8 {
    match severity {
        Severity::OrderFailure => 3,
        Severity::PerformanceFailure => 2,
        Severity::MissingEvidence => 1,
        Severity::Note => 0,
    }
}

/// The orders of a world and what stands beside them.
#[derive(Default)]
pub(super) struct Books {
    pub(super) orders: HashMap<u64, OrderState>,
    pub(super) phantoms: BTreeSet<u64>,
    pub(super) tallies: Tallies,
}

/// What is to be said of `world`; `None` when its journal cannot be trusted.
pub(super) fn answer(world: &World) -> Option<Answer> {
    if world.sent.ending == Ending::Damaged {
        return None;
    }
    let books = books(world);
    let complete = world.looked.as_ref().is_some_and(|looked| {
        let kept = looked
            .retention_s
            .is_some_and(|kept_s| looked.age_s < kept_s);
        let known = books.tallies.unreadable == 0;
        let all = looked.at_rest && looked.scanned && looked.looked_up && looked.swept;
        all && kept && known && looked.drained != Some(false)
    });
    let classes: BTreeMap<u64, Class> = books
        .orders
        .iter()
        .map(|(&k, order)| (k, class_of(order, complete)))
        .collect();
    let reasons = reasons(world, &books, &classes);
    let worst = reasons.keys().map(|(rank, _)| *rank).max().unwrap_or(0);
    let (verdict, exit) = match (worst, world.interrupted) {
        (3, _) => (Verdict::Fail, 3),
        (2, _) => (Verdict::Fail, 5),
        (1, true) => (Verdict::Inconclusive, 130),
        (1, false) => (Verdict::Inconclusive, 4),
        _ => (Verdict::Pass, 0),
    };
    let listed = Class::ALL
        .into_iter()
        .filter(|class| class.is_always_listed());
    let mut counts: BTreeMap<Class, u64> = listed.map(|class| (class, 0)).collect();
    for class in classes.values() {
        *counts.entry(*class).or_default() += 1;
    }
    counts.insert(Class::Phantom, books.phantoms.len() as u64);
    let named = |numbers: Vec<u64>| (numbers.len() as u64, numbers.into_iter().take(5).collect());
    Some(Answer {
        counts,
        classes,
        phantoms: books.phantoms,
        tallies: books.tallies,
        verdict,
        exit,
        reasons: reasons
            .into_iter()
            .map(|(reason, numbers)| (reason, named(numbers)))
            .collect(),
    })
}

/// Enters every row and every letter under its order.
fn books(world: &World) -> Books {
    let mut books = Books::default();
    for k in 0..world.planned {
        let state = OrderState {
            outcome: world.sent.outcome(k),
            untold: world.sent.ending != Ending::Orderly && k >= world.sent.intended,
            bad: LabOrder::of(&world.plan, k).is_bad(),
            rows: 0,
            letters: 0,
            contents: Vec::new(),
            untimed: false,
            redelivered: false,
        };
        books.orders.insert(k, state);
    }
    if world.looked.is_none() {
        return books;
    }
    for row in &world.rows {
        let Some(number) = row.order_number else {
            match row.odd_key {
                Some(Value::N(_)) => books.tallies.foreign_rows += 1,
                _ => books.tallies.unreadable += 1,
            }
            continue;
        };
        if !books.is_of_the_run(number) {
            books.tallies.foreign_rows += 1;
            continue;
        }
        let Some(order) = books.find(number, world.planned) else {
            continue;
        };
        order.rows += 1;
        if order.rows == 1 {
            order.untimed = row.stored_at_us.is_none();
            order.redelivered = row.receive_count > Some(1);
        }
        order.enter(content(world, number, row.order_details.as_deref()));
    }
    for letter in &world.letters {
        let named = numbers(&letter.body);
        let ours: BTreeSet<u64> = named
            .into_iter()
            .filter(|&number| books.is_of_the_run(number))
            .collect();
        books.tallies.foreign_letters += u64::from(ours.is_empty());
        for number in ours {
            if let Some(order) = books.find(number, world.planned) {
                order.letters += 1;
                order.enter(content(world, number, Some(&letter.body)));
            }
        }
    }
    for order in books.orders.values() {
        books.tallies.extra_copies += order.letters.saturating_sub(1);
        books.tallies.redelivered += u64::from(order.redelivered);
        books.tallies.untimed += u64::from(order.untimed);
    }
    books
}

impl Books {
    fn is_of_the_run(&self, number: u64) -> bool {
        (FIRST..=FIRST + 999_999_999).contains(&number)
    }

    /// The planned order a number of the run names; one beyond the plan is noted.
    fn find(&mut self, number: u64, planned: u64) -> Option<&mut OrderState> {
        if number >= FIRST + planned {
            self.phantoms.insert(number);
        }
        self.orders.get_mut(&(number - FIRST))
    }
}

/// The order numbers a body names.
fn numbers(body: &str) -> Vec<u64> {
    let Some(Json::Object(fields)) = read(body) else {
        return Vec::new();
    };
    let named = fields.iter().filter(|(name, _)| name == "order_number");
    named.filter_map(|(_, value)| whole(value, true)).collect()
}

impl OrderState {
    fn enter(&mut self, content: Content) {
        if !self.contents.contains(&content) {
            self.contents.push(content);
        }
    }
}

/// What a text says under an order's number.
fn content(world: &World, number: u64, text: Option<&str>) -> Content {
    let order = LabOrder::of(&world.plan, number - FIRST);
    let Some(Json::Object(mut fields)) = text.and_then(read) else {
        return Content::Text(text.map(str::to_owned));
    };
    let names: BTreeSet<&String> = fields.iter().map(|(name, _)| name).collect();
    let unique = names.len() == fields.len();
    fields.retain(|(name, value)| name != "order_number" || whole(value, false) != Some(number));
    fields.sort_by(|one, other| one.0.cmp(&other.0));
    let price = match order.dollars {
        Some(dollars) => Json::Number(format!("{}.", dollars as u64)),
        None => Json::Text("err".into()),
    };
    let planned = [
        ("item_description", Json::Text(order.article)),
        ("num_items", Json::Number(format!("{}.", order.items))),
        ("price_per_item", price),
    ];
    let planned = planned.map(|(name, value)| (name.to_owned(), value));
    match unique && fields == planned {
        true => Content::AsPlanned,
        false => Content::Fields(fields),
    }
}

/// The one class whose whole condition holds.
fn class_of(order: &OrderState, complete: bool) -> Class {
    use Outcome::{Acknowledged, Indeterminate, Rejected, Unsent};
    let sent_as = |outcome: Outcome| order.outcome == outcome;
    let (row, letter) = (order.rows > 0, order.letters > 0);
    let nowhere = !row && !letter;
    let right = order.contents == [Content::AsPlanned];
    let may_land = sent_as(Acknowledged) || sent_as(Indeterminate) || order.untold;
    let landed = right && may_land;
    let at_home = (!order.bad && row && !letter) || (order.bad && !row && letter);
    let conditions = [
        (
            Class::Stored,
            landed && sent_as(Acknowledged) && at_home && row,
        ),
        (
            Class::DeadLetteredByDesign,
            landed && sent_as(Acknowledged) && at_home && letter,
        ),
        (
            Class::Recovered,
            landed && (sent_as(Indeterminate) || order.untold) && at_home,
        ),
        (Class::StoredAndDeadLettered, landed && row && letter),
        (
            Class::GoodOrderDeadLettered,
            landed && !order.bad && letter && !row,
        ),
        (Class::BadOrderStored, landed && order.bad && row && !letter),
        (
            Class::IndeterminateNeverSeen,
            sent_as(Indeterminate) && nowhere,
        ),
        (Class::Rejected, sent_as(Rejected) && nowhere),
        (Class::Unsent, sent_as(Unsent) && nowhere),
        (
            Class::Undecided,
            sent_as(Acknowledged) && nowhere && !complete,
        ),
        (Class::Lost, sent_as(Acknowledged) && nowhere && complete),
        (Class::Ghost, right && !may_land),
        (Class::Altered, order.contents.len() == 1 && !right),
        (Class::Overwritten, order.contents.len() > 1),
    ];
    let mut holding = conditions.iter().filter(|(_, holds)| *holds);
    let (class, _) = holding.next().expect("an order is something");
    assert!(holding.next().is_none(), "an order is one thing: {order:?}");
    *class
}
