//! What the stub has seen, in figures.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;

use super::kept::Kept;
use super::reader::Whose;
use crate::order::RunId;

/// What was seen of one run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunFigures {
    /// The run.
    pub run_id: RunId,
    /// Different orders that were acknowledged, the dropped ones included.
    pub distinct: u64,
    /// How often an order came that had come before.
    pub received_again: u64,
    /// Orders that were acknowledged and not kept.
    pub dropped: u64,
    /// Orders that were delivered twice.
    pub duplicated: u64,
}

/// What was seen in all.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figures {
    /// Requests to send.
    pub requests: u64,
    /// Of them those whose reply was given later.
    pub delayed_requests: u64,
    /// Orders that were acknowledged, those that came again included.
    pub orders: u64,
    /// Messages without the number of an order: acknowledged, and not kept.
    pub unrecognized_messages: u64,
    /// Messages that were refused.
    pub refused: u64,
    /// Orders a second from the first to the last; null with fewer than two requests.
    pub orders_per_second_mean: Option<f64>,
    /// Orders in the fullest second, counted from the first order; null when there was none.
    pub orders_per_second_max: Option<u64>,
    /// Each run.
    pub runs: Vec<RunFigures>,
}

/// Counts as requests come, from all threads.
#[derive(Debug, Default)]
pub(super) struct Meters {
    serial: AtomicU64,
    requests: AtomicU64,
    delayed: AtomicU64,
    orders: AtomicU64,
    unrecognized_messages: AtomicU64,
    refused: AtomicU64,
    seconds: Mutex<Seconds>,
}

/// Orders by the second since the first.
#[derive(Debug, Default)]
struct Seconds {
    first: Option<Instant>,
    last: Option<Instant>,
    second: u64,
    in_second: u64,
    fullest: u64,
}

impl Seconds {
    fn add(&mut self, orders: u64, now: Instant) {
        let first = *self.first.get_or_insert(now);
        self.last = self.last.max(Some(now));
        let second = now.saturating_duration_since(first).as_secs();
        if second > self.second {
            (self.second, self.in_second) = (second, 0);
        }
        self.in_second += orders;
        self.fullest = self.fullest.max(self.in_second);
    }

    fn span(&self) -> Option<Duration> {
        let (first, last) = self.first.zip(self.last)?;
        Some(last.duration_since(first)).filter(|span| !span.is_zero())
    }
}

impl Meters {
    /// The first of so many numbers for message ids.
    pub(super) fn serials(&self, count: u64) -> u64 {
        self.serial.fetch_add(count, Ordering::Relaxed)
    }

    /// The number of a request to send.
    pub(super) fn request(&self) -> u64 {
        self.requests.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn delayed(&self) {
        self.delayed.fetch_add(1, Ordering::Relaxed);
    }

    /// What the messages of a request were.
    pub(super) fn sends(&self, whose: &[Whose], now: Instant) {
        let (mut orders, mut unrecognized_messages, mut refused) = (0, 0, 0);
        for whose in whose {
            match whose {
                Whose::Order { .. } => orders += 1,
                Whose::Stranger => unrecognized_messages += 1,
                Whose::Differs | Whose::Delayed | Whose::NoRoom => refused += 1,
            }
        }
        for (counter, count) in [
            (&self.orders, orders),
            (&self.unrecognized_messages, unrecognized_messages),
            (&self.refused, refused),
        ] {
            if count > 0 {
                counter.fetch_add(count, Ordering::Relaxed);
            }
        }
        if orders > 0 {
            let mut seconds = self.seconds.lock().unwrap_or_else(PoisonError::into_inner);
            seconds.add(orders, now);
        }
    }

    pub(super) fn figures(&self, kept: &Kept) -> Figures {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let seconds = self.seconds.lock().unwrap_or_else(PoisonError::into_inner);
        let orders = of(&self.orders);
        let mean = |span: Duration| orders as f64 / span.as_secs_f64();
        let runs = kept
            .counts()
            .into_iter()
            .map(|(run_id, counts)| RunFigures {
                run_id,
                distinct: counts.distinct,
                received_again: counts.again,
                dropped: counts.dropped,
                duplicated: counts.doubled,
            });
        Figures {
            requests: of(&self.requests),
            delayed_requests: of(&self.delayed),
            orders,
            unrecognized_messages: of(&self.unrecognized_messages),
            refused: of(&self.refused),
            orders_per_second_mean: seconds.span().map(mean),
            orders_per_second_max: seconds.first.map(|_| seconds.fullest),
            runs: runs.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fullest_second_and_the_mean_are_of_the_time_from_first_to_last() {
        let (mut seconds, began) = (Seconds::default(), Instant::now());
        assert_eq!(seconds.span(), None);
        for (at_ms, orders) in [(0, 10), (900, 30), (1_100, 20), (3_000, 5)] {
            seconds.add(orders, began + Duration::from_millis(at_ms));
        }
        assert_eq!(seconds.fullest, 40);
        assert_eq!(seconds.span(), Some(Duration::from_secs(3)));
    }
}
