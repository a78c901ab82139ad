//! The spine: from a scenario to an outcome.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::abort_watch::{AbortWatch, Looks};
use super::admit::{Purpose, admit};
use super::attendant::Attendant;
use super::claim::{Claim, Claimed, claim};
use super::cloudwatch::metrics_since;
use super::conclude::{Evidence, Outcome, Problems, conclude};
use super::foresight::Kept;
use super::held::Held;
use super::ids::{orders, orders_since, random_run_id};
use super::readings::{Gauged, Readings};
use super::site::{Deployment, target_name};
use super::start_guard::{StartGuard, state_of};
use super::{Run, Watch};
use crate::drive::{self, DriveOptions, DriveOutcome, DrivePlan, Progress, StopSignal};
use crate::error::Error;
use crate::evidence::digest_of_bytes;
use crate::folder::RunFolder;
use crate::load::{Schedule, Shard};
use crate::observe::{AskFunction, KeptPages, ObservePlan, Watcher, left_hidden};
use crate::order::OrderPlan;
use crate::preflight::{Preflight, Weight};
use crate::report::preflight::place;
use crate::results::{
    MetersFile, PlanFile, Provenance, SCHEMA_VERSION, SentFile, file_name, to_json,
};
use crate::scenario::{self, DeadLetterUse, TargetSpec, check_resolved};
use crate::verify::{OBSERVATION_SCHEMA_VERSION, ObservationFile};

/// Where runs are kept unless a folder is named.
const REPORTS: &str = "reports";

