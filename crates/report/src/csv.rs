//! `timeseries.csv` and `findings.csv`.

use csv::Writer;
use serde::{Serialize, Serializer};

use orderproof_core::escape::{csv_text, serialize_csv_text};
use orderproof_core::ledger::{Ledger, Outcome};
use orderproof_core::load::Schedule;
use orderproof_core::order::{Id, OrderPlan};
use orderproof_core::results::{RunReport, TimelineRow};
use orderproof_core::scenario::Scenario;
use orderproof_core::verdict::{Class, Gate, Standing};
use orderproof_core::verify::Reconciliation;

/// One row a second; the header names each column with its unit.
pub fn timeseries_csv(report: &RunReport) -> Vec<u8> {
    let rows = report.timeline.iter().map(|row| TimelineRow {
        phase: csv_text(&row.phase).into_owned(),
        ..row.clone()
    });
    write_rows(rows, "time_s")
}

/// One order that is not plainly where it belongs.
#[derive(Serialize)]
struct FindingRow<'a> {
    #[serde(serialize_with = "serialize_id")]
    order_number: Id,
    sequence: Option<u64>,
    class: &'static str,
    send_outcome: &'static str,
    #[serde(serialize_with = "serialize_csv_text")]
    phase: &'a str,
    intended_at_s: Option<f64>,
}

const FINDINGS_HEADER: &str = "order_number,sequence,class,send_outcome,phase,intended_at_s";

/// One row per order in every class that the strict gate does not accept, by class and number.
pub fn findings_csv(
    reconciliation: &Reconciliation,
    ledger: &Ledger,
    plan: &OrderPlan,
    schedule: &Schedule,
    scenario: &Scenario,
) -> Vec<u8> {
    let told = |class: Class| class.standing(Gate::Strict) != Standing::Accepted;
    let mut arriving = schedule.iter_from(0);
    let planned = reconciliation
        .members
        .iter()
        .filter(|&(&class, _)| told(class))
        .flat_map(|(class, members)| members.iter().map(|k| (class.as_str(), u64::from(k))))
        .map(|(class, k)| {
            let due = arriving.due(k);
            FindingRow {
                order_number: plan.order_id(k),
                sequence: Some(k),
                class,
                send_outcome: outcome_name(ledger.outcome(k)),
                phase: &scenario.phases[schedule.profile().phase_at(due)].name,
                intended_at_s: Some(due.as_secs_f64()),
            }
        });
    let phantoms = reconciliation.phantoms.iter().map(|id| FindingRow {
        order_number: id.clone(),
        sequence: None,
        class: Class::Phantom.as_str(),
        send_outcome: "not planned",
        phase: "",
        intended_at_s: None,
    });
    write_rows(planned.chain(phantoms), FINDINGS_HEADER)
}

/// A number as it is; a text as one that no spreadsheet takes for a formula.
pub(super) fn serialize_id<S: Serializer>(id: &Id, to: S) -> Result<S::Ok, S::Error> {
    match id {
        Id::Number(number) => to.serialize_u64(*number),
        Id::Text(text) => serialize_csv_text(text, to),
    }
}

pub(super) fn outcome_name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Acknowledged => "acknowledged",
        Outcome::Rejected => "rejected",
        Outcome::Indeterminate => "indeterminate",
        Outcome::Unsent => "unsent",
    }
}

/// The header comes from the first row; without one, `header` stands alone.
fn write_rows(rows: impl Iterator<Item = impl Serialize>, header: &str) -> Vec<u8> {
    let mut writer = Writer::from_writer(Vec::new());
    for row in rows {
        writer.serialize(row).expect("writing to memory");
    }
    let mut bytes = writer.into_inner().expect("writing to memory");
    if bytes.is_empty() {
        bytes.extend_from_slice(header.as_bytes());
        bytes.push(b'\n');
    }
    bytes
}
