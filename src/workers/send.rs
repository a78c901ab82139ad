//! A worker's life: the plan, the barrier, the claim, its shard of the load, and the manifest that says so.

use std::any::Any;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::abort::{AbortPost, may_end, tell};
use super::agree::{Claimed, claim_name, read, same_plan, unreached, written};
use super::meet::Meeting;
use super::queues::QueuesFile;
use super::refusal;
use super::{MeetingPlace, Patience, RunAt};
use crate::clock;
use crate::drive::{self, DriveOptions, DriveOutcome, DrivePart, DrivePlan, Progress};
use crate::error::Error;
use crate::evidence::digest_of_bytes;
use crate::folder::{RunFolder, digest_of_file};
use crate::load::Shard;
use crate::observe::{Watcher, WatcherView};
use crate::order::RunId;
use crate::preflight::Preflight;
use crate::results::{
    Aborted, PlanFile, SentFile, ShardManifest, file_name, parse_plan, shard_files, to_json,
};
use crate::run::{
    AbortWatch, Attendant, Claim, Gauged, Looks, Purpose, Readings, Run, Watch, admit, enter,
    orders, plan_file, resolve,
};
use crate::scenario::{self, AwsTarget, ProcessorPlace, check_resolved};
use crate::store::Target;

/// One of the workers of a run.
pub struct Worker {
    /// The run that all of them send.
    pub run: Run,
    /// Its part.
    pub shard: Shard,
    /// Where they meet.
    pub at: MeetingPlace,
    /// How long it waits for the others.
    pub patience: Patience,
}

/// A shard that was sent. It is no verdict: nobody has looked at what became of its orders.
#[derive(Debug, Clone)]
pub struct Sent {
    /// The run it is a part of.
    pub run_id: RunId,
    /// What its worker left.
    pub manifest: ShardManifest,
    /// The rule that ended the sending of all workers, if one did.
    pub aborted: Option<Aborted>,
    /// Where the workers meet, for `orderproof merge`.
    pub at: MeetingPlace,
}

/// Sends the shard of `worker`, once, whatever starts it again. Blocks until its last reply.
///
/// # Errors
/// When it has sent nothing: something is invalid or was refused ([`Error::Usage`], [`Error::Refused`]), its shard is
/// somebody's ([`Error::Taken`]), the start has passed ([`Error::TooLate`]), or the others were not there
/// ([`Error::NotReady`]). [`Error::Internal`] also when its journal or its manifest could not be written.
pub fn send_shard(worker: Worker, attendant: &dyn Attendant) -> Result<Sent, Error> {
    let Worker {
        run,
        shard,
        at,
        patience,
    } = worker;
    check_resolved(run.scenario()).map_err(Error::usage)?;
    let spec = elsewhere(&run)?;
    let opened = at.open(spec.region.as_deref(), spec.profile.as_deref())?;
    let place: &dyn RunAt = &*opened;
    place.try_out().map_err(|error| {
        let told = format!("{at}: {error}; name a place that every worker can write to (--run-at)");
        match error.kind() {
            // Another try would find the same.
            io::ErrorKind::Unsupported => Error::usage(told),
            _ => Error::internal(told),
        }
    })?;
    unclaimed(place, shard)?;
    let stop = run.stop();
    let meeting = Meeting::new(place, shard, patience, &stop);
    meeting.not_passed()?;
    // Before it is ready: the others would begin without it.
    let room = Room::try_out(place, shard)?;
    refusal::withdraw(place, shard)?;
    let joined = match shard.index() {
        0 => lead(&run, shard, place, attendant),
        _ => follow(&run, shard, &spec, &meeting, attendant),
    };
    let joined = joined.inspect_err(|error| refusal::leave(place, shard, error))?;
    let start_at = meeting.start(&joined.plan_digest)?;
    claim_shard(place, shard)?;
    if !run.is_quiet() {
        attendant.note(&format!(
            "worker {shard} of run {}: sending begins at {}",
            joined.plan.run_id,
            written(start_at)?
        ));
        let threads = drive::threads_in_words(run.scenario(), shard, &drive_options(&run));
        threads.iter().for_each(|words| attendant.note(words));
    }
    let folder = RunFolder::create_exactly(&room.begun()).map_err(Error::internal)?;
    let part = DrivePart { shard, start_at };
    let rules = match may_end(run.scenario()) {
        true => Some(at.open(spec.region.as_deref(), spec.profile.as_deref())?),
        false => None,
    };
    let there = (place, rules, attendant);
    let left = drive_and_leave(&run, joined, there, &folder, part);
    // Whatever failed: of what was sent the journal tells.
    let note = |line: &str| attendant.note(line);
    let handed = hand_over(place, &folder, shard, left.is_ok(), &note);
    let (manifest, aborted) = match (left, handed) {
        (Ok(left), Ok(())) => left,
        (Err(error), Ok(())) | (Ok(_), Err(error)) => return Err(error),
        (Err(error), Err(also)) => return Err(Error::internal(format!("{error}; and {also}"))),
    };
    Ok(Sent {
        run_id: manifest.run_id,
        manifest,
        aborted,
        at,
    })
}

