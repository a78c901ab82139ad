//! A whole drive, from the plan to the ledger.

use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use super::alarm::Alarms;
use super::attack::attack;
use super::lanes::Lanes;
use super::pace::{sharpen_thread, thread_cpu_time};
use super::pacer::{NewJournal, Paced, pace};
use super::plan::{DriveError, DriveOptions, DriveOutcome, DrivePlan};
use super::pool::run_tasks;
use super::sabotage::Sabotage;
use super::tally::Tally;
use super::work::{SenderBarrier, Shared};
use super::{Pool, Progress, StopSignal};
use crate::fault::FaultPlan;
use crate::journal::JournalWriter;
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
    let sending = &plan.scenario.sending;
    let users = sending.senders.max(1);
    let phases = plan.scenario.phases.len();
    let (queue, work) = flume::unbounded();
    let shared = Arc::new(Shared {
        orders: OnceLock::new(),
        pool: SenderPool::new(target, sending)?,
        door: sending.to.clone(),
        queue: work,
        lanes: plan.scenario.pipeline.fifo.then(Lanes::default),
        progress,
        stop,
        alarms: Alarms::new(&plan.scenario, &schedule),
        tally: Mutex::new(Tally::new(schedule.profile(), phases)),
        journal: OnceLock::new(),
        barrier: SenderBarrier::new(users as usize),
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;

    let (paced, (attacked, attack_cpu_time)) = std::thread::scope(|scope| {
        let pacer = std::thread::Builder::new().name("pacer".into());
        let pacer = pacer.spawn_scoped(scope, || {
            pace(plan, target, &schedule, journal, sabotage, &shared, queue)
        })?;
        let pool = std::thread::Builder::new().name("senders".into());
        let pool = pool.spawn_scoped(scope, || {
            sharpen_thread();
            let host = target.sqs_endpoint.as_str();
            let _end = EndOfPool(&shared);
            let result = runtime.block_on(async {
                match options.pool {
                    Pool::Goose => attack(Arc::clone(&shared), host, users, options).await,
                    Pool::Tasks => run_tasks(Arc::clone(&shared), users).await,
                }
            });
            // What the pool left running ends here, and each batch in hand with an outcome.
            drop(runtime);
            (result, thread_cpu_time())
        });
        if pool.is_err() {
            shared.barrier.end();
        }
        let pool = pool?;
        Ok::<_, DriveError>((joined(pacer)?, joined(pool)))
    })?;
    let Some(paced) = paced else {
        let cause = attacked.err();
        return Err(DriveError::Goose(
            cause.unwrap_or("it ended before it began".into()),
        ));
    };
    let mut outcome = conclude(&shared, paced, attack_cpu_time);
    outcome.goose_failure = attacked.err();
    Ok(outcome)
}

fn joined<T>(thread: std::thread::ScopedJoinHandle<'_, T>) -> T {
    match thread.join() {
        Ok(value) => value,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

/// Whichever way the pool ends, the pacer is told.
struct EndOfPool<'a>(&'a Shared);

impl Drop for EndOfPool<'_> {
    fn drop(&mut self) {
        self.0.barrier.end();
    }
}

/// Adds up both threads' measurements and closes the journal.
fn conclude(shared: &Shared, paced: Paced, attack_cpu_time: Duration) -> DriveOutcome {
    let Paced {
        journal,
        started,
        late_by,
        own_orders,
        mut tally,
        mut interrupted,
        cpu_time,
    } = paced;
    // Only if the pool ended before its time is anything left.
    let waiting = shared.lanes.iter().flat_map(Lanes::drain);
    for work in shared.queue.drain().chain(waiting) {
        shared.leave_unsent(&work);
        tally.unsent(&work, shared.now());
        interrupted = true;
    }
    tally.merge(&shared.tally.lock().unwrap_or_else(PoisonError::into_inner));
    let (ledger, written) = journal.finish();
    let mut record = tally.into_record();
    record.interrupted = interrupted;
    record.aborted = shared.alarms.broken().cloned();
    record.cpu_time = cpu_time + attack_cpu_time;
    DriveOutcome {
        ledger,
        record,
        started,
        late_by,
        own_orders,
        journal_failure: written.err(),
        goose_failure: None,
    }
}
