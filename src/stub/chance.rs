//! What the stub does to orders, by seed: the same orders of the same run meet the same fate every time.

use std::time::Duration;

use crate::order::RunId;

/// How often the stub does what a queue should not do. Shares are within 0.0 and 1.0.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Chances {
    /// Everything is drawn from it.
    pub seed: u64,
    /// The share of orders that are acknowledged and not kept.
    pub drop: f64,
    /// The share of orders that are delivered twice.
    pub duplicate: f64,
    /// How much later a reply is given.
    pub delay: Duration,
    /// The share of requests whose reply is given later.
    pub delay_share: f64,
}

/// What is drawn: draws for different purposes are independent.
#[derive(Clone, Copy)]
enum Purpose {
    Drop = 1,
    Duplicate = 2,
    Delay = 3,
}

impl Chances {
    /// Whether order `k` of `run` is acknowledged and not kept.
    pub fn drops(&self, run: RunId, k: u64) -> bool {
        self.draw(Purpose::Drop, run.number(k)) < self.drop
    }

    /// Whether order `k` of `run` is delivered twice.
    pub fn duplicates(&self, run: RunId, k: u64) -> bool {
        self.draw(Purpose::Duplicate, run.number(k)) < self.duplicate
    }

    /// How much later the reply to the request of this number is given, if it is.
    pub fn delays(&self, request: u64) -> Option<Duration> {
        let delayed =
            !self.delay.is_zero() && self.draw(Purpose::Delay, request) < self.delay_share;
        delayed.then_some(self.delay)
    }

    /// A number within 0.0 and 1.0, without the latter.
    fn draw(&self, purpose: Purpose, number: u64) -> f64 {
        let of_seed = scatter(self.seed ^ scatter(purpose as u64));
        let bits = scatter(of_seed ^ number);
        (bits >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// The finalizer of SplitMix64 (Steele, Lea and Flood 2014), after one step of its counter.
fn scatter(bits: u64) -> u64 {
    let bits = bits.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chances(share: f64) -> Chances {
        Chances {
            seed: 7,
            drop: share,
            duplicate: share,
            delay: Duration::from_millis(1),
            delay_share: share,
        }
    }

    #[test]
    fn nothing_happens_at_zero_and_everything_at_one() {
        let run = RunId::new(3).unwrap();
        for k in 0..1_000 {
            let (never, always) = (chances(0.0), chances(1.0));
            assert!(!never.drops(run, k) && !never.duplicates(run, k));
            assert!(always.drops(run, k) && always.duplicates(run, k));
            assert_eq!(never.delays(k), None);
            assert_eq!(always.delays(k), Some(Duration::from_millis(1)));
        }
        let at_once = Chances {
            delay: Duration::ZERO,
            ..chances(1.0)
        };
        assert_eq!(at_once.delays(0), None);
    }

    #[test]
    fn a_share_is_that_share_and_the_purposes_are_independent() {
        let run = RunId::new(3).unwrap();
        let chances = chances(0.1);
        let orders = 100_000;
        let count = |each: &dyn Fn(u64) -> bool| (0..orders).filter(|k| each(*k)).count();
        let within = |count: usize, about: usize| count.abs_diff(about) < about / 10;
        assert!(within(count(&|k| chances.drops(run, k)), 10_000));
        assert!(within(count(&|k| chances.delays(k).is_some()), 10_000));
        let both = |k: u64| chances.drops(run, k) && chances.duplicates(run, k);
        assert!(within(count(&both), 1_000));
        let other = Chances { seed: 8, ..chances };
        let same = |k: u64| chances.drops(run, k) && other.drops(run, k);
        assert!(within(count(&same), 1_000), "another seed, other orders");
    }
}
