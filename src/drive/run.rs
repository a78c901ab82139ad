//! A whole drive, from the plan to the ledger.

use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::oneshot;

use super::alarm::Alarms;
use super::attack::{Users, attack};
use super::cores::CoreOf;
use super::course::{Beginning, Course, NewJournal};
use super::lanes::Lanes;
use super::pace::{sharpen_thread, thread_cpu_time};
use super::pacer::walk;
use super::plan::{DriveError, DriveOptions, DriveOutcome, DrivePlan};
use super::sabotage::Sabotage;
use super::tally::Tally;
use super::thread::{Begin, EndOfPool, SendingThread, Sent, runtime};
use super::work::{SenderBarrier, Shared, Work};
use super::{Pool, Progress, StopSignal, cores};
use crate::fault::FaultPlan;
use crate::journal::JournalWriter;
use crate::load::Shard;
use crate::order::Door;
use crate::scenario::FaultPlace;
use crate::send::SenderPool;
use crate::store::Target;

/// Goose runs one attack in a process at a time: its killswitch is global.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Drives the whole load of `plan` at `target` and blocks until the last reply.
///
/// The journal at `journal_path` must not exist yet. `progress` tells the run's start as soon as it
/// is fixed, before anything is sent. Once `stop` is raised no further order is dispatched, and
/// those on their way are awaited.
///
/// # Errors
/// When nothing was sent: no journal, no senders, no threads, or Goose failed to run. What fails later
/// stops the sending if need be and is told in the outcome.
pub fn run(
    plan: &DrivePlan,
    target: &Target,
    journal_path: &Path,
    options: &DriveOptions,
    progress: Arc<Progress>,
    stop: StopSignal,
) -> Result<DriveOutcome, DriveError> {
    if let Some(address) = options.goose_dashboard
        && !address.ip().is_loopback()
    {
        return Err(DriveError::Dashboard(address));
    }
    if !cfg!(feature = "goose-dashboard") && options.goose_dashboard.is_some() {
        return Err(DriveError::NoDashboard);
    }
    run_with(
        plan,
        target,
        options,
        progress,
        stop,
        &|header, own, sabotage| match sabotage {
            None => JournalWriter::create_as(journal_path, header, own, |file| file),
            Some(sabotage) => {
                JournalWriter::create_as(journal_path, header, own, |file| sabotage.journal(file))
            }
        },
    )
}

/// What goes wrong with the harness itself, if the scenario wants that.
fn sabotage(plan: &DrivePlan, planned: u64) -> Result<Option<Sabotage>, DriveError> {
    let faults = FaultPlan::new(&plan.scenario, plan.orders.clone(), planned)?;
    Ok(faults
        .has_at(FaultPlace::Harness)
        .then(|| Sabotage::new(&faults)))
}

/// The same with any way of making a journal.
pub(super) fn run_with(
    plan: &DrivePlan,
    target: &Target,
    options: &DriveOptions,
    progress: Arc<Progress>,
    stop: StopSignal,
    journal: &NewJournal<'_>,
) -> Result<DriveOutcome, DriveError> {
    let _one = (options.pool == Pool::Goose)
        .then(|| ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner));
    let schedule = plan.scenario.schedule();
    let sabotage = sabotage(plan, schedule.count())?;
    let all = Threads::new(plan, target, &schedule, options, (progress, stop))?;
    let course = Arc::new(Course {
        plan: plan.clone(),
        target: target.clone(),
        schedule,
        sabotage: sabotage.map(Mutex::new),
        halted: AtomicBool::new(false),
    });
    match (options.pool, &plan.scenario.sending.to) {
        (Pool::Tasks, _) => all.run_alone(&course, journal),
        // A server is sent to by Goose's own client.
        (Pool::Goose, Door::Http(_)) => all.run_by_goose(&course, options, journal),
        (Pool::Goose, _) => all.run_under_goose(&course, options, journal),
    }
}

