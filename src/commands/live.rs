//! Looking at the stores of a run again, long after the run itself.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use super::interrupt::quit_on_interrupt;
use super::reach::{Access, reach};
use super::{Error, Output};
use crate::cli::VerifyArgs;
use crate::clock;
use crate::folder::read_sent;
use crate::ledger::JournalContents;
use crate::observe::{ObservePlan, Watcher};
use crate::results::{PlanFile, file_name};
use crate::run::{Deployment, Purpose, StoresLock, admit, handing_on, orders_since, resolve};
use crate::scenario::{AwsTarget, DeadLetterUse, NOT_KEPT, ProcessorPlace, Scenario, TargetSpec};
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
    let mut scenario = Scenario {
        target: TargetSpec::Aws(Box::new(reached.clone())),
        ..plan.scenario.clone()
    };
    if args.resume && reached.processor == ProcessorPlace::Local {
        take_own_values(&mut scenario, |name| std::env::var(name).ok())?;
    }
    let scenario = &scenario;
    let schedule = scenario.schedule();
    let orders = orders_since(scenario, plan.run_id, journal.header.started_at);
    let target = match args.resume {
        true => resumed(scenario, &reached, args, output)?,
        false => looked_at(scenario, &reached, args, output)?,
    };
    // What a run receives of its dead letters a look would hide from it.
    let _lock = StoresLock::take(&target, &format!("a look for {}", dir.display()))?;
    let site = match args.resume {
        true => {
            let logs = dir.join(file_name::FUNCTION_LOGS).join("resumed");
            Deployment::elsewhere(scenario, orders.clone(), target, logs)?
        }
        false => Deployment::looked_at(target),
    };
    let start_wall = journal.header.started_at;
    let age = clock::wall().duration_since(start_wall).unwrap_or_default();
    let start = Instant::now().checked_sub(age).ok_or_else(|| {
        Error::internal("the age of the run cannot be computed: its start lies too far back")
    })?;
    let handing_on = handing_on(&reached, scenario)?;
    let door = site.watch_door(scenario, handing_on, last_send(dir, plan, age), start);
    quit_on_interrupt();
    let watcher = Watcher::start(site.target()).map_err(Error::internal)?;
    let seen = watcher.settle_and_observe(ObservePlan {
        folder: Some(dir.to_owned()),
        function: None,
        door,
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

/// When the last order was sent, since the run's start: as the run has noted it, or this moment (`age`) where it has noted
/// nothing, after which an order that is missing may still come.
fn last_send(dir: &Path, plan: &PlanFile, age: Duration) -> Duration {
    let path = dir.join(file_name::SENT);
    let sent = path.exists().then(|| read_sent(&path).ok()).flatten();
    let sent = sent.filter(|sent| sent.run_id == plan.run_id);
    sent.map_or(age, |sent| sent.record.last_reply_at)
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
    resolve(target, scenario)
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
    let found = resolve(&untouched, scenario)?;
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

/// Gives the functions the values of their variables, which a run's folder does not keep: `variable` reads one of this
/// process's.
///
/// # Errors
/// When one is not there; all of them are named.
fn take_own_values(
    scenario: &mut Scenario,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<(), Error> {
    let mut missing = Vec::new();
    let further = scenario.processors.values_mut();
    let further = further.map(|processor| &mut processor.command);
    let commands = scenario.processor.iter_mut().chain(further);
    for (name, value) in commands.flat_map(|command| &mut command.environment) {
        if value.reveal() != NOT_KEPT {
            continue;
        }
        match variable(name) {
            Some(own) => *value = own.into(),
            None => missing.push(name.clone()),
        }
    }
    match missing.is_empty() {
        true => Ok(()),
        false => Err(Error::usage(format!(
            "the values of the function's own variables are not kept with a run: set {} in the environment of this \
             command, and repeat",
            missing.join(", ")
        ))),
    }
}

/// What a look has cost the dead-letter queue, in words.
pub fn receives(observed: &ObservationFile) -> String {
    let sweep = &observed.observation.dead_letter_sweep;
    format!(
        "nothing was written or deleted there; each dead letter counts one receive more (requests to receive: {})",
        sweep.requests
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Overrides, parse};

    #[test]
    fn a_resumed_function_takes_its_values_from_the_environment_or_names_what_is_missing() {
        let text = include_str!("../../scenarios/smoke.toml");
        let overrides = Overrides {
            set: vec![
                "processor={command=[\"f\"], environment={TOKEN=\"(not kept)\", LEVEL=\"info\"}}"
                    .into(),
                "processors.drain={command=[\"g\"], queue=\"orders-dl-queue\", environment={KEY=\"(not kept)\"}}"
                    .into(),
            ],
            ..Overrides::default()
        };
        let scenario = parse("smoke.toml", text, &overrides).unwrap_or_else(|e| panic!("{e}"));
        let mut known = scenario.clone();
        take_own_values(&mut known, |name| Some(format!("own {name}"))).unwrap();
        let own = &known.processor.as_ref().unwrap().environment;
        assert_eq!(own["TOKEN"].reveal(), "own TOKEN");
        assert_eq!(own["LEVEL"].reveal(), "info");
        let drain = &known.processors["drain"].command.environment;
        assert_eq!(drain["KEY"].reveal(), "own KEY");
        let error = take_own_values(&mut scenario.clone(), |_| None).unwrap_err();
        assert!(error.to_string().contains("set TOKEN, KEY in"), "{error}");
    }
}
