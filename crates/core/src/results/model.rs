//! `run.json`: everything a run found, enough to render every other format again.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{CloudWatch, FailureCount, NeverStarted, WorkerRecord};
use crate::ledger::OutcomeCounts;
use crate::metrics::{Histogram, LatencySummary};
use crate::order::RunId;
use crate::scenario::Scenario;
use crate::verdict::{Class, Finding, Gate, Verdict};
use crate::verify::{PhaseFigures, Quiescence, RowClock, Sweep};

/// The version of `run.json` (and of `plan.json` and `sent.json`) this program writes.
pub const SCHEMA_VERSION: u32 = 4;

/// The oldest version of them that it reads; what that version did not have is absent, never zero.
pub const OLDEST_SCHEMA_VERSION: u32 = 3;

/// Everything a run found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunReport {
    /// The version of this format.
    pub schema_version: u32,
    /// What the run proved.
    pub verdict: Verdict,
    /// Which classes were accepted.
    pub gate: Gate,
    /// The exit code that goes with the verdict.
    pub exit_code: u8,
    /// The number that marks the run's orders.
    pub run_id: RunId,
    /// When the first order was due, RFC 3339, UTC.
    pub started_at: String,
    /// When the report was written, RFC 3339, UTC.
    pub finished_at: String,
    /// Sending was stopped by the user.
    pub interrupted: bool,
    /// What became of the sends.
    pub orders: OutcomeCounts,
    /// What became of the orders; every class is listed, also those with none, but for those that only orders of several
    /// ends or rows can have: where they are not listed there is none.
    pub classes: BTreeMap<Class, u64>,
    /// The reasons for the verdict, gravest first.
    pub findings: Vec<Finding>,
    /// Planned orders that the pipeline must refuse.
    pub bad_orders: u64,
    /// Evidence that the pipeline came to rest.
    pub quiescence: Quiescence,
    /// How the table scan went.
    pub scan: Sweep,
    /// How the look-ups of missing orders went.
    pub lookups: Sweep,
    /// How the dead-letter sweep went.
    pub dead_letter_sweep: Sweep,
    /// Rows of this run with a receive count above 1; `None` when no row tells its count. At least so many, unless
    /// every row does and all of them were read.
    pub redelivered: Option<u64>,
    /// Rows of this run without a receive count; `None` in a report of a version that did not count them.
    #[serde(default)]
    pub uncounted_rows: Option<u64>,
    /// Dead letters beyond the first copy of an order; `None` when none was read. At least so many, unless the sweep
    /// reached its end.
    pub extra_dead_letter_copies: Option<u64>,
    /// Rows that are not this run's; `None` when none was read. At least so many, unless the scan reached its end.
    pub foreign_rows: Option<u64>,
    /// Dead letters that are not this run's; `None` when none was read. At least so many, unless the sweep reached its
    /// end.
    pub foreign_dead_letters: Option<u64>,
    /// Rows of this run that do not tell when they were stored; `None` in a report of a version that did not say.
    #[serde(default)]
    pub untimed_rows: Option<u64>,
    /// What the rows' instants prove of the clock that wrote them; `None` when none told any.
    #[serde(default)]
    pub row_clock: Option<RowClock>,
    /// Schedule lag of every attempted order outside warm-up.
    pub schedule_lag_us: LatencySummary,
    /// The largest difference between the two clocks behind end-to-end latency, microseconds;
    /// zero when they are one clock.
    pub clock_skew_bound_us: u64,
    /// Why sends were rejected or stayed indeterminate.
    pub send_errors: BTreeMap<String, u64>,
    /// The phases with their histograms.
    pub phases: Vec<PhaseReport>,
    /// One row a second.
    pub timeline: Vec<TimelineRow>,
    /// The durations of each second; seconds in which no order was due are left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub intervals: Vec<Interval>,
    /// What each worker sent, of a run of several; figures of the sends are of those that left theirs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub workers: Vec<WorkerRecord>,
    /// What the embedded pipeline counted of itself.
    pub pipeline: Option<PipelineCounters>,
    /// What CloudWatch counted of a target elsewhere; no part of the evidence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cloudwatch: Option<CloudWatch>,
    /// Where and with what the run was made.
    pub provenance: Provenance,
    /// The scenario as resolved.
    pub scenario: Scenario,
    /// One digest that stands for every file of evidence this was worked out from, as `seal.json` chains them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence_chain: Option<String>,
}

/// One phase of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PhaseReport {
    /// Its start, since the run's start.
    pub start: Duration,
    /// Its end.
    pub end: Duration,
    /// Orders due in it.
    pub scheduled: u64,
    /// Orders handed to the network.
    pub attempted: u64,
    /// Orders SQS accepted.
    pub acknowledged: u64,
    /// Quoted figures of the histograms below.
    pub response_time_us: LatencySummary,
    /// Quoted figures of the service time.
    pub service_time_us: LatencySummary,
    /// Quoted figures of the schedule lag.
    pub schedule_lag_us: LatencySummary,
    /// Quoted figures of the end-to-end latency.
    pub end_to_end_us: LatencySummary,
    /// Name, warm-up flag and the histograms themselves.
    pub figures: PhaseFigures,
}

