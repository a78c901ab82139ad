//! What a careful reader would say of a world, one order at a time; shares no code with what it checks.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use super::world::{Ending, FIRST, Measured, RuleOfWorld, World};
use crate::ledger::Outcome;
use crate::order::{Order, Price};
use crate::scenario::{Gate, Metric};
use crate::verify::{Class, Severity, Verdict};

/// A content as it was seen under an order's number.
#[derive(Debug, Clone, PartialEq)]
enum Content {
    AsPlanned,
    /// An object with other fields than planned, the order number left out.
    Fields(Value),
    /// No object at all.
    Text(Option<String>),
}

/// All that is known of one order.
#[derive(Debug)]
struct OrderState {
    outcome: Outcome,
    bad: bool,
    rows: u64,
    letters: u64,
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
    pub(super) reasons: BTreeSet<(u8, String)>,
}

/// What is counted beside the classes.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Tallies {
    pub(super) foreign_rows: u64,
    pub(super) foreign_letters: u64,
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
struct Books {
    orders: HashMap<u64, OrderState>,
    phantoms: BTreeSet<u64>,
    tallies: Tallies,
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
        looked.at_rest && looked.scanned && looked.looked_up && looked.swept && kept
    });
    let classes: BTreeMap<u64, Class> = books
        .orders
        .iter()
        .map(|(&k, order)| (k, class_of(order, complete)))
        .collect();
    let reasons = reasons(world, &books, &classes);
    let worst = reasons.iter().map(|(rank, _)| *rank).max().unwrap_or(0);
    let (verdict, exit) = match (worst, world.interrupted) {
        (3, _) => (Verdict::Fail, 3),
        (2, _) => (Verdict::Fail, 5),
        (1, true) => (Verdict::Inconclusive, 130),
        (1, false) => (Verdict::Inconclusive, 4),
        _ => (Verdict::Pass, 0),
    };
    Some(Answer {
        classes,
        phantoms: books.phantoms,
        tallies: books.tallies,
        verdict,
        exit,
        reasons,
    })
}

