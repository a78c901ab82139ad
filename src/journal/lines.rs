//! The journal's file, line after line, up to the first error.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::ledger::JournalError;
use crate::ledger::entry::{Entry, encode};

/// What a journal is written to.
pub trait JournalFile: Write + Send + 'static {
    /// Returns once everything written is on the disk.
    ///
    /// # Errors
    /// When it could not be put there.
    fn sync(&mut self) -> io::Result<()>;
}

impl JournalFile for File {
    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }
}

/// The file and its line numbers; after the first error nothing more is written.
pub(super) struct Lines<F> {
    file: F,
    path: PathBuf,
    next: u64,
    error: Option<JournalError>,
}

impl<F: JournalFile> Lines<F> {
    pub(super) fn new(file: F, path: &Path) -> Self {
        Self {
            file,
            path: path.to_owned(),
            next: 0,
            error: None,
        }
    }

    /// Lines written so far.
    pub(super) fn written(&self) -> u64 {
        self.next
    }

    pub(super) fn failed(&self) -> bool {
        self.error.is_some()
    }

    pub(super) fn take_error(&mut self) -> Option<JournalError> {
        self.error.take()
    }

    /// Whether the kernel has the line.
    pub(super) fn write(&mut self, entry: Entry) -> bool {
        if self.error.is_none() {
            let line = encode(self.next, entry);
            let result = self.file.write_all(&line).and_then(|()| self.file.flush());
            self.next += 1;
            self.note(result);
        }
        self.error.is_none()
    }

    pub(super) fn sync(&mut self) {
        if self.error.is_none() {
            let result = self.file.sync();
            self.note(result);
        }
    }

    fn note(&mut self, result: io::Result<()>) {
        if let Err(source) = result {
            self.error = Some(JournalError::Write {
                path: self.path.clone(),
                line: self.next,
                source,
            });
        }
    }
}
