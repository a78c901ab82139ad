//! Reading the tables by several workers: each reads its segments and keeps their pages in the run's folder, and who observes
//! goes on from there. What a worker has not read, the observer reads; nothing rests on all of them having come.
//!
//! It is sound for the reason for which a scan is gone on with: pages count only if they were read after the pipeline had come
//! to rest, which each worker has waited for, and which the observer waits for anew.

use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};

use super::ObservePlan;
use super::observation_log::{LeftScan, ObservationLogError, ScanLog, ScanOf, part_log, part_logs};
use super::tables::{in_order, not_kept, scan_of};
use super::watcher::settled;
use crate::clock;
use crate::load::Shard;
use crate::store::{Cursor, Page, StoreError, Stores, Target};

/// Hands the pages that workers have read of table number `table`, of segments that were not begun so far, to `take`, each
/// with when it was read, and sets their `cursors` on. A segment is taken from one worker.
///
/// # Errors
/// When a file cannot be read, is damaged or another run's; when `take` fails.
pub(super) fn take_parts(
    (folder, table): (&Path, usize),
    (of, plan): (&ScanOf, &ObservePlan),
    cursors: &mut [Cursor],
    mut take: impl FnMut(&Page, SystemTime) -> Result<(), ObservationLogError>,
) -> Result<(), ObservationLogError> {
    for path in logs(folder, table)? {
        let left = LeftScan::read(&path, of, plan.counting())?;
        let theirs = left.cursors();
        let is_new: Vec<bool> = cursors
            .iter()
            .zip(&theirs)
            .map(|(own, theirs)| *own == Cursor::Start && *theirs != Cursor::Start)
            .collect();
        left.pages(
            |segment| is_new[segment],
            |page, read_at| take(&page, read_at),
        )?;
        for (segment, theirs) in theirs.into_iter().enumerate() {
            if is_new[segment] {
                cursors[segment] = theirs;
            }
        }
    }
    Ok(())
}

/// Takes the files away of what workers have read of table number `table`: it was read to its end.
///
/// # Errors
/// When one cannot be taken away.
pub(super) fn remove_parts(folder: &Path, table: usize) -> Result<(), ObservationLogError> {
    for path in logs(folder, table)? {
        std::fs::remove_file(&path).map_err(|source| ObservationLogError::Io { path, source })?;
    }
    Ok(())
}

fn logs(folder: &Path, table: usize) -> Result<Vec<PathBuf>, ObservationLogError> {
    part_logs(folder, table).map_err(|source| ObservationLogError::Io {
        path: folder.to_owned(),
        source,
    })
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
        let of = scan_of(stores, plan, table);
        let rows = &mut read.rows;
        let opened = ScanLog::open(&path, &of, plan.counting(), |page, _| {
            *rows += page.rows.len() as u64;
            Ok(())
        });
        let (mut log, mut cursors) = opened.map_err(not_kept)?;
        for (segment, cursor) in cursors.iter_mut().enumerate() {
            match own(segment) {
                true => read.segments += 1,
                // Another's: nothing is read of it.
                false => *cursor = Cursor::End,
            }
        }
        let rows = &mut read.rows;
        stores
            .scan(table, &cursors, plan.patience, &mut read.requests, |page| {
                *rows += page.rows.len() as u64;
                log.keep(&page, clock::wall()).map_err(not_kept)
            })
            .await?;
    }
    Ok(read)
}
