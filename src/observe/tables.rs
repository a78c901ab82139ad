//! Reading the tables.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::SystemTime;

use super::ObservePlan;
use super::observation_log::{ObservationLogError, ScanLog, ScanOf, scan_log};
use super::parts::{remove_parts, take_parts};
use crate::clock;
use crate::store::{Cursor, Page, StoreError, Stores, TableAt};
use crate::verify::Sweep;

/// The tables in the order in which they are read, each with its place among the target's: rows that are found by rows of
/// other tables come last.
pub(super) fn in_order<'a>(stores: &'a Stores, plan: &ObservePlan) -> Vec<(usize, &'a TableAt)> {
    let linked = plan.orders.linked_tables();
    let mut tables: Vec<_> = stores.tables().iter().enumerate().collect();
    tables.sort_by_key(|(_, table)| linked.contains(table.called.as_str()));
    tables
}

/// Scans those of these names once more, from their beginnings, and hands each page to `take`.
pub(super) async fn read_again(
    stores: &Stores,
    plan: &ObservePlan,
    names: &BTreeSet<String>,
    requests: &mut u64,
    mut take: impl FnMut(&TableAt, &Page),
) -> Result<(), StoreError> {
    let tables = in_order(stores, plan).into_iter().map(|(_, table)| table);
    for table in tables.filter(|table| names.contains(&table.called)) {
        read_table(stores, plan, (table, None), requests, |page, _| {
            take(table, page)
        })
        .await?;
    }
    Ok(())
}

/// Scans every table and hands each page to `take`, with when it was read if that was by an earlier verifier or a worker.
pub(super) async fn read_tables(
    stores: &Stores,
    plan: &ObservePlan,
    at_rest: bool,
    requests: &mut u64,
    mut take: impl FnMut(&TableAt, &Page, Option<SystemTime>),
) -> Result<(), StoreError> {
    for (index, table) in in_order(stores, plan) {
        let log = plan.folder.clone().filter(|_| at_rest);
        let log = log.map(|folder| (index, folder));
        read_table(stores, plan, (table, log), requests, |page, read_at| {
            take(table, page, read_at)
        })
        .await?;
    }
    Ok(())
}

/// What a scan of the table is.
pub(super) fn scan_of(stores: &Stores, plan: &ObservePlan, table: &TableAt) -> ScanOf {
    ScanOf {
        run: plan.orders.run,
        at: stores.place_of(table),
        segments: stores.segments(),
    }
}

/// Scans one table. With a log, pages are kept there, and those kept by a verifier that did not come to its end are not
/// read again, nor, where they count, those that workers have kept of their parts.
async fn read_table(
    stores: &Stores,
    plan: &ObservePlan,
    (table, log): (&TableAt, Option<(usize, PathBuf)>),
    requests: &mut u64,
    mut take: impl FnMut(&Page, Option<SystemTime>),
) -> Result<(), StoreError> {
    let mut cursors = vec![Cursor::Start; stores.segments()];
    let mut log = match log {
        None => None,
        Some((index, folder)) => {
            let (path, of) = (folder.join(scan_log(index)), scan_of(stores, plan, table));
            let opened = ScanLog::open(&path, &of, plan.counting(), |page, read_at| {
                take(&page, Some(read_at));
                Ok(())
            });
            let (mut opened, read) = opened.map_err(not_kept)?;
            cursors = read;
            if plan.kept.parts {
                let parts = (folder.as_path(), index);
                let taken = take_parts(parts, (&of, plan), &mut cursors, |page, read_at| {
                    opened.keep(page, read_at)?;
                    take(page, Some(read_at));
                    Ok(())
                });
                taken.map_err(not_kept)?;
            }
            Some((opened, index, folder))
        }
    };
    let scanned = stores
        .scan(table, &cursors, plan.patience, requests, |page| {
            if let Some((log, ..)) = &mut log {
                log.keep(&page, clock::wall()).map_err(not_kept)?;
            }
            take(&page, None);
            Ok(())
        })
        .await;
    let goes_on = scanned
        .as_ref()
        .is_err_and(StoreError::leaves_what_was_read);
    match log {
        // Nobody goes on from a scan that has ended, or from pages that contradict each other.
        Some((log, index, folder)) if !goes_on => {
            let finished = log.finish().and_then(|()| match plan.kept.parts {
                true => remove_parts(&folder, index),
                false => Ok(()),
            });
            scanned.and(finished.map_err(not_kept))
        }
        _ => scanned,
    }
}

pub(super) fn not_kept(error: ObservationLogError) -> StoreError {
    StoreError::new("keeping what was seen", error.to_string())
}

/// At rest a scan shows every row. One that is found afterwards, by key or by a second scan, was left out: by a stale or cut-short
/// scan, or it was written later, and then nothing was at rest.
pub(super) fn contradicted(scan: Sweep, found: u64, scanned_again: bool) -> Sweep {
    if found == 0 || !scan.complete {
        return scan;
    }
    let how = match scanned_again {
        true => "by key or by a second scan",
        false => "by key",
    };
    let noun = if found == 1 { "row" } else { "rows" };
    Sweep {
        complete: false,
        error: Some(format!(
            "{found} {noun} it did not show were found {how}: it was stale or cut short, or rows were \
             still being written"
        )),
        ..scan
    }
}
