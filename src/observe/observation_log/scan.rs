//! The pages of a scan that has not reached its end.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::lines::{Lines, ObservationLogError};
use super::{Header, SCHEMA_VERSION};
use crate::order::RunId;
use crate::records::Item;
use crate::store::{Cursor, Page};

/// Pages older than this are read again: a day's rows may have been changed by then.
const AGE_MAX: Duration = Duration::from_secs(12 * 3_600);

const NEXT: &str = "delete it, and the scan starts anew";

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Record {
    Began {
        header: Header,
        segments: usize,
        unix_seconds: u64,
    },
    Page {
        segment: usize,
        rows: Vec<Item>,
        cursor: Cursor,
    },
}

/// The pages seen so far.
pub struct ScanLog {
    lines: Lines,
}

/// What a scan that was broken off has left.
#[derive(Debug, PartialEq)]
pub struct Resumed {
    /// How far each segment had been read.
    pub cursors: Vec<Cursor>,
    /// The pages, as they were seen.
    pub pages: Vec<Page>,
}

impl ScanLog {
    /// Opens the log of `run`'s scan, with what an earlier one left in it. A scan in another number of segments,
    /// or of too long ago, is started anew.
    ///
    /// # Errors
    /// When the file cannot be read or written, is damaged, or is another run's.
    pub fn open(
        path: &Path,
        run: RunId,
        segments: usize,
        now: SystemTime,
    ) -> Result<(Self, Resumed), ObservationLogError> {
        let fresh = || Resumed {
            cursors: vec![Cursor::Start; segments],
            pages: Vec::new(),
        };
        let (lines, records) = Lines::open::<Record>(path, NEXT)?;
        let resumed = match records.split_first() {
            None => None,
            Some((
                Record::Began {
                    header,
                    segments: of,
                    unix_seconds,
                },
                pages,
            )) => {
                if header.run_id != run || header.schema_version != SCHEMA_VERSION {
                    return Err(ObservationLogError::Foreign {
                        path: path.to_owned(),
                    });
                }
                let began = UNIX_EPOCH + Duration::from_secs(*unix_seconds);
                let young = now.duration_since(began).is_ok_and(|age| age <= AGE_MAX);
                match *of == segments && young {
                    true => Some(replay(lines.path(), fresh(), pages)?),
                    false => None,
                }
            }
            Some(_) => return Err(damaged(path, 1)),
        };
        if let Some(resumed) = resumed {
            return Ok((Self { lines }, resumed));
        }
        let mut lines = match records.is_empty() {
            true => lines,
            false => {
                lines.remove()?;
                Lines::open::<Record>(path, NEXT)?.0
            }
        };
        let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        lines.append(&Record::Began {
            header: Header {
                schema_version: SCHEMA_VERSION,
                run_id: run,
            },
            segments,
            unix_seconds: since.as_secs(),
        })?;
        Ok((Self { lines }, fresh()))
    }

    /// Keeps a page.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep(&mut self, page: &Page) -> Result<(), ObservationLogError> {
        self.lines.append(&Record::Page {
            segment: page.segment,
            rows: page.rows.clone(),
            cursor: page.cursor.clone(),
        })
    }

    /// The scan has reached its end: nobody will go on from here.
    ///
    /// # Errors
    /// When the file cannot be taken away.
    pub fn finish(self) -> Result<(), ObservationLogError> {
        self.lines.remove()
    }
}

fn damaged(path: &Path, record: usize) -> ObservationLogError {
    ObservationLogError::Damaged {
        path: path.to_owned(),
        record,
        next: NEXT,
    }
}

fn replay(
    path: &Path,
    mut resumed: Resumed,
    records: &[Record],
) -> Result<Resumed, ObservationLogError> {
    for (index, record) in records.iter().enumerate() {
        let wrong = || damaged(path, index + 2);
        let Record::Page {
            segment,
            rows,
            cursor,
        } = record
        else {
            return Err(wrong());
        };
        let at = resumed.cursors.get_mut(*segment).ok_or_else(wrong)?;
        // Nothing comes after the end of a segment.
        if *at == Cursor::End || *cursor == Cursor::Start {
            return Err(wrong());
        }
        *at = cursor.clone();
        resumed.pages.push(Page {
            segment: *segment,
            rows: rows.clone(),
            cursor: cursor.clone(),
        });
    }
    Ok(resumed)
}