/// One second of a run; also a row of `timeseries.csv`. Absent figures are `None`, never zero.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TimelineRow {
    /// Seconds since the run's start.
    pub time_s: u64,
    /// The phase at its start; `drain` after the last.
    pub phase: String,
    /// Orders due.
    pub scheduled_orders: u64,
    /// Orders handed to the network.
    pub offered_orders: u64,
    /// Orders acknowledged.
    pub acknowledged_orders: u64,
    /// Orders rejected.
    pub rejected_orders: u64,
    /// Orders given up without a known outcome.
    pub indeterminate_orders: u64,
    /// Orders counted unsent.
    pub unsent_orders: u64,
    /// Rows stored, as far as rows tell; `None` when none does.
    pub stored_orders: Option<u64>,
    /// Growth of the dead-letter queue; `None` when its count could not be read.
    pub dead_lettered_orders: Option<u64>,
    /// Acknowledged and not yet in a final place, at its end, by the ledger; `None` when not every final place is
    /// known.
    pub backlog_orders: Option<u64>,
    /// Age of the oldest order that is stored only later, at its end.
    pub oldest_age_ms: Option<u64>,
    /// Approximate number of messages, as the queue tells.
    pub queue_visible_messages: Option<u64>,
    /// Approximate number of messages in flight.
    pub queue_in_flight_messages: Option<u64>,
    /// Approximate number of messages delayed.
    pub queue_delayed_messages: Option<u64>,
    /// Median response time of the orders due in it.
    pub response_time_p50_us: Option<u64>,
    /// Their 99th percentile.
    pub response_time_p99_us: Option<u64>,
    /// Their maximum.
    pub response_time_max_us: Option<u64>,
    /// Median end-to-end latency of the orders due in it.
    pub end_to_end_p50_us: Option<u64>,
    /// Their 99th percentile.
    pub end_to_end_p99_us: Option<u64>,
    /// Their maximum.
    pub end_to_end_max_us: Option<u64>,
    /// Largest schedule lag of the orders sent in it.
    pub schedule_lag_max_us: Option<u64>,
    /// Median service time of the orders due in it.
    #[serde(default)]
    pub service_time_p50_us: Option<u64>,
    /// Their 99th percentile.
    #[serde(default)]
    pub service_time_p99_us: Option<u64>,
    /// Their maximum.
    #[serde(default)]
    pub service_time_max_us: Option<u64>,
    /// CPU time this process used in it, in processors: 1.0 is one of them all the time.
    #[serde(default)]
    pub harness_cpus: Option<f64>,
    /// The most orders dispatched and not answered at one time.
    #[serde(default)]
    pub in_flight_max_orders: Option<u64>,
    /// The most invocations at one time, of a function in this process.
    #[serde(default)]
    pub max_concurrent_invocations: Option<u32>,
    /// Writes the embedded table throttled.
    #[serde(default)]
    pub throttled_writes: Option<u64>,
    /// Invocations that were throttled, of a function in this process.
    #[serde(default)]
    pub throttled_invocations: Option<u64>,
}

/// The durations of the orders due in one second (coarse: two significant digits).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Interval {
    /// Seconds since the run's start.
    pub time_s: u64,
    /// `acked_at - intended_at`.
    pub response_time: Histogram,
    /// `acked_at - sent_at`.
    pub service_time: Histogram,
    /// `stored_at - intended_at`.
    pub end_to_end: Histogram,
}

/// What the embedded pipeline counted of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PipelineCounters {
    /// Invocations of the function.
    pub invocations: u64,
    /// Invocations that failed whole (error or time-out).
    pub failed_invocations: u64,
    /// Records reported as failed in partial batch responses.
    pub failed_records: u64,
    /// Those of them that are of good orders; absent when that was not counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_good_records: Option<u64>,
    /// Writes the table throttled.
    pub throttled_writes: u64,
    /// Reads the table throttled.
    pub throttled_reads: u64,
    /// Both, by AWS's `ThrottlingReasons`.
    pub throttling_reasons: BTreeMap<String, u64>,
    /// Execution environments that were started.
    pub cold_starts: u64,
    /// Execution environments that ended by themselves or did not come up; only a function of one's own
    /// can.
    pub crashes: u64,
    /// Times the mapping took back concurrency it had added.
    pub backed_off: u64,
    /// Invocations that were throttled: messages received and not processed.
    pub throttled_invocations: u64,
    /// Messages the mapping's filter discarded.
    pub filtered_messages: u64,
    /// The most invocations at one time.
    pub max_concurrency: u32,
    /// Faults that struck, by kind.
    pub faults_struck: BTreeMap<String, u64>,
    /// Why invocations failed whole, the commonest first; absent when that was not measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failures: Option<Vec<FailureCount>>,
    /// That no process of a function of one's own ever came up; absent when one did, or when there is no such
    /// function.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub never_started: Option<NeverStarted>,
    /// Times a process of a function of one's own was stopped because it had asked for an event and none waited;
    /// absent when that was not done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub freezes: Option<u64>,
    /// Those of them after which a descendant of the process may have gone on, because it could not be found or not be
    /// stopped; absent when nothing was stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incomplete_freezes: Option<u64>,
    /// Calls of services beside queues and tables, first those refused for want of something that a scenario can
    /// name, in the order in which that began; absent when there were none and the scenario names no services, or when that was not measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub services: Option<Vec<ServiceCount>>,
}

/// How often an operation of a service was called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceCount {
    /// As signatures name it, such as `states`.
    pub service: String,
    /// Such as `StartExecution`, or method and path where no name is known.
    pub operation: String,
    /// Calls, refused ones included.
    pub calls: u64,
    /// Those that were refused.
    pub refused: u64,
    /// What the first one said that was refused for want of something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wanting: Option<String>,
}

/// Where and with what the run was made.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// `orderproof` version.
    pub version: String,
    /// `embedded`, or account, region and endpoint.
    pub target: String,
    /// The traps in the target's settings that were known before the run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub traps: Vec<String>,
    /// Operating system and architecture.
    pub platform: String,
    /// Logical processors.
    pub cpus: u32,
    /// The overrides given on the command line.
    pub overrides: Vec<String>,
    /// The scenario file as given.
    pub scenario_file: String,
}