/// Sends the shard, and leaves in `folder` what its worker has measured, the manifest last; with the rule that ended the
/// sending. Where a rule may, `rules` reaches the place, too.
fn drive_and_leave(
    run: &Run,
    joined: Joined,
    (place, rules, attendant): (&dyn RunAt, Option<Box<dyn RunAt + Send>>, &dyn Attendant),
    folder: &RunFolder,
    part: DrivePart,
) -> Result<(ShardManifest, Option<Aborted>), Error> {
    let (began, began_wall) = (Instant::now(), clock::wall());
    let shard = part.shard;
    let progress = Arc::new(Progress::new());
    let watcher = match shard.index() {
        // One of them samples the queues, for the report and for all rules on them.
        0 => Some(Watcher::start(joined.target.clone()).map_err(Error::internal)?),
        _ => None,
    };
    let post = rules.map(|place| AbortPost::start(place, run.stop()));
    let post = post.transpose()?;
    let watch = watcher.as_ref().map(|watcher| {
        let looks = Looks {
            scenario: run.scenario().clone(),
            schedule: run.scenario().schedule(),
            gauges: None,
            queues: watcher.view(),
            progress: Arc::clone(&progress),
        };
        AbortWatch::start(looks, run.stop())
    });
    let queues = watcher
        .as_ref()
        .map_or_else(WatcherView::of_nobody, Watcher::view);
    let shown = shown(run, &joined, (place, attendant), queues, (shard, &progress));
    let driven = shown.and_then(|(view, readings)| {
        let driven = drive_shard(run, &joined, folder, part, progress);
        drop(view);
        readings.stop();
        driven
    });
    let of_queues = watch.and_then(AbortWatch::end);
    let told = post.and_then(AbortPost::end);
    let mut driven = driven?;
    let own = driven.record.aborted.take().or(of_queues);
    driven.record.aborted = match (told, own) {
        (None, Some(own)) => Some(tell(place, shard, own.clone()).unwrap_or_else(|error| {
            tracing::warn!(%error, "the other workers are not told");
            own
        })),
        (told, _) => told,
    };
    // The user has interrupted nothing when a rule has.
    driven.record.interrupted &= driven.record.aborted.is_none();
    let queues = watcher.map(|watcher| QueuesFile::of(watcher.stop(driven.started.instant)));
    let joined = Joined {
        clocks_apart: joined.clocks_apart + clock::step_between(began, began_wall),
        ..joined
    };
    let manifest = leave(&joined, folder, &driven, queues.as_ref(), shard)?;
    Ok((manifest, driven.record.aborted))
}

/// What shows how the worker is getting on, until it is dropped.
fn shown(
    run: &Run,
    joined: &Joined,
    (place, attendant): (&dyn RunAt, &dyn Attendant),
    watched: WatcherView,
    (shard, progress): (Shard, &Arc<Progress>),
) -> Result<(Box<dyn Any>, Readings), Error> {
    let schedule = run.scenario().schedule();
    let readings = Readings::start(Gauged {
        progress: Arc::clone(progress),
        queues: watched.clone(),
        pipeline: None,
        run_id: joined.plan.run_id,
        schedule: schedule.clone(),
    });
    let view = attendant.watch(Watch {
        scenario: joined.plan.scenario.clone(),
        run_id: joined.plan.run_id,
        schedule,
        target: joined.plan.provenance.target.clone(),
        folder: place.shown(""),
        progress: Arc::clone(progress),
        shard: Some(shard),
        watched,
        live: readings.live(),
        stop: run.stop(),
        goose_dashboard: None,
    })?;
    Ok((view, readings))
}

/// The folder of this machine for a worker's shard, taken away again if nothing was sent.
struct Room<'a> {
    place: &'a dyn RunAt,
    folder: Option<PathBuf>,
}

impl<'a> Room<'a> {
    fn try_out(place: &'a dyn RunAt, shard: Shard) -> Result<Self, Error> {
        let folder = place.shard_folder(shard.index()).map_err(|error| {
            Error::internal(format!(
                "there is no room for the shard: {error}; nothing was sent, and the shard was not claimed"
            ))
        })?;
        Ok(Self {
            place,
            folder: Some(folder),
        })
    }

