//! Seeded choices.

use rand_xoshiro::SplitMix64;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

/// A seeded source of choices.
pub struct Dice(SplitMix64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(SplitMix64::from_seed(
            seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes(),
        ))
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
