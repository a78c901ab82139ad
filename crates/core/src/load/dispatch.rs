//! Arrivals grouped into the batches a sender sends.

use std::iter::Peekable;
use std::time::Duration;

use super::schedule::Arriving;

/// Orders `first .. first + count`, sent together at `due`. Of a shard of message groups there are others between them.
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
    /// When its first order is due; the batch waited `due - first_due` to fill.
    pub first_due: Duration,
}

impl Dispatch {
    /// Its sequence numbers, where it is a dispatch of the whole schedule.
    pub fn orders(&self) -> std::ops::Range<u64> {
        self.first..self.first + u64::from(self.count)
    }
}

/// The dispatches of a schedule, in order of time.
pub struct Dispatches<A: Iterator<Item = (u64, Duration)> = Arriving> {
    arrivals: Peekable<A>,
    batch: u8,
    linger: Duration,
}

impl<A: Iterator<Item = (u64, Duration)>> Dispatches<A> {
    pub(super) fn new(arrivals: A, batch: u8, linger: Duration) -> Self {
        Self {
            arrivals: arrivals.peekable(),
            batch: batch.max(1),
            linger,
        }
    }

    /// The next one; each of its orders, and when it is due, is handed to `take`.
    pub(super) fn next_with(&mut self, mut take: impl FnMut(u64, Duration)) -> Option<Dispatch> {
        let (first, first_due) = self.arrivals.next()?;
        take(first, first_due);
        let closes = first_due + self.linger;
        let mut dispatch = Dispatch {
            first,
            count: 1,
            due: first_due,
            first_due,
        };
        while dispatch.count < self.batch {
            match self.arrivals.next_if(|&(_, due)| due <= closes) {
                Some((k, due)) => {
                    take(k, due);
                    dispatch.count += 1;
                    dispatch.due = due;
                }
                None => {
                    dispatch.due = closes;
                    break;
                }
            }
        }
        Some(dispatch)
    }
}

impl<A: Iterator<Item = (u64, Duration)>> Iterator for Dispatches<A> {
    type Item = Dispatch;

    fn next(&mut self) -> Option<Dispatch> {
        self.next_with(|_, _| {})
    }
}
