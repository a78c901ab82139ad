//! The handles of letters that a sweep hides: should it be killed, the next one shows them again, and sees them.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::lines::{Lines, ObservationLogError};
use super::{Header, SCHEMA_VERSION};
use crate::clock;
use crate::order::RunId;

const NEXT: &str = "delete it: letters that it tells of show themselves within 15 minutes";

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Record {
    Began {
        header: Header,
        queue: String,
    },
    Hidden {
        handles: Vec<String>,
        unix_seconds: u64,
    },
}

/// What a sweep at work hides.
pub struct HiddenLog {
    lines: Lines,
}

/// What a sweep that did not come to its end has hidden.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftHidden {
    /// The letters' handles.
    pub handles: Vec<String>,
    /// When it wrote the last of them down.
    pub last_at: SystemTime,
}

impl HiddenLog {
    /// Begins a sweep of `queue` for `run`, with what an earlier one has left.
    ///
    /// # Errors
    /// When the file cannot be read or written, is damaged, or is another run's or queue's.
    pub fn begin(
        path: &Path,
        run: RunId,
        queue: &str,
    ) -> Result<(Self, Option<LeftHidden>), ObservationLogError> {
        let (mut lines, records) = Lines::open::<Record>(path, NEXT)?;
        let mut left = Vec::new();
        let mut last = 0;
        for (index, record) in records.into_iter().enumerate() {
            match (index, record) {
                (0, Record::Began { header, queue: of }) => {
                    let same = header.run_id == run && header.schema_version == SCHEMA_VERSION;
                    if !same || of != queue {
                        return Err(ObservationLogError::Foreign {
                            path: path.to_owned(),
                        });
                    }
                }
                (
                    1..,
                    Record::Hidden {
                        handles,
                        unix_seconds,
                    },
                ) => {
                    left.extend(handles);
                    last = unix_seconds;
                }
                _ => {
                    return Err(ObservationLogError::Damaged {
                        path: path.to_owned(),
                        record: index + 1,
                        next: NEXT,
                    });
                }
            }
        }
        if std::fs::metadata(path).is_ok_and(|file| file.len() == 0) {
            lines.append(&Record::Began {
                header: Header {
                    schema_version: SCHEMA_VERSION,
                    run_id: run,
                },
                queue: queue.into(),
            })?;
        }
        let left = (!left.is_empty()).then(|| LeftHidden {
            handles: left,
            last_at: UNIX_EPOCH + Duration::from_secs(last),
        });
        Ok((Self { lines }, left))
    }

    /// Writes down what was received; it is on the disk when this returns.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn hidden(&mut self, handles: &[String]) -> Result<(), ObservationLogError> {
        let now = clock::wall().duration_since(UNIX_EPOCH);
        self.lines.append(&Record::Hidden {
            handles: handles.to_vec(),
            unix_seconds: now.unwrap_or_default().as_secs(),
        })
    }

    /// The sweep has shown again what it had hidden: there is nothing to leave.
    ///
    /// # Errors
    /// When the file cannot be taken away.
    pub fn end(self) -> Result<(), ObservationLogError> {
        self.lines.remove()
    }
}
