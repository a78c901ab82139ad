//! What was seen of a run second by second, in memory that has a bound however long it goes on.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::Moment;
use crate::metrics::Histogram;
use crate::results::Stretch;

/// Samples kept at most; of a longer run two in a row become one.
pub const SAMPLES_MAX: usize = 1_200;

/// Counts at the end of a stretch of time, and what was measured in it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// Counts at its end. Of a stretch of several seconds the queue's counts are the largest of them.
    pub moment: Moment,
    /// What was measured in it.
    pub measured: Measured,
    /// Its length, in samples of a second.
    pub seconds: u32,
}

/// What was measured in a stretch of time; what was not is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Measured {
    /// `acked_at - intended_at` of the orders acknowledged in it.
    pub response_time: Option<Spread>,
    /// `acked_at - sent_at` of the same.
    pub service_time: Option<Spread>,
    /// `stored_at - intended_at` of the orders stored in it.
    pub end_to_end: Option<Spread>,
    /// The largest schedule lag of the orders answered in it.
    pub schedule_lag_max: Option<Duration>,
    /// What this process did.
    pub process: Option<Stretch>,
}

/// A distribution in a few figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spread {
    /// The median.
    pub p50: Duration,
    /// The 99th percentile.
    pub p99: Duration,
    /// The largest.
    pub max: Duration,
}

impl Spread {
    /// Of what was recorded, if anything was.
    pub fn of(histogram: &Histogram) -> Option<Self> {
        Some(Self {
            p50: histogram.quantile(0.5)?,
            p99: histogram.quantile(0.99)?,
            max: histogram.quantile(1.0)?,
        })
    }

    fn larger(self, other: Self) -> Self {
        Self {
            p50: self.p50.max(other.p50),
            p99: self.p99.max(other.p99),
            max: self.max.max(other.max),
        }
    }
}

/// The larger of two figures, or the one that there is.
fn larger<T>(one: Option<T>, other: Option<T>, of_both: impl Fn(T, T) -> T) -> Option<T> {
    match (one, other) {
        (Some(one), Some(other)) => Some(of_both(one, other)),
        (one, other) => one.or(other),
    }
}

impl Measured {
    /// Both stretches as one: the larger figures, so that no peak is hidden.
    fn and(self, later: Self) -> Self {
        let spread = |one, other| larger(one, other, Spread::larger);
        Self {
            response_time: spread(self.response_time, later.response_time),
            service_time: spread(self.service_time, later.service_time),
            end_to_end: spread(self.end_to_end, later.end_to_end),
            schedule_lag_max: larger(self.schedule_lag_max, later.schedule_lag_max, Ord::max),
            process: larger(self.process, later.process, |one, other| Stretch {
                cpus: larger(one.cpus, other.cpus, f64::max),
                in_flight_peak: one.in_flight_peak.max(other.in_flight_peak),
                pipeline: other.pipeline,
            }),
        }
    }
}

impl Sample {
    fn and(self, later: Self) -> Self {
        let mut moment = later.moment;
        moment.queues = larger(
            self.moment.queues,
            later.moment.queues,
            |before, mut after| {
                after.waiting = before.waiting.max(after.waiting);
                after.in_flight = before.in_flight.max(after.in_flight);
                after
            },
        );
        Self {
            moment,
            measured: self.measured.and(later.measured),
            seconds: self.seconds + later.seconds,
        }
    }
}

/// Samples, oldest first.
#[derive(Debug, Clone, Default)]
pub struct History {
    samples: Vec<Sample>,
    /// How many seconds a sample has, as a power of two.
    doublings: u32,
}

impl History {
    /// One second more.
    pub fn push(&mut self, sample: Sample) {
        match self.samples.last_mut() {
            Some(last) if last.seconds < 1 << self.doublings => *last = last.and(sample),
            _ => self.samples.push(sample),
        }
        if self.samples.len() > SAMPLES_MAX {
            let pair = |pair: &[Sample]| pair.iter().copied().reduce(Sample::and);
            self.samples = self.samples.chunks(2).filter_map(pair).collect();
            self.doublings += 1;
        }
    }

    /// All of them.
    pub fn samples(&self) -> &[Sample] {
        &self.samples
    }

    /// How many seconds a point stands for.
    pub fn seconds_a_sample(&self) -> u32 {
        1 << self.doublings
    }
}

/// What `readings` keeps for live views; clones show the same.
#[derive(Debug, Clone, Default)]
pub struct Live(Arc<Mutex<Kept>>);

/// The history, and what it ends with.
#[derive(Debug, Clone, Default)]
struct Kept {
    history: History,
    latest: Option<Measured>,
    worst_lag: Option<Duration>,
}

impl Live {
    /// A second has ended.
    pub fn add(&self, moment: Moment, measured: Measured) {
        let mut kept = self.kept();
        kept.worst_lag = kept.worst_lag.max(measured.schedule_lag_max);
        kept.latest = Some(measured);
        kept.history.push(Sample {
            moment,
            measured,
            seconds: 1,
        });
    }

    /// The samples so far.
    pub fn history(&self) -> History {
        self.kept().history.clone()
    }

    /// What was measured in the last second.
    pub fn latest(&self) -> Option<Measured> {
        self.kept().latest
    }

    /// The largest schedule lag of all seconds.
    pub fn worst_lag(&self) -> Option<Duration> {
        self.kept().worst_lag
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
