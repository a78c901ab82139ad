//! Records as lines of a file: written whole and synced, read up to the first torn one.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Why a file of sightings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SightingsError {
    /// The system refuses.
    #[error("{path}: {source}; free space or mend its permissions")]
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
    ) -> Result<(Self, Vec<T>), SightingsError> {
        let failed = |source| SightingsError::Io {
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
        let bytes = std::fs::read(path).map_err(failed)?;
        let (records, whole) = read(&bytes).map_err(|record| SightingsError::Damaged {
            path: path.to_owned(),
            record,
            next,
        })?;
        file.set_len(whole as u64).map_err(failed)?;
        let path = path.to_owned();
        Ok((Self { path, file }, records))
    }

    /// Writes a record; it is on the disk when this returns.
    pub(super) fn append(&mut self, record: &impl Serialize) -> Result<(), SightingsError> {
        let json = serde_json::to_vec(record).expect("plain data");
        let mut line = checksum(&json).into_bytes();
        line.extend_from_slice(&json);
        line.push(b'\n');
        self.file
            .write_all(&line)
            .and_then(|()| self.file.sync_data())
            .map_err(|source| SightingsError::Io {
                path: self.path.clone(),
                source,
            })
    }

    /// Takes the file away.
    pub(super) fn remove(self) -> Result<(), SightingsError> {
        std::fs::remove_file(&self.path).map_err(|source| SightingsError::Io {
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

/// The records of a file and the length of what is whole of it; or which record is damaged, from 1.
fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<(Vec<T>, usize), usize> {
    let mut records = Vec::new();
    let mut whole = 0;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        match record(line) {
            Some(record) => records.push(record),
            // What was being written when it died is the last, and has no end.
            None if whole + line.len() == bytes.len() && !line.ends_with(b"\n") => break,
            None => return Err(records.len() + 1),
        }
        whole += line.len();
    }
    Ok((records, whole))
}

fn record<T: DeserializeOwned>(line: &[u8]) -> Option<T> {
    let line = line.strip_suffix(b"\n")?;
    let (sum, json) = (line.get(..9)?, line.get(9..)?);
    (sum == checksum(json).as_bytes()).then_some(())?;
    serde_json::from_slice(json).ok()
}
