//! The thread that reads gauges once a second, from the run's start to its end.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::drive::{Progress, Started, process_cpu_time};
use crate::embedded::Gauges;
use crate::results::{Reading, Stretch};

/// Between two looks for the run's start.
const WAIT: Duration = Duration::from_millis(5);
/// Between two readings.
const EVERY: Duration = Duration::from_secs(1);

/// What the last second looked like, for a live view; clones show the same.
#[derive(Clone, Default)]
pub struct LastSecond(Arc<Mutex<Option<Stretch>>>);

impl LastSecond {
    /// From the second reading on.
    pub fn get(&self) -> Option<Stretch> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, stretch: Option<Stretch>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = stretch;
    }
}

/// Reads until it is stopped.
pub struct Readings {
    done: Arc<AtomicBool>,
    last_second: LastSecond,
    thread: Option<JoinHandle<Vec<Reading>>>,
}

impl Readings {
    /// Starts; nothing is read before the run has started. Without a thread there are no readings: they are no
    /// evidence.
    pub fn start(progress: Arc<Progress>, pipeline: Option<Gauges>) -> Self {
        let done = Arc::new(AtomicBool::new(false));
        let last_second = LastSecond::default();
        let (stop, shown) = (Arc::clone(&done), last_second.clone());
        let thread = std::thread::Builder::new()
            .name("readings".into())
            .spawn(move || keep_reading(&stop, &progress, pipeline.as_ref(), &shown));
        Self {
            done,
            last_second,
            thread: thread
                .inspect_err(|error| tracing::warn!(%error, "no thread for readings"))
                .ok(),
        }
    }

    /// What a live view may read.
    pub fn last_second(&self) -> LastSecond {
        self.last_second.clone()
    }

    /// Ends, with everything that was read.
    pub fn stop(mut self) -> Vec<Reading> {
        self.done.store(true, Ordering::Release);
        let Some(thread) = self.thread.take() else {
            return Vec::new();
        };
        thread.thread().unpark();
        thread
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

fn keep_reading(
    done: &AtomicBool,
    progress: &Progress,
    pipeline: Option<&Gauges>,
    shown: &LastSecond,
) -> Vec<Reading> {
    let mut readings = Vec::new();
    let Some(started) = wait_for_start(done, progress) else {
        return readings;
    };
    let mut due = started.instant;
    while !done.load(Ordering::Acquire) {
        let now = Instant::now();
        if now < due {
            std::thread::park_timeout(due - now);
            continue;
        }
        let at = now.saturating_duration_since(started.instant);
        let reading = Reading {
            at,
            cpu_time: process_cpu_time(),
            in_flight_peak: progress.take_in_flight_peak(),
            pipeline: pipeline.map(Gauges::reading),
        };
        if let Some(before) = readings.last() {
            shown.set(Stretch::between(before, &reading));
        }
        readings.push(reading);
        // A reading that came late does not make the next ones late.
        due = started.instant + EVERY * (at.as_secs() as u32 + 1);
    }
    readings
}

fn wait_for_start(done: &AtomicBool, progress: &Progress) -> Option<Started> {
    while !done.load(Ordering::Acquire) {
        if let Some(started) = progress.started() {
            return Some(started);
        }
        std::thread::park_timeout(WAIT);
    }
    None
}
