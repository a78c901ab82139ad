//! What the verifier has seen so far, kept in the run's folder so that nothing has to be seen twice.
//!
//! Two files, for runs at what is outside this process. [`ScanLog`] holds the pages of the table's scan, each
//! with its rows and how far the segment had been read with them: one record, so that no row is replayed twice
//! and none is left out. A verifier that was killed, or whose credentials ran out, goes on from there. It is
//! taken away once a scan has reached its end. [`LetterLog`] holds the dead letters of a queue of the run's own:
//! they are written down before they are deleted, exist nowhere else afterwards, and are kept for good.
//!
//! Why going on is sound: pages count only if they were read after the pipeline had come to rest, the queue is
//! settled anew before the scan goes on, and at rest rows are neither added nor changed. Should one be added
//! all the same, behind a cursor, it is missing, is looked up by key, and contradicts the scan: inconclusive.
//!
//! A record is a line: the CRC-32 of its JSON, a blank, its JSON. A last line that is not whole was being written
//! when the verifier died, and is cut off. Any other damage is told and nothing is made of the file.

mod letters;
mod lines;
mod scan;

pub use letters::LetterLog;
pub use lines::ObservationLogError;
pub use scan::ScanLog;

use crate::order::RunId;

/// The pages of a scan that has not reached its end, of the target's table number `table`.
pub fn scan_log(table: usize) -> String {
    match table {
        0 => "scan.journal".into(),
        table => format!("scan-{table}.journal"),
    }
}

/// The dead letters that were deleted from a queue of the run's own.
pub const LETTER_LOG: &str = "dead-letters.journal";

/// The version of both files.
const SCHEMA_VERSION: u32 = 1;

/// The first record of either file.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    schema_version: u32,
    run_id: RunId,
}

#[cfg(test)]
mod tests;
