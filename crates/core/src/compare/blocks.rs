//! The moving-block bootstrap: how far a quantile of one run would move, were its seconds drawn again.
//!
//! Seconds next to each other are alike (a stall, a backlog), so blocks of them are drawn and not single ones.
//! After Künsch, "The jackknife and the bootstrap for general stationary observations" (1989).

use rand_xoshiro::SplitMix64;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

use super::sample::Sample;

/// Logarithms of quantiles of one sample drawn again and again.
pub(super) struct Resampled {
    /// For each quantile asked for, one a resample.
    pub logs: Vec<Vec<f64>>,
    /// Blocks in a resample.
    pub blocks: f64,
}

/// The block length for so many seconds: their cube root, rounded up.
pub(super) fn block_length(seconds: usize) -> usize {
    ((seconds as f64).cbrt().ceil() as usize).clamp(1, seconds.max(1))
}

/// Draws `sample` again `times` times.
pub(super) fn resample(sample: &Sample, quantiles: &[f64], times: u32) -> Resampled {
    let seconds = sample.seconds();
    let length = block_length(seconds);
    let starts = (seconds + 1 - length) as u64;
    let whole = seconds.div_ceil(length);
    let mut random = SplitMix64::from_seed(sample.fingerprint().to_le_bytes());
    let mut logs = vec![Vec::with_capacity(times as usize); quantiles.len()];
    let mut counts = sample.counts();
    for _ in 0..times {
        counts.fill(0);
        for _ in 0..whole {
            // The upper half of a product is even enough: there are few starts.
            let start = ((u128::from(random.next_u64()) * u128::from(starts)) >> 64) as usize;
            sample.add_block(start, length, &mut counts);
        }
        for (logs, &quantile) in logs.iter_mut().zip(quantiles) {
            logs.push(sample.log_quantile(&counts, quantile));
        }
    }
    Resampled {
        logs,
        blocks: seconds as f64 / length as f64,
    }
}