/// What the threads of a drive share, each with the others' or with its own senders.
struct Threads {
    shared: Vec<Arc<Shared>>,
    queues: Vec<flume::Sender<Work>>,
    /// Senders of each.
    senders: Vec<u32>,
    /// What of the schedule each sends.
    shards: Vec<Shard>,
    /// The number of the worker whose threads these are, if they are pinned.
    pinned_of: Option<u32>,
}

impl Threads {
    fn new(
        plan: &DrivePlan,
        target: &Target,
        schedule: &crate::load::Schedule,
        options: &DriveOptions,
        (progress, stop): (Arc<Progress>, StopSignal),
    ) -> Result<Self, DriveError> {
        let sending = &plan.scenario.sending;
        let pool = Arc::new(SenderPool::new(target, sending)?);
        let alarms = Arc::new(Alarms::new(&plan.scenario, schedule));
        let part = plan.part.map_or(Shard::WHOLE, |part| part.shard);
        let count = cores::threads(&plan.scenario, part, options);
        let users = sending.senders.max(1);
        let mut all = Self {
            shared: Vec::new(),
            queues: Vec::new(),
            senders: Vec::new(),
            shards: part.split(count).collect(),
            pinned_of: (count > 1 || options.threads.is_some()).then_some(part.index()),
        };
        for index in 0..count {
            let (queue, work) = flume::unbounded();
            // The SDK's connections are those of one runtime, and end with it.
            let pool = match (&*pool, index) {
                (SenderPool::Sdk(_), 1..) => Arc::new(SenderPool::new(target, sending)?),
                _ => Arc::clone(&pool),
            };
            let senders = users / count + u32::from(index < users % count);
            all.queues.push(queue);
            all.senders.push(senders);
            all.shared.push(Arc::new(Shared {
                orders: OnceLock::new(),
                pool,
                door: sending.to.clone(),
                queue: work,
                lanes: plan.scenario.pipeline.fifo.then(Lanes::default),
                progress: Arc::clone(&progress),
                stop: stop.clone(),
                alarms: Arc::clone(&alarms),
                tally: Mutex::new(Tally::new(schedule.profile(), plan.scenario.phases.len())),
                journal: OnceLock::new(),
                barrier: SenderBarrier::new(senders as usize),
            }));
        }
        Ok(all)
    }

    /// The threads, ready to be started, and how each is told to begin.
    fn ready(&mut self, course: &Arc<Course>) -> Vec<(SendingThread, oneshot::Sender<Begin>)> {
        let of = u32::try_from(self.shared.len()).expect("as many as were asked for");
        let threads = (0..of).zip(self.queues.drain(..)).map(|(index, queue)| {
            let (tell, begin) = oneshot::channel();
            let at = index as usize;
            let thread = SendingThread {
                course: Arc::clone(course),
                shard: self.shards[at],
                shared: Arc::clone(&self.shared[at]),
                queue,
                senders: self.senders[at],
                core: self.pinned_of.map(|worker| CoreOf {
                    thread: index,
                    of,
                    worker,
                }),
                begin,
            };
            (thread, tell)
        });
        threads.collect()
    }

    /// Begins once all senders are there; `None` if they never were.
    fn begin(
        &self,
        course: &Course,
        tell: Vec<oneshot::Sender<Begin>>,
        journal: &NewJournal<'_>,
    ) -> Result<Option<Beginning>, DriveError> {
        let threads = (&self.shared[..], &self.shards[..]);
        let Some(mut beginning) = course.begin(threads, journal)? else {
            return Ok(None);
        };
        let before = std::mem::take(&mut beginning.before);
        for (tell, before) in tell.into_iter().zip(before) {
            // A thread that has ended meanwhile leaves all of its orders unsent.
            let _ = tell.send((beginning.begun.clone(), before));
        }
        Ok(Some(beginning))
    }

