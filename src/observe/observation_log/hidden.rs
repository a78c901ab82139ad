//! The handles of letters that a sweep hides: should it be killed, the next one shows them again, and sees them.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::lines::{Lines, ObservationLogError, each_record};
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
    /// The sweep is over. Of all that stands above only these are still hidden.
    Left {
        handles: Vec<String>,
        /// It came to its end, so that it has received nothing that is not written down.
        ended: bool,
        unix_seconds: u64,
    },
}

/// What a sweep at work hides.
pub struct HiddenLog {
    lines: Lines,
}

/// What a sweep has hidden and not shown again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftHidden {
    /// The letters' handles, as far as it came to write them down.
    pub handles: Vec<String>,
    /// When it wrote the last of them down, or else began.
    pub last_at: SystemTime,
    /// It came to its end: it has hidden nothing else.
    pub ended: bool,
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
        let left = read(path, records, Some((run, queue)))?.map(|(left, _)| left);
        let Some(left) = left else {
            lines.append(&Record::Began {
                header: Header {
                    schema_version: SCHEMA_VERSION,
                    run_id: run,
                },
                queue: queue.into(),
                unix_seconds: Some(now()),
            })?;
            return Ok((Self { lines }, None));
        };
        if left.ended {
            // From here on something may be hidden again.
            lines.append(&Record::Hidden {
                handles: Vec::new(),
                unix_seconds: now(),
            })?;
        }
        Ok((Self { lines }, Some(left)))
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

    /// The sweep is over, and could not show the letters of these `handles` again; `ended` says that it came to its end.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn leave(mut self, handles: Vec<String>, ended: bool) -> Result<(), ObservationLogError> {
        self.lines.append(&Record::Left {
            handles,
            ended,
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

/// What the sweep that wrote `path` last has left hidden, if it is over and has left any.
///
/// # Errors
/// When the file cannot be read or is damaged.
pub fn left_by_a_sweep(path: &Path) -> Result<Option<LeftHidden>, ObservationLogError> {
    let mut records = Vec::new();
    each_record(path, NEXT, |_, record| {
        records.push(record);
        Ok(())
    })?;
    let left = read(path, records, None)?;
    Ok(left.and_then(|(left, is_over)| (is_over && !left.handles.is_empty()).then_some(left)))
}

/// What these records tell, and whether the sweep that wrote the last of them was over; `of` is whose they must be.
fn read(
    path: &Path,
    records: Vec<Record>,
    of: Option<(RunId, &str)>,
) -> Result<Option<(LeftHidden, bool)>, ObservationLogError> {
    let mut left: Option<LeftHidden> = None;
    let mut is_over = false;
    for (index, record) in records.into_iter().enumerate() {
        is_over = matches!(record, Record::Left { .. });
        match (record, &mut left) {
            (
                Record::Began {
                    header,
                    queue: told,
                    unix_seconds,
                },
                None,
            ) => {
                let same = of
                    .is_none_or(|(run, queue)| header.run_id == run && is_same_queue(&told, queue));
                if !same || header.schema_version != SCHEMA_VERSION {
                    return Err(ObservationLogError::Foreign {
                        path: path.to_owned(),
                    });
                }
                left = Some(LeftHidden {
                    handles: Vec::new(),
                    last_at: unix_seconds.map_or_else(clock::wall, instant),
                    ended: false,
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
                left.ended = false;
            }
            (
                Record::Left {
                    handles,
                    ended,
                    unix_seconds,
                },
                Some(left),
            ) => {
                *left = LeftHidden {
                    handles,
                    last_at: instant(unix_seconds),
                    ended,
                };
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
    Ok(left.map(|left| (left, is_over)))
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
