//! A run in one document for programs: what `run --json` prints. Every duration is a number, with its unit in the key.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use orderproof_core::exit::Exit;
use orderproof_core::gate::{Check, own_rules};
use orderproof_core::metrics::LatencySummary;
use orderproof_core::results::{PhaseReport, RunReport, headline};
use orderproof_core::verdict::{Class, Finding, Gate, Verdict};
use orderproof_plan::FigureAgainst;

use crate::Foresight;

/// The version of the document.
const SCHEMA_VERSION: u32 = 1;

/// What a run came to.
#[derive(Debug, Serialize)]
pub struct RunDocument<'a> {
    /// The version of this format.
    pub schema_version: u32,
    /// What it proved.
    pub verdict: Verdict,
    /// The gate by which it was judged.
    pub gate: Gate,
    /// The exit code.
    pub exit_code: u8,
    /// The verdict in a sentence.
    pub headline: String,
    /// The scenario's name.
    pub scenario: &'a str,
    /// The number that marks the run's orders.
    pub run_id: u32,
    /// Its seed.
    pub seed: u64,
    /// When its first order was due, RFC 3339, UTC.
    pub started_at: &'a str,
    /// When its report was made.
    pub finished_at: &'a str,
    /// It was stopped by the user.
    pub interrupted: bool,
    /// The folder with its evidence and reports.
    pub folder: String,
    /// What became of the sends.
    pub orders: OrderCounts,
    /// Orders in each class.
    pub classes: &'a BTreeMap<Class, u64>,
    /// What speaks against a pass, and what else there is to know.
    pub findings: &'a [Finding],
    /// The scenario's rules, and how the run stands to them.
    pub rules: Vec<Check>,
    /// From the last send to the empty queue, microseconds; null when it was not seen empty.
    pub drain_us: Option<u64>,
    /// How late orders were sent.
    pub schedule_lag_us: &'a LatencySummary,
    /// Its phases in their order.
    pub phases: Vec<PhaseDocument<'a>>,
    /// What could not be written or kept.
    pub problems: &'a [String],
    /// The forecast that was made before, held against the run: no evidence of anything. Absent when none was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forecast: Option<ForecastBeside<'a>>,
}

/// A forecast beside its run.
#[derive(Debug, Serialize)]
pub struct ForecastBeside<'a> {
    /// Always false.
    pub evidence: bool,
    /// In a sentence.
    pub answer: String,
    /// The seeds that were played; empty when it is left out.
    pub seeds: &'a [u64],
    /// Each figure of both; empty when it is left out.
    pub figures: &'a [FigureAgainst],
}

/// What became of the sends.
#[derive(Debug, Serialize)]
pub struct OrderCounts {
    /// Orders planned.
    pub planned: u64,
    /// Handed to the network.
    pub attempted: u64,
    /// Accepted.
    pub acknowledged: u64,
    /// Refused.
    pub rejected: u64,
    /// Without a known outcome.
    pub indeterminate: u64,
    /// Never sent.
    pub unsent: u64,
}

/// One phase.
#[derive(Debug, Serialize)]
pub struct PhaseDocument<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its figures count for no rule that does not name it.
    pub warm_up: bool,
    /// Its start, since the run's.
    pub start_us: u64,
    /// Its end.
    pub end_us: u64,
    /// Orders due in it.
    pub scheduled: u64,
    /// Handed to the network.
    pub attempted: u64,
    /// Accepted.
    pub acknowledged: u64,
    /// From the intended instant to the acknowledgment.
    pub response_time_us: &'a LatencySummary,
    /// From the send to the acknowledgment.
    pub service_time_us: &'a LatencySummary,
    /// How late orders were sent.
    pub schedule_lag_us: &'a LatencySummary,
    /// From the intended instant to the row.
    pub end_to_end_us: &'a LatencySummary,
}

impl<'a> RunDocument<'a> {
    /// The document of a run that ended with `exit`, whose files are in `folder`.
    pub fn of(report: &'a RunReport, exit: Exit, folder: &Path, problems: &'a [String]) -> Self {
        let orders = &report.orders;
        Self {
            schema_version: SCHEMA_VERSION,
            verdict: report.verdict,
            gate: report.gate,
            exit_code: exit.code(),
            headline: headline(report),
            scenario: &report.scenario.name,
            run_id: report.run_id.get(),
            seed: report.scenario.seed,
            started_at: &report.started_at,
            finished_at: &report.finished_at,
            interrupted: report.interrupted,
            folder: folder.display().to_string(),
            orders: OrderCounts {
                planned: orders.planned,
                attempted: orders.attempted,
                acknowledged: orders.acknowledged,
                rejected: orders.rejected,
                indeterminate: orders.indeterminate,
                unsent: orders.unsent,
            },
            classes: &report.classes,
            findings: &report.findings,
            rules: own_rules(report),
            drain_us: report.quiescence.drain.map(micros),
            schedule_lag_us: &report.schedule_lag_us,
            phases: report.phases.iter().map(phase).collect(),
            problems,
            forecast: None,
        }
    }

    /// The same with the forecast that was made before, if one was.
    #[must_use]
    pub fn with(self, foresight: Option<&'a Foresight>) -> Self {
        let forecast = foresight.map(|foresight| {
            let (seeds, figures): (&[u64], &[FigureAgainst]) = match foresight {
                Foresight::Held(held) => (&held.against.seeds, &held.against.figures),
                Foresight::LeftOut(_) => (&[], &[]),
            };
            ForecastBeside {
                evidence: false,
                answer: foresight.line(),
                seeds,
                figures,
            }
        });
        Self { forecast, ..self }
    }
}

fn phase(report: &PhaseReport) -> PhaseDocument<'_> {
    PhaseDocument {
        name: &report.figures.name,
        warm_up: report.figures.warm_up,
        start_us: micros(report.start),
        end_us: micros(report.end),
        scheduled: report.scheduled,
        attempted: report.attempted,
        acknowledged: report.acknowledged,
        response_time_us: &report.response_time_us,
        service_time_us: &report.service_time_us,
        schedule_lag_us: &report.schedule_lag_us,
        end_to_end_us: &report.end_to_end_us,
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