    /// Drives with threads of our own.
    fn run_alone(
        mut self,
        course: &Arc<Course>,
        journal: &NewJournal<'_>,
    ) -> Result<DriveOutcome, DriveError> {
        let (threads, tell): (Vec<_>, Vec<_>) = self.ready(course).into_iter().unzip();
        let (started, failed) = all_started(threads, |thread| thread.start(()));
        if let Some(error) = failed {
            // The others end, because none of them gets a start.
            drop(tell);
            joined(started);
            return Err(error.into());
        }
        let beginning = self.begin(course, tell, journal);
        let sent = joined(started);
        self.conclude(beginning?, sent, Ok(Duration::ZERO))
    }

    /// Drives with threads each of which a Goose user holds.
    fn run_under_goose(
        mut self,
        course: &Arc<Course>,
        options: &DriveOptions,
        journal: &NewJournal<'_>,
    ) -> Result<DriveOutcome, DriveError> {
        let (threads, tell): (Vec<_>, Vec<_>) = self.ready(course).into_iter().unzip();
        let users = u32::try_from(threads.len()).expect("as many as were asked for");
        let started = Arc::default();
        let holders = Users::Holders {
            door: course.plan.scenario.sending.to.clone(),
            waiting: Mutex::new(threads),
            started: Arc::clone(&started),
        };
        let (beginning, goose) = self.with_goose(course, options, (holders, users), || {
            self.begin(course, tell, journal)
        })?;
        let started: Vec<_> = std::mem::take(&mut *lock(&started));
        let sent = joined(started);
        self.conclude(beginning?, sent, goose)
    }

    /// Drives with Goose's users for senders, and a pacer beside them.
    fn run_by_goose(
        mut self,
        course: &Arc<Course>,
        options: &DriveOptions,
        journal: &NewJournal<'_>,
    ) -> Result<DriveOutcome, DriveError> {
        let (shared, users) = (Arc::clone(&self.shared[0]), self.senders[0]);
        let queue = self.queues.remove(0);
        let senders = Users::Senders(Arc::clone(&shared));
        let runtime = runtime()?;
        let pacing = || -> Result<Option<(Beginning, Sent)>, DriveError> {
            let threads = (&self.shared[..], &self.shards[..1]);
            let Some(mut beginning) = course.begin(threads, journal)? else {
                return Ok(None);
            };
            let before = beginning.before.pop().flatten();
            let (shard, begun) = (self.shards[0], &beginning.begun);
            let thread = std::thread::Builder::new().name("pacer".into());
            let sent = std::thread::scope(|scope| {
                let pacer = thread.spawn_scoped(scope, || {
                    sharpen_thread();
                    let paced = walk(course, shard, begun, before, &shared, queue);
                    Sent {
                        paced: Some(runtime.block_on(paced)),
                        pool: Ok(()),
                        cpu_time: thread_cpu_time(),
                    }
                });
                Ok::<_, DriveError>(joined_scoped(pacer?))
            })?;
            Ok(Some((beginning, sent)))
        };
        let (paced, goose) = self.with_goose(course, options, (senders, users), pacing)?;
        let (beginning, sent) = paced?.unzip();
        self.conclude(beginning, sent.into_iter().collect(), goose)
    }

    /// Runs Goose on a thread of its own, and `meanwhile` on this one; CPU time of Goose's.
    fn with_goose<T>(
        &self,
        course: &Course,
        options: &DriveOptions,
        (users, count): (Users, u32),
        meanwhile: impl FnOnce() -> T,
    ) -> Result<(T, Result<Duration, String>), DriveError> {
        let host = course.target.sqs_endpoint.as_str();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        std::thread::scope(|scope| {
            let ends: Vec<_> = self.shared.iter().cloned().map(EndOfPool).collect();
            let goose = std::thread::Builder::new().name("goose".into());
            let goose = goose.spawn_scoped(scope, move || {
                sharpen_thread();
                let result = runtime.block_on(attack(users, host, count, options));
                // What Goose left running ends here, and each batch in hand with an outcome.
                drop(runtime);
                drop(ends);
                result.map(|()| thread_cpu_time())
            })?;
            let done = meanwhile();
            Ok((done, joined_scoped(goose)))
        })
    }

