//! The model, put together from what each room found.

use std::time::Duration;

use jiff::Timestamp;

use super::timeline::{intervals, timeline};
use super::{
    CloudWatch, PhaseReport, PipelineCounters, Provenance, Reading, RunReport, SCHEMA_VERSION,
    SendRecord, WorkerRecord,
};
use crate::ledger::OutcomeCounts;
use crate::load::LoadProfile;
use crate::metrics::Histogram;
use crate::order::RunId;
use crate::scenario::Scenario;
use crate::verdict::Judgment;
use crate::verify::{Observation, PhaseFigures, QueueSample, Reconciliation, StoredTimes, Sweep};

/// Everything a report is made of.
pub struct BuildInput<'a> {
    /// The scenario as resolved.
    pub scenario: &'a Scenario,
    /// The number that marks the run's orders.
    pub run_id: RunId,
    /// What became of the sends.
    pub orders: OutcomeCounts,
    /// Planned orders that the pipeline must refuse.
    pub bad_orders: u64,
    /// What the drive measured.
    pub record: &'a SendRecord,
    /// What each worker left, of a run of several.
    pub workers: &'a [WorkerRecord],
    /// Every order in its class.
    pub reconciliation: &'a Reconciliation,
    /// The verdict.
    pub judgment: &'a Judgment,
    /// The exit code that goes with it.
    pub exit_code: u8,
    /// What the stores held.
    pub observation: &'a Observation,
    /// When rows were stored.
    pub times: &'a StoredTimes,
    /// The queues' counts along the way.
    pub samples: &'a [QueueSample],
    /// When the counts could not be read, since the run's start.
    pub failed_samples: &'a [Duration],
    /// What was read once a second.
    pub readings: &'a [Reading],
    /// The measured durations by phase, as judged.
    pub figures: Vec<PhaseFigures>,
    /// What the embedded pipeline counted of itself.
    pub pipeline: Option<PipelineCounters>,
    /// What CloudWatch counted of a target elsewhere; nothing else depends on it.
    pub cloudwatch: Option<CloudWatch>,
    /// Where and with what the run was made.
    pub provenance: Provenance,
    /// When the first order was due.
    pub started_at: Timestamp,
    /// When the report is written.
    pub finished_at: Timestamp,
    /// The largest difference between the clocks behind end-to-end latency.
    pub clock_skew_bound: Duration,
}

/// The measured durations of each phase: what rules are checked against.
pub fn phase_figures(
    scenario: &Scenario,
    record: &SendRecord,
    times: &StoredTimes,
) -> Vec<PhaseFigures> {
    let sends = |index: usize| record.phases.get(index).cloned().unwrap_or_default();
    scenario
        .phases
        .iter()
        .enumerate()
        .map(|(index, phase)| {
            let sends = sends(index);
            PhaseFigures {
                name: phase.name.clone(),
                warm_up: phase.warm_up,
                response_time: sends.response_time,
                service_time: sends.service_time,
                schedule_lag: sends.schedule_lag,
                end_to_end: times.phases.get(index).cloned().unwrap_or_default(),
            }
        })
        .collect()
}

/// Puts the report together; decides nothing.
pub fn build(input: BuildInput<'_>) -> RunReport {
    let mut schedule_lag = Histogram::new();
    for figures in input.figures.iter().filter(|figures| !figures.warm_up) {
        schedule_lag.merge(&figures.schedule_lag);
    }
    let observation = input.observation;
    let letters = read(&observation.dead_letter_sweep);
    RunReport {
        schema_version: SCHEMA_VERSION,
        verdict: input.judgment.verdict,
        gate: input.scenario.expect.gate,
        exit_code: input.exit_code,
        run_id: input.run_id,
        started_at: input.started_at.to_string(),
        finished_at: input.finished_at.to_string(),
        interrupted: input.record.interrupted,
        orders: input.orders,
        classes: input.reconciliation.counts(),
        findings: input.judgment.findings.clone(),
        bad_orders: input.bad_orders,
        quiescence: observation.quiescence.clone(),
        scan: observation.scan.clone(),
        lookups: observation.lookups.clone(),
        dead_letter_sweep: observation.dead_letter_sweep.clone(),
        redelivered: redelivered(observation),
        uncounted_rows: observation.uncounted_rows,
        extra_dead_letter_copies: letters.then_some(observation.extra_dead_letter_copies),
        foreign_rows: read(&observation.scan).then_some(observation.foreign_rows),
        foreign_dead_letters: letters.then_some(observation.foreign_dead_letters),
        untimed_rows: Some(observation.untimed_rows),
        row_clock: observation.row_clock,
        schedule_lag_us: schedule_lag.summary(),
        clock_skew_bound_us: input.clock_skew_bound.as_micros() as u64,
        send_errors: input.record.errors.clone(),
        timeline: timeline(
            input.scenario,
            &input.record.seconds,
            input.times,
            input.samples,
            input.failed_samples,
            observation,
            input.readings,
        ),
        intervals: intervals(&input.record.seconds, input.times),
        phases: phases(input.scenario, input.record, input.figures),
        workers: input.workers.to_vec(),
        pipeline: input.pipeline,
        cloudwatch: input.cloudwatch,
        provenance: input.provenance,
        scenario: input.scenario.clone(),
        evidence_chain: None,
    }
}

/// Whether anything was read, and what was counted among it is a count.
fn read(sweep: &Sweep) -> bool {
    sweep.complete || sweep.items > 0
}

/// Rows with a receive count above 1, if any row tells its count or there is none that could.
fn redelivered(observation: &Observation) -> Option<u64> {
    let rows = observation.stored.len();
    let silent = observation.uncounted_rows.unwrap_or_default();
    let told = match rows {
        0 => read(&observation.scan),
        rows => silent < rows,
    };
    told.then_some(observation.redelivered)
}

fn phases(
    scenario: &Scenario,
    record: &SendRecord,
    figures: Vec<PhaseFigures>,
) -> Vec<PhaseReport> {
    let profile = LoadProfile::new(&scenario.phases);
    figures
        .into_iter()
        .enumerate()
        .map(|(index, figures)| {
            let (start, end) = profile.phase_span(index);
            let sends = record.phases.get(index);
            PhaseReport {
                start,
                end,
                scheduled: sends.map_or(0, |sends| sends.scheduled),
                attempted: sends.map_or(0, |sends| sends.attempted),
                acknowledged: sends.map_or(0, |sends| sends.acknowledged),
                response_time_us: figures.response_time.summary(),
                service_time_us: figures.service_time.summary(),
                schedule_lag_us: figures.schedule_lag.summary(),
                end_to_end_us: figures.end_to_end.summary(),
                figures,
            }
        })
        .collect()
}
