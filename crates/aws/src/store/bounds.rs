//! How long a store is read before it is none that ends. A store that answers for ever looks like a large one, so
//! what may be read grows with what is expected of it, and with nothing that was only read.

use std::time::Duration;

use super::Stores;
use super::scan::ROWS_PER_UNIT;

/// Messages of one queue that may be hidden at a time (Amazon SQS, "Quotas": about 120,000).
pub(super) const HIDDEN_MAX: u64 = 120_000;

/// Reading rows may take this long at least: where counts are exact, and elsewhere.
const ROWS_LEAST: [Duration; 2] = [Duration::from_secs(120), Duration::from_secs(900)];
/// Rows a second that are read at least where nothing limits the reading.
const ROWS_PER_SECOND: u32 = 10_000;
/// Reading rows may take so many times as long as it should.
const ROOM: u32 = 4;

/// A sweep may take this long at least: where counts are exact nothing lags behind them.
pub(super) const LETTERS_LEAST: Duration = Duration::from_secs(15);
/// What a letter may take: ten of them come with one poll.
const PER_LETTER: Duration = Duration::from_millis(50);

impl Stores {
    /// The same stores, of a run of so many orders.
    pub fn expecting(&self, orders: u64) -> Self {
        Self {
            expected: orders,
            ..self.clone()
        }
    }

    /// How long reading the table may take when it is told to hold `items` rows of others; also the look-ups
    /// of the run's orders.
    pub fn time_for_rows(&self, items: u64) -> Duration {
        let rows = self.expected.saturating_mul(2).saturating_add(items);
        let rate = match self.target.read.units_per_second {
            Some(units) => units.saturating_mul(ROWS_PER_UNIT).max(1),
            None => ROWS_PER_SECOND,
        };
        let [exact, lagging] = ROWS_LEAST;
        let least = if self.exact_counts() { exact } else { lagging };
        let should_take = Duration::from_secs(rows / u64::from(rate));
        least.saturating_add(should_take.saturating_mul(ROOM))
    }

    /// How many letters the dead-letter queue can hold: a few of each order, and as many of others as SQS lets be
    /// hidden.
    pub(super) fn letters_max(&self) -> u64 {
        self.expected.saturating_mul(4).saturating_add(HIDDEN_MAX)
    }

    /// How long the sweep may take when the queue counts `letters`.
    pub(super) fn time_for_letters(&self, letters: u64) -> Duration {
        let letters = letters.min(self.letters_max());
        let each = PER_LETTER.saturating_mul(u32::try_from(letters).unwrap_or(u32::MAX));
        self.counts_lag.max(self.letters_least).saturating_add(each)
    }
}
