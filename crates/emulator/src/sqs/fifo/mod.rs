//! What a FIFO queue has beside a standard one and its groups: deduplication, receive attempts and quotas.
//!
//! Pure state: each part is handed the instant it is asked at. Figures are from the SQS developer guide, "Amazon SQS FIFO queues", and the API reference.

mod attempts;
mod attributes;
mod deduplication;
mod ids;
mod quota;

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

pub(super) use attempts::{Attempts, Held};
pub use attributes::{DeduplicationScope, FifoAttributes, ThroughputLimit};
pub(crate) use deduplication::{Deduplication, Seen, content_id};
pub(crate) use ids::{check_attempt_id, check_id};
pub use quota::Action;
pub(super) use quota::Quota;

use super::clock::nanos;

/// How long a deduplication id and a receive attempt are remembered.
const INTERVAL: Duration = Duration::from_secs(300);

/// What the names of FIFO queues end in, and no other's.
const SUFFIX: &str = ".fifo";

/// Whether a queue of this name is a FIFO queue.
pub fn is_fifo(name: &str) -> bool {
    name.ends_with(SUFFIX)
}

/// The state of a FIFO queue.
#[derive(Debug)]
pub(super) struct Fifo {
    pub(super) deduplication: Deduplication,
    pub(super) attempts: Attempts,
    pub(super) quota: Quota,
}

impl Fifo {
    /// Of a new queue, where time passes `speed` times faster than on AWS.
    pub(super) fn new(speed: f64) -> Self {
        let interval = nanos(INTERVAL.div_f64(speed));
        Self {
            deduplication: Deduplication::new(interval),
            attempts: Attempts::new(interval),
            quota: Quota::new(nanos(Duration::from_secs(1).div_f64(speed))),
        }
    }
}

/// Names texts by 128 bits, so that millions of them can be remembered: two keyed hashes, of which no two texts will have
/// both in common.
#[derive(Debug, Default)]
struct Namer(RandomState, RandomState);

impl Namer {
    fn name(&self, text: impl std::hash::Hash) -> u128 {
        let [high, low] = [&self.0, &self.1].map(|state| u128::from(state.hash_one(&text)));
        high << 64 | low
    }
}