/// Drives the scenario of `run` at its pipeline, accounts for every order, and reports.
///
/// # Errors
/// When nothing was sent: something is invalid or was refused, or the machine failed.
pub(super) fn drive_and_judge(run: Run, attendant: &dyn Attendant) -> Result<Outcome, Error> {
    check_resolved(&run.scenario).map_err(Error::usage)?;
    let schedule = run.scenario.schedule();
    let mut plan = plan_file(&run);
    // Held to the end of the run: nobody else of this machine comes near its stores.
    let entered = enter(&run, &mut plan, schedule.count(), attendant)?;
    let admitted = entered.as_ref().map(|(found, _)| found);
    let orders = orders(&plan.scenario, plan.run_id);
    let folder = create_folder(&run)?;
    let logs = folder.file(file_name::FUNCTION_LOGS);
    let site = match &entered {
        Some((_, claim)) => {
            Deployment::elsewhere(&plan.scenario, orders.clone(), claim.target.clone(), logs)
        }
        None => Deployment::embedded(&plan.scenario, orders.clone(), schedule.count(), logs),
    }
    .inspect_err(|_| folder.discard_empty())?;
    folder
        .write(file_name::PLAN, &to_json(&plan))
        .map_err(Error::internal)?;
    if run.output_dir.is_none()
        && let Err(error) = folder.link_as_latest()
    {
        tracing::debug!(%error, "there is no link to the latest run");
    }
    let forecast = run.forecast.map(|forecast| Kept::write(*forecast, &folder));
    let forecast = forecast.and_then(|kept| {
        kept.inspect_err(|error| attendant.note(&format!("the forecast is not kept: {error}")))
            .ok()
    });
    if let Some(found) = admitted {
        folder
            .write(file_name::PREFLIGHT, &to_json(found))
            .map_err(Error::internal)?;
    }

    let stop = run.stop;
    let progress = Arc::new(Progress::new());
    let sent = Arc::clone(&progress);
    let watcher = Watcher::beside(site.target(), move || sent.acknowledged());
    let watcher = watcher.map_err(Error::internal)?;
    let options = DriveOptions {
        pool: run.pool,
        threads: run.threads,
        goose_report: run.goose_report.then(|| folder.file(file_name::GOOSE)),
        goose_dashboard: run.goose_dashboard,
    };
    if let Some(words) = drive::threads_in_words(&plan.scenario, Shard::WHOLE, &options)
        && !run.quiet
    {
        attendant.note(&words);
    }
    let readings = Readings::start(Gauged {
        progress: Arc::clone(&progress),
        queues: watcher.view(),
        pipeline: site.gauges(),
        run_id: plan.run_id,
        schedule: schedule.clone(),
    });
    let view = attendant.watch(Watch {
        scenario: plan.scenario.clone(),
        run_id: plan.run_id,
        schedule: schedule.clone(),
        target: plan.provenance.target.clone(),
        folder: folder.path().display().to_string(),
        progress: Arc::clone(&progress),
        shard: None,
        watched: watcher.view(),
        live: readings.live(),
        stop: stop.clone(),
        goose_dashboard: run.goose_dashboard,
    })?;
    let guard = StartGuard::start(site.watch_start(), stop.clone());
    let looks = Looks {
        scenario: plan.scenario.clone(),
        schedule: schedule.clone(),
        gauges: site.gauges(),
        queues: watcher.view(),
        progress: Arc::clone(&progress),
    };
    let abort = AbortWatch::start(looks, stop.clone());
    let mut driven = drive_load(
        &plan,
        orders.clone(),
        &site,
        &folder,
        &options,
        progress,
        stop,
    )?;
    // As they were sent: the start is known now.
    let orders = orders_since(&plan.scenario, plan.run_id, driven.started.wall);
    let record = &mut driven.record;
    record.aborted = record.aborted.take().or(abort.end());
    // The user has interrupted nothing when the guard has, or a rule, or a sender that cannot write its journal.
    let by_itself = guard.end() || record.aborted.is_some() || driven.journal_failure.is_some();
    record.interrupted &= !by_itself;
    let apart = admitted.map_or(Duration::ZERO, Preflight::clocks_apart);
    let sent = SentFile::new(plan.run_id, apart, &driven.record);
    let mut problems = Problems::default();
    problems.note(folder.write(file_name::SENT, &to_json(&sent)));
    let mut asked = observe_plan(&plan, orders.clone(), &schedule, &driven, &folder);
    asked.function = site
        .watch_start()
        .map(|watch| Box::new(move || state_of(&watch)) as Box<AskFunction>);
    let door = admitted.and_then(|found| found.facts.door.as_ref());
    let hands_on = door.zip(plan.scenario.target.aws());
    let hands_on = hands_on.map(|(door, spec)| door.handing_on(&plan.scenario, spec));
    asked.door = site.watch_door(
        &plan.scenario,
        hands_on.unwrap_or_default(),
        driven.record.last_reply_at,
        driven.started.instant,
    );
    let seen = watcher.settle_and_observe(asked);
    drop(view);
    if let Some(left) = left_hidden(folder.path()) {
        attendant.note(&left);
    }
    let readings = readings.stop();
    let counters = site.close();
    let cloudwatch = metrics_since(&plan.scenario, driven.started.wall);
    problems.note(driven.journal_failure.as_ref().map_or(Ok(()), Err));
    problems.note(driven.goose_failure.as_ref().map_or(Ok(()), Err));
    let meters = MetersFile {
        schema_version: SCHEMA_VERSION,
        run_id: plan.run_id,
        finished_at: Timestamp::now().to_string(),
        // A clock that was stepped is off by that, on top of what it was off before.
        clock_skew_bound: seen.clock_step.saturating_add(apart),
        pipeline: counters,
        readings,
        cloudwatch,
    };
    let observed = ObservationFile {
        schema_version: OBSERVATION_SCHEMA_VERSION,
        run_id: plan.run_id,
        observation: seen.observation,
        samples: seen.samples,
        failed_samples: seen.failed_samples,
        times: seen.times,
        rests_on: BTreeMap::new(),
    };
    conclude(
        &folder,
        Evidence {
            held: Held {
                plan,
                ledger: driven.ledger,
                ledger_ended: driven.journal_failure.is_none(),
                started_at: driven.started.wall,
                sent: Some(sent),
                observed: Some(observed),
                meters: Some(meters),
            },
            orders,
            schedule,
            forecast,
            problems,
        },
    )
}

