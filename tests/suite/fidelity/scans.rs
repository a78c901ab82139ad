//! DynamoDB: every item of a table, in pages and segments.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::Select;

use super::answer::{ensure, equal, good, refused_as};
use super::check::Documented::Aws;
use super::check::{Check, Outcome, check};
use super::peer::Peer;
use super::rows::{item, n, numbers, put_all, s, table};

#[rustfmt::skip]
pub const CHECKS: &[Check] = &[
    check!(DynamoDb, "scans", "A scan with a Limit comes in pages that are disjoint and complete.", Aws("DynamoDB API: Scan"), pages),
    check!(DynamoDb, "scans", "The segments of a scan are disjoint and complete.", Aws("DynamoDB API: Scan"), segments),
    check!(DynamoDb, "scans", "Segments of several pages of 1 MB are disjoint and complete.", Aws("DynamoDB API: Scan"), large_segments),
    check!(DynamoDb, "scans", "A page of a scan ends at 1 MB, and the pages are disjoint and complete.", Aws("DynamoDB API: Scan"), one_megabyte),
    check!(DynamoDb, "scans", "A scan's filter drops items after they were read: ScannedCount tells how many.", Aws("DynamoDB API: Scan"), filter),
    check!(DynamoDb, "scans", "Select COUNT over several pages adds up to the number of items, in Count and ScannedCount.", Aws("DynamoDB API: Scan"), count),
    check!(DynamoDb, "scans", "A projection over several pages adds up to the number of items, in Count and ScannedCount.", Aws("DynamoDB API: Scan"), projection),
    check!(DynamoDb, "scans", "A segment beyond TotalSegments is refused (ValidationException).", Aws("DynamoDB API: Scan"), bad_segment),
    check!(DynamoDb, "scans", "A Limit of 0 is refused (ValidationException).", Aws("DynamoDB API: Scan"), limit_of_zero),
];

async fn filled(peer: &Peer, many: u64, bytes: usize, batch: usize) -> Result<String, String> {
    let table = table(peer).await?;
    let data = "x".repeat(bytes);
    let items = (0..many)
        .map(|id| item([("id", n(id)), ("data", s(data.clone()))]))
        .collect();
    put_all(peer, &table, items, batch).await?;
    Ok(table)
}

/// All ids a scan gives, page by page; an id that comes twice is an error.
async fn scan(
    peer: &Peer,
    table: &str,
    limit: Option<i32>,
    segment: Option<(i32, i32)>,
    seen: &mut BTreeSet<u64>,
) -> Result<usize, String> {
    let (mut start, mut pages) = (None, 0);
    loop {
        let scan = peer
            .dynamodb()
            .scan()
            .table_name(table)
            .consistent_read(true);
        let scan = scan.set_limit(limit).set_exclusive_start_key(start);
        let scan = scan.set_segment(segment.map(|(segment, _)| segment));
        let scan = scan.set_total_segments(segment.map(|(_, total)| total));
        let page = good("Scan", scan.send().await)?;
        pages += 1;
        for id in numbers(page.items(), "id") {
            ensure(
                seen.insert(id),
                "an item of a scan: expected once, seen twice",
            )?;
        }
        start = page.last_evaluated_key;
        if start.is_none() {
            return Ok(pages);
        }
    }
}

async fn pages(peer: &Peer) -> Outcome {
    let table = filled(peer, 60, 10, 25).await?;
    let mut seen = BTreeSet::new();
    let pages = scan(peer, &table, Some(7), None, &mut seen).await?;
    equal("items seen", seen.len(), 60)?;
    ensure(
        pages >= 9,
        "pages of 7 of 60 items: expected 9 or more, seen fewer",
    )
}

async fn segments(peer: &Peer) -> Outcome {
    let table = filled(peer, 100, 10, 25).await?;
    let mut seen = BTreeSet::new();
    for segment in 0..4 {
        scan(peer, &table, None, Some((segment, 4)), &mut seen).await?;
    }
    equal("items seen", seen.len(), 100)
}

async fn large_segments(peer: &Peer) -> Outcome {
    let table = filled(peer, 40, 100_000, 5).await?;
    let (mut seen, mut pages) = (BTreeSet::new(), 0);
    for segment in 0..2 {
        pages += scan(peer, &table, None, Some((segment, 2)), &mut seen).await?;
    }
    equal("items seen", seen.len(), 40)?;
    ensure(
        pages >= 4,
        "pages of 40 items of 100,000 bytes: expected 4 or more, seen fewer",
    )
}

async fn one_megabyte(peer: &Peer) -> Outcome {
    let table = filled(peer, 24, 100_000, 5).await?;
    let mut seen = BTreeSet::new();
    let pages = scan(peer, &table, None, None, &mut seen).await?;
    equal("items seen", seen.len(), 24)?;
    equal("pages of 24 items of 100 KB", pages, 3)
}

async fn filter(peer: &Peer) -> Outcome {
    let table = filled(peer, 20, 10, 25).await?;
    let scan = peer
        .dynamodb()
        .scan()
        .table_name(table)
        .filter_expression("id < :five");
    let scan = scan.expression_attribute_values(":five", n(5)).send().await;
    let page = good("Scan", scan)?;
    equal("Count", page.count(), 5)?;
    equal("ScannedCount", page.scanned_count(), 20)
}

async fn count(peer: &Peer) -> Outcome {
    adds_up(peer, Some(Select::Count), None).await
}

async fn projection(peer: &Peer) -> Outcome {
    adds_up(peer, None, Some("id")).await
}

/// Count and ScannedCount over three pages of 1 MB.
async fn adds_up(peer: &Peer, select: Option<Select>, projection: Option<&str>) -> Outcome {
    let table = filled(peer, 24, 100_000, 5).await?;
    let (mut count, mut scanned, mut start) = (0, 0, None);
    loop {
        let scan = peer
            .dynamodb()
            .scan()
            .table_name(&table)
            .set_exclusive_start_key(start);
        let scan = scan.set_select(select.clone());
        let scan = scan.set_projection_expression(projection.map(str::to_owned));
        let page = good("Scan", scan.send().await)?;
        count += page.count();
        scanned += page.scanned_count();
        start = page.last_evaluated_key;
        if start.is_none() {
            break;
        }
    }
    equal(
        "Count and ScannedCount over all pages",
        (count, scanned),
        (24, 24),
    )
}

async fn bad_segment(peer: &Peer) -> Outcome {
    let table = table(peer).await?;
    let scan = peer
        .dynamodb()
        .scan()
        .table_name(table)
        .segment(4)
        .total_segments(4);
    refused_as("Scan", scan.send().await, "ValidationException")
}

async fn limit_of_zero(peer: &Peer) -> Outcome {
    let table = table(peer).await?;
    let scan = peer.dynamodb().scan().table_name(table).limit(0);
    refused_as("Scan", scan.send().await, "ValidationException")
}
