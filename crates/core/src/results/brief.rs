//! A report in a line: only what a list shows is read.

use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize, Serializer};

use super::ReportError;
use super::json::check_version;
use crate::evidence::{JsonLimits, check_json};
use crate::verdict::Class;

/// A 99th percentile of fewer orders says nothing of the hundredth of them.
const ORDERS_FOR_P99: u64 = 100;

/// What a list shows of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunBrief {
    /// The version of the file's form.
    #[serde(skip)]
    pub schema_version: u32,
    /// When its first order was due, RFC 3339, UTC.
    pub started_at: String,
    /// Its scenario's name.
    pub scenario: String,
    /// `pass`, `fail` or `inconclusive`.
    pub verdict: String,
    /// It was stopped by the user.
    pub interrupted: bool,
    /// Orders planned.
    pub planned: u64,
    /// Orders lost.
    pub lost: u64,
    /// Orders in the wrong place.
    pub misplaced: u64,
    /// The largest 99th percentile of end-to-end latency of any phase outside warm-up.
    pub end_to_end_p99_us: Option<u64>,
    /// That phase.
    pub end_to_end_p99_phase: Option<String>,
    /// From the last send to the empty queue.
    #[serde(rename = "drain_us", serialize_with = "in_micros")]
    pub drain: Option<Duration>,
}

/// A number of microseconds, as the key says.
fn in_micros<S: Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    let micros = |duration: Duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
    duration.map(micros).serialize(serializer)
}

#[derive(Deserialize)]
struct Slim {
    verdict: crate::verdict::Verdict,
    interrupted: bool,
    started_at: String,
    orders: SlimOrders,
    classes: std::collections::BTreeMap<String, u64>,
    quiescence: SlimRest,
    phases: Vec<SlimPhase>,
    scenario: SlimScenario,
}

#[derive(Deserialize)]
struct SlimOrders {
    planned: u64,
}

#[derive(Deserialize)]
struct SlimRest {
    drain: Option<Duration>,
}

#[derive(Deserialize)]
struct SlimPhase {
    end_to_end_us: crate::metrics::LatencySummary,
    figures: SlimFigures,
}

#[derive(Deserialize)]
struct SlimFigures {
    name: String,
    warm_up: bool,
}

#[derive(Deserialize)]
struct SlimScenario {
    name: String,
}

/// Reads what a list shows of a `run.json` that is in memory; `path` is what errors name.
///
/// # Errors
/// When it is damaged, beyond a limit or of another version.
pub fn parse_brief(bytes: &[u8], path: &Path) -> Result<RunBrief, ReportError> {
    #[derive(Deserialize)]
    struct Version {
        schema_version: u64,
    }
    check_json(bytes, &JsonLimits::REPORT).map_err(|reason| ReportError::Damaged {
        path: path.to_owned(),
        reason,
    })?;
    let damaged = |error: serde_json::Error| ReportError::Damaged {
        path: path.to_owned(),
        reason: error.to_string(),
    };
    let version: Version = serde_json::from_slice(bytes).map_err(damaged)?;
    check_version(version.schema_version, path)?;
    let slim: Slim = serde_json::from_slice(bytes).map_err(damaged)?;
    let phases = slim.phases.iter();
    let measured = phases.filter(|phase| !phase.figures.warm_up);
    let worst = measured
        .filter(|phase| phase.end_to_end_us.count >= ORDERS_FOR_P99)
        .filter_map(|phase| Some((phase.end_to_end_us.p99_us?, &phase.figures.name)))
        .max_by_key(|(p99_us, _)| *p99_us);
    let misplaced = Class::ALL.into_iter().filter(|class| class.is_misplaced());
    let misplaced = misplaced.filter_map(|class| slim.classes.get(class.as_str()));
    Ok(RunBrief {
        schema_version: u32::try_from(version.schema_version).unwrap_or(u32::MAX),
        started_at: slim.started_at,
        scenario: slim.scenario.name,
        verdict: slim.verdict.as_str().into(),
        interrupted: slim.interrupted,
        planned: slim.orders.planned,
        lost: slim.classes.get("lost").copied().unwrap_or_default(),
        misplaced: misplaced.fold(0, |sum, count| sum.saturating_add(*count)),
        end_to_end_p99_us: worst.map(|(p99_us, _)| p99_us),
        end_to_end_p99_phase: worst.map(|(_, phase)| phase.clone()),
        drain: slim.quiescence.drain,
    })
}
