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
        /// Region, account and name; earlier versions wrote the URL.
        queue: String,
        #[serde(default)]
        unix_seconds: Option<u64>,
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
    /// The letters' handles, as far as it came to write them down.
    pub handles: Vec<String>,
    /// When it wrote the last of them down, or else began.
    pub last_at: SystemTime,
}

impl HiddenLog {
    /// Begins a sweep of `queue` for `run`, with what an earlier one has left that did not come to its end. `queue` is what it is
    /// called wherever it is reached from: region, account and name.
    ///
    /// # Errors
    /// When the file cannot be read or written, is damaged, or is another run's or queue's.
    pub fn begin(
        path: &Path,
        run: RunId,
        queue: &str,
    ) -> Result<(Self, Option<LeftHidden>), ObservationLogError> {
        let (mut lines, records) = Lines::open::<Record>(path, NEXT)?;
        let mut left: Option<LeftHidden> = None;
        for (index, record) in records.into_iter().enumerate() {
            match (record, &mut left) {
                (
                    Record::Began {
                        header,
                        queue: of,
                        unix_seconds,
                    },
                    None,
                ) => {
                    let same = header.run_id == run && header.schema_version == SCHEMA_VERSION;
                    if !same || !is_same_queue(&of, queue) {
                        return Err(ObservationLogError::Foreign {
                            path: path.to_owned(),
                        });
                    }
                    left = Some(LeftHidden {
                        handles: Vec::new(),
                        last_at: unix_seconds.map_or_else(clock::wall, instant),
                    });
                }
                (
                    Record::Hidden {
                        handles,
                        unix_seconds,
                    },
                    Some(left),
                ) => {
                    left.handles.extend(handles);
                    left.last_at = instant(unix_seconds);
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
        if left.is_none() {
            lines.append(&Record::Began {
                header: Header {
                    schema_version: SCHEMA_VERSION,
                    run_id: run,
                },
                queue: queue.into(),
                unix_seconds: Some(now()),
            })?;
        }
        Ok((Self { lines }, left))
    }

    /// Writes down what was received; it is on the disk when this returns.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn hidden(&mut self, handles: &[String]) -> Result<(), ObservationLogError> {
        self.lines.append(&Record::Hidden {
            handles: handles.to_vec(),
            unix_seconds: now(),
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

/// Whether what a log says of its queue is that of `queue`. A URL says account and name, and not in which words the region
/// or this machine was asked for.
fn is_same_queue(told: &str, queue: &str) -> bool {
    let Some((_, address)) = told.split_once("://") else {
        return told == queue;
    };
    let path = address.split_once('/').map(|(_, path)| path);
    path.is_some_and(|path| queue.ends_with(&format!(" {}", path.trim_matches('/'))))
}

fn now() -> u64 {
    let now = clock::wall().duration_since(UNIX_EPOCH);
    now.unwrap_or_default().as_secs()
}

fn instant(unix_seconds: u64) -> SystemTime {
    let at = UNIX_EPOCH.checked_add(Duration::from_secs(unix_seconds));
    // Beyond every clock: as if it were now.
    at.unwrap_or_else(clock::wall)
}
