//! The end of a run by several workers: what they left is united, the pipeline is settled and observed, and the run is
//! judged, as one process would have done it.
//!
//! A merge may be killed and started again: what it writes before the seal is written anew, and what the sweep has deleted
//! stands in the letter log, from which the next merge goes on.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::Folder;
use super::copying::copy_on;
use super::lock;
use super::queues::QueuesFile;
use super::wait::longest;
use crate::clock;
use crate::error::Error;
use crate::folder::{Existing, RunFolder, SealState, check_seal, write_whole};
use crate::ledger::united_lines;
use crate::observe::{KeptPages, ObservePlan, Watcher};
use crate::preflight::Preflight;
use crate::results::{MetersFile, PlanFile, SCHEMA_VERSION, WorkerState, file_name, to_json};
use crate::run::{
    Attendant, Deployment, Evidence, Gathered, Held, Outcome, Problems, Purpose, StoresLock, admit,
    conclude, gather, handing_on, metrics_since, orders_since, resolve,
};
use crate::scenario::{AwsTarget, Scenario, TargetSpec};
use crate::verdict::Judgment;
use crate::verify::{OBSERVATION_SCHEMA_VERSION, ObservationFile};

/// A merge to be made.
pub struct Merge<'a> {
    /// Where the workers met.
    pub dir: PathBuf,
    /// The run's plan.
    pub plan: &'a PlanFile,
    /// Its target, as the caller reaches it.
    pub target: AwsTarget,
    /// Although a worker may still be sending.
    pub now: bool,
    /// The folder is a copy: of a merge in another one that was killed nothing is known here.
    pub is_copy: bool,
    /// Agreed to beforehand.
    pub yes: bool,
}

/// What a merge came to.
pub enum Merged {
    /// A run that has ended, judged and sealed.
    Run(Box<Outcome>),
    /// Evidence that contradicts itself: nothing was looked at or written.
    Nothing(Judgment),
}

/// What the workers left, and what is to be observed where.
pub(super) struct Scene {
    pub(super) scenario: Scenario,
    pub(super) gathered: Gathered,
    pub(super) found: Preflight,
    pub(super) site: Deployment,
    pub(super) observe: ObservePlan,
}

/// Unites what the workers left, and reaches the target for `purpose`; a judgment of what contradicts itself.
///
/// # Errors
/// As [`merge`].
pub(super) fn scene(
    merge: &Merge<'_>,
    purpose: Purpose,
    attendant: &dyn Attendant,
) -> Result<Result<Scene, Judgment>, Error> {
    let Merge { dir, plan, .. } = merge;
    let gathered = match gather(dir, plan) {
        Err(untold) => return Ok(Err(untold.judged().judgment)),
        Ok(None) => {
            return Err(Error::usage(format!(
                "{}: there is no {}: the workers have not met, and nothing was sent",
                dir.display(),
                file_name::GO
            )));
        }
        Ok(Some(gathered)) => gathered,
    };
    if !merge.now {
        nobody_sends(dir, plan, &gathered)?;
    }
    let scenario = Scenario {
        target: TargetSpec::Aws(Box::new(merge.target.clone())),
        ..plan.scenario.clone()
    };
    let found = admit(
        purpose,
        &scenario,
        &merge.target,
        (merge.yes, true),
        attendant,
    )?;
    let mut target = resolve(&merge.target, &scenario)?;
    target.read.awaits_hidden = merge.is_copy;
    let site = Deployment::looked_at(target);
    let orders = orders_since(&scenario, plan.run_id, gathered.started_at());
    let age = clock::wall()
        .duration_since(gathered.started_at())
        .unwrap_or_default();
    let start = Instant::now().checked_sub(age).ok_or_else(|| {
        Error::internal("the age of the run cannot be computed: its start lies too far back")
    })?;
    // When a worker without a manifest sent its last order is not known; that it was before now is.
    let last_send = match gathered.without_manifest().is_empty() {
        true => gathered.sent.record.last_reply_at,
        false => age,
    };
    // Who read a part before that had waited until nobody could be sending any more: see `nobody_sends`.
    let sent_by = match gathered.without_manifest().is_empty() {
        true => last_send,
        false => gathered.sent.record.last_reply_at.max(longest(plan)),
    };
    let kept = KeptPages {
        since: gathered.started_at() + sent_by,
        parts: true,
    };
    let handing_on = handing_on(&merge.target, &scenario)?;
    let observe = ObservePlan {
        folder: Some(dir.clone()),
        kept,
        function: None,
        door: site.watch_door(&scenario, handing_on, last_send, start),
        orders,
        phases: scenario.phases.len(),
        ledger: gathered.ledger.clone(),
        start,
        start_wall: gathered.started_at(),
        last_send,
        // Counted from the last send, and the merge may begin long after it.
        patience: age.saturating_sub(last_send) + scenario.settle_deadline,
        visibility_timeout: scenario.pipeline.visibility_timeout,
        max_receive_count: scenario.pipeline.max_receive_count,
        own_stores: plan.own_stores,
        schedule: scenario.schedule(),
    };
    Ok(Ok(Scene {
        scenario,
        gathered,
        found,
        site,
        observe,
    }))
}

