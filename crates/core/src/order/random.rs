//! Counter-based random numbers: draw `k` of a stream needs no draw before it.

use rand_xoshiro::SplitMix64;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

/// What a draw decides; streams never share random numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// The content of order `k`.
    Content,
    /// The arrivals of block `k` of the schedule.
    Arrivals,
    /// Which orders a fault strikes.
    Faults,
    /// Which kind of bad orders order `k` is one of.
    Kinds,
    /// Which body of a replay order `k` takes.
    Replay,
    /// What an envelope draws for the message of order `k`.
    Envelope,
}

/// Draws reserved for one counter value.
const DRAWS_PER_COUNTER: u64 = 4096;

/// What `SplitMix64` adds to its state with each draw (the golden ratio in 64 bits), by which its state
/// after any number of draws is known: the generator is a counter.
const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

/// The generator at counter `k` of `stream` under `seed`.
///
/// Counters do not overlap as long as one counter's user draws at most 4,096 times 64 bits. About a
/// nanosecond, draws included: the sender asks it for every order.
pub fn generator(seed: u64, stream: Stream, k: u64) -> SplitMix64 {
    generator_after(seed, stream, k, 0)
}

/// The same after so many draws of 64 bits.
pub(crate) fn generator_after(seed: u64, stream: Stream, k: u64, draws: u64) -> SplitMix64 {
    let stream: u64 = match stream {
        Stream::Content => 1,
        Stream::Arrivals => 2,
        Stream::Faults => 3,
        Stream::Kinds => 4,
        Stream::Replay => 5,
        Stream::Envelope => 6,
    };
    // Hashed twice, so that neighboring seeds and the streams of one seed start far apart.
    let origin = draw(draw(seed) ^ stream);
    let ahead = k.wrapping_mul(DRAWS_PER_COUNTER).wrapping_add(draws);
    let ahead = ahead.wrapping_mul(GAMMA);
    SplitMix64::from_seed(origin.wrapping_add(ahead).to_le_bytes())
}

fn draw(state: u64) -> u64 {
    SplitMix64::from_seed(state.to_le_bytes()).next_u64()
}

/// Maps 64 random bits to `[0, 1)`.
pub fn unit_interval(bits: u64) -> f64 {
    (bits >> 11) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_starts_where_the_one_before_it_ends() {
        let mut one = generator(7, Stream::Content, 41);
        let mut ahead = (0..DRAWS_PER_COUNTER).map(|_| one.next_u64());
        assert!(ahead.by_ref().any(|drawn| drawn != 0));
        ahead.for_each(|_| {});
        assert_eq!(one.next_u64(), generator(7, Stream::Content, 42).next_u64());
        let mut after = generator_after(7, Stream::Content, 42, 1);
        assert_eq!(one.next_u64(), after.next_u64());
    }

    #[test]
    fn seeds_and_streams_differ() {
        let first = |seed, stream| generator(seed, stream, 0).next_u64();
        let draws = [
            first(7, Stream::Content),
            first(7, Stream::Arrivals),
            first(7, Stream::Faults),
            first(8, Stream::Content),
            first(0, Stream::Content),
        ];
        let distinct: std::collections::HashSet<_> = draws.iter().collect();
        assert_eq!(distinct.len(), draws.len());
    }
}
