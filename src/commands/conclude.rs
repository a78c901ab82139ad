//! The end of the spine: reconcile, judge, report, write, print.

use std::time::Duration;

use jiff::Timestamp;
use roaring::RoaringBitmap;

use super::{CommandError, Output};
use crate::drive::DriveOutcome;
use crate::exit::Exit;
use crate::load::Schedule;
use crate::order::OrderPlan;
use crate::report::{
    BuildInput, CloudWatch, PipelineCounters, PlanFile, Reading, RunFolder, RunReport, TextStyle,
    build, file_name, findings_csv, phase_figures, render_text, report_files,
};
use crate::verify::{JudgeInput, ObservationFile, Reconciliation, judge, reconcile};

/// Everything a finished run left in memory.
pub struct Evidence {
    pub plan: PlanFile,
    pub orders: OrderPlan,
    pub schedule: Schedule,
    pub driven: DriveOutcome,
    pub observed: ObservationFile,
    pub counters: Option<PipelineCounters>,
    pub readings: Vec<Reading>,
    /// Shown, and not judged.
    pub cloudwatch: Option<CloudWatch>,
    /// How far the clocks of harness and pipeline may be apart: by a step of the wall clock during the run
    /// on this machine, by the offset of the two elsewhere.
    pub clock_skew: Duration,
}

/// Judges a run, writes its report, prints it, and says how the program ends.
pub fn conclude(
    output: &Output,
    folder: &RunFolder,
    evidence: Evidence,
) -> Result<Exit, CommandError> {
    let Evidence {
        plan,
        orders,
        schedule,
        mut driven,
        observed,
        counters,
        readings,
        cloudwatch,
        clock_skew,
    } = evidence;
    // A sender that cannot write its journal stops by itself: nobody interrupted it.
    driven.record.interrupted &= driven.journal_failure.is_none();
    let mut problems = Problems::default();
    problems.note(folder.write(file_name::OBSERVATION, &observed.to_json()));

    let clock_skew = observed.observation.clocks_apart(clock_skew);
    let scenario = &plan.scenario;
    let bad = bad_orders(&orders, schedule.count());
    let reconciliation = reconcile(&driven.ledger, &bad, &observed.observation);
    let figures = phase_figures(scenario, &driven.record, &observed.times);
    let judgment = judge(&JudgeInput {
        run: plan.run_id,
        expect: &scenario.expect,
        reconciliation: &reconciliation,
        observation: Some(&observed.observation),
        ledger_ended: driven.journal_failure.is_none(),
        phases: Some(&figures),
        interrupted: driven.record.interrupted,
        clock_skew_bound: clock_skew,
    });
    let exit = Exit::of(&judgment, driven.record.interrupted);
    let report = build(BuildInput {
        scenario,
        run_id: plan.run_id,
        orders: driven.ledger.counts(),
        bad_orders: bad.len(),
        record: &driven.record,
        reconciliation: &reconciliation,
        judgment: &judgment,
        exit_code: exit.code(),
        observation: &observed.observation,
        times: &observed.times,
        samples: &observed.samples,
        failed_samples: &observed.failed_samples,
        readings: &readings,
        figures,
        pipeline: counters,
        cloudwatch,
        provenance: plan.provenance.clone(),
        started_at: Timestamp::try_from(driven.started.wall).map_err(CommandError::internal)?,
        finished_at: Timestamp::now(),
        clock_skew_bound: clock_skew,
    });
    problems.extend(driven.journal_failure.as_ref());
    problems.extend(driven.goose_failure.as_ref());
    write_formats(folder, &report, &mut problems);
    let findings = findings_csv(
        &reconciliation,
        &driven.ledger,
        &orders,
        &schedule,
        scenario,
    );
    problems.note(folder.write(file_name::FINDINGS, &findings));

    let style = TextStyle {
        color: output.color_on_stdout(),
    };
    output.print(&render_text(&report, folder.path(), style));
    problems.print(output);
    match problems.is_empty() || exit != Exit::Success {
        true => Ok(exit),
        false => Err(CommandError::internal(
            "the run passed, but its report is not complete (see above): it is no proof to keep",
        )),
    }
}

/// The planned orders that the pipeline must refuse.
pub fn bad_orders(orders: &OrderPlan, planned: u64) -> RoaringBitmap {
    (0..planned)
        .filter(|&k| orders.is_bad(k))
        .map(|k| k as u32)
        .collect()
}

/// Writes every format that `run.json` is enough for, itself first; what fails does not hold up the
/// rest.
pub fn write_formats(folder: &RunFolder, report: &RunReport, problems: &mut Problems) {
    for file in report_files(report) {
        match file.render() {
            Ok(bytes) => problems.note(folder.write(&file.path, &bytes)),
            Err(error) => problems.extend(Some(&error)),
        }
    }
}

/// What went wrong beside the verdict.
#[derive(Default)]
pub struct Problems(Vec<String>);

impl Problems {
    fn note<E: std::fmt::Display>(&mut self, result: Result<(), E>) {
        self.extend(result.err().as_ref());
    }

    fn extend(&mut self, error: Option<&impl std::fmt::Display>) {
        self.0.extend(error.map(ToString::to_string));
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn print(&self, output: &Output) {
        self.0.iter().for_each(|problem| output.error(problem));
    }
}

/// What a reconciliation says in one line per class, for comparing two of them.
pub fn class_lines(reconciliation: &Reconciliation) -> Vec<(&'static str, u64)> {
    reconciliation
        .counts()
        .into_iter()
        .map(|(class, count)| (class.as_str(), count))
        .collect()
}
