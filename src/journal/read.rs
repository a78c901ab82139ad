//! Reading a journal's file back.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;

use crate::ledger::{JournalContents, JournalError, read_lines};

/// Reads the journal at `path`, as [`read_lines`] does.
///
/// # Errors
/// When the file is missing, and as [`read_lines`].
pub fn read_journal(path: &Path) -> Result<JournalContents, JournalError> {
    let unreadable = |source| JournalError::Read {
        path: path.to_owned(),
        source,
    };
    if !std::fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(unreadable(io::Error::other("it is not a regular file")));
    }
    let file = File::open(path).map_err(unreadable)?;
    read_lines(BufReader::new(file), path)
}
