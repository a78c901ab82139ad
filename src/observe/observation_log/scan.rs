//! The pages of a scan that has not reached its end.
//!
//! The file is read twice, a record at a time: first for how far each segment was read, then for the rows of those that are
//! gone on with. So no more of a table is in memory than a page, however large it is.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::lines::{Lines, ObservationLogError, each_record};
use super::{Header, SCHEMA_VERSION};
use crate::order::RunId;
use crate::records::Item;
use crate::store::{Cursor, Page};

/// Pages older than this are read again: a day's rows may have been changed by then.
const AGE_MAX: Duration = Duration::from_secs(12 * 3_600);
/// How far the clock of who has read a page may be ahead; beyond it, a clock was set back.
const AHEAD_MAX: Duration = Duration::from_secs(60);

const NEXT: &str = "delete it, and the scan starts anew";

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Record {
    Began {
        header: Header,
        segments: usize,
        /// Where the table is; earlier versions did not say.
        #[serde(default)]
        at: Option<String>,
        unix_seconds: u64,
    },
    Page {
        segment: usize,
        rows: Vec<Item>,
        cursor: Cursor,
        /// When it was read; earlier versions did not say.
        #[serde(default)]
        read_at_us: Option<u64>,
    },
    /// What is before this of the segment does not count: it is read from its beginning.
    Anew { segment: usize },
}

/// What is scanned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanOf {
    /// The run whose rows are looked for.
    pub run: RunId,
    /// Where the table is, and what it is called there.
    pub at: String,
    /// In how many segments it is read.
    pub segments: usize,
}

/// Which of the pages count that were read before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counting {
    /// Those that were read since.
    pub since: SystemTime,
    /// And not too long before this.
    pub now: SystemTime,
}

impl Counting {
    fn counts(&self, read_at: SystemTime) -> bool {
        let young = match self.now.duration_since(read_at) {
            Ok(age) => age <= AGE_MAX,
            Err(ahead) => ahead.duration() <= AHEAD_MAX,
        };
        young && read_at >= self.since
    }
}

/// The pages seen so far.
pub struct ScanLog {
    lines: Lines,
}

impl ScanLog {
    /// Opens the log of a scan, hands the pages that count of what an earlier one left in it to `take`, each with when it was
    /// read, and says how far each segment was read with them. What is of another table, in another number of segments, of
    /// before those that count or of too long ago is read anew.
    ///
    /// # Errors
    /// When the file cannot be read or written, is damaged, or is another run's; when `take` fails.
    pub fn open(
        path: &Path,
        of: &ScanOf,
        counting: Counting,
        take: impl FnMut(Page, SystemTime) -> Result<(), ObservationLogError>,
    ) -> Result<(Self, Vec<Cursor>), ObservationLogError> {
        let mut survey = Survey::new(path, of, counting);
        let mut lines = Lines::open_each(path, NEXT, |index, record| survey.take(index, record))?;
        if !survey.is_same {
            if survey.began {
                lines.remove()?;
                lines = Lines::open_each(path, NEXT, |_, _: Record| Ok(()))?;
            }
            lines.append(&Record::Began {
                header: Header {
                    schema_version: SCHEMA_VERSION,
                    run_id: of.run,
                },
                segments: of.segments,
                at: Some(of.at.clone()),
                unix_seconds: since_epoch(counting.now).as_secs(),
            })?;
            return Ok((Self { lines }, vec![Cursor::Start; of.segments]));
        }
        for segment in survey.stale() {
            lines.append(&Record::Anew { segment })?;
        }
        let cursors = survey.cursors();
        survey.pages(|segment| cursors[segment] != Cursor::Start, take)?;
        Ok((Self { lines }, cursors))
    }

