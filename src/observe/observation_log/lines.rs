//! Records as lines of a file: written whole and synced, read up to the first torn one.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::folder::remedy;

/// The longest record: a page of a table is at most 1 MB, and ten letters are at most as much.
const RECORD_BYTES_MAX: u64 = 32 << 20;

/// Why an observation log cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ObservationLogError {
    /// The system refuses.
    #[error("{path}: {source}; {}", remedy(source, "look at the file"))]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A record before the last one is damaged, or it is not what it should be.
    #[error("{path}: record {record} is damaged; {next}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Which record, from 1.
        record: usize,
        /// What can be done.
        next: &'static str,
    },
    /// It is another run's, or another version's.
    #[error("{path}: it belongs to another run or another version; move it away")]
    Foreign {
        /// The file.
        path: PathBuf,
    },
}

/// A file of records that is written at its end.
#[derive(Debug)]
pub(super) struct Lines {
    path: PathBuf,
    file: File,
}

impl Lines {
    /// Opens the file, or makes it, and reads what is in it. A torn end is cut off.
    pub(super) fn open<T: DeserializeOwned>(
        path: &Path,
        next: &'static str,
    ) -> Result<(Self, Vec<T>), ObservationLogError> {
        let failed = |source| ObservationLogError::Io {
            path: path.to_owned(),
            source,
        };
        let file = OpenOptions::new()
            .append(true)
            .create(true)
            .open(path)
            .map_err(failed)?;
        // Two verifiers would write between each other's lines.
        file.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => {
                failed(io::Error::other("another verifier is at work here"))
            }
            TryLockError::Error(error) => failed(error),
        })?;
        if !file.metadata().map_err(failed)?.is_file() {
            return Err(failed(io::Error::other("it is no regular file")));
        }
        let reader = BufReader::new(File::open(path).map_err(failed)?);
        let (records, whole) = read(reader).map_err(|problem| match problem {
            Problem::Io(source) => failed(source),
            Problem::Record(record) => ObservationLogError::Damaged {
                path: path.to_owned(),
                record,
                next,
            },
        })?;
        file.set_len(whole).map_err(failed)?;
        let path = path.to_owned();
        Ok((Self { path, file }, records))
    }

    /// Writes a record; it is on the disk when this returns.
    pub(super) fn append(&mut self, record: &impl Serialize) -> Result<(), ObservationLogError> {
        let json = serde_json::to_vec(record).expect("plain data");
        let mut line = checksum(&json).into_bytes();
        line.extend_from_slice(&json);
        line.push(b'\n');
        self.file
            .write_all(&line)
            .and_then(|()| self.file.sync_data())
            .map_err(|source| ObservationLogError::Io {
                path: self.path.clone(),
                source,
            })
    }

    /// Takes the file away.
    pub(super) fn remove(self) -> Result<(), ObservationLogError> {
        std::fs::remove_file(&self.path).map_err(|source| ObservationLogError::Io {
            path: self.path,
            source,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

fn checksum(json: &[u8]) -> String {
    format!("{:08x} ", crc32fast::hash(json))
}

/// Why a file could not be read.
enum Problem {
    Io(io::Error),
    /// Which record is damaged, from 1.
    Record(usize),
}

/// The records of a file and the length of what is whole of it; one line is held at a time.
fn read<T: DeserializeOwned>(mut file: impl BufRead) -> Result<(Vec<T>, u64), Problem> {
    let mut records = Vec::new();
    let mut whole = 0;
    let mut line = Vec::new();
    loop {
        line.clear();
        let mut rest = file.by_ref().take(RECORD_BYTES_MAX + 1);
        rest.read_until(b'\n', &mut line).map_err(Problem::Io)?;
        let length = line.len() as u64;
        match record(&line) {
            _ if length > RECORD_BYTES_MAX => return Err(Problem::Record(records.len() + 1)),
            Some(record) => records.push(record),
            // What was being written when it died is the last, and has no end.
            None if !line.ends_with(b"\n") => return Ok((records, whole)),
            None => return Err(Problem::Record(records.len() + 1)),
        }
        whole += length;
    }
}

fn record<T: DeserializeOwned>(line: &[u8]) -> Option<T> {
    let line = line.strip_suffix(b"\n")?;
    let (sum, json) = (line.get(..9)?, line.get(9..)?);
    (sum == checksum(json).as_bytes()).then_some(())?;
    serde_json::from_slice(json).ok()
}
