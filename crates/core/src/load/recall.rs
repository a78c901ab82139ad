//! When each order of a run is due, asked for in any order.

use std::sync::OnceLock;
use std::time::Duration;

use super::schedule::BLOCK;
use super::{Arrivals, Schedule};

/// Arrivals from one sum that is kept to the next.
const STRIDE: u64 = 16;

/// The due times of a schedule in any order: [`Schedule::due`], at about a tenth of a microsecond each.
///
/// Even arrivals follow from their number. Of random ones each block keeps, once it is asked for, the sum of its spacings at
/// every sixteenth arrival, half a byte an order; what lies between is drawn again.
#[derive(Debug)]
pub struct Recall {
    schedule: Schedule,
    count: u64,
    blocks: Box<[OnceLock<Box<Sums>>]>,
}

/// What is kept of a block.
#[derive(Debug)]
struct Sums {
    /// Of the spacings before each sixteenth arrival.
    before: Box<[f64]>,
    /// What makes the sum of all spacings as many as there are arrivals.
    scale: f64,
}

impl Recall {
    /// Of `schedule`; nothing is drawn yet.
    pub fn new(schedule: Schedule) -> Self {
        let count = schedule.count();
        let blocks = match schedule.arrivals {
            Arrivals::Uniform => 0,
            Arrivals::Poisson => count.div_ceil(BLOCK),
        };
        Self {
            schedule,
            count,
            blocks: (0..blocks).map(|_| OnceLock::new()).collect(),
        }
    }

    /// The schedule.
    pub fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// When order `k` is due, from the run's start; `None` if it was not planned.
    pub fn due(&self, k: u64) -> Option<Duration> {
        if k >= self.count {
            return None;
        }
        let position = match self.schedule.arrivals {
            Arrivals::Uniform => k as f64,
            Arrivals::Poisson => self.drawn(k),
        };
        Some(self.schedule.profile.inverse(position))
    }

    /// Where order `k` lies on the integral's axis, to the last bit as the schedule draws it.
    fn drawn(&self, k: u64) -> f64 {
        let (block, place) = (k / BLOCK, k % BLOCK);
        let sums = self.blocks[block as usize].get_or_init(|| Box::new(self.sums(block)));
        let known = place - place % STRIDE;
        let mut spacing = self.schedule.spacings(block, known);
        let before = sums.before[(known / STRIDE) as usize];
        let sum = (known..=place).fold(before, |sum, _| sum + spacing());
        (block * BLOCK) as f64 + sum * sums.scale
    }

    fn sums(&self, block: u64) -> Sums {
        let members = BLOCK.min(self.count - block * BLOCK);
        let mut spacing = self.schedule.spacings(block, 0);
        let mut sum = 0.0;
        let mut before = Vec::with_capacity(members.div_ceil(STRIDE) as usize);
        for place in 0..members {
            if place.is_multiple_of(STRIDE) {
                before.push(sum);
            }
            sum += spacing();
        }
        Sums {
            before: before.into(),
            scale: members as f64 / (sum + spacing()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::Phase;

    #[test]
    fn they_are_the_schedules_instants_to_the_nanosecond_in_any_order() {
        let phase = |start_rate, end_rate, seconds| Phase {
            name: "spike".into(),
            start_rate,
            end_rate,
            duration: Duration::from_secs(seconds),
            warm_up: false,
        };
        let phases = [phase(100.0, 300.0, 13), phase(0.0, 50.0, 7)];
        for arrivals in [Arrivals::Uniform, Arrivals::Poisson] {
            let schedule = Schedule::new(&phases, arrivals, 7);
            let recall = Recall::new(schedule.clone());
            let count = schedule.count();
            assert!(count > 2 * BLOCK && !count.is_multiple_of(STRIDE));
            let due: Vec<_> = schedule.iter_from(0).collect();
            for (k, due) in due.into_iter().rev() {
                assert_eq!(recall.due(k), Some(due), "{arrivals:?} {k}");
            }
            assert_eq!(recall.due(count), None);
            assert_eq!(recall.due(u64::MAX), None);
        }
    }
}
