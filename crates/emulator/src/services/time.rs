//! Instants as replies write them.

use std::time::{Duration, SystemTime};

use crate::doors::time::with_millis;

/// Since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Instant(Duration);

/// This moment.
pub(super) fn now() -> Instant {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    Instant(since.unwrap_or_default())
}

impl Instant {
    /// Seconds since the epoch, to the millisecond.
    pub(super) fn seconds(self) -> f64 {
        self.0.as_millis() as f64 / 1_000.0
    }

    /// `2026-11-27T18:00:00.000Z`.
    pub(super) fn iso(self) -> String {
        with_millis(u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX))
    }

    /// `Fri, 27 Nov 2026 18:00:00 GMT`.
    pub(super) fn http(self) -> String {
        httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + self.0)
    }
}
