//! Reading the tables.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::ObservePlan;
use super::observation_log::{ObservationLogError, ScanLog, scan_log};
use crate::clock;
use crate::store::{Cursor, Page, StoreError, Stores, TableAt};
use crate::verify::Sweep;

/// The tables in the order in which they are read, each with its place among the target's: rows that are found by rows of
/// other tables come last.
fn in_order<'a>(stores: &'a Stores, plan: &ObservePlan) -> Vec<(usize, &'a TableAt)> {
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
        let log = plan.folder.as_ref().filter(|_| at_rest);
        let log = log.map(|folder| folder.join(scan_log(index)));
        read_table(stores, plan, (table, log), requests, |page| {
            take(table, page)
        })
        .await?;
    }
    Ok(())
}

/// Scans one table. With a log, pages are kept there, and those kept by a verifier that did not come to its end are not
/// read again.
async fn read_table(
    stores: &Stores,
    plan: &ObservePlan,
    (table, log): (&TableAt, Option<PathBuf>),
    requests: &mut u64,
    mut take: impl FnMut(&Page),
) -> Result<(), StoreError> {
    let failed =
        |error: ObservationLogError| StoreError::new("keeping what was seen", error.to_string());
    let mut cursors = vec![Cursor::Start; stores.segments()];
    let path = log;
    let mut log = None;
    if let Some(path) = path {
        let (opened, resumed) =
            ScanLog::open(&path, plan.orders.run, cursors.len(), clock::wall()).map_err(failed)?;
        resumed.pages.iter().for_each(&mut take);
        cursors = resumed.cursors;
        log = Some(opened);
    }
    let scanned = stores
        .scan(table, &cursors, plan.patience, requests, |page| {
            if let Some(log) = &mut log {
                log.keep(&page).map_err(failed)?;
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
        Some(log) if !goes_on => scanned.and(log.finish().map_err(failed)),
        _ => scanned,
    }
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
