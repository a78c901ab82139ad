//! Seeded choices.

use rand_xoshiro::SplitMix64;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

/// A seeded source of choices.
pub struct Dice(SplitMix64);

impl Dice {
    /// Neighboring seeds have nothing in common: the generator's state is its own output, not the seed.
    pub fn new(seed: u64) -> Self {
        let state = SplitMix64::from_seed(seed.to_le_bytes()).next_u64();
        Self(SplitMix64::from_seed(state.to_le_bytes()))
    }

    pub fn number(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// One of `0..n`.
    pub fn below(&mut self, n: usize) -> usize {
        (self.number() % n.max(1) as u64) as usize
    }

    pub fn percent(&mut self, chance: u32) -> bool {
        self.number() % 100 < u64::from(chance)
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}
