//! Counter-based random numbers: draw `k` of a stream needs no draw before it.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// What a draw decides; streams never share random numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// The content of order `k`.
    Content,
    /// The arrivals of block `k` of the schedule.
    Arrivals,
    /// Which orders a fault strikes.
    Faults,
}

/// ChaCha words reserved for one counter value: room for 4,096 draws of 64 bits.
const WORDS_PER_COUNTER: u128 = 8192;

/// The generator at counter `k` of `stream` under `seed`.
///
/// Counters do not overlap as long as one counter's user draws at most 4,096 times 64 bits.
pub fn generator(seed: u64, stream: Stream, k: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(match stream {
        Stream::Content => 1,
        Stream::Arrivals => 2,
        Stream::Faults => 3,
    });
    rng.set_word_pos(u128::from(k) * WORDS_PER_COUNTER);
    rng
}
