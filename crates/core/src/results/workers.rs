//! What each of several workers left of its shard: its manifest, and its line in the report.

use std::path::Path;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::figures::{duration, orders};
use super::{ReportError, file_name};
use crate::evidence::{DURATION_MAX, FileDigest, JsonLimits, check_json};
use crate::ledger::OutcomeCounts;
use crate::load::Shard;
use crate::metrics::LatencySummary;
use crate::order::RunId;
use crate::verdict::{Finding, Severity, finding};

/// The version of a manifest.
const MANIFEST_VERSION: u32 = 1;

/// `manifest.json` of a shard: written last, once its worker has closed everything else. Without it a shard is not whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShardManifest {
    /// The version of this format.
    pub manifest_version: u32,
    /// The run it is a part of.
    pub run_id: RunId,
    /// Which part.
    pub shard: Shard,
    /// The SHA-256 of the run's `plan.json`.
    pub plan_digest: String,
    /// The start all workers agreed on, RFC 3339, UTC, to the nanosecond.
    pub started_at: String,
    /// The shard's journal and its `sent.json`, and of worker 0 its `queues.json`.
    pub files: Vec<FileDigest>,
    /// What became of the sending of its own orders.
    pub orders: OutcomeCounts,
    /// How long after the agreed start the worker was ready to send.
    pub started_late_by: Duration,
    /// How far the target's clock may be from that of the worker.
    pub clocks_apart: Duration,
    /// Sending was stopped before its last order was due.
    pub interrupted: bool,
    /// The version of the program that sent it.
    pub version: String,
}

/// The files of the shard of worker `index` that its manifest names, no more and no fewer: worker 0 has sampled the queues.
pub fn shard_files(index: u32) -> &'static [&'static str] {
    match index {
        0 => &[file_name::JOURNAL, file_name::SENT, file_name::QUEUES],
        _ => &[file_name::JOURNAL, file_name::SENT],
    }
}

impl ShardManifest {
    /// The version of the format that is written.
    pub const VERSION: u32 = MANIFEST_VERSION;

    /// The agreed start.
    pub fn start(&self) -> Option<SystemTime> {
        time(&self.started_at)
    }
}

/// Reads a `manifest.json` that is in memory; `path` is what errors name.
///
/// # Errors
/// When it is damaged, beyond a limit or of another version.
pub fn parse_manifest(bytes: &[u8], path: &Path) -> Result<ShardManifest, ReportError> {
    let damaged = |reason: String| ReportError::Damaged {
        path: path.to_owned(),
        reason,
    };
    check_json(bytes, &JsonLimits::SEAL).map_err(damaged)?;
    let manifest: ShardManifest =
        serde_json::from_slice(bytes).map_err(|error| damaged(error.to_string()))?;
    let times = [manifest.started_late_by, manifest.clocks_apart];
    let wrong = match manifest.manifest_version {
        MANIFEST_VERSION if times.iter().any(|time| *time > DURATION_MAX) => {
            Some("a duration in it is out of range".into())
        }
        MANIFEST_VERSION if manifest.start().is_none() => Some("its start is not a time".into()),
        MANIFEST_VERSION => None,
        other => Some(format!(
            "its version is {other}, and this program reads version {MANIFEST_VERSION}"
        )),
    };
    wrong.map_or(Ok(manifest), |reason: String| Err(damaged(reason)))
}

/// `go`: the start that all workers of a run agree on, fixed once all of them were ready.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgreedStart {
    /// When the first order might be due, RFC 3339, UTC, to the nanosecond.
    pub started_at: String,
    /// How many workers there are.
    pub workers: u32,
    /// The SHA-256 of the run's `plan.json`.
    pub plan_digest: String,
}

impl AgreedStart {
    /// The time it says.
    pub fn start(&self) -> Option<SystemTime> {
        time(&self.started_at)
    }
}

fn time(text: &str) -> Option<SystemTime> {
    let time: Timestamp = text.parse().ok()?;
    SystemTime::try_from(time).ok()
}

/// What a worker left of its shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WorkerState {
    /// All of it.
    Whole,
    /// A journal that it did not come to close, or no manifest beside it.
    Unfinished,
    /// Nothing.
    Missing,
}

/// One worker of a run of several, in `sent.json` and in the report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkerRecord {
    /// Its number, the first being 0.
    pub worker: u32,
    /// What it left.
    pub state: WorkerState,
    /// Planned orders that were its own to send.
    pub own_orders: u64,
    /// What became of their sending, by its journal; `None` where there is none.
    pub orders: Option<OutcomeCounts>,
    /// Schedule lag of its attempted orders outside warm-up; `None` when it left no record of it.
    pub schedule_lag_us: Option<LatencySummary>,
    /// How long after the agreed start it was ready to send, microseconds; `None` when it did not say.
    pub started_late_by_us: Option<u64>,
    /// How far the target's clock may be from its own, microseconds; `None` when it did not say.
    pub clocks_apart_us: Option<u64>,
    /// Its sending was stopped before its last order was due.
    pub interrupted: bool,
}

