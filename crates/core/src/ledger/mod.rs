//! The ledger: what became of the sending of every planned order.
//!
//! The journal is its file, durable from before the first send ([`entry`] says what a line is, [`read_lines`] what the
//! lines say), the [`Ledger`] what it adds up to in memory: about a bit per order and outcome, and nothing per order
//! beside that but for orders that only their message id tells ([`MessageIds`]). Who writes the file stands elsewhere.

pub mod entry;
mod error;
mod message_ids;
mod ranges;
mod read;
mod totals;
mod unite;

#[cfg(test)]
mod tests;

pub use entry::{
    JOURNAL_SCHEMA_VERSION, JOURNAL_SCHEMA_VERSION_NAMED, JOURNAL_SCHEMA_VERSION_SHARD,
    JournalHeader,
};
pub use error::JournalError;
pub use message_ids::{MessageId, MessageIds};
pub use ranges::{ParseRangesError, Ranges, parse_ranges};
pub use read::{JournalContents, read_lines, read_shard_lines};
pub use totals::{Ledger, Outcome, OutcomeCounts};
pub use unite::{Part, unite, united_lines};
