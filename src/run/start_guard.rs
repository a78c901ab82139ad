//! The thread that stops the sending of a run whose function does not start.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::drive::StopSignal;
use crate::embedded::StartWatch;
use crate::verify::FunctionStart;

/// Between two looks.
const TICK: Duration = Duration::from_millis(50);

/// Looks until it is ended.
pub struct StartGuard {
    done: Arc<AtomicBool>,
    thread: Option<JoinHandle<bool>>,
}

impl StartGuard {
    /// Raises `stop` once the watched function is given up; does nothing without a function to watch. Without a
    /// thread the run ends by itself, later.
    pub fn start(watch: Option<StartWatch>, stop: StopSignal) -> Self {
        let done = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&done);
        let thread = watch.and_then(|watch| {
            std::thread::Builder::new()
                .name("start guard".into())
                .spawn(move || guard(&ended, &watch, &stop))
                .inspect_err(|error| tracing::warn!(%error, "no thread to watch the function"))
                .ok()
        });
        Self { done, thread }
    }

    /// Ends it, and says whether it has stopped the sending.
    pub fn end(self) -> bool {
        self.done.store(true, Ordering::Release);
        let Some(thread) = self.thread else {
            return false;
        };
        thread.thread().unpark();
        thread
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

fn guard(done: &AtomicBool, watch: &StartWatch, stop: &StopSignal) -> bool {
    while !done.load(Ordering::Acquire) {
        if let FunctionStart::Hopeless(_) = state_of(watch) {
            stop.stop();
            return true;
        }
        std::thread::park_timeout(TICK);
    }
    false
}

/// The state of the function's start, for the verifier.
pub fn state_of(watch: &StartWatch) -> FunctionStart {
    match watch.never_started() {
        None => FunctionStart::Unknown,
        Some(never) if never.given_up => FunctionStart::Hopeless(never.told()),
        Some(never) => FunctionStart::NotYet(never.told()),
    }
}