impl WorkerRecord {
    /// Its orders that were refused or stayed without an answer; `None` when no journal tells.
    pub fn errors(&self) -> Option<u64> {
        let orders = self.orders?;
        Some(orders.rejected.saturating_add(orders.indeterminate))
    }
}

/// Whether all of several workers left everything: figures of some of them are not figures of the run.
pub fn all_whole(workers: &[WorkerRecord]) -> bool {
    workers
        .iter()
        .all(|worker| worker.state == WorkerState::Whole)
}

/// Why what was measured of the sends is not of the whole run, if so: a worker left no whole shard.
pub fn part_of_sends(workers: &[WorkerRecord]) -> Option<String> {
    let open = workers
        .iter()
        .find(|worker| worker.state != WorkerState::Whole)?;
    Some(format!(
        "worker {} of {} left no whole shard, and what it sent was measured by nobody",
        open.worker,
        workers.len()
    ))
}

/// Clocks of workers that may be further apart than this do not begin a load together, and have no seconds in common.
pub const WORKERS_APART: Duration = Duration::from_millis(250);

/// How far the clocks of two workers may be apart: each may be off from the target's in its own direction, so that the two
/// largest bounds add up. Zero of fewer than two workers that told theirs.
pub fn workers_apart(workers: &[WorkerRecord]) -> Duration {
    let mut bounds: Vec<u64> = workers
        .iter()
        .filter_map(|worker| worker.clocks_apart_us)
        .collect();
    bounds.sort_unstable();
    match bounds.as_slice() {
        [.., one, other] => Duration::from_micros(one.saturating_add(*other)),
        [] | [_] => Duration::ZERO,
    }
}

/// How far the clocks of two workers may be apart, if that is too far for the load to have been offered as planned: more
/// than 250 ms and more than `lag_limit`, the largest 99th percentile of schedule lag that the run allows.
pub fn workers_too_far_apart(workers: &[WorkerRecord], lag_limit: Duration) -> Option<Duration> {
    let apart = workers_apart(workers);
    (apart > lag_limit.max(WORKERS_APART)).then_some(apart)
}

/// That the workers may not have begun together, if so.
fn clocks_finding(workers: &[WorkerRecord], lag_limit: Duration) -> Option<Finding> {
    let apart = duration(workers_too_far_apart(workers, lag_limit)?);
    let limit = duration(lag_limit.max(WORKERS_APART));
    let message = format!(
        "the clocks of two workers may be {apart} apart, and at most {limit} shows that the load was offered as planned: \
         synchronize the clocks of their machines (chrony, NTP) and run again"
    );
    Some(finding(
        Severity::MissingEvidence,
        "workers_clocks_apart",
        message,
    ))
}

/// What is to be said of the workers of a run: who left nothing or stopped in the middle, and who differs from the others.
/// `lag_limit` is the largest 99th percentile of schedule lag that the run allows.
pub fn worker_findings(workers: &[WorkerRecord], lag_limit: Duration) -> Vec<Finding> {
    let of = workers.len();
    let mut findings: Vec<Finding> = clocks_finding(workers, lag_limit).into_iter().collect();
    for worker in workers {
        let named = format!("worker {} of {of}", worker.worker);
        let own = orders(worker.own_orders);
        let missing = |code, message| Finding {
            orders: worker.own_orders,
            ..finding(Severity::MissingEvidence, code, message)
        };
        match worker.state {
            WorkerState::Whole => {}
            WorkerState::Missing => findings.push(missing(
                "worker_missing",
                format!(
                    "{named} left neither a journal nor a manifest: its {own} may have been sent or not, and were looked \
                     up like any others"
                ),
            )),
            WorkerState::Unfinished => findings.push(missing(
                "worker_unfinished",
                format!(
                    "{named} did not finish its shard: of its {own} those count as indeterminate of which its journal \
                     does not say what became of their sending"
                ),
            )),
        }
        let note = |code, message| finding(Severity::Note, code, message);
        let limit_us = u64::try_from(lag_limit.as_micros()).unwrap_or(u64::MAX);
        if let Some(late_us) = worker.started_late_by_us.filter(|&late| late > limit_us) {
            let late = duration(Duration::from_micros(late_us));
            let message = format!(
                "{named} was ready {late} after the agreed start: give the start a longer lead (--lead)"
            );
            findings.push(note("worker_started_late", message));
        }
        let lag = worker.schedule_lag_us.as_ref().and_then(|lag| lag.p99_us);
        if let Some(lag_us) = lag.filter(|&lag| lag > limit_us) {
            let lag = duration(Duration::from_micros(lag_us));
            let limit = duration(lag_limit);
            let message = format!(
                "{named} was late by itself: schedule lag p99 {lag}, where {limit} is allowed for the run"
            );
            findings.push(note("worker_lag", message));
        }
    }
    findings
}

