//! When rows were stored, as they tell themselves, put on the run's time axis.

use std::time::{Duration, SystemTime, SystemTimeError};

use super::due::DueTimes;
use super::{RowClock, StoredSecond, StoredTimes};
use crate::load::Schedule;
use crate::metrics::Histogram;

/// Seconds of timeline kept for rows stored long after the run: a day.
const MAX_SECONDS: usize = 86_400;

/// The instants of all rows.
pub(super) struct Timing {
    due: DueTimes,
    start: SystemTime,
    /// When what is taken in now was read, since the run's start; `None` when nobody said.
    pub(super) read_at: Option<Duration>,
    pub(super) row_clock: Option<RowClock>,
    /// Rows that told their instant.
    pub(super) timed_rows: u64,
    pub(super) times: StoredTimes,
}

impl Timing {
    pub(super) fn new(schedule: &Schedule, start: SystemTime, phases: usize) -> Self {
        Self {
            due: DueTimes::new(schedule),
            start,
            read_at: None,
            row_clock: None,
            timed_rows: 0,
            times: StoredTimes {
                phases: vec![Histogram::new(); phases],
                seconds: Vec::new(),
            },
        }
    }

    /// Takes in when the row of order `k` was stored, microseconds since the Unix epoch.
    pub(super) fn row(&mut self, k: u32, stored_at_us: Option<u64>) {
        let wall = stored_at_us.and_then(|us| {
            let since_epoch = Duration::from_micros(us);
            SystemTime::UNIX_EPOCH.checked_add(since_epoch)
        });
        let stored_at = wall.map(|wall| wall.duration_since(self.start));
        let (Some(stored_at), Some(due)) = (stored_at, self.due.due(u64::from(k))) else {
            return;
        };
        self.timed_rows += 1;
        self.clock(&stored_at, due);
        // An impossible reading counts as none at all; how far the clocks are apart tells what it is worth.
        let stored_at = stored_at.unwrap_or_default();
        let end_to_end = stored_at.saturating_sub(due);
        let phase = self.due.schedule().profile().phase_at(due);
        self.times.phases[phase].record(end_to_end);
        if let Some(second) = self.second(due) {
            second.end_to_end.record(end_to_end);
        }
        if let Some(second) = self.second(stored_at) {
            second.stored += 1;
            let oldest = second
                .oldest_intended_at
                .map_or(due, |oldest| oldest.min(due));
            second.oldest_intended_at = Some(oldest);
        }
    }

    /// Takes in what a row's instant says of the clock that wrote it.
    fn clock(&mut self, stored_at: &Result<Duration, SystemTimeError>, due: Duration) {
        let micros = |at: Duration| i64::try_from(at.as_micros()).unwrap_or(i64::MAX);
        let stored_us = match stored_at {
            Ok(since) => micros(*since),
            Err(before) => -micros(before.duration()),
        };
        let read_us = self.read_at.map_or(i64::MAX, micros);
        let row = RowClock::of(stored_us, micros(due), read_us);
        self.row_clock = Some(self.row_clock.map_or(row, |seen| seen.and(row)));
    }

    fn second(&mut self, at: Duration) -> Option<&mut StoredSecond> {
        let index = usize::try_from(at.as_secs())
            .ok()
            .filter(|&index| index < MAX_SECONDS)?;
        while self.times.seconds.len() <= index {
            self.times.seconds.push(StoredSecond {
                stored: 0,
                oldest_intended_at: None,
                end_to_end: Histogram::coarse(),
            });
        }
        self.times.seconds.get_mut(index)
    }
}
