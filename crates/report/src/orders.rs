//! `orders.csv`: one row per planned order, written row by row: a run of a million orders is not held in memory.

use std::io;

use serde::Serialize;

use super::csv::{outcome_name, serialize_id};
use orderproof_core::escape::serialize_csv_text;
use orderproof_core::ledger::Ledger;
use orderproof_core::load::Schedule;
use orderproof_core::order::{Id, OrderPlan};
use orderproof_core::scenario::Scenario;
use orderproof_core::verdict::Class;
use orderproof_core::verify::{Observation, Reconciliation};

/// What is known of every order of a run.
pub struct OrderFacts<'a> {
    /// The scenario as resolved.
    pub scenario: &'a Scenario,
    /// What each order contains.
    pub orders: &'a OrderPlan,
    /// When each is due.
    pub schedule: &'a Schedule,
    /// What became of the sends.
    pub ledger: &'a Ledger,
    /// What the stores held.
    pub observation: &'a Observation,
    /// Every order in its class.
    pub reconciliation: &'a Reconciliation,
}

/// A row; what does not apply to an order that was never planned is empty.
#[derive(Serialize)]
struct OrderRow<'a> {
    #[serde(serialize_with = "serialize_id")]
    order_number: Id,
    sequence: Option<u64>,
    #[serde(serialize_with = "serialize_csv_text")]
    phase: &'a str,
    intended_at_s: Option<f64>,
    is_bad: Option<bool>,
    send_outcome: &'static str,
    class: &'static str,
    has_row: Option<bool>,
    has_dead_letter: Option<bool>,
}

const HEADER: &str =
    "order_number,sequence,phase,intended_at_s,is_bad,send_outcome,class,has_row,has_dead_letter";

/// Writes the rows by sequence number, orders never planned last.
///
/// # Errors
/// When `out` takes no more.
pub fn write_orders_csv(facts: &OrderFacts<'_>, out: impl io::Write) -> io::Result<()> {
    let mut writer = csv::WriterBuilder::new()
        .has_headers(false)
        .from_writer(out);
    writer.write_record(HEADER.split(',')).map_err(io_error)?;
    let profile = facts.schedule.profile();
    for (k, due) in facts.schedule.iter_from(0) {
        let bit = u32::try_from(k).expect("a run has at most 10^9 orders");
        let row = OrderRow {
            order_number: facts.orders.order_id(k),
            sequence: Some(k),
            phase: &facts.scenario.phases[profile.phase_at(due)].name,
            intended_at_s: Some(due.as_secs_f64()),
            is_bad: Some(facts.orders.is_bad(k)),
            send_outcome: outcome_name(facts.ledger.outcome(k)),
            class: class_of(facts.reconciliation, bit).as_str(),
            has_row: Some(facts.observation.stored.contains(bit)),
            has_dead_letter: Some(facts.observation.dead_lettered.contains(bit)),
        };
        writer.serialize(row).map_err(io_error)?;
    }
    for id in &facts.reconciliation.phantoms {
        let row = OrderRow {
            order_number: id.clone(),
            sequence: None,
            phase: "",
            intended_at_s: None,
            is_bad: None,
            send_outcome: "not planned",
            class: Class::Phantom.as_str(),
            has_row: None,
            has_dead_letter: None,
        };
        writer.serialize(row).map_err(io_error)?;
    }
    writer.flush()
}

/// The error below: `csv` hides its kind, by which a closed pipe is told from a full disk.
fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

fn class_of(reconciliation: &Reconciliation, k: u32) -> Class {
    let mut members = reconciliation.members.iter();
    let found = members.find(|(_, members)| members.contains(k));
    *found.expect("every planned order is in one class").0
}