    /// Keeps a page that was read at `read_at`.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep(&mut self, page: &Page, read_at: SystemTime) -> Result<(), ObservationLogError> {
        let read_at_us = u64::try_from(since_epoch(read_at).as_micros()).unwrap_or(u64::MAX);
        self.lines.append(&Record::Page {
            segment: page.segment,
            rows: page.rows.clone(),
            cursor: page.cursor.clone(),
            read_at_us: Some(read_at_us),
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

/// What another has left of a scan, which is read and not written to.
pub struct LeftScan<'a> {
    survey: Survey<'a>,
}

impl<'a> LeftScan<'a> {
    /// Reads how far each segment was read, by pages that count; nothing of a log of another table, or in another number of
    /// segments.
    ///
    /// # Errors
    /// When the file cannot be read, is damaged, or is another run's.
    pub fn read(
        path: &'a Path,
        of: &'a ScanOf,
        counting: Counting,
    ) -> Result<Self, ObservationLogError> {
        let mut survey = Survey::new(path, of, counting);
        each_record(path, NEXT, |index, record| survey.take(index, record))?;
        Ok(Self { survey })
    }

    /// How far each segment was read.
    pub fn cursors(&self) -> Vec<Cursor> {
        match self.survey.is_same {
            true => self.survey.cursors(),
            false => vec![Cursor::Start; self.survey.of.segments],
        }
    }

    /// Hands the pages of the segments that are `wanted` to `take`, each with when it was read.
    ///
    /// # Errors
    /// When the file cannot be read, or `take` fails.
    pub fn pages(
        &self,
        wanted: impl Fn(usize) -> bool,
        take: impl FnMut(Page, SystemTime) -> Result<(), ObservationLogError>,
    ) -> Result<(), ObservationLogError> {
        let cursors = self.cursors();
        let is_there = |segment: usize| cursors[segment] != Cursor::Start;
        self.survey
            .pages(|segment| is_there(segment) && wanted(segment), take)
    }
}

/// How far a log has come, found by going through it once.
struct Survey<'a> {
    path: &'a Path,
    of: &'a ScanOf,
    counting: Counting,
    /// It has a beginning.
    began: bool,
    /// Its pages are of the same table, in the same segments.
    is_same: bool,
    segments: Vec<Segment>,
}

struct Segment {
    cursor: Cursor,
    /// The record from which on its pages may count.
    from: usize,
    /// All of them do.
    counts: bool,
}

impl Segment {
    fn from(record: usize) -> Self {
        Self {
            cursor: Cursor::Start,
            from: record,
            counts: true,
        }
    }
}

impl<'a> Survey<'a> {
    fn new(path: &'a Path, of: &'a ScanOf, counting: Counting) -> Self {
        Self {
            path,
            of,
            counting,
            began: false,
            is_same: false,
            segments: (0..of.segments).map(|_| Segment::from(0)).collect(),
        }
    }

    /// Takes in the record number `index`, from 0.
    fn take(&mut self, index: usize, record: Record) -> Result<(), ObservationLogError> {
        let wrong = || damaged(self.path, index + 1);
        match (index, record) {
            (
                0,
                Record::Began {
                    header,
                    segments,
                    at,
                    ..
                },
            ) => {
                if header.run_id != self.of.run || header.schema_version != SCHEMA_VERSION {
                    return Err(ObservationLogError::Foreign {
                        path: self.path.to_owned(),
                    });
                }
                self.began = true;
                self.is_same =
                    segments == self.of.segments && at.as_deref() == Some(self.of.at.as_str());
                Ok(())
            }
            (0, _) | (_, Record::Began { .. }) => Err(wrong()),
            // Nothing is made of it.
            _ if !self.is_same => Ok(()),
            (_, Record::Anew { segment }) => {
                let at = self.segments.get_mut(segment).ok_or_else(wrong)?;
                *at = Segment::from(index);
                Ok(())
            }
            (
                _,
                Record::Page {
                    segment,
                    cursor,
                    read_at_us,
                    ..
                },
            ) => {
                let at = self.segments.get_mut(segment).ok_or_else(wrong)?;
                // Nothing comes after the end of a segment.
                if at.cursor == Cursor::End || cursor == Cursor::Start {
                    return Err(wrong());
                }
                at.cursor = cursor;
                at.counts &= read_at_us.is_some_and(|us| self.counting.counts(instant(us)));
                Ok(())
            }
        }
    }

    /// How far each segment was read by pages that count.
    fn cursors(&self) -> Vec<Cursor> {
        let cursor = |segment: &Segment| match segment.counts {
            true => segment.cursor.clone(),
            false => Cursor::Start,
        };
        self.segments.iter().map(cursor).collect()
    }

    /// Segments with pages that do not count.
    fn stale(&self) -> Vec<usize> {
        let segments = self.segments.iter().enumerate();
        let stale = segments.filter(|(_, segment)| !segment.counts);
        stale.map(|(index, _)| index).collect()
    }

    /// Goes through the log again and hands the pages of the segments that are `wanted` to `take`.
    fn pages(
        &self,
        wanted: impl Fn(usize) -> bool,
        mut take: impl FnMut(Page, SystemTime) -> Result<(), ObservationLogError>,
    ) -> Result<(), ObservationLogError> {
        if !(0..self.segments.len()).any(&wanted) {
            return Ok(());
        }
        each_record(self.path, NEXT, |index, record| match record {
            Record::Page {
                segment,
                rows,
                cursor,
                read_at_us: Some(us),
            } if wanted(segment) && index >= self.segments[segment].from => {
                let page = Page {
                    segment,
                    rows,
                    cursor,
                };
                take(page, instant(us))
            }
            _ => Ok(()),
        })
        .map(drop)
    }
}

fn since_epoch(time: SystemTime) -> Duration {
    time.duration_since(UNIX_EPOCH).unwrap_or_default()
}

fn instant(us: u64) -> SystemTime {
    let since = UNIX_EPOCH.checked_add(Duration::from_micros(us));
    // Beyond every clock: it does not count.
    since.unwrap_or(UNIX_EPOCH)
}

fn damaged(path: &Path, record: usize) -> ObservationLogError {
    ObservationLogError::Damaged {
        path: path.to_owned(),
        record,
        next: NEXT,
    }
}
