//! Reading the tables by several workers: each reads its segments and keeps their pages in the run's folder, and who observes
//! goes on from there. What a worker has not read, the observer reads; nothing rests on all of them having come.
//!
//! It is sound for the reason for which a scan is gone on with: pages count only if they were read after the pipeline had come
//! to rest, which each worker has waited for, and which the observer waits for anew.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;
use std::time::Instant;

use super::ObservePlan;
use super::observation_log::{ObservationLogError, ScanLog, part_log, part_logs};
use super::tables::{in_order, not_kept};
use super::watcher::settled;
use crate::clock;
use crate::load::Shard;
use crate::order::RunId;
use crate::store::{Cursor, Page, StoreError, Stores, Target};

/// What the workers have read of one table.
pub(super) struct Parts {
    /// The pages, and how far each segment was read by them.
    read: Vec<(Vec<Cursor>, Vec<Page>)>,
}

impl Parts {
    /// Reads what is there of table number `table`.
    ///
    /// # Errors
    /// When a worker is at work, or a file is damaged or another run's.
    pub(super) fn read(
        folder: &Path,
        table: usize,
        run: RunId,
        segments: usize,
    ) -> Result<Self, ObservationLogError> {
        let mut read = Vec::new();
        for path in logs(folder, table)? {
            let (_, resumed) = ScanLog::open(&path, run, segments, clock::wall())?;
            read.push((resumed.cursors, resumed.pages));
        }
        Ok(Self { read })
    }

    /// The pages of segments that were not begun so far, whose `cursors` are set on. A segment is taken from one worker.
    pub(super) fn beyond(self, cursors: &mut [Cursor]) -> Vec<Page> {
        let mut beyond = Vec::new();
        for (theirs, pages) in self.read {
            let new: Vec<bool> = cursors
                .iter()
                .zip(&theirs)
                .map(|(own, theirs)| *own == Cursor::Start && *theirs != Cursor::Start)
                .collect();
            let is_new = |segment: usize| new.get(segment).copied().unwrap_or(false);
            for (segment, theirs) in theirs.into_iter().enumerate() {
                if is_new(segment) {
                    cursors[segment] = theirs;
                }
            }
            beyond.extend(pages.into_iter().filter(|page| is_new(page.segment)));
        }
        beyond
    }

    /// Takes the files away: the table was read to its end.
    ///
    /// # Errors
    /// When one cannot be taken away.
    pub(super) fn remove(folder: &Path, table: usize) -> Result<(), ObservationLogError> {
        for path in logs(folder, table)? {
            std::fs::remove_file(&path)
                .map_err(|source| ObservationLogError::Io { path, source })?;
        }
        Ok(())
    }
}

fn logs(folder: &Path, table: usize) -> Result<Vec<std::path::PathBuf>, ObservationLogError> {
    part_logs(folder, table).map_err(|source| ObservationLogError::Io {
        path: folder.to_owned(),
        source,
    })
}

/// Whether a worker is reading its part into `folder`.
///
/// # Errors
/// When that cannot be told.
pub fn part_at_work(folder: &Path, tables: usize) -> io::Result<bool> {
    for table in 0..tables {
        for path in part_logs(folder, table)? {
            // Writable, as NFS wants a file to be that is locked.
            match File::options().append(true).open(&path)?.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(true),
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
    }
    Ok(false)
}

/// What a worker has read of the tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartRead {
    /// Segments that were its own, of all tables.
    pub segments: u64,
    /// Rows in them.
    pub rows: u64,
    /// Requests.
    pub requests: u64,
}

/// Waits for rest and reads the segments of every table at `target` that are `part`'s: segment s is read by worker s mod N. Their
/// pages are kept in the folder of `plan`. Blocks until then.
///
/// # Errors
/// When there was no rest in time, or a table cannot be read; what was read before that is kept.
pub fn read_part(target: &Target, plan: ObservePlan, part: Shard) -> Result<PartRead, StoreError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| StoreError::new("reading the table", error.to_string()))?;
    runtime.block_on(async {
        let stores = Stores::new(target).sharing_reads(part.of());
        let (plan, quiescence) = settled(&stores, plan, Instant::now()).await;
        match quiescence.reached {
            true => read_segments(&stores, &plan, part).await,
            false => Err(StoreError::new(
                "waiting for rest",
                format!("{}; nothing was read", quiescence.evidence),
            )),
        }
    })
}

/// Reads the segments that are `part`'s.
pub(super) async fn read_segments(
    stores: &Stores,
    plan: &ObservePlan,
    part: Shard,
) -> Result<PartRead, StoreError> {
    let mut read = PartRead {
        segments: 0,
        rows: 0,
        requests: 0,
    };
    let Some(folder) = &plan.folder else {
        return Err(StoreError::new(
            "reading a part of a table",
            "there is no folder",
        ));
    };
    let own = |segment: usize| segment as u64 % u64::from(part.of()) == u64::from(part.index());
    for (index, table) in in_order(stores, plan) {
        let path = folder.join(part_log(index, part));
        let segments = stores.segments();
        let opened = ScanLog::open(&path, plan.orders.run, segments, clock::wall());
        let (mut log, resumed) = opened.map_err(not_kept)?;
        let mut cursors = resumed.cursors;
        for (segment, cursor) in cursors.iter_mut().enumerate() {
            match own(segment) {
                true => read.segments += 1,
                // Another's: nothing is read of it.
                false => *cursor = Cursor::End,
            }
        }
        let rows = &mut read.rows;
        *rows += resumed
            .pages
            .iter()
            .map(|page| page.rows.len() as u64)
            .sum::<u64>();
        stores
            .scan(table, &cursors, plan.patience, &mut read.requests, |page| {
                *rows += page.rows.len() as u64;
                log.keep(&page).map_err(not_kept)
            })
            .await?;
    }
    Ok(read)
}
