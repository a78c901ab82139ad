//! `orderproof run`: the spine, from a scenario to an exit code.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::check::{load_scenario, overrides_in};
use super::claim::{Claim, Claimed, claim};
use super::conclude::{Evidence, Problems, conclude};
use super::dashboard;
use super::guard::{StartGuard, state_of};
use super::held::Held;
use super::interrupt::stop_on_interrupt;
use super::metrics::metrics_since;
use super::preflight::{Purpose, admit};
use super::progress::{ProgressView, line};
use super::readings::Readings;
use super::site::{Site, target_name};
use super::tui::{LiveView, check_terminal};
use super::watch::Watch;
use super::{CommandError, Output};
use crate::cli::RunArgs;
use crate::drive::{self, DriveOptions, DriveOutcome, DrivePlan, Progress, StopSignal};
use crate::evidence::digest_of_bytes;
use crate::exit::Exit;
use crate::load::Schedule;
use crate::order::{OrderPlan, RunId};
use crate::preflight::{Preflight, Weight, place};
use crate::report::{
    MetersFile, PlanFile, Provenance, RunFolder, SCHEMA_VERSION, SentFile, file_name, to_json,
};
use crate::scenario::{self, DeadLetterUse, Scenario, TargetSpec};
use crate::verify::{
    AskFunction, OBSERVATION_SCHEMA_VERSION, ObservationFile, ObservePlan, Watcher,
};

/// Where runs are kept unless told otherwise.
const REPORTS: &str = "reports";

const TOLD_ON_INTERRUPT: &str = "\ninterrupted: no more orders are sent; settling what was sent \
    (ctrl-c again quits at once, `orderproof verify` reads the folder)\n";

/// Drives a scenario at its pipeline, accounts for every order, and reports.
pub fn run(args: &RunArgs, output: &Output) -> Result<Exit, CommandError> {
    let scenario = load_scenario(&args.scenario, &args.overrides)?;
    if args.tui {
        check_terminal(output)?;
    }
    let dashboard = dashboard::address(args.dashboard)?;
    let schedule = Schedule::new(&scenario);
    let mut plan = plan_file(args, scenario)?;
    // Held to the end of the run: nobody else of this machine comes near its stores.
    let entered = enter(args, &mut plan, schedule.count(), output)?;
    let admitted = entered.as_ref().map(|(found, _)| found);
    let orders = orders(&plan.scenario, plan.run_id);
    let folder = create_folder(args, &plan.scenario)?;
    let logs = folder.file(file_name::FUNCTION_LOGS);
    let site = match &entered {
        Some((_, claim)) => Site::elsewhere(&plan.scenario, orders, claim.target.clone()),
        None => Site::embedded(&plan.scenario, orders, schedule.count(), logs),
    }
    .inspect_err(|_| folder.discard_empty())?;
    folder
        .write(file_name::PLAN, &to_json(&plan))
        .map_err(CommandError::internal)?;
    if let Some(found) = admitted {
        folder
            .write(file_name::PREFLIGHT, &to_json(found))
            .map_err(CommandError::internal)?;
    }

    let stop = StopSignal::new();
    stop_on_interrupt(stop.clone(), TOLD_ON_INTERRUPT);
    let watcher = Watcher::start(site.target()).map_err(CommandError::internal)?;
    let progress = Arc::new(Progress::new());
    let options = DriveOptions {
        goose_report: args.goose_report.then(|| folder.file(file_name::GOOSE)),
        goose_dashboard: dashboard,
    };
    let readings = Readings::start(Arc::clone(&progress), site.gauges());
    let view = Showing::start(
        args,
        output,
        Watch {
            scenario: plan.scenario.clone(),
            schedule: schedule.clone(),
            target: plan.provenance.target.clone(),
            folder: folder.path().display().to_string(),
            progress: Arc::clone(&progress),
            watched: watcher.view(),
            last_second: readings.last_second(),
            stop: stop.clone(),
            dashboard,
        },
    )?;
    let guard = StartGuard::start(site.watch_start(), stop.clone());
    let mut driven = drive_load(&plan, orders, &site, &folder, &options, progress, stop)?;
    // The user has interrupted nothing when the guard has, or a sender that cannot write its journal.
    driven.record.interrupted &= !guard.end() && driven.journal_failure.is_none();
    let apart = admitted.map_or(Duration::ZERO, Preflight::clocks_apart);
    let sent = SentFile::new(plan.run_id, apart, &driven.record);
    let mut problems = Problems::default();
    problems.note(folder.write(file_name::SENT, &to_json(&sent)));
    let mut asked = observe_plan(&plan, orders, &schedule, &driven, &folder);
    asked.function = site
        .watch_start()
        .map(|watch| Box::new(move || state_of(&watch)) as Box<AskFunction>);
    let seen = watcher.settle_and_observe(asked);
    drop(view);
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
        output,
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
            problems,
        },
    )
}