/// Enters every row and every letter under its order.
fn books(world: &World) -> Books {
    let mut books = Books::default();
    for k in 0..world.planned {
        let state = OrderState {
            outcome: world.sent.outcome(k),
            bad: world.plan.order(k).price_per_item == Price::Bad,
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
        let Some(order) = books.find(row.order_number, false, world.planned) else {
            continue;
        };
        order.rows += 1;
        if order.rows > 1 {
            continue;
        }
        order.untimed = row.stored_at_us.is_none();
        order.redelivered = row.receive_count > Some(1);
        let k = row.order_number.unwrap() - FIRST;
        order.enter(content(&world.plan.order(k), row.order_details.as_deref()));
    }
    for letter in &world.letters {
        let number = serde_json::from_str(&letter.body)
            .ok()
            .and_then(|body: Value| body["order_number"].as_u64());
        let Some(order) = books.find(number, true, world.planned) else {
            continue;
        };
        order.letters += 1;
        let k = number.unwrap() - FIRST;
        order.enter(content(&world.plan.order(k), Some(&letter.body)));
    }
    for order in books.orders.values() {
        books.tallies.extra_copies += order.letters.saturating_sub(1);
        books.tallies.redelivered += u64::from(order.redelivered);
        books.tallies.untimed += u64::from(order.untimed);
    }
    books
}

impl Books {
    /// The planned order a number names; otherwise it is noted as what it is.
    fn find(&mut self, number: Option<u64>, letter: bool, planned: u64) -> Option<&mut OrderState> {
        let last_of_run = FIRST + 999_999_999;
        match number {
            Some(number) if (FIRST..FIRST + planned).contains(&number) => {
                self.orders.get_mut(&(number - FIRST))
            }
            Some(number) if (FIRST..=last_of_run).contains(&number) => {
                self.phantoms.insert(number);
                None
            }
            _ if letter => {
                self.tallies.foreign_letters += 1;
                None
            }
            _ => {
                self.tallies.foreign_rows += 1;
                None
            }
        }
    }
}

impl OrderState {
    fn enter(&mut self, content: Content) {
        if !self.contents.contains(&content) {
            self.contents.push(content);
        }
    }
}

/// What a text says under the number of `order`.
fn content(order: &Order, text: Option<&str>) -> Content {
    let value = text.and_then(|text| serde_json::from_str::<Value>(text).ok());
    let Some(Value::Object(mut fields)) = value else {
        return Content::Text(text.map(str::to_owned));
    };
    let items = Value::from(order.num_items);
    let price = match order.price_per_item {
        Price::Dollars(dollars) => Value::from(dollars),
        Price::Bad => Value::from("err"),
    };
    let article = Value::from(order.item_description);
    let is = |name: &str, planned: &Value| fields.get(name) == Some(planned);
    if is("num_items", &items) && is("price_per_item", &price) && is("item_description", &article) {
        return Content::AsPlanned;
    }
    fields.remove("order_number");
    Content::Fields(Value::Object(fields))
}

/// The one class whose whole condition holds.
fn class_of(order: &OrderState, complete: bool) -> Class {
    use Outcome::{Acknowledged, Indeterminate, Rejected, Unsent};
    let sent_as = |outcome: Outcome| order.outcome == outcome;
    let (row, letter) = (order.rows > 0, order.letters > 0);
    let nowhere = !row && !letter;
    let right = order.contents == [Content::AsPlanned];
    let may_land = sent_as(Acknowledged) || sent_as(Indeterminate);
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
            landed && sent_as(Indeterminate) && at_home,
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

/// Every reason for the verdict.
fn reasons(world: &World, books: &Books, classes: &BTreeMap<u64, Class>) -> BTreeSet<(u8, String)> {
    let mut reasons = BTreeSet::new();
    let mut say = |severity: Severity, code: &str| {
        reasons.insert((rank(severity), code.to_owned()));
    };
    let count = |class: Class| classes.values().filter(|found| **found == class).count() as u64;
    let strict = world.expected.gate == Gate::Strict;
    for class in classes.values() {
        match class {
            Class::Stored | Class::DeadLetteredByDesign | Class::Rejected | Class::Unsent => {}
            Class::Recovered => say(Severity::Note, "recovered"),
            Class::StoredAndDeadLettered if strict => {
                say(Severity::OrderFailure, "stored_and_dead_lettered");
            }
            Class::GoodOrderDeadLettered if strict => {
                say(Severity::OrderFailure, "good_order_dead_lettered");
            }
            Class::BadOrderStored if strict => say(Severity::OrderFailure, "bad_order_stored"),
            Class::StoredAndDeadLettered | Class::GoodOrderDeadLettered | Class::BadOrderStored => {
            }
            Class::IndeterminateNeverSeen => {
                let many = count(Class::IndeterminateNeverSeen) > world.expected.max_indeterminate;
                let severity = [Severity::Note, Severity::MissingEvidence][usize::from(many)];
                say(severity, "indeterminate_never_seen");
            }
            Class::Undecided => say(Severity::MissingEvidence, "undecided"),
            Class::Ghost => say(Severity::OrderFailure, "ghost"),
            Class::Altered => say(Severity::OrderFailure, "altered"),
            Class::Overwritten => say(Severity::OrderFailure, "overwritten"),
            Class::Lost => say(Severity::OrderFailure, "lost"),
            Class::Phantom => unreachable!("a planned order is no phantom"),
        }
    }
    if !books.phantoms.is_empty() {
        say(Severity::OrderFailure, "phantom");
    }
    let idle = count(Class::Unsent) + count(Class::Rejected);
    if world.interrupted && count(Class::Unsent) > 0 {
        say(Severity::MissingEvidence, "interrupted");
    }
    if idle * 100 > world.expected.max_unsent_percent * world.planned {
        say(Severity::MissingEvidence, "load_not_offered");
    }
    let reached_sqs = |order: &OrderState| {
        order.outcome == Outcome::Acknowledged || order.rows > 0 || order.letters > 0
    };
    if !books.orders.values().any(reached_sqs) {
        say(Severity::MissingEvidence, "nothing_sent");
    }
    for gap in gaps(world) {
        say(Severity::MissingEvidence, gap);
    }
    for rule in &world.expected.rules {
        if let Some((severity, code)) = broken(rule, world, &books.tallies) {
            say(severity, code);
        }
    }
    reasons
}

/// The pieces of evidence that are missing.
fn gaps(world: &World) -> Vec<&'static str> {
    let mut gaps = Vec::new();
    if world.sent.ending != Ending::Orderly {
        gaps.push("ledger_unfinished");
    }
    match &world.measured {
        None => gaps.push("send_record_missing"),
        Some([_, spike]) => match quantile(&spike.lag, 0.99) {
            None => gaps.push("schedule_lag_unknown"),
            Some(lag_us) if lag_us > world.expected.max_lag_us => gaps.push("generator_too_late"),
            Some(_) => {}
        },
    }
    let Some(looked) = &world.looked else {
        gaps.push("observation_missing");
        return gaps;
    };
    for (there, gap) in [
        (looked.at_rest, "no_quiescence"),
        (looked.scanned, "scan_incomplete"),
        (looked.looked_up, "lookups_incomplete"),
        (looked.swept, "dead_letter_sweep_incomplete"),
    ] {
        if !there {
            gaps.push(gap);
        }
    }
    if looked.retention_s.is_none() || looked.retention_s <= Some(looked.age_s) {
        gaps.push("retention");
    }
    gaps
}

/// What a rule has to say.
fn broken(
    rule: &RuleOfWorld,
    world: &World,
    tallies: &Tallies,
) -> Option<(Severity, &'static str)> {
    const UNKNOWN: Option<(Severity, &str)> =
        Some((Severity::MissingEvidence, "rule_without_figures"));
    let across = |pick: fn(&Measured) -> &Vec<u64>, share: f64| -> Option<u64> {
        let [warm_up, spike] = world.measured.as_ref()?;
        match rule.phase {
            None | Some("spike") => quantile(pick(spike), share),
            Some("warm-up") => quantile(pick(warm_up), share),
            Some(_) => None,
        }
    };
    let mut two_clocks = false;
    let measured_us = match rule.metric {
        Metric::ResponseTime(share) => across(|phase| &phase.response, share),
        Metric::ServiceTime(share) => across(|phase| &phase.service, share),
        Metric::ScheduleLag(share) => across(|phase| &phase.lag, share),
        Metric::EndToEnd(share) => {
            two_clocks = true;
            across(|phase| &phase.end_to_end, share)
        }
        Metric::Drain => match &world.looked {
            Some(looked) if looked.at_rest => Some(looked.drain_us),
            _ => None,
        },
    };
    let Some(measured_us) = measured_us else {
        return UNKNOWN;
    };
    if two_clocks && world.skew_us > 0 {
        return UNKNOWN;
    }
    if measured_us > rule.limit_us || (measured_us == rule.limit_us && !rule.inclusive) {
        return Some((Severity::PerformanceFailure, "rule_broken"));
    }
    if two_clocks && tallies.untimed > 0 {
        return UNKNOWN;
    }
    None
}

/// The smallest value that at least `share` of all do not exceed.
fn quantile(values: &[u64], share: f64) -> Option<u64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let enough = |value: &&u64| {
        let below = sorted.iter().filter(|other| other <= value).count();
        below as f64 / sorted.len() as f64 >= share
    };
    sorted.iter().find(enough).copied()
}