impl WorkerRecord {
    /// Of a worker that left nothing.
    pub fn missing(shard: Shard, own_orders: u64) -> Self {
        Self {
            worker: shard.index(),
            state: WorkerState::Missing,
            own_orders,
            orders: None,
            schedule_lag_us: None,
            started_late_by_us: None,
            clocks_apart_us: None,
            interrupted: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Histogram;

    fn whole(worker: u32, lag_ms: u64, late_ms: u64) -> WorkerRecord {
        let mut lag = Histogram::new();
        lag.record(Duration::from_millis(lag_ms));
        let shard = Shard::new(worker, 4).unwrap();
        WorkerRecord {
            state: WorkerState::Whole,
            orders: Some(OutcomeCounts {
                planned: 10,
                attempted: 10,
                acknowledged: 7,
                rejected: 1,
                indeterminate: 2,
                unsent: 0,
            }),
            schedule_lag_us: Some(lag.summary()),
            started_late_by_us: Some(late_ms * 1_000),
            clocks_apart_us: Some(0),
            ..WorkerRecord::missing(shard, 10)
        }
    }

    fn codes(workers: &[WorkerRecord]) -> Vec<(Severity, String)> {
        let found = worker_findings(workers, Duration::from_millis(50));
        found
            .into_iter()
            .map(|finding| (finding.severity, finding.code))
            .collect()
    }

    #[test]
    fn only_workers_that_differ_are_told_of() {
        assert!(
            codes(&[whole(0, 1, 0), whole(1, 49, 50)]).is_empty(),
            "near the limits"
        );
        let note = |code: &str| (Severity::Note, code.to_owned());
        assert_eq!(codes(&[whole(0, 52, 0)]), [note("worker_lag")]);
        assert_eq!(codes(&[whole(0, 1, 51)]), [note("worker_started_late")]);
        assert!(all_whole(&[whole(0, 52, 51)]));
        assert_eq!(whole(0, 1, 0).errors(), Some(3));
    }

    #[test]
    fn clocks_that_may_be_too_far_apart_are_missing_evidence() {
        let apart = |bounds_ms: &[u64]| -> Vec<WorkerRecord> {
            let workers = (0..).zip(bounds_ms);
            workers
                .map(|(worker, bound_ms)| WorkerRecord {
                    clocks_apart_us: Some(bound_ms * 1_000),
                    ..whole(worker, 1, 0)
                })
                .collect()
        };
        let missing = (Severity::MissingEvidence, "workers_clocks_apart".to_owned());
        assert_eq!(codes(&apart(&[5, 4_000])), std::slice::from_ref(&missing));
        assert_eq!(codes(&apart(&[130, 1, 121])), [missing], "the two largest");
        assert!(codes(&apart(&[130, 1, 120])).is_empty(), "250 ms");
        assert!(codes(&apart(&[4_000])).is_empty(), "one clock alone");
        let found = worker_findings(&apart(&[5, 4_000]), Duration::from_secs(10));
        assert!(found.is_empty(), "so much lag is allowed: {found:?}");
    }

    #[test]
    fn a_worker_that_left_nothing_or_stopped_in_the_middle_is_missing_evidence() {
        let gone = WorkerRecord::missing(Shard::new(2, 4).unwrap(), 10);
        let torn = WorkerRecord {
            state: WorkerState::Unfinished,
            ..whole(3, 1, 0)
        };
        assert!(!all_whole(std::slice::from_ref(&gone)) && !all_whole(std::slice::from_ref(&torn)));
        assert_eq!(gone.errors(), None, "nothing was counted");
        let missing = |code: &str| (Severity::MissingEvidence, code.to_owned());
        assert_eq!(codes(&[gone]), [missing("worker_missing")]);
        assert_eq!(codes(&[torn]), [missing("worker_unfinished")]);
    }

    #[test]
    fn a_manifest_reads_back_and_a_damaged_one_does_not() {
        let manifest = ShardManifest {
            manifest_version: ShardManifest::VERSION,
            run_id: RunId::new(7).unwrap(),
            shard: Shard::new(1, 4).unwrap(),
            plan_digest: "0".repeat(64),
            started_at: "2026-11-27T08:00:00.123456789Z".into(),
            files: Vec::new(),
            orders: OutcomeCounts::default(),
            started_late_by: Duration::ZERO,
            clocks_apart: Duration::from_millis(3),
            interrupted: false,
            version: "0.1.0".into(),
        };
        let path = Path::new("manifest.json");
        let bytes = super::super::to_json(&manifest);
        assert_eq!(parse_manifest(&bytes, path).unwrap(), manifest);
        let text = String::from_utf8(bytes).unwrap();
        for (from, to) in [
            ("\"manifest_version\": 1", "\"manifest_version\": 2"),
            ("2026-11-27T", "yesterday"),
            ("\"of\": 4", "\"of\": 1"),
            ("\"interrupted\"", "\"stopped\""),
        ] {
            let harmed = text.replace(from, to);
            assert_ne!(harmed, text, "{from}");
            assert!(parse_manifest(harmed.as_bytes(), path).is_err(), "{from}");
        }
    }
}