    /// From here on it holds what was sent.
    fn begun(mut self) -> PathBuf {
        self.folder.take().unwrap_or_default()
    }
}

impl Drop for Room<'_> {
    fn drop(&mut self) {
        if let Some(folder) = &self.folder {
            self.place.leave_shard_folder(folder);
        }
    }
}

/// What a worker has joined.
struct Joined {
    plan: PlanFile,
    plan_digest: String,
    target: Target,
    clocks_apart: Duration,
    /// Held by worker 0 while it sends: nobody else of its machine comes near the stores.
    _claim: Option<Claim>,
}

/// The target, which outlives this process and processes orders by itself.
fn elsewhere(run: &Run) -> Result<AwsTarget, Error> {
    let Some(spec) = run.scenario().target.aws() else {
        return Err(Error::usage(
            "a worker cannot have the embedded pipeline in its own process, as the others would not reach it: start it by \
             itself (`orderproof serve SCENARIO`) and give each worker the [target] that it prints, or send to AWS \
             (--target aws)",
        ));
    };
    match spec.processor {
        ProcessorPlace::Local => Err(Error::usage(
            "a worker cannot run the function in its own process (processor = \"local\"), as it ends before the others may: \
             run it elsewhere and say so (--processor lambda or external)",
        )),
        ProcessorPlace::Lambda | ProcessorPlace::External => Ok(spec.clone()),
    }
}

/// Nobody has claimed the shard so far.
fn unclaimed(place: &dyn RunAt, shard: Shard) -> Result<(), Error> {
    match read(place, &claim_name(shard))? {
        None => Ok(()),
        Some(_) => Err(taken(place, shard)),
    }
}

/// Claims the shard: from here on nobody else sends an order of it, nor does this worker when it is started again.
fn claim_shard(place: &dyn RunAt, shard: Shard) -> Result<(), Error> {
    let name = claim_name(shard);
    let claimed = Claimed {
        shard,
        claimed_at: written(clock::wall())?,
    };
    let made = place.create_if_absent(&name, &to_json(&claimed));
    match made.map_err(|error| unreached(place, &name, &error))? {
        true => Ok(()),
        false => Err(taken(place, shard)),
    }
}

fn taken(place: &dyn RunAt, shard: Shard) -> Error {
    Error::Taken(format!(
        "{}: shard {shard} was claimed before, so this worker has sent nothing: no order is sent twice, whatever is started \
         again; `orderproof merge` accounts for what the shard's first worker has sent",
        place.shown(&claim_name(shard))
    ))
}

/// Puts what is in the worker's folder where the merge looks for it; the manifest, which says that the shard is whole, last.
fn hand_over(
    place: &dyn RunAt,
    folder: &RunFolder,
    shard: Shard,
    is_whole: bool,
    told: &dyn Fn(&str),
) -> Result<(), Error> {
    let names = shard_files(shard.index()).iter().copied();
    let mut names: Vec<&str> = names.filter(|name| folder.file(name).exists()).collect();
    names.extend(is_whole.then_some(file_name::MANIFEST));
    let handed = place.hand_over(shard.index(), folder.path(), &names, told);
    handed.map_err(|error| {
        let there = place.shown(&file_name::of_shard(shard.index(), ""));
        Error::internal(format!(
            "{error}; what was sent of shard {shard} stands in {}: copy its files to {there}, {} last if there is one, or \
             `orderproof merge` looks for its orders",
            folder.path().display(),
            file_name::MANIFEST
        ))
    })
}

/// Worker 0 looks at the target and the stores for all of them, and writes the plan, unless a worker 0 before it has.
fn lead(
    run: &Run,
    shard: Shard,
    place: &dyn RunAt,
    attendant: &dyn Attendant,
) -> Result<Joined, Error> {
    let there = match read(place, file_name::PLAN)? {
        Some(bytes) => Some(plan_of(place, &bytes)?),
        None => None,
    };
    if let Some(plan) = &there {
        same_plan(place, plan, run.scenario(), shard, run.asked_run_id())?;
    }
    let mut run = run.clone();
    if let Some(plan) = &there {
        run = run.run_id(plan.run_id);
    }
    let mut plan = PlanFile {
        workers: Some(shard.of()),
        ..plan_file(&run)
    };
    let planned = run.scenario().schedule().count();
    let (found, claim) = enter(&run, &mut plan, planned, attendant)?
        .ok_or_else(|| Error::internal("a worker's target is not elsewhere"))?;
    let clocks_apart = found.clocks_apart();
    let target = claim.target.clone();
    let joined = |plan, bytes: &[u8]| Joined {
        plan,
        plan_digest: digest_of_bytes(bytes),
        target,
        clocks_apart,
        _claim: Some(claim),
    };
    if let Some(plan) = there {
        let bytes = to_json(&plan);
        return Ok(joined(plan, &bytes));
    }
    let (bytes, name) = (to_json(&plan), file_name::PREFLIGHT);
    let written = place.create_if_absent(name, &to_json(&found));
    written.map_err(|error| unreached(place, name, &error))?;
    let made = place.create_if_absent(file_name::PLAN, &bytes);
    match made.map_err(|error| unreached(place, file_name::PLAN, &error))? {
        true => Ok(joined(plan, &bytes)),
        false => Err(taken(place, shard)),
    }
}

