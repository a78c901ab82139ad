//! A thread that sends: a runtime of its own with the pacer of its part of the schedule and its senders. An order that is due
//! crosses no thread on its way out.

use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use super::before::RowsBefore;
use super::cores::CoreOf;
use super::course::{Begun, Course};
use super::pace::{sharpen_thread, thread_cpu_time};
use super::pacer::{Paced, walk};
use super::pool::{Carrier, run_tasks};
use super::work::{Shared, Work};
use crate::load::Shard;

/// Tasks that run before the runtime looks at sockets and timers again: about a tenth of a millisecond's.
const TASKS_PER_LOOK: u32 = 8;

/// How the sending begins, told to a thread.
pub(super) type Begin = (Begun, Option<RowsBefore>);

/// A thread that is to be started.
pub(super) struct SendingThread {
    pub(super) course: Arc<Course>,
    /// What of the schedule it sends.
    pub(super) shard: Shard,
    pub(super) shared: Arc<Shared>,
    pub(super) queue: flume::Sender<Work>,
    pub(super) senders: u32,
    /// The core that it is pinned to, if it is.
    pub(super) core: Option<CoreOf>,
    pub(super) begin: oneshot::Receiver<Begin>,
}

/// What a thread leaves behind.
pub(super) struct Sent {
    /// Nothing if the sending never began.
    pub(super) paced: Option<Paced>,
    /// Which sender failed, if one did.
    pub(super) pool: Result<(), String>,
    pub(super) cpu_time: Duration,
}

impl SendingThread {
    /// Starts it; each of its senders has a clone of `carrier`.
    ///
    /// # Errors
    /// When the machine gives no thread.
    pub(super) fn start<C>(self, carrier: C) -> io::Result<JoinHandle<Sent>>
    where
        C: Carrier + Clone + 'static,
    {
        self.start_by(std::thread::Builder::new(), carrier)
    }

    /// The same by a thread that is made in this way.
    pub(super) fn start_by<C>(
        self,
        thread: std::thread::Builder,
        carrier: C,
    ) -> io::Result<JoinHandle<Sent>>
    where
        C: Carrier + Clone + 'static,
    {
        let end = EndOfPool(Arc::clone(&self.shared));
        thread.name("sender".into()).spawn(move || {
            let _end = end;
            // Made here: of what a thread that is not given would have held, no runtime must end among the tasks of another.
            match runtime() {
                Ok(runtime) => self.run(runtime, carrier),
                Err(error) => Sent {
                    paced: None,
                    pool: Err(format!("no runtime for a thread that sends: {error}")),
                    cpu_time: Duration::ZERO,
                },
            }
        })
    }

    fn run<C: Carrier + Clone + 'static>(self, runtime: Runtime, carrier: C) -> Sent {
        let Self {
            course,
            shard,
            shared,
            queue,
            senders,
            core,
            begin,
        } = self;
        sharpen_thread();
        if let Some(core) = core {
            core.pin();
        }
        // Should it panic, the others stop, too.
        let unfinished = HaltUnlessDone(&course);
        let pacer = async {
            // Without a beginning the queue of work ends here, and with it the senders.
            let (begun, before) = begin.await.ok()?;
            Some(walk(&course, shard, &begun, before, &shared, queue).await)
        };
        let pool = async {
            let _end = EndOfPool(Arc::clone(&shared));
            run_tasks(Arc::clone(&shared), senders, carrier).await
        };
        let (paced, pool) = runtime.block_on(async { tokio::join!(pacer, pool) });
        std::mem::forget(unfinished);
        Sent {
            paced,
            pool,
            cpu_time: thread_cpu_time(),
        }
    }
}

/// Stops all threads when it is dropped.
struct HaltUnlessDone<'a>(&'a Course);

impl Drop for HaltUnlessDone<'_> {
    fn drop(&mut self) {
        self.0.halt();
    }
}

/// A runtime for one thread.
///
/// # Errors
/// When the machine gives none.
pub(super) fn runtime() -> io::Result<Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .event_interval(TASKS_PER_LOOK)
        .build()
}

/// Whichever way the senders of a thread end, its pacer is told.
pub(super) struct EndOfPool(pub(super) Arc<Shared>);

impl Drop for EndOfPool {
    fn drop(&mut self) {
        self.0.barrier.end();
    }
}
