//! Random counts, by the seed: how many of many a chance strikes, and how a share is rounded.

use std::f64::consts::TAU;

use orderproof_machines::mapping::Draws;

/// Keeps these draws apart from those of the function's times.
const STREAM: u64 = 0x434f_484f_5254_0000;

/// Up to so many are drawn one by one.
const FEW: u64 = 32;

/// Below this mean a count is drawn by its probabilities.
const SMALL_MEAN: f64 = 16.0;

/// A source of random counts.
#[derive(Debug)]
pub(super) struct Chance(Draws);

impl Chance {
    pub(super) fn new(seed: u64) -> Self {
        Self(Draws::of_invocation(seed ^ STREAM, 0))
    }

    /// Evenly from 0 up to and without 1.
    fn unit(&mut self) -> f64 {
        (self.0.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (TAU * self.unit()).cos()
    }

    /// A whole number next to `value`, `value` on average.
    pub(super) fn round(&mut self, value: f64) -> u64 {
        let value = value.max(0.0);
        let whole = value as u64;
        let rest = value - whole as f64;
        whole + u64::from(rest > 0.0 && self.unit() < rest)
    }

    /// As many of `all` as belong to `part` of the `whole`: never more than there are, `all` by `part` on average.
    pub(super) fn share(&mut self, all: u64, part: u64, whole: u64) -> u64 {
        if part >= whole {
            return all;
        }
        self.round(all as f64 * (part as f64 / whole as f64))
            .min(all)
    }

    /// How many of `count` a chance of `share` strikes.
    pub(super) fn strikes(&mut self, count: u64, share: f64) -> u64 {
        if count == 0 || share <= 0.0 {
            return 0;
        }
        if share >= 1.0 {
            return count;
        }
        if count <= FEW {
            return (0..count).filter(|_| self.unit() < share).count() as u64;
        }
        let mean = count as f64 * share;
        let drawn = match mean < SMALL_MEAN {
            true => self.poisson(mean) as f64,
            false => mean + self.normal() * (mean * (1.0 - share)).sqrt() + 0.5,
        };
        (drawn.max(0.0) as u64).min(count)
    }

    /// How many arrive when `mean` do on average, with this variance for many.
    pub(super) fn arrivals(&mut self, mean: f64, variance: f64) -> u64 {
        match mean < SMALL_MEAN {
            true => self.poisson(mean),
            false => (mean + self.normal() * variance.sqrt() + 0.5).max(0.0) as u64,
        }
    }

    fn poisson(&mut self, mean: f64) -> u64 {
        let (mut left, limit) = (1.0, (-mean.max(0.0)).exp());
        let mut count = 0;
        loop {
            left *= self.unit();
            if left <= limit {
                return count;
            }
            count += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_the_mean_and_the_spread_of_many_single_draws() {
        let mut chance = Chance::new(7);
        // Count, share: few, a small mean, a large one.
        for (count, share) in [(20_u64, 0.3), (4_000, 0.002), (10_000, 0.1)] {
            let drawn: Vec<f64> = (0..20_000)
                .map(|_| chance.strikes(count, share) as f64)
                .collect();
            let mean = drawn.iter().sum::<f64>() / drawn.len() as f64;
            let variance = drawn.iter().map(|one| (one - mean).powi(2)).sum::<f64>();
            let variance = variance / drawn.len() as f64;
            let expected = count as f64 * share;
            assert!(
                (mean / expected - 1.0).abs() < 0.01,
                "{count} {share}: {mean}"
            );
            let spread = expected * (1.0 - share);
            assert!(
                (variance / spread - 1.0).abs() < 0.06,
                "{count} {share}: {variance}"
            );
        }
        assert_eq!((chance.strikes(9, 0.0), chance.strikes(9, 1.0)), (0, 9));
    }

    #[test]
    fn rounding_is_right_on_average_and_never_more_than_there_are() {
        let mut chance = Chance::new(7);
        let sum: u64 = (0..100_000).map(|_| chance.round(2.3)).sum();
        assert!((229_000..231_000).contains(&sum), "{sum}");
        assert_eq!(chance.round(4.0), 4);
        assert_eq!((chance.share(5, 3, 3), chance.share(5, 0, 3)), (5, 0));
        assert!((0..1_000).all(|_| chance.share(1, 2, 3) <= 1));
    }
}
