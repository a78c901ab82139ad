//! Looking at the stores of a run again, long after the run itself.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::interrupt::quit_on_interrupt;
use super::reach::{Access, reach};
use super::{Error, Output};
use crate::cli::VerifyArgs;
use crate::clock;
use crate::ledger::JournalContents;
use crate::observe::{ObservePlan, Watcher};
use crate::results::{PlanFile, file_name};
use crate::run::{Purpose, Site, StoresLock, admit, orders, resolve};
use crate::scenario::{AwsTarget, DeadLetterUse, ProcessorPlace, Scenario, TargetSpec};
use crate::store::Target;
use crate::verify::{OBSERVATION_SCHEMA_VERSION, ObservationFile};

/// Waits for rest and reads the stores of a run whose journal is `journal`. A look (`--live`) starts no function, writes
/// nothing there and deletes nothing; `--resume` goes on as the run itself would have.
///
/// # Errors
/// When the run's pipeline has ended with it, the caller has neither named nor confirmed its endpoint, the guard refuses,
/// or it cannot be reached.
pub fn look(
    args: &VerifyArgs,
    plan: &PlanFile,
    journal: &JournalContents,
    output: &Output,
) -> Result<ObservationFile, Error> {
    let dir = &args.dir;
    let Some(planned) = plan.scenario.target.aws() else {
        let option = if args.resume { "--resume" } else { "--live" };
        return Err(Error::usage(format!(
            "the embedded pipeline of this run has ended with it, so there is nothing live to look at; leave {option} \
             out"
        )));
    };
    let access = match args.resume {
        true => Access::Writes,
        false => Access::Reads,
    };
    let file = dir.join(file_name::PLAN);
    let reached = reach(&file, planned, &args.reach, access, output)?;
    let scenario = &Scenario {
        target: TargetSpec::Aws(Box::new(reached.clone())),
        ..plan.scenario.clone()
    };
    let schedule = scenario.schedule();
    let orders = orders(scenario, plan.run_id);
    let target = match args.resume {
        true => resumed(scenario, &reached, args, output)?,
        false => looked_at(scenario, &reached, args, output)?,
    };
    // What a run receives of its dead letters a look would hide from it.
    let _lock = StoresLock::take(&target, &format!("a look for {}", dir.display()))?;
    let site = match args.resume {
        true => Site::elsewhere(scenario, orders.clone(), target)?,
        false => Site::looked_at(target),
    };
    let start_wall = journal.header.started_at;
    let age = clock::wall().duration_since(start_wall).unwrap_or_default();
    let start = Instant::now().checked_sub(age).ok_or_else(|| {
        Error::internal("the age of the run cannot be computed: its start lies too far back")
    })?;
    quit_on_interrupt();
    let watcher = Watcher::start(site.target()).map_err(Error::internal)?;
    let seen = watcher.settle_and_observe(ObservePlan {
        folder: Some(dir.to_owned()),
        function: None,
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
        // After a run has ended others may have used them.
        own_stores: args.resume && plan.own_stores && !dir.join(file_name::RUN).exists(),
        schedule,
    });
    drop(site.close());
    let mut observation = seen.observation;
    // Measured from this look and not from the last send, so no drain at all.
    observation.quiescence.drain = None::<Duration>;
    Ok(ObservationFile {
        schema_version: OBSERVATION_SCHEMA_VERSION,
        run_id: plan.run_id,
        observation,
        samples: seen.samples,
        failed_samples: seen.failed_samples,
        times: seen.times,
        rests_on: BTreeMap::new(),
    })
}

/// The run's stores as the run itself had them, under the guard of a run.
fn resumed(
    scenario: &Scenario,
    target: &AwsTarget,
    args: &VerifyArgs,
    output: &Output,
) -> Result<Target, Error> {
    let quiet = true;
    admit(
        Purpose::Resume,
        scenario,
        target,
        (args.reach.yes, quiet),
        output,
    )?;
    resolve(target)
}

/// The run's stores, to be read only: no function starts, and no dead letter is deleted.
fn looked_at(
    scenario: &Scenario,
    target: &AwsTarget,
    args: &VerifyArgs,
    output: &Output,
) -> Result<Target, Error> {
    let untouched = AwsTarget {
        dead_letters: DeadLetterUse::Shared,
        ..target.clone()
    };
    let found = resolve(&untouched)?;
    if !found.is_on_loopback() {
        let asked = (args.reach.yes, true);
        admit(Purpose::Look, scenario, &untouched, asked, output)?;
    }
    if target.processor == ProcessorPlace::Local {
        output.note(
            "note: this run's function ran in the run's own process, and `verify --live` does not start it: if the run was \
             killed, `orderproof verify DIR --resume` processes what is left in the queue",
        );
    }
    Ok(found)
}

/// What a look has cost the dead-letter queue, in words.
pub fn receives(observed: &ObservationFile) -> String {
    let sweep = &observed.observation.dead_letter_sweep;
    format!(
        "nothing was written or deleted there; each dead letter counts one receive more (requests to receive: {})",
        sweep.requests
    )
}
