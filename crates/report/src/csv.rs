//! `timeseries.csv`, `findings.csv` and `orders.csv`. The last is written row by row: a run of a million orders is not
//! held in memory.

use std::io;

use csv::{Writer, WriterBuilder};
use serde::Serialize;

use orderproof_core::escape::csv_text;
use orderproof_core::ledger::{Ledger, Outcome};
use orderproof_core::load::Schedule;
use orderproof_core::metrics::Histogram;
use orderproof_core::order::spec::IdScheme;
use orderproof_core::order::{Id, OrderPlan};
use orderproof_core::results::{Interval, RunReport, TimelineRow};
use orderproof_core::scenario::Scenario;
use orderproof_core::verdict::{Class, Gate, Standing};
use orderproof_core::verify::{Observation, Reconciliation};

/// The columns after the id.
const FINDINGS_COLUMNS: &str = "sequence,class,send_outcome,phase,intended_at_s";
const ORDERS_COLUMNS: &str =
    "sequence,phase,intended_at_s,is_bad,send_outcome,class,has_row,has_dead_letter";

/// The columns of the timeline that are worked out from its histograms.
const TIMESERIES_ADDED: &[u8] = b",response_time_p95_us,service_time_p95_us,end_to_end_p95_us\n";

/// What stands for the send of an order that was never planned.
const NOT_PLANNED: &str = "not planned";

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

/// One row a second; the header names each column with its unit. The last columns are worked out from the histograms of
/// the second: they were added later, and columns keep their places.
pub fn timeseries_csv(report: &RunReport) -> Vec<u8> {
    if report.timeline.is_empty() {
        return b"time_s\n".to_vec();
    }
    let rows = report.timeline.iter().map(|row| {
        let row = TimelineRow {
            phase: csv_text(&row.phase).into_owned(),
            ..row.clone()
        };
        let at = report
            .intervals
            .binary_search_by_key(&row.time_s, |it| it.time_s);
        let interval = at.ok().map(|at| &report.intervals[at]);
        let p95 = |pick: fn(&Interval) -> &Histogram| pick(interval?).summary().p95_us;
        let added = (
            p95(|it| &it.response_time),
            p95(|it| &it.service_time),
            p95(|it| &it.end_to_end),
        );
        (row, added)
    });
    let first = in_memory(
        Writer::from_writer(Vec::new()),
        [TimelineRow::default()].into_iter(),
    );
    let names = first.split(|&byte| byte == b'\n').next();
    let writer = WriterBuilder::new()
        .has_headers(false)
        .from_writer(Vec::new());
    let rows = in_memory(writer, rows);
    [names.unwrap_or_default(), TIMESERIES_ADDED, &rows].concat()
}

/// One row per order in every class that the strict gate does not accept, by class and number.
pub fn findings_csv(
    reconciliation: &Reconciliation,
    ledger: &Ledger,
    plan: &OrderPlan,
    schedule: &Schedule,
    scenario: &Scenario,
) -> Vec<u8> {
    let shown = |class: Class| class.standing(Gate::Strict) != Standing::Accepted;
    let members = reconciliation.members.iter();
    let members = members.filter(|&(&class, _)| shown(class));
    let orders = members.flat_map(|(class, members)| members.iter().map(|k| (class.as_str(), k)));
    let mut arriving = schedule.iter_from(0);
    let planned = orders.map(|(class, k)| {
        let k = u64::from(k);
        let due = arriving.due(k);
        let phase = &scenario.phases[schedule.profile().phase_at(due)].name;
        let outcome = outcome_name(ledger.outcome(k));
        let number = id_cell(&plan.id(k));
        (
            number,
            Some(k),
            class,
            outcome,
            csv_text(phase),
            Some(due.as_secs_f64()),
        )
    });
    let phantoms = reconciliation.phantoms.iter().map(|id| {
        let class = Class::Phantom.as_str();
        (id_cell(id), None, class, NOT_PLANNED, csv_text(""), None)
    });
    let writer = WriterBuilder::new()
        .has_headers(false)
        .from_writer(Vec::new());
    let rows = in_memory(writer, planned.chain(phantoms));
    let header = format!("{},{FINDINGS_COLUMNS}\n", id_column(plan));
    [header.as_bytes(), &rows].concat()
}

/// Writes the rows by sequence number, orders never planned last.
///
/// # Errors
/// When `out` takes no more.
pub fn write_orders_csv(facts: &OrderFacts<'_>, mut out: impl io::Write) -> io::Result<()> {
    writeln!(out, "{},{ORDERS_COLUMNS}", id_column(facts.orders))?;
    let mut writer = WriterBuilder::new().has_headers(false).from_writer(out);
    let profile = facts.schedule.profile();
    for (k, due) in facts.schedule.iter_from(0) {
        let bit = u32::try_from(k).expect("a run has at most 10^9 orders");
        let row = (
            id_cell(&facts.orders.id(k)),
            k,
            csv_text(&facts.scenario.phases[profile.phase_at(due)].name),
            due.as_secs_f64(),
            facts.orders.is_bad(k),
            outcome_name(facts.ledger.outcome(k)),
            class_of(facts.reconciliation, bit).as_str(),
            facts.observation.stored.contains(bit),
            facts.observation.dead_lettered.contains(bit),
        );
        writer.serialize(row).map_err(io_error)?;
    }
    for id in &facts.reconciliation.phantoms {
        let class = Class::Phantom.as_str();
        let row = (id_cell(id), "", "", "", "", NOT_PLANNED, class, "", "");
        writer.serialize(row).map_err(io_error)?;
    }
    writer.flush()
}

fn in_memory(mut writer: Writer<Vec<u8>>, rows: impl Iterator<Item = impl Serialize>) -> Vec<u8> {
    for row in rows {
        writer.serialize(row).expect("writing to memory");
    }
    writer.into_inner().expect("writing to memory")
}

/// The error below: `csv` hides its kind, by which a closed pipe differs from a full disk.
fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

/// What the column of ids is called.
fn id_column(plan: &OrderPlan) -> &'static str {
    match plan.model.spec().id {
        IdScheme::Number => "order_number",
        _ => "order_id",
    }
}

/// A number as it is; a text as one that no spreadsheet takes for a formula.
fn id_cell(id: &Id) -> String {
    match id {
        Id::Number(number) => number.to_string(),
        Id::Text(text) => csv_text(text).into_owned(),
    }
}

fn class_of(reconciliation: &Reconciliation, k: u32) -> Class {
    let mut members = reconciliation.members.iter();
    let found = members.find(|(_, members)| members.contains(k));
    *found.expect("every planned order is in one class").0
}

fn outcome_name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Acknowledged => "acknowledged",
        Outcome::Rejected => "rejected",
        Outcome::Indeterminate => "indeterminate",
        Outcome::Unsent => "unsent",
    }
}
