//! How long an invocation takes: always the same, or drawn from a distribution.

use std::f64::consts::TAU;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The standard normal distribution's 99th percentile.
const Z_99: f64 = 2.326_347_874_040_841;

/// The longest that is drawn: a day.
const LONGEST_S: f64 = 86_400.0;

/// A duration, or a distribution of durations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ServiceTime {
    /// Always this long.
    Constant(Duration),
    /// Lognormal, as times of real functions roughly are: never negative, with a long tail.
    Lognormal {
        /// Its median.
        p50: Duration,
        /// Its 99th percentile.
        p99: Duration,
    },
}

impl ServiceTime {
    /// No time at all.
    pub const ZERO: Self = Self::Constant(Duration::ZERO);

    /// How long it mostly takes.
    pub fn typical(self) -> Duration {
        match self {
            Self::Constant(duration) => duration,
            Self::Lognormal { p50, .. } => p50,
        }
    }

    /// The same, `speed` times faster.
    pub fn divided_by(self, speed: f64) -> Self {
        match self {
            Self::Constant(duration) => Self::Constant(duration.div_f64(speed)),
            Self::Lognormal { p50, p99 } => Self::Lognormal {
                p50: p50.div_f64(speed),
                p99: p99.div_f64(speed),
            },
        }
    }

    /// The time that belongs to two numbers drawn evenly from all `u64`.
    pub fn draw(self, random: [u64; 2]) -> Duration {
        let (p50, p99) = match self {
            Self::Constant(duration) => return duration,
            Self::Lognormal { p50, p99 } => (p50.as_secs_f64(), p99.as_secs_f64()),
        };
        // Box-Muller, of which one of the two normal numbers is used.
        let unit = |number: u64| ((number >> 11) as f64 + 0.5) / (1_u64 << 53) as f64;
        let normal = (-2.0 * unit(random[0]).ln()).sqrt() * (TAU * unit(random[1])).cos();
        let sigma = (p99 / p50).ln() / Z_99;
        Duration::from_secs_f64((p50 * (sigma * normal).exp()).min(LONGEST_S))
    }
}

/// The random numbers of one invocation: a function of the seed and its serial number, so that an invocation takes
/// equally long however many run beside it. SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number
/// generators").
#[derive(Debug, Clone)]
pub struct Draws(u64);

/// What SplitMix64 adds to its state with each draw: the golden ratio in 64 bits.
const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

/// Draws kept for one invocation; the next one's begin after them.
const DRAWS_PER_INVOCATION: u64 = 4_096;

/// Keeps these numbers independent of others that are drawn from the same seed.
const STREAM: u64 = 4;

impl Draws {
    /// Those of the `serial`th invocation under `seed`.
    pub fn of_invocation(seed: u64, serial: u64) -> Self {
        // Hashed twice, so that neighboring seeds start far apart.
        let origin = Self(Self(seed).next() ^ STREAM).next();
        let ahead = serial
            .wrapping_mul(DRAWS_PER_INVOCATION)
            .wrapping_mul(GAMMA);
        Self(origin.wrapping_add(ahead))
    }

    /// The next number.
    #[expect(clippy::should_implement_trait, reason = "it never ends")]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GAMMA);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_is_constant() {
        let hundred = ServiceTime::Constant(Duration::from_millis(100));
        for random in [[0, 0], [u64::MAX, 1], [7, u64::MAX]] {
            assert_eq!(hundred.draw(random), Duration::from_millis(100));
        }
    }

    #[test]
    fn a_lognormal_has_the_median_and_the_tail_it_is_told() {
        let time = ServiceTime::Lognormal {
            p50: Duration::from_millis(20),
            p99: Duration::from_millis(200),
        };
        let mut drawn: Vec<_> = (0..100_000)
            .map(|k| {
                let mut random = Draws::of_invocation(7, k);
                time.draw([random.next(), random.next()])
            })
            .collect();
        drawn.sort_unstable();
        let within = |at: usize, low_us: u64, high_us: u64| {
            let seen = drawn[at];
            let range = Duration::from_micros(low_us)..=Duration::from_micros(high_us);
            assert!(range.contains(&seen), "{at}: {seen:?}");
        };
        within(50_000, 19_700, 20_300);
        within(99_000, 194_000, 206_000);
        within(1_000, 1_940, 2_060);
    }

    #[test]
    fn no_number_breaks_it() {
        let time = ServiceTime::Lognormal {
            p50: Duration::from_millis(1),
            p99: Duration::from_secs(900),
        };
        for first in [0, 1, u64::MAX] {
            for second in [0, 1, u64::MAX / 2, u64::MAX] {
                let drawn = time.draw([first, second]);
                assert!(drawn <= Duration::from_secs(86_400), "{drawn:?}");
            }
        }
    }

    #[test]
    fn splitmix_draws_its_published_numbers() {
        // The first outputs for the seed 1234567, as the reference implementation prints them.
        let mut draws = Draws(1_234_567);
        let drawn = [draws.next(), draws.next(), draws.next()];
        assert_eq!(
            drawn,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423
            ]
        );
    }

    #[test]
    fn an_invocation_draws_where_the_one_before_it_ends() {
        let mut one = Draws::of_invocation(7, 41);
        for _ in 0..DRAWS_PER_INVOCATION {
            one.next();
        }
        assert_eq!(one.next(), Draws::of_invocation(7, 42).next());
        assert_ne!(
            Draws::of_invocation(8, 42).next(),
            Draws::of_invocation(7, 42).next()
        );
    }
}