/// Unites what the workers left, looks at the stores, and judges.
///
/// # Errors
/// [`Error::Refused`] while a worker may still be sending, or another merge is at work; a usage error when nobody has
/// begun to send; whatever is wrong with the target.
pub fn merge(merge: &Merge<'_>, attendant: &dyn Attendant) -> Result<Merged, Error> {
    let Merge { dir, plan, .. } = merge;
    let _lock = lock::for_merge(dir)?;
    // While this one waited, another may have come to its end.
    if check_seal(dir) != SealState::Missing {
        return Err(Error::refused(format!(
            "{}: was merged meanwhile; `orderproof verify` judges it again",
            dir.display()
        )));
    }
    let scene = match scene(merge, Purpose::Resume, attendant)? {
        Ok(scene) => scene,
        Err(judgment) => return Ok(Merged::Nothing(judgment)),
    };
    let Scene {
        scenario,
        gathered,
        found,
        site,
        observe,
    } = scene;
    let what = format!("the merge of {}", dir.display());
    let _stores = StoresLock::take(&site.target(), &what)?;
    let folder = RunFolder::renewed(dir);
    write_united(&folder, &gathered)?;
    let (orders, schedule) = (observe.orders.clone(), observe.schedule.clone());
    let watcher = Watcher::start(site.target()).map_err(Error::internal)?;
    let seen = watcher.settle_and_observe(observe);
    drop(site.close());
    let mut observation = seen.observation;
    // The first look may have come long after the queue was empty: then nobody knows how long that took.
    let looked = QueuesFile {
        samples: seen.samples,
        failed_samples: seen.failed_samples,
    };
    let first = looked.samples.first();
    let drained_before_us =
        first.is_none_or(|sample| sample.visible + sample.in_flight + sample.delayed == 0);
    if drained_before_us || !gathered.ended {
        observation.quiescence.drain = None;
    }
    let queues = dir.join(file_name::of_shard(0, file_name::QUEUES));
    let mut problems = Problems::default();
    // Only the manifest of worker 0 vouches for them.
    let before = match gathered.without_manifest().contains(&0) {
        true => QueuesFile::default(),
        false => QueuesFile::read(&queues).unwrap_or_else(|error| {
            problems.add(format!("{}: {error}", queues.display()));
            QueuesFile::default()
        }),
    };
    let looked = before.before(looked);
    // The workers' clocks may be apart from the target's by as much as this one's.
    let apart = gathered.sent.clocks_apart.max(found.clocks_apart());
    let evidence = Evidence {
        held: Held {
            plan: (*plan).clone(),
            ledger: gathered.ledger,
            ledger_ended: gathered.ended,
            started_at: gathered.header.started_at,
            observed: Some(ObservationFile {
                schema_version: OBSERVATION_SCHEMA_VERSION,
                run_id: plan.run_id,
                observation,
                samples: looked.samples,
                failed_samples: looked.failed_samples,
                times: seen.times,
                rests_on: BTreeMap::new(),
            }),
            meters: Some(MetersFile {
                schema_version: SCHEMA_VERSION,
                run_id: plan.run_id,
                finished_at: Timestamp::now().to_string(),
                clock_skew_bound: seen.clock_step.saturating_add(apart),
                pipeline: None,
                readings: Vec::new(),
                cloudwatch: metrics_since(&scenario, gathered.header.started_at),
            }),
            sent: Some(gathered.sent),
        },
        orders,
        schedule,
        problems,
        forecast: None,
    };
    conclude(&folder, evidence).map(|outcome| Merged::Run(Box::new(outcome)))
}

/// Every worker has left its manifest, or none can be sending any more.
fn nobody_sends(dir: &Path, plan: &PlanFile, gathered: &Gathered) -> Result<(), Error> {
    let open = gathered.without_manifest();
    if open.is_empty() {
        return Ok(());
    }
    let longest = longest(plan);
    let since = clock::wall()
        .duration_since(gathered.started_at())
        .unwrap_or_default();
    if since >= longest {
        return nobody_copies(dir, gathered);
    }
    let of = gathered.sent.workers.len();
    let left = gathered.sent.workers.iter();
    let missing = left
        .filter(|worker| worker.state == WorkerState::Missing)
        .count();
    let numbers: Vec<String> = open.iter().take(8).map(u32::to_string).collect();
    Err(Error::refused(format!(
        "{} of {of} workers have no manifest yet ({}{}; {missing} of them left nothing at all), and may still be sending \
         for {:?}: wait, or give --now if they have ended",
        open.len(),
        numbers.join(", "),
        if open.len() > numbers.len() {
            ", ..."
        } else {
            ""
        },
        Duration::from_secs((longest - since).as_secs() + 1)
    )))
}

/// Nobody has sent its shard and is still copying it to where the workers met, which `dir` is a copy of.
fn nobody_copies(dir: &Path, gathered: &Gathered) -> Result<(), Error> {
    let of = u32::try_from(gathered.sent.workers.len()).unwrap_or(u32::MAX);
    let found = copy_on(&Folder::at(dir), of).map_err(Error::internal)?;
    match found {
        None => Ok(()),
        Some((workers, left)) => Err(Error::refused(format!(
            "workers {workers:?} have sent their shards and may still be copying them for {} s: wait, or give --now if they \
             have ended",
            left.as_secs() + 1
        ))),
    }
}

/// The run's journal and what its workers measured, in the place of those that a merge before this one has written.
fn write_united(folder: &RunFolder, gathered: &Gathered) -> Result<(), Error> {
    let path = folder.file(file_name::JOURNAL);
    let lines = united_lines(gathered.header.clone(), &gathered.ledger, gathered.ended);
    write_whole(&path, Existing::Replace, |out| {
        for line in lines {
            out.write_all(&line)?;
        }
        Ok(())
    })
    .map_err(|error| Error::internal(format!("{}: cannot write: {error}", path.display())))?;
    folder
        .write(file_name::SENT, &to_json(&gathered.sent))
        .map_err(Error::internal)
}
