//! The queue's time: nanoseconds since the engine began, read from tokio's clock.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

pub(crate) use orderproof_machines::time::{Nanos, nanos};

/// Reads tokio's clock, and gives its instants a wall-clock name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    origin: Instant,
    origin_since_epoch: Duration,
}

impl Clock {
    pub(crate) fn start() -> Self {
        let origin_since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or(Duration::ZERO);
        Self {
            origin: Instant::now(),
            origin_since_epoch,
        }
    }

    pub(crate) fn now(&self) -> Nanos {
        nanos(self.origin.elapsed())
    }

    pub(crate) fn instant(&self, at: Nanos) -> Instant {
        self.origin + Duration::from_nanos(at)
    }

    /// Milliseconds since the Unix epoch.
    pub(crate) fn epoch_ms(&self, at: Nanos) -> u64 {
        let since_epoch = self.origin_since_epoch + Duration::from_nanos(at);
        u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX)
    }
}
