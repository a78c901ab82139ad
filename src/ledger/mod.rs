//! The ledger: what became of the sending of every planned order, durable from before it was sent.
//!
//! The journal is the file, the [`Ledger`] what it adds up to in memory: about a bit per order and
//! outcome, and nothing per order beside that.

mod entry;
mod error;
mod journal;
mod lines;
mod ranges;
mod read;
mod totals;

#[cfg(test)]
pub(crate) mod tests;

pub use entry::{JOURNAL_SCHEMA_VERSION, JournalHeader};
pub use error::JournalError;
pub use journal::{JournalHandle, JournalStopped, JournalWriter};
pub use lines::JournalFile;
pub(crate) use ranges::{Ranges, parse_ranges};
pub use read::{JournalContents, read_journal, read_lines};
pub use totals::{Ledger, Outcome, OutcomeCounts};
