//! Reading the tables.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::ObservePlan;
use super::observation_log::{ObservationLogError, ScanLog, scan_log};
use super::parts::Parts;
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
        read_table(stores, plan, (table, None), requests, |page| {
            take(table, page)
        })
        .await?;
    }
    Ok(())
}

/// Scans every table and hands each page to `take`.
pub(super) async fn read_tables(
    stores: &Stores,
    plan: &ObservePlan,
    at_rest: bool,
    requests: &mut u64,
    mut take: impl FnMut(&TableAt, &Page),
) -> Result<(), StoreError> {
    for (index, table) in in_order(stores, plan) {
        let log = plan.folder.clone().filter(|_| at_rest);
        let log = log.map(|folder| (index, folder));
        read_table(stores, plan, (table, log), requests, |page| {
            take(table, page)
        })
        .await?;
    }
    Ok(())
}

/// Scans one table. With a log, pages are kept there, and those kept by a verifier that did not come to its end are not
/// read again, nor those that workers have kept of their parts.
async fn read_table(
    stores: &Stores,
    plan: &ObservePlan,
    (table, log): (&TableAt, Option<(usize, PathBuf)>),
    requests: &mut u64,
    mut take: impl FnMut(&Page),
) -> Result<(), StoreError> {
    let mut cursors = vec![Cursor::Start; stores.segments()];
    let mut log = match log {
        None => None,
        Some((index, folder)) => {
            let path = folder.join(scan_log(index));
            let (mut opened, resumed) =
                ScanLog::open(&path, plan.orders.run, cursors.len(), clock::wall())
                    .map_err(not_kept)?;
            resumed.pages.iter().for_each(&mut take);
            cursors = resumed.cursors;
            let parts = Parts::read(&folder, index, plan.orders.run, cursors.len());
            for page in parts.map_err(not_kept)?.beyond(&mut cursors) {
                opened.keep(&page).map_err(not_kept)?;
                take(&page);
            }
            Some((opened, index, folder))
        }
    };
    let scanned = stores
        .scan(table, &cursors, plan.patience, requests, |page| {
            if let Some((log, ..)) = &mut log {
                log.keep(&page).map_err(not_kept)?;
            }
            take(&page);
            Ok(())
        })
        .await;
    let goes_on = scanned
        .as_ref()
        .is_err_and(StoreError::leaves_what_was_read);
    match log {
        // Nobody goes on from a scan that has ended, or from pages that contradict each other.
        Some((log, index, folder)) if !goes_on => {
            let finished = log.finish().and_then(|()| Parts::remove(&folder, index));
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
