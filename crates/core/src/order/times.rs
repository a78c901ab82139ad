//! When the orders of a run are due, for orders that say so.

use std::fmt;
use std::sync::{Arc, OnceLock};

use crate::load::Schedule;

/// Orders whose instants are found together, as the schedule draws them.
const BLOCK: u64 = 1024;

/// The instants at which the orders of a run are due.
///
/// Found block by block when first asked for, and kept: eight bytes for each order of a block that was. Clones share them.
#[derive(Clone)]
pub struct Times {
    start_unix_ms: u64,
    schedule: Schedule,
    /// Milliseconds from the start.
    blocks: Arc<[OnceLock<Box<[u64]>>]>,
}

impl Times {
    /// Of a run whose first order may be due at this instant, in milliseconds since the Unix epoch.
    pub fn new(start_unix_ms: u64, schedule: Schedule) -> Self {
        let blocks = schedule.count().div_ceil(BLOCK);
        Self {
            start_unix_ms,
            schedule,
            blocks: (0..blocks).map(|_| OnceLock::new()).collect(),
        }
    }

    /// When order `k` is due, in milliseconds since the Unix epoch; the start for one that is not planned.
    pub fn due_unix_ms(&self, k: u64) -> u64 {
        let block = usize::try_from(k / BLOCK)
            .ok()
            .and_then(|block| self.blocks.get(block));
        let after = block.and_then(|block| {
            let instants = block.get_or_init(|| self.block_of(k));
            instants.get((k % BLOCK) as usize)
        });
        self.start_unix_ms
            .saturating_add(after.copied().unwrap_or(0))
    }

    fn block_of(&self, k: u64) -> Box<[u64]> {
        let first = k - k % BLOCK;
        let arriving = self.schedule.iter_from(first).take(BLOCK as usize);
        arriving
            .map(|(_, due)| u64::try_from(due.as_millis()).unwrap_or(u64::MAX))
            .collect()
    }
}

impl PartialEq for Times {
    fn eq(&self, other: &Self) -> bool {
        self.start_unix_ms == other.start_unix_ms && self.schedule == other.schedule
    }
}

impl fmt::Debug for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Times")
            .field("start_unix_ms", &self.start_unix_ms)
            .field("schedule", &self.schedule)
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
            assert!(count > 2 * BLOCK);
            for k in [count - 1, 0, BLOCK, BLOCK - 1, 5, 2 * BLOCK + 7] {
                let due = schedule.due(k).as_millis() as u64;
                assert_eq!(times.due_unix_ms(k), 1_000 + due, "{arrivals:?} {k}");
            }
            assert_eq!(times.due_unix_ms(count), 1_000);
            assert_eq!(times.due_unix_ms(u64::MAX), 1_000);
        }
    }
}
