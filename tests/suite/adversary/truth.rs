//! What is true of every order, naively: order by order, straight from the pipeline's own stores and from what its
//! sender was told. Nothing of the program's own judgment is used here.

use std::collections::{BTreeMap, BTreeSet};

use orderproof::embedded::Holdings;
use orderproof::ledger::Outcome;
use orderproof::order::OrderPlan;
use serde_json::Value;

/// Where one order is, and with what content.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Place {
    pub row: bool,
    pub letter: bool,
    pub queued: bool,
    /// Each different content that was found under its number; the planned one is `None`.
    pub contents: BTreeSet<Option<String>>,
}

/// What the stores hold of a run.
#[derive(Debug, Default)]
pub struct Truth {
    pub places: BTreeMap<u64, Place>,
    /// Numbers of this run that were never planned.
    pub phantoms: BTreeSet<u64>,
    /// Rows and letters of nobody's.
    pub foreign: u64,
}

impl Truth {
    pub fn of(plan: &OrderPlan, planned: u64, holdings: &Holdings) -> Self {
        let mut truth = Self::default();
        for (id, details) in holdings.lab_rows() {
            let content: Value = serde_json::from_str(&details).unwrap_or_default();
            truth.sight(plan, planned, id.parse().ok(), &content, |place| {
                place.row = true
            });
        }
        for body in &holdings.dead_letters {
            let (number, content) = taken_apart(body);
            truth.sight(plan, planned, number, &content, |place| place.letter = true);
        }
        for body in &holdings.queued {
            let (number, _) = taken_apart(body);
            let order = number.and_then(|number| plan.run.sequence_of(number));
            if let Some(order) = order.filter(|order| *order < planned) {
                truth.places.entry(order).or_default().queued = true;
            }
        }
        truth
    }

    fn sight(
        &mut self,
        plan: &OrderPlan,
        planned: u64,
        number: Option<u64>,
        content: &Value,
        mark: impl FnOnce(&mut Place),
    ) {
        let found = number.and_then(|number| plan.run.sequence_of(number));
        match (found, number) {
            (Some(order), _) if order < planned => {
                let place = self.places.entry(order).or_default();
                mark(place);
                let mut body = Vec::new();
                plan.write_body(order, &mut body);
                let (_, expected) = taken_apart(&String::from_utf8_lossy(&body));
                let other = match same(&expected, content) {
                    true => None,
                    false => Some(content.to_string()),
                };
                place.contents.insert(other);
            }
            (Some(_), Some(number)) => {
                self.phantoms.insert(number);
            }
            _ => self.foreign += 1,
        }
    }

    pub fn place(&self, order: u64) -> Place {
        self.places.get(&order).cloned().unwrap_or_default()
    }
}

/// The order number of a body, and the rest of it.
fn taken_apart(body: &str) -> (Option<u64>, Value) {
    let mut value: Value = serde_json::from_str(body).unwrap_or_default();
    let number = value
        .as_object_mut()
        .and_then(|object| object.remove("order_number"));
    (number.and_then(|number| number.as_u64()), value)
}

/// Equal but for the spelling of numbers.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::Object(a), Value::Object(b)) => {
            let each = |(key, value): (&String, &Value)| {
                b.get(key).is_some_and(|other| same(value, other))
            };
            a.len() == b.len() && a.iter().all(each)
        }
        _ => a == b,
    }
}

/// The class of an order that is at `place` once all is at rest, its sender having been told `outcome`.
pub fn class(place: &Place, outcome: Outcome, bad: bool) -> &'static str {
    let landed = place.row || place.letter;
    match outcome {
        _ if place.contents.len() > 1 => "overwritten",
        _ if place.contents.iter().any(Option::is_some) => "altered",
        Outcome::Rejected | Outcome::Unsent if landed => "ghost",
        Outcome::Rejected => "rejected",
        Outcome::Unsent => "unsent",
        _ if place.row && place.letter => "stored_and_dead_lettered",
        _ if place.row && bad => "bad_order_stored",
        _ if place.letter && !bad => "good_order_dead_lettered",
        Outcome::Indeterminate if landed => "recovered",
        Outcome::Indeterminate => "indeterminate_never_seen",
        Outcome::Acknowledged if place.row => "stored",
        Outcome::Acknowledged if place.letter => "dead_lettered_by_design",
        Outcome::Acknowledged => "lost",
    }
}

/// Whether a class fails the gate.
pub fn is_refused(class: &str, conserved: bool) -> bool {
    match class {
        "stored_and_dead_lettered" | "good_order_dead_lettered" | "bad_order_stored" => !conserved,
        "ghost" | "altered" | "overwritten" | "phantom" | "lost" => true,
        _ => false,
    }
}