/// Lets a run in at a target outside this process: what was found of it, and the claim to its stores. The plan has the
/// run id, the place and the traps afterwards.
pub(crate) fn enter(
    run: &Run,
    plan: &mut PlanFile,
    planned: u64,
    attendant: &dyn Attendant,
) -> Result<Option<(Preflight, Claim)>, Error> {
    let scenario = &plan.scenario;
    let Some(spec) = scenario.target.aws() else {
        return Ok(None);
    };
    let asked = (run.yes, run.quiet);
    let mut found = admit(Purpose::Run, scenario, spec, asked, attendant)?;
    let claimed = Claimed {
        scenario,
        spec,
        planned,
        asked: run.run_id.is_some(),
        what: &format!("a run of {}", scenario.name),
        quiet: run.quiet,
    };
    let mut orders = orders(scenario, plan.run_id);
    let claim = claim(&claimed, &mut orders, attendant)?;
    found.claimed(claim.id_space.clone());
    plan.run_id = orders.run;
    plan.own_stores = spec.dead_letters == DeadLetterUse::Own && claim.id_space.stores_were_empty();
    plan.provenance.target = place(&found.facts);
    let traps = found
        .of_weight(Weight::Trap)
        .map(|check| check.trap.as_str());
    plan.provenance.traps = traps.map(str::to_owned).collect();
    Ok(Some((found, claim)))
}

/// What is to be sent, before anything is known of the target.
pub(crate) fn plan_file(run: &Run) -> PlanFile {
    let scenario = run.scenario.clone();
    PlanFile {
        schema_version: SCHEMA_VERSION,
        run_id: run.run_id.unwrap_or_else(random_run_id),
        created_at: Timestamp::now().to_string(),
        own_stores: scenario.target == TargetSpec::Embedded,
        workers: None,
        provenance: Provenance {
            version: env!("CARGO_PKG_VERSION").into(),
            target: target_name(&scenario),
            traps: Vec::new(),
            platform: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            cpus: std::thread::available_parallelism().map_or(0, |cpus| cpus.get() as u32),
            overrides: run.overrides.clone(),
            scenario_file: run.scenario_file.clone(),
        },
        scenario,
    }
}

fn create_folder(run: &Run) -> Result<RunFolder, Error> {
    new_folder(run.output_dir.as_deref(), &run.scenario.name)
}

/// A new folder: exactly this one, or one below the reports, called after the time and `name`.
pub(super) fn new_folder(exactly: Option<&Path>, name: &str) -> Result<RunFolder, Error> {
    match exactly {
        Some(path) => RunFolder::create_exactly(path),
        None => RunFolder::create(REPORTS.as_ref(), Timestamp::now(), name),
    }
    .map_err(Error::usage)
}

fn drive_load(
    plan: &PlanFile,
    orders: OrderPlan,
    site: &Deployment,
    folder: &RunFolder,
    options: &DriveOptions,
    progress: Arc<Progress>,
    stop: StopSignal,
) -> Result<DriveOutcome, Error> {
    let drive_plan = DrivePlan {
        scenario: plan.scenario.clone(),
        orders,
        scenario_digest: scenario::digest(&plan.scenario),
        plan_digest: Some(digest_of_bytes(&to_json(plan))),
        part: None,
    };
    let journal = folder.file(file_name::JOURNAL);
    drive::run(
        &drive_plan,
        &site.target(),
        &journal,
        options,
        progress,
        stop,
    )
    .map_err(Error::internal)
}

fn observe_plan(
    plan: &PlanFile,
    orders: OrderPlan,
    schedule: &Schedule,
    driven: &DriveOutcome,
    folder: &RunFolder,
) -> ObservePlan {
    ObservePlan {
        function: None,
        door: None,
        folder: plan.scenario.target.aws().map(|_| folder.path().to_owned()),
        kept: KeptPages::of_verifiers(driven.started.wall),
        orders,
        schedule: schedule.clone(),
        phases: plan.scenario.phases.len(),
        ledger: driven.ledger.clone(),
        start: driven.started.instant,
        start_wall: driven.started.wall,
        last_send: driven.record.last_reply_at,
        patience: plan.scenario.settle_deadline,
        visibility_timeout: plan.scenario.pipeline.visibility_timeout,
        max_receive_count: plan.scenario.pipeline.max_receive_count,
        own_stores: plan.own_stores,
    }
}
