//! Time as the queues count it.

use std::time::Duration;

/// Nanoseconds since the origin of the caller's clock. 64 bits last for 584 years.
pub type Nanos = u64;

/// A duration in nanoseconds, the longest possible if it does not fit.
pub fn nanos(duration: Duration) -> Nanos {
    Nanos::try_from(duration.as_nanos()).unwrap_or(Nanos::MAX)
}