    /// Adds up all threads' measurements and closes the journal.
    fn conclude(
        self,
        beginning: Option<Beginning>,
        sent: Vec<Sent>,
        goose: Result<Duration, String>,
    ) -> Result<DriveOutcome, DriveError> {
        let mut failure = None;
        let mut cpu_time = Duration::ZERO;
        match goose {
            Ok(spent) => cpu_time = spent,
            Err(cause) => failure = Some(cause),
        }
        let Some(beginning) = beginning else {
            let of_threads = sent.into_iter().find_map(|sent| sent.pool.err());
            return Err(match (failure, of_threads) {
                (None, Some(cause)) => DriveError::Thread(std::io::Error::other(cause)),
                (cause, _) => DriveError::Goose(cause.unwrap_or("it ended before it began".into())),
            });
        };
        // A thread that was never started, or never began, leaves its orders unsent.
        let mut interrupted = sent.len() < self.shared.len();
        let mut tally = None;
        for sent in sent {
            cpu_time += sent.cpu_time;
            failure = failure.or(sent.pool.err());
            match sent.paced {
                Some(paced) => {
                    interrupted |= paced.interrupted;
                    merge(&mut tally, paced.tally);
                }
                None => interrupted = true,
            }
        }
        for shared in &self.shared {
            let mut own = std::mem::replace(&mut *lock(&shared.tally), Tally::none());
            // Only if the pool ended before its time is anything left.
            let waiting = shared.lanes.iter().flat_map(Lanes::drain);
            for work in shared.queue.drain().chain(waiting) {
                shared.leave_unsent(&work);
                own.unsent(&work, shared.now());
                interrupted = true;
            }
            merge(&mut tally, own);
        }
        let (ledger, written) = beginning.journal.finish();
        let mut record = tally.unwrap_or_else(Tally::none).into_record();
        record.interrupted = interrupted;
        let alarms = self.shared.first().map(|shared| &shared.alarms);
        record.aborted = alarms.and_then(|alarms| alarms.broken().cloned());
        record.cpu_time = cpu_time;
        Ok(DriveOutcome {
            ledger,
            record,
            started: beginning.begun.started,
            late_by: beginning.late_by,
            own_orders: beginning.own_orders,
            journal_failure: written.err(),
            goose_failure: failure,
        })
    }
}

fn merge(all: &mut Option<Tally>, one: Tally) {
    match all {
        None => *all = Some(one),
        Some(all) => all.merge(&one),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts these until one cannot be: those that were, and why it could not.
fn all_started<S, T>(
    threads: Vec<S>,
    start: impl Fn(S) -> std::io::Result<JoinHandle<T>>,
) -> (Vec<JoinHandle<T>>, Option<std::io::Error>) {
    let mut started = Vec::new();
    for thread in threads {
        match start(thread) {
            Ok(thread) => started.push(thread),
            Err(error) => return (started, Some(error)),
        }
    }
    (started, None)
}

/// What threads return, once all of them have ended: a panic of one goes on from here.
fn joined<T>(threads: Vec<JoinHandle<T>>) -> Vec<T> {
    let ended: Vec<_> = threads.into_iter().map(JoinHandle::join).collect();
    let unwind = |panic| std::panic::resume_unwind(panic);
    let threads = ended.into_iter().map(|it| it.unwrap_or_else(unwind));
    threads.collect()
}

fn joined_scoped<T>(thread: std::thread::ScopedJoinHandle<'_, T>) -> T {
    thread
        .join()
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

#[cfg(test)]
#[path = "run_tests.rs"]
mod tests;
