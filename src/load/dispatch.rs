//! Arrivals grouped into the batches a sender sends.

use std::time::Duration;

/// Orders `first .. first + count`, sent together at `due`.
///
/// A batch is due when its last order is, or when its first order has lingered long enough,
/// whichever comes first. What an order waits for its batch is asked for by the scenario, so it is
/// part of the response time and not of the schedule lag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dispatch {
    /// Sequence number of its first order.
    pub first: u64,
    /// Orders in it, 1 to 10.
    pub count: u8,
    /// When it is to be sent, from the start.
    pub due: Duration,
}

impl Dispatch {
    /// Its sequence numbers.
    pub fn orders(&self) -> std::ops::Range<u64> {
        self.first..self.first + u64::from(self.count)
    }
}

/// The dispatches of a schedule, in order of time.
pub struct Dispatches;
