//! The thread that reads gauges once a second, from the run's start to its end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::live::{Live, Measured, Moment, Spread};
use crate::drive::{Progress, Started, process_cpu_time};
use crate::embedded::Gauges;
use crate::load::{Arriving, Schedule};
use crate::metrics::Histogram;
use crate::observe::WatcherView;
use crate::order::RunId;
use crate::results::{Reading, Stretch};

/// Between two looks for the run's start.
const WAIT: Duration = Duration::from_millis(5);
/// Between two readings.
const EVERY: Duration = Duration::from_secs(1);

/// What is read.
pub struct Gauged {
    /// What is sent.
    pub progress: Arc<Progress>,
    /// What the queues hold.
    pub queues: WatcherView,
    /// A pipeline or function in this process.
    pub pipeline: Option<Gauges>,
    /// The run's orders, and when each is due.
    pub run_id: RunId,
    /// See `run_id`.
    pub schedule: Schedule,
}

/// Reads until it is stopped.
pub struct Readings {
    done: Arc<AtomicBool>,
    live: Live,
    thread: Option<JoinHandle<Vec<Reading>>>,
}

impl Readings {
    /// Starts; nothing is read before the run has started. Without a thread there are no readings: they are no
    /// evidence.
    pub fn start(gauged: Gauged) -> Self {
        let done = Arc::new(AtomicBool::new(false));
        let live = Live::default();
        let (stop, shown) = (Arc::clone(&done), live.clone());
        let thread = std::thread::Builder::new()
            .name("readings".into())
            .spawn(move || keep_reading(&stop, &gauged, &shown));
        Self {
            done,
            live,
            thread: thread
                .inspect_err(|error| tracing::warn!(%error, "no thread for readings"))
                .ok(),
        }
    }

    /// What a live view may read.
    pub fn live(&self) -> Live {
        self.live.clone()
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

fn keep_reading(done: &AtomicBool, gauged: &Gauged, live: &Live) -> Vec<Reading> {
    let progress = &*gauged.progress;
    let mut readings = Vec::new();
    let Some(started) = wait_for_start(done, progress) else {
        return readings;
    };
    let mut due = started.instant;
    let mut arrivals = gauged.schedule.iter_from(0);
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
            pipeline: gauged.pipeline.as_ref().map(Gauges::reading),
        };
        let before = readings.last();
        let process = before.and_then(|before| Stretch::between(before, &reading));
        live.add(
            Moment::now(progress, gauged.queues.latest()),
            Measured {
                end_to_end: end_to_end(gauged, started, &mut arrivals),
                process,
                ..of_sends(progress)
            },
        );
        readings.push(reading);
        // A reading that came late does not make the next ones late.
        due = started.instant + EVERY * (at.as_secs() as u32 + 1);
    }
    readings
}

/// Of the orders stored since the last look, where that is known before the rows are read.
fn end_to_end(gauged: &Gauged, started: Started, arrivals: &mut Arriving) -> Option<Spread> {
    let mut stored = gauged.pipeline.as_ref()?.take_stored()?;
    // Neighbors are cheap to ask for.
    stored.sort_unstable_by_key(|(id, _)| *id);
    let mut histogram = Histogram::coarse();
    for (id, at) in stored {
        let k = gauged.run_id.sequence_of(id);
        if let Some(k) = k.filter(|&k| k < gauged.schedule.count()) {
            let due = started.instant + arrivals.due(k);
            histogram.record(at.saturating_duration_since(due));
        }
    }
    Spread::of(&histogram)
}

fn of_sends(progress: &Progress) -> Measured {
    let sends = progress.take_send_times();
    Measured {
        response_time: Spread::of(&sends.response_time),
        service_time: Spread::of(&sends.service_time),
        schedule_lag_max: sends.schedule_lag_max,
        ..Measured::default()
    }
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
