//! What can be wrong with a journal.

use std::io;
use std::path::PathBuf;

/// A journal could not be written or cannot be trusted.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file could not be made.
    #[error(
        "{}: the journal cannot be created: {source}; without it nothing is sent: \
         name a folder that is writable and holds no journal yet", path.display()
    )]
    Create {
        /// The journal.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The file could not be written on, the disk being full, say.
    #[error(
        "{}: line {line} of the journal cannot be written: {source}; sending was stopped: \
         {} and run again", path.display(), remedy(source)
    )]
    Write {
        /// The journal.
        path: PathBuf,
        /// The line being written, the first being 1.
        line: u64,
        /// The cause.
        source: io::Error,
    },
    /// The file could not be read.
    #[error(
        "{}: the journal cannot be read: {source}; without it nothing is known of what was sent: \
         name the folder of a run", path.display()
    )]
    Read {
        /// The journal.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A line cannot be trusted.
    #[error(
        "{}: line {line} of the journal cannot be trusted: {cause}; no verdict can rest on it: \
         restore the file from a copy or run again", path.display()
    )]
    Untrusted {
        /// The journal.
        path: PathBuf,
        /// The line, the first being 1.
        line: u64,
        /// What is wrong with it.
        cause: String,
    },
}

/// What to do about a file that can no longer be written.
fn remedy(source: &io::Error) -> &'static str {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull, WriteZero};
    match source.kind() {
        StorageFull | QuotaExceeded | WriteZero => "make room on the disk",
        FileTooLarge => "raise the limit of a file's size (ulimit -f)",
        _ => "name a folder that can be written (--output-dir)",
    }
}