/// Any other worker waits for the plan and looks at the target from where it is.
fn follow(
    run: &Run,
    shard: Shard,
    spec: &AwsTarget,
    meeting: &Meeting<'_>,
    attendant: &dyn Attendant,
) -> Result<Joined, Error> {
    let place = meeting.place;
    let bytes = meeting.wait(
        || "worker 0 has written no plan".into(),
        || read(place, file_name::PLAN),
    )?;
    let plan = plan_of(place, &bytes)?;
    same_plan(place, &plan, run.scenario(), shard, run.asked_run_id())?;
    let asked = (run.agreed(), true);
    let found = admit(Purpose::Run, run.scenario(), spec, asked, attendant)?;
    Ok(Joined {
        plan_digest: digest_of_bytes(&bytes),
        target: resolve(spec, run.scenario())?,
        clocks_apart: Preflight::clocks_apart(&found),
        plan,
        _claim: None,
    })
}

/// Reads the plan that is there.
fn plan_of(place: &dyn RunAt, bytes: &[u8]) -> Result<PlanFile, Error> {
    let shown = place.shown(file_name::PLAN);
    parse_plan(bytes, shown.as_ref()).map_err(Error::usage)
}

fn drive_options(run: &Run) -> DriveOptions {
    DriveOptions {
        pool: run.pool(),
        threads: run.asked_threads(),
        ..DriveOptions::default()
    }
}

fn drive_shard(
    run: &Run,
    joined: &Joined,
    folder: &RunFolder,
    part: DrivePart,
    progress: Arc<Progress>,
) -> Result<DriveOutcome, Error> {
    let scenario = run.scenario();
    let plan = DrivePlan {
        scenario: scenario.clone(),
        orders: orders(scenario, joined.plan.run_id),
        scenario_digest: scenario::digest(scenario),
        plan_digest: Some(joined.plan_digest.clone()),
        part: Some(part),
    };
    let journal = folder.file(file_name::JOURNAL);
    drive::run(
        &plan,
        &joined.target,
        &journal,
        &drive_options(run),
        progress,
        run.stop(),
    )
    .map_err(Error::internal)
}

/// Writes what was measured, and last the manifest.
fn leave(
    joined: &Joined,
    folder: &RunFolder,
    driven: &DriveOutcome,
    queues: Option<&QueuesFile>,
    shard: Shard,
) -> Result<ShardManifest, Error> {
    if let Some(failure) = &driven.journal_failure {
        return Err(Error::internal(format!(
            "{failure}; without its journal shard {shard} has no manifest, and `orderproof merge` looks for its orders"
        )));
    }
    let sent = SentFile {
        started_late_by: Some(driven.late_by),
        ..SentFile::new(joined.plan.run_id, joined.clocks_apart, &driven.record)
    };
    let sampled = queues.map(|queues| folder.write(file_name::QUEUES, &to_json(queues)));
    let written = folder.write(file_name::SENT, &to_json(&sent));
    sampled.transpose().and(written).map_err(|error| {
        Error::internal(format!(
            "{error}; without it shard {shard} has no manifest, and what its journal does not tell is looked up"
        ))
    })?;
    let files = shard_files(shard.index()).iter();
    let files = files.map(|name| digest_of_file(folder.path(), name, None));
    let manifest = ShardManifest {
        manifest_version: ShardManifest::VERSION,
        run_id: joined.plan.run_id,
        shard,
        plan_digest: joined.plan_digest.clone(),
        started_at: super::agree::written(driven.started.wall)?,
        files: files.collect::<Result<_, _>>().map_err(Error::internal)?,
        orders: driven.ledger.counts_of(driven.own_orders),
        started_late_by: driven.late_by,
        clocks_apart: joined.clocks_apart,
        interrupted: driven.record.interrupted,
        version: env!("CARGO_PKG_VERSION").into(),
    };
    let written = folder.write(file_name::MANIFEST, &to_json(&manifest));
    written.map_err(Error::internal)?;
    Ok(manifest)
}
