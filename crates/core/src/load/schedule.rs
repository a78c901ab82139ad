//! The instant at which each order is due.

use std::time::Duration;

use rand_xoshiro::rand_core::Rng;

use super::{Arrivals, Dispatches, LoadProfile, Phase};
use crate::order::{Stream, generator_after, unit_interval};

/// Orders whose arrivals are drawn together.
pub(super) const BLOCK: u64 = 1024;

/// Order `k` is due at start + `due(k)`; non-decreasing in `k`.
///
/// Arrivals live on the axis of the rate's integral, where one order takes one unit of room; the
/// profile's inverse carries them to the time axis. Uniform arrivals sit at `k` exactly, so the first
/// order of a run is due at its start. Poisson arrivals are drawn in blocks of 1,024: inside a block
/// they are independent and uniform, sorted, which is a Poisson process under the condition that
/// the block holds 1,024 arrivals. That condition is the one departure from the textbook; it makes
/// the count equal to the integral and every instant a function of (seed, k) alone.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    pub(super) profile: LoadProfile,
    pub(super) arrivals: Arrivals,
    seed: u64,
}

impl Schedule {
    /// The schedule of `phases`, one after the other from time zero; `seed` decides where random arrivals fall.
    pub fn new(phases: &[Phase], arrivals: Arrivals, seed: u64) -> Self {
        Self {
            profile: LoadProfile::new(phases),
            arrivals,
            seed,
        }
    }

    /// The profile it follows.
    pub fn profile(&self) -> &LoadProfile {
        &self.profile
    }

    /// How they are spaced.
    pub fn arrivals(&self) -> Arrivals {
        self.arrivals
    }

    /// Orders planned.
    pub fn count(&self) -> u64 {
        self.profile.count()
    }

    /// When order `k` is due, from the start, computed from the seed and `k` alone. Poisson arrivals
    /// draw the whole block `k` is in: ask `iter_from` for many.
    ///
    /// # Panics
    /// When `k` is not below [`Schedule::count`].
    pub fn due(&self, k: u64) -> Duration {
        assert!(
            k < self.count(),
            "order {k} of {} is not planned",
            self.count()
        );
        let (_, due) = self.iter_from(k).next().expect("k is planned");
        due
    }

    /// `(k, due(k))` from `first` on, cheaper than asking one by one.
    pub fn iter_from(&self, first: u64) -> Arriving {
        Arriving {
            schedule: self.clone(),
            count: self.count(),
            next: first,
            block: None,
        }
    }

    /// The batches to send, in order of time: at most `batch` orders each, of which the first waits at
    /// most `linger`.
    pub fn dispatches(&self, batch: u8, linger: Duration) -> Dispatches {
        Dispatches::new(self.iter_from(0), batch, linger)
    }

    /// Where the arrivals of `block` lie on the integral's axis, ascending.
    fn positions(&self, block: u64) -> Vec<f64> {
        let first = block * BLOCK;
        let members = BLOCK.min(self.count() - first);
        if self.arrivals == Arrivals::Uniform {
            return (first..first + members).map(|k| k as f64).collect();
        }
        let mut spacing = self.spacings(block, 0);
        let mut sum = 0.0;
        let mut positions: Vec<f64> = (0..members)
            .map(|_| {
                sum += spacing();
                sum
            })
            .collect();
        let scale = members as f64 / (sum + spacing());
        positions
            .iter_mut()
            .for_each(|position| *position = first as f64 + *position * scale);
        positions
    }

    /// How far apart the arrivals of `block` are, before they are scaled, from the one at `from` on.
    pub(super) fn spacings(&self, block: u64, from: u64) -> impl FnMut() -> f64 + use<> {
        let mut rng = generator_after(self.seed, Stream::Arrivals, block, from);
        move || -(1.0 - unit_interval(rng.next_u64())).ln()
    }
}

/// The arrivals of a schedule in order of time: `(k, due(k))`.
#[derive(Debug, Clone)]
pub struct Arriving {
    schedule: Schedule,
    count: u64,
    next: u64,
    /// The number of the block at hand and its positions.
    block: Option<(u64, Vec<f64>)>,
}

impl Arriving {
    /// When order `k` is due; cheap as long as `k` stays in a block of 1,024.
    ///
    /// # Panics
    /// When `k` is not below [`Schedule::count`].
    pub fn due(&mut self, k: u64) -> Duration {
        self.next = k;
        self.next().expect("k is planned").1
    }
}

impl Iterator for Arriving {
    type Item = (u64, Duration);

    fn next(&mut self) -> Option<Self::Item> {
        let k = self.next;
        if k >= self.count {
            return None;
        }
        self.next += 1;
        let wanted = k / BLOCK;
        if self
            .block
            .as_ref()
            .is_none_or(|&(block, _)| block != wanted)
        {
            self.block = Some((wanted, self.schedule.positions(wanted)));
        }
        let (_, positions) = self.block.as_ref().expect("just drawn");
        let position = positions[(k % BLOCK) as usize];
        Some((k, self.schedule.profile.inverse(position)))
    }
}
