//! When each order was due, by sequence number.

use std::time::Duration;

use crate::load::{Recall, Schedule};

/// The due times of a whole run, in ticks of a microsecond, or coarser beyond 71 minutes.
pub(super) struct DueTimes {
    recall: Recall,
    tick_ns: u64,
}

impl DueTimes {
    pub(super) fn new(schedule: &Schedule) -> Self {
        let whole = u64::try_from(schedule.profile().duration().as_nanos()).unwrap_or(u64::MAX);
        Self {
            recall: Recall::new(schedule.clone()),
            tick_ns: (whole / u64::from(u32::MAX) + 1).max(1_000),
        }
    }

    /// When order `k` was due, from the run's start; `None` if it was not planned.
    pub(super) fn due(&self, k: u64) -> Option<Duration> {
        let due = u64::try_from(self.recall.due(k)?.as_nanos()).unwrap_or(u64::MAX);
        Some(Duration::from_nanos(due - due % self.tick_ns))
    }

    pub(super) fn schedule(&self) -> &Schedule {
        self.recall.schedule()
    }
}
