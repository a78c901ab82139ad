//! Cleaning: the rows and the dead letters of one run are found by their numbers, counted and, if that is
//! asked for, deleted. Everything else is left as it was.

mod letters;
mod rows;

use std::collections::BTreeSet;

use super::AccountError;
use crate::order::RunId;
use crate::store::Session;

pub use letters::MAX_HELD;

/// The first ids that are shown.
const FIRST_IDS: usize = 10;

/// What is cleaned of what.
#[derive(Clone)]
pub struct Cleaner {
    /// Where.
    pub session: Session,
    /// The run whose orders are meant.
    pub run: RunId,
    /// Delete them; otherwise they are counted.
    pub delete: bool,
    /// Read units a second the scan may take; `None` is no limit.
    pub read_units: Option<u32>,
    /// The queue's counts are exact, so that one poll without a message is its end.
    pub exact_counts: bool,
}

/// What was found of the run, and removed if that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Found {
    /// Rows or dead letters of the run.
    pub count: u64,
    /// The lowest of their order numbers.
    pub first: BTreeSet<u64>,
    /// Those of others, which were left.
    pub others: u64,
    /// Those of the run that are still there, although they were to be deleted.
    pub remaining: u64,
    /// Messages that were there and never given out: somebody else holds them.
    pub held: u64,
}

impl Found {
    fn add(&mut self, number: u64) {
        self.count += 1;
        self.first.insert(number);
        if self.first.len() > FIRST_IDS {
            self.first.pop_last();
        }
    }
}

impl Cleaner {
    /// The order number in these digits, if it is one of the run's.
    fn of_the_run(&self, number: u64) -> Option<u64> {
        self.run.sequence_of(number).map(|_| number)
    }

    /// Finds the rows of the run.
    ///
    /// # Errors
    /// When a page cannot be read or rows cannot be deleted; those deleted before are gone, and the same
    /// again goes on.
    pub async fn rows(&self, table: &str) -> Result<Found, AccountError> {
        rows::clean(self, table).await
    }

    /// Finds the dead letters of the run; those of others are shown again at the end.
    ///
    /// # Errors
    /// When the queue cannot be read or letters cannot be deleted; as for rows.
    pub async fn dead_letters(&self, queue_url: &str) -> Result<Found, AccountError> {
        letters::clean(self, queue_url).await
    }
}
