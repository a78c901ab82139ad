//! A run that goes on, as charts see one that has ended.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::{BuildInput, Provenance, RunReport, SendRecord, TimelineRow, build, phase_figures};
use crate::ledger::OutcomeCounts;
use crate::order::RunId;
use crate::scenario::Scenario;
use crate::verdict::Judgment;
use crate::verify::{Observation, Reconciliation, StoredTimes};

/// A report with nothing in it but a plan, counts of sends and a timeline: for charts of a run that goes on. Nothing was
/// judged, so its verdict is `inconclusive`. Only its charts may be shown: classes and findings are not known yet.
pub fn unfinished(
    scenario: &Scenario,
    run_id: RunId,
    provenance: Provenance,
    orders: OutcomeCounts,
    timeline: Vec<TimelineRow>,
) -> RunReport {
    let (record, times) = (SendRecord::default(), StoredTimes::default());
    let why = "the run goes on".to_owned();
    let report = build(BuildInput {
        scenario,
        run_id,
        orders,
        bad_orders: 0,
        record: &record,
        workers: &[],
        reconciliation: &Reconciliation {
            planned: 0,
            members: BTreeMap::new(),
            phantoms: Vec::new(),
        },
        judgment: &Judgment::without_evidence("unfinished", why),
        exit_code: 0,
        observation: &Observation::default(),
        times: &times,
        samples: &[],
        failed_samples: &[],
        readings: &[],
        figures: phase_figures(scenario, &record, &times),
        pipeline: None,
        cloudwatch: None,
        provenance,
        started_at: Timestamp::UNIX_EPOCH,
        finished_at: Timestamp::UNIX_EPOCH,
        clock_skew_bound: Duration::ZERO,
    });
    RunReport { timeline, ..report }
}
