//! When each order was due, by sequence number, in constant time.

use std::time::Duration;

use crate::load::Schedule;

/// The due times of a whole run: four bytes an order while the run is observed, in ticks of a
/// microsecond, or coarser beyond 71 minutes.
pub(super) struct DueTimes {
    ticks: Vec<u32>,
    tick_ns: u64,
}

impl DueTimes {
    pub(super) fn new(schedule: &Schedule) -> Self {
        let whole = u64::try_from(schedule.profile().duration().as_nanos()).unwrap_or(u64::MAX);
        let tick_ns = (whole / u64::from(u32::MAX) + 1).max(1_000);
        let tick = |due: Duration| (due.as_nanos() / u128::from(tick_ns)) as u32;
        Self {
            ticks: schedule.iter_from(0).map(|(_, due)| tick(due)).collect(),
            tick_ns,
        }
    }

    /// When order `k` was due, from the run's start; `None` if it was not planned.
    pub(super) fn due(&self, k: u64) -> Option<Duration> {
        let tick = self.ticks.get(usize::try_from(k).ok()?)?;
        Some(Duration::from_nanos(u64::from(*tick) * self.tick_ns))
    }
}