/// Lets a run in at a target outside this process: what was found of it, and the claim to its stores. The plan has the
/// run id, the place and the traps afterwards.
fn enter(
    args: &RunArgs,
    plan: &mut PlanFile,
    planned: u64,
    output: &Output,
) -> Result<Option<(Preflight, Claim)>, CommandError> {
    let scenario = &plan.scenario;
    let Some(spec) = scenario.target.aws() else {
        return Ok(None);
    };
    let asked = (args.yes, args.quiet);
    let mut found = admit(Purpose::Run, scenario, spec, asked, output)?;
    let claimed = Claimed {
        scenario,
        spec,
        planned,
        asked: args.run_id.is_some(),
        what: &format!("a run of {}", scenario.name),
        quiet: args.quiet,
    };
    let mut orders = orders(scenario, plan.run_id);
    let claim = claim(&claimed, &mut orders, output)?;
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

/// How a run is shown while it goes on, until this is dropped.
enum Showing {
    /// In lines, or not at all.
    Lines { _view: ProgressView },
    /// On the whole terminal.
    Screen { _view: LiveView },
}

impl Showing {
    fn start(args: &RunArgs, output: &Output, watch: Watch) -> Result<Self, CommandError> {
        if args.tui {
            let view = LiveView::start(watch, output.color_on_stderr());
            return view
                .map(|view| Self::Screen { _view: view })
                .map_err(|error| CommandError::internal(format!("the terminal: {error}")));
        }
        if let Some(address) = watch.dashboard {
            output.note(&format!(
                "while orders are sent, Goose's dashboard is at http://{address}/"
            ));
        }
        let line = move || {
            line(
                &watch.scenario,
                &watch.schedule,
                &watch.progress,
                &watch.watched,
            )
        };
        Ok(Self::Lines {
            _view: ProgressView::start(output, args.quiet, line),
        })
    }
}

/// What each order of a run contains.
pub fn orders(scenario: &Scenario, run: RunId) -> OrderPlan {
    OrderPlan {
        run,
        seed: scenario.seed,
        bad_share: scenario.bad_share,
    }
}

/// The run id asked for, or any.
pub fn run_id(asked: Option<u32>) -> Result<RunId, CommandError> {
    match asked {
        None => Ok(random_run_id()),
        Some(asked) => {
            RunId::new(asked).ok_or_else(|| CommandError::usage("--run-id is out of range"))
        }
    }
}

/// Any run id: run ids need to differ, not to be secret.
pub fn random_run_id() -> RunId {
    let bytes = *uuid::Uuid::new_v4().as_bytes();
    let number = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    RunId::new(1 + number % RunId::MAX).expect("within its range")
}

fn plan_file(args: &RunArgs, scenario: Scenario) -> Result<PlanFile, CommandError> {
    let run_id = run_id(args.run_id)?;
    let overrides = overrides_in(&args.overrides);
    let target = target_name(&scenario);
    Ok(PlanFile {
        schema_version: SCHEMA_VERSION,
        run_id,
        created_at: Timestamp::now().to_string(),
        own_stores: scenario.target == TargetSpec::Embedded,
        scenario,
        provenance: Provenance {
            version: env!("CARGO_PKG_VERSION").into(),
            target,
            traps: Vec::new(),
            platform: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            cpus: std::thread::available_parallelism().map_or(0, |cpus| cpus.get() as u32),
            overrides: overrides.as_texts(),
            scenario_file: args.scenario.display().to_string(),
        },
    })
}

fn create_folder(args: &RunArgs, scenario: &Scenario) -> Result<RunFolder, CommandError> {
    match &args.output_dir {
        Some(path) => RunFolder::create_exactly(path),
        None => RunFolder::create(REPORTS.as_ref(), Timestamp::now(), &scenario.name),
    }
    .map_err(CommandError::usage)
}

fn drive_load(
    plan: &PlanFile,
    orders: OrderPlan,
    site: &Site,
    folder: &RunFolder,
    options: &DriveOptions,
    progress: Arc<Progress>,
    stop: StopSignal,
) -> Result<DriveOutcome, CommandError> {
    let drive_plan = DrivePlan {
        scenario: plan.scenario.clone(),
        orders,
        scenario_digest: scenario::digest(&plan.scenario),
        plan_digest: Some(digest_of_bytes(&to_json(plan))),
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
    .map_err(CommandError::internal)
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
        folder: plan.scenario.target.aws().map(|_| folder.path().to_owned()),
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
