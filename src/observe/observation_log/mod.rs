//! What the verifier has seen so far, kept in the run's folder so that nothing has to be seen twice.
//!
//! Three files, for runs at what is outside this process. [`ScanLog`] holds the pages of the table's scan, each
//! with its rows and how far the segment had been read with them: one record, so that no row is replayed twice
//! and none is left out. A verifier that was killed, or whose credentials ran out, goes on from there. It is
//! taken away once a scan has reached its end. [`LetterLog`] holds the dead letters of a queue of the run's own:
//! they are written down before they are deleted, exist nowhere else afterwards, and are kept for good. [`HiddenLog`]
//! holds the handles of letters that a sweep hides from everybody, until it has shown them again: should it be killed,
//! the next one does that first, so that it sees them, too.
//!
//! Why going on is sound: pages count only if they were read after the pipeline had come to rest, the queue is
//! settled anew before the scan goes on, and at rest rows are neither added nor changed. Should one be added
//! all the same, behind a cursor, it is missing, is looked up by key, and contradicts the scan: inconclusive. Each page tells
//! when it was read, also once another verifier has taken it over: what is of before the last send, or too old, is read again.
//!
//! A record is a line: the CRC-32 of its JSON, a blank, its JSON. A last line that is not whole was being written
//! when the verifier died, and is cut off. Any other damage is an error, and nothing in the file counts.

mod hidden;
mod letters;
mod lines;
mod scan;

pub use hidden::{HiddenLog, LeftHidden, left_by_a_sweep};
pub use letters::LetterLog;
pub use lines::ObservationLogError;
pub use scan::{Counting, LeftScan, ScanLog, ScanOf};

use std::io;
use std::path::{Path, PathBuf};

use crate::load::Shard;
use crate::order::RunId;

/// The pages of a scan that has not reached its end, of the target's table number `table`.
pub fn scan_log(table: usize) -> String {
    match table {
        0 => "scan.journal".into(),
        table => format!("scan-{table}.journal"),
    }
}

/// The pages that worker `part` has read of its part of the target's table number `table`.
pub fn part_log(table: usize, part: Shard) -> String {
    format!(
        "{}{}-of-{}{PART_END}",
        part_start(table),
        part.index(),
        part.of()
    )
}

/// What [`part_log`] begins and ends with.
fn part_start(table: usize) -> String {
    format!("part-{table}-")
}
const PART_END: &str = ".journal";

/// The files in `folder` in which workers have kept what they read of the table number `table`, in the order of their names.
///
/// # Errors
/// When the folder cannot be read.
pub fn part_logs(folder: &Path, table: usize) -> io::Result<Vec<PathBuf>> {
    let mut logs = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with(&part_start(table)) && name.ends_with(PART_END) {
            logs.push(entry.path());
        }
    }
    logs.sort_unstable();
    Ok(logs)
}

/// The dead letters that were deleted from a queue of the run's own.
pub const LETTER_LOG: &str = "dead-letters.journal";

/// What a sweep hides of the run's letter queue number `place`; 0 is the dead-letter queue.
pub fn hidden_log(place: usize) -> String {
    match place {
        0 => "hidden-letters.journal".into(),
        place => format!("hidden-letters-{place}.journal"),
    }
}

/// The files in `folder` of all letter queues, as [`hidden_log`] calls them.
///
/// # Errors
/// When the folder cannot be read.
pub fn hidden_logs(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut logs = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with("hidden-letters") && name.ends_with(".journal") {
            logs.push(entry.path());
        }
    }
    logs.sort_unstable();
    Ok(logs)
}

/// The version of the files.
const SCHEMA_VERSION: u32 = 1;

/// How a file's first record begins.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    schema_version: u32,
    run_id: RunId,
}

#[cfg(test)]
mod tests;
