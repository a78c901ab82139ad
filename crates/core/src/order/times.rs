//! When the orders of a run are due, for orders that say so.

use std::fmt;
use std::sync::Arc;

use crate::load::{Recall, Schedule};

/// The instants at which the orders of a run are due. Clones share what they keep: see [`Recall`].
#[derive(Clone)]
pub struct Times {
    start_unix_ms: u64,
    recall: Arc<Recall>,
}

impl Times {
    /// Of a run whose first order may be due at this instant, in milliseconds since the Unix epoch.
    pub fn new(start_unix_ms: u64, schedule: Schedule) -> Self {
        Self {
            start_unix_ms,
            recall: Arc::new(Recall::new(schedule)),
        }
    }

    /// When order `k` is due, in milliseconds since the Unix epoch; the start for one that is not planned.
    pub fn due_unix_ms(&self, k: u64) -> u64 {
        let after = self.recall.due(k).unwrap_or_default().as_millis();
        self.start_unix_ms
            .saturating_add(u64::try_from(after).unwrap_or(u64::MAX))
    }

    fn schedule(&self) -> &Schedule {
        self.recall.schedule()
    }
}

impl PartialEq for Times {
    fn eq(&self, other: &Self) -> bool {
        self.start_unix_ms == other.start_unix_ms && self.schedule() == other.schedule()
    }
}

impl fmt::Debug for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Times")
            .field("start_unix_ms", &self.start_unix_ms)
            .field("schedule", self.schedule())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::load::{Arrivals, Phase};

    #[test]
    fn they_are_the_schedules_instants_in_any_order() {
        let phase = Phase {
            name: "baseline".into(),
            start_rate: 100.0,
            end_rate: 300.0,
            duration: Duration::from_secs(13),
            warm_up: false,
        };
        for arrivals in [Arrivals::Uniform, Arrivals::Poisson] {
            let schedule = Schedule::new(std::slice::from_ref(&phase), arrivals, 7);
            let times = Times::new(1_000, schedule.clone());
            let count = schedule.count();
            for k in [count - 1, 0, 1_024, 1_023, 5, 2_055] {
                let due = schedule.due(k).as_millis() as u64;
                assert_eq!(times.due_unix_ms(k), 1_000 + due, "{arrivals:?} {k}");
            }
            assert_eq!(times.due_unix_ms(count), 1_000);
            assert_eq!(times.due_unix_ms(u64::MAX), 1_000);
        }
    }
}
