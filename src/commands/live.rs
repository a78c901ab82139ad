//! Looking at the stores of a run again, long after the run itself.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use super::CommandError;
use super::interrupt::quit_on_interrupt;
use super::run::orders;
use super::site::Site;
use crate::clock;
use crate::ledger::JournalContents;
use crate::load::Schedule;
use crate::report::PlanFile;
use crate::scenario::TargetSpec;
use crate::verify::{OBSERVATION_SCHEMA_VERSION, ObservationFile, ObservePlan, Watcher};

/// Waits for rest and reads the stores of a run whose journal is `journal`.
///
/// # Errors
/// When the run's pipeline has ended with it, or cannot be reached.
pub fn look(
    dir: &Path,
    plan: &PlanFile,
    journal: &JournalContents,
) -> Result<ObservationFile, CommandError> {
    let scenario = &plan.scenario;
    if scenario.target == TargetSpec::Embedded {
        return Err(CommandError::usage(
            "the embedded pipeline of this run has ended with it, so there is nothing live to look at; leave \
             --live out",
        ));
    }
    let schedule = Schedule::new(scenario);
    let orders = orders(scenario, plan.run_id);
    let site = Site::open(scenario, orders, schedule.count(), None)?;
    let start_wall = journal.header.started_at;
    let age = clock::wall().duration_since(start_wall).unwrap_or_default();
    let start = Instant::now().checked_sub(age).ok_or_else(|| {
        CommandError::internal("the run is older than this machine can reckon: its age is unknown")
    })?;
    quit_on_interrupt();
    let watcher = Watcher::start(site.target()).map_err(CommandError::internal)?;
    let seen = watcher.settle_and_observe(ObservePlan {
        folder: Some(dir.to_owned()),
        orders,
        phases: scenario.phases.len(),
        ledger: journal.ledger.clone(),
        start,
        start_wall,
        // When the last reply came is not known; that it came before now is.
        last_send: age,
        patience: scenario.settle_deadline,
        visibility_timeout: scenario.pipeline.visibility_timeout,
        max_receive_count: scenario.pipeline.max_receive_count,
        own_stores: false,
        schedule,
    });
    let mut observation = seen.observation;
    // Measured from this look and not from the last send, so no drain at all.
    observation.quiescence.drain = None::<Duration>;
    Ok(ObservationFile {
        schema_version: OBSERVATION_SCHEMA_VERSION,
        run_id: plan.run_id,
        observation,
        samples: seen.samples,
        times: seen.times,
        rests_on: BTreeMap::new(),
    })
}
