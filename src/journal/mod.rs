//! The journal's file: written by a thread of its own, and read back.
//!
//! What its lines say, and what they add up to, is `ledger`'s.

mod lines;
mod read;
mod writer;

#[cfg(test)]
pub(crate) mod tests;

pub use lines::JournalFile;
pub use read::read_journal;
pub use writer::{JournalHandle, JournalStopped, JournalWriter};
