//! How the drive is getting on, for whoever watches.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::work::Work;
use crate::ledger::Outcome;
use crate::metrics::Histogram;
use crate::send::SendReply;

/// The start of a run's time axis on both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Started {
    /// On the monotonic clock: zero of every duration of the run.
    pub instant: Instant,
    /// On the wall clock.
    pub wall: SystemTime,
}

impl Started {
    /// On the wall clock, in milliseconds since the Unix epoch; zero before it.
    pub fn unix_ms(&self) -> u64 {
        let since = self.wall.duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }
}

/// Durations of the orders acknowledged in a stretch of time, for live views: the report has its own, by when orders were
/// due.
#[derive(Debug, Clone)]
pub struct SendTimes {
    /// `acked_at - intended_at`.
    pub response_time: Histogram,
    /// `acked_at - sent_at`.
    pub service_time: Histogram,
    /// The largest schedule lag of what was sent; `None` when nothing was.
    pub schedule_lag_max: Option<Duration>,
}

impl Default for SendTimes {
    fn default() -> Self {
        Self {
            response_time: Histogram::coarse(),
            service_time: Histogram::coarse(),
            schedule_lag_max: None,
        }
    }
}

/// Counts that only grow, and gauges.
#[derive(Debug, Default)]
pub struct Progress {
    started: OnceLock<Started>,
    pub(super) scheduled: AtomicU64,
    pub(super) offered: AtomicU64,
    pub(super) acknowledged: AtomicU64,
    pub(super) rejected: AtomicU64,
    pub(super) indeterminate: AtomicU64,
    pub(super) unsent: AtomicU64,
    pub(super) in_flight: AtomicU64,
    pub(super) in_flight_peak: AtomicU64,
    pub(super) lag_us: AtomicU64,
    times: Mutex<SendTimes>,
}

impl Progress {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// When the run starts; known shortly before its first order is due.
    pub fn started(&self) -> Option<Started> {
        self.started.get().copied()
    }

    pub(super) fn start(&self, started: Started) {
        // One run has one start; a second run needs a progress of its own.
        let _ = self.started.set(started);
    }

    /// Since the start, zero before it.
    pub fn elapsed(&self) -> Duration {
        self.started().map_or(Duration::ZERO, |started| {
            Instant::now().saturating_duration_since(started.instant)
        })
    }

    /// Orders that have fallen due.
    pub fn scheduled(&self) -> u64 {
        self.scheduled.load(Ordering::Relaxed)
    }

    /// Orders handed to the network.
    pub fn offered(&self) -> u64 {
        self.offered.load(Ordering::Relaxed)
    }

    /// Orders SQS accepted.
    pub fn acknowledged(&self) -> u64 {
        self.acknowledged.load(Ordering::Relaxed)
    }

    /// Orders SQS refused.
    pub fn rejected(&self) -> u64 {
        self.rejected.load(Ordering::Relaxed)
    }

    /// Orders given up without a known outcome.
    pub fn indeterminate(&self) -> u64 {
        self.indeterminate.load(Ordering::Relaxed)
    }

    /// Orders counted unsent because too many were in flight.
    pub fn unsent(&self) -> u64 {
        self.unsent.load(Ordering::Relaxed)
    }

    /// Orders dispatched and not answered.
    pub fn in_flight(&self) -> u64 {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// The most orders in flight since this was last asked for; one reader at a time.
    pub fn take_in_flight_peak(&self) -> u64 {
        let now = self.in_flight();
        self.in_flight_peak.swap(now, Ordering::Relaxed).max(now)
    }

    /// The durations of what was sent since this was last asked for; one reader at a time.
    pub fn take_send_times(&self) -> SendTimes {
        std::mem::take(&mut *self.times.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A batch was answered, or given up.
    pub(super) fn answered(
        &self,
        work: &Work,
        sent_at: Duration,
        acked_at: Duration,
        reply: &SendReply,
    ) {
        let lag = sent_at.saturating_sub(work.dispatch.due);
        let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        times.schedule_lag_max = times.schedule_lag_max.max(Some(lag));
        for (&intended_at, entry) in work.intended_at().iter().zip(&reply.entries) {
            if entry.outcome == Outcome::Acknowledged {
                let response_time = acked_at.saturating_sub(intended_at);
                times.response_time.record(response_time);
                times.service_time.record(acked_at.saturating_sub(sent_at));
            }
        }
    }

    /// Schedule lag of the last batch sent.
    pub fn lag(&self) -> Duration {
        Duration::from_micros(self.lag_us.load(Ordering::Relaxed))
    }
}
