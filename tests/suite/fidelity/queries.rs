//! DynamoDB: the items of one partition key, in order.

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::Select;

use super::answer::{ensure, equal, good, refused_as};
use super::check::Documented::Aws;
use super::check::{Check, Outcome, check};
use super::peer::Peer;
use super::rows::{indexed_table, item, n, numbers, put, put_all, s, sorted_items, sorted_table};

#[rustfmt::skip]
pub const CHECKS: &[Check] = &[
    check!(DynamoDb, "queries", "A query gives the items of a partition key in the order of their sort key, by value.", Aws("DynamoDB API: Query"), in_order),
    check!(DynamoDb, "queries", "ScanIndexForward false gives them backward.", Aws("DynamoDB API: Query"), backward),
    check!(DynamoDb, "queries", "Conditions on the sort key select: comparisons, BETWEEN.", Aws("DynamoDB API: Query"), selects),
    check!(DynamoDb, "queries", "A query with a Limit comes in pages that are disjoint and complete.", Aws("DynamoDB API: Query"), pages),
    check!(DynamoDb, "queries", "A query's filter drops items after they were read: ScannedCount tells how many.", Aws("DynamoDB API: Query"), filter),
    check!(DynamoDb, "queries", "Select COUNT gives the count and no items.", Aws("DynamoDB API: Query"), count),
    check!(DynamoDb, "queries", "A page of a query ends at 1 MB, which is 2^20 bytes.", Aws("DynamoDB guide: Constraints in Amazon DynamoDB"), one_megabyte),
    check!(DynamoDb, "queries", "A query without a condition on the partition key is refused (ValidationException).", Aws("DynamoDB API: Query"), needs_the_key),
    check!(DynamoDb, "queries", "A global secondary index is queried by its own key.", Aws("DynamoDB guide: Using Global Secondary Indexes in DynamoDB"), index),
    check!(DynamoDb, "queries", "A consistent read of a global secondary index is refused (ValidationException).", Aws("DynamoDB API: Query"), consistent_index),
];

fn query(peer: &Peer, table: &str, condition: &str) -> QueryFluentBuilder {
    let query = peer.dynamodb().query().table_name(table);
    query
        .key_condition_expression(condition)
        .expression_attribute_values(":p", s("p"))
}

/// A table with `at` from 0 to 11 under one key and another item under another.
async fn twelve(peer: &Peer) -> Result<String, String> {
    let table = sorted_table(peer).await?;
    put_all(peer, &table, sorted_items(12, 10), 25).await?;
    put(peer, &table, item([("id", s("other")), ("at", n(3))])).await?;
    Ok(table)
}

async fn in_order(peer: &Peer) -> Outcome {
    let table = twelve(peer).await?;
    let page = good("Query", query(peer, &table, "id = :p").send().await)?;
    equal("sort keys", numbers(page.items(), "at"), (0..12).collect())
}

async fn backward(peer: &Peer) -> Outcome {
    let table = twelve(peer).await?;
    let query = query(peer, &table, "id = :p")
        .scan_index_forward(false)
        .limit(3);
    let page = good("Query", query.send().await)?;
    equal("sort keys", numbers(page.items(), "at"), vec![11, 10, 9])
}

async fn selects(peer: &Peer) -> Outcome {
    let table = twelve(peer).await?;
    for (condition, expected) in [
        ("id = :p AND #at < :v", vec![0, 1]),
        ("id = :p AND #at = :v", vec![2]),
        ("id = :p AND #at >= :w", vec![10, 11]),
        ("id = :p AND #at BETWEEN :v AND :w", (2..=10).collect()),
    ] {
        let mut query = query(peer, &table, condition).expression_attribute_names("#at", "at");
        for (name, value) in [(":v", n(2)), (":w", n(10))] {
            if condition.contains(name) {
                query = query.expression_attribute_values(name, value);
            }
        }
        let page = good("Query", query.send().await)?;
        equal(condition, numbers(page.items(), "at"), expected)?;
    }
    Ok(())
}

async fn pages(peer: &Peer) -> Outcome {
    let table = twelve(peer).await?;
    let (mut seen, mut start) = (Vec::new(), None);
    for _ in 0..10 {
        let query = query(peer, &table, "id = :p")
            .limit(5)
            .set_exclusive_start_key(start);
        let page = good("Query", query.send().await)?;
        ensure(
            page.count() <= 5,
            "items in a page of 5: expected at most 5, seen more",
        )?;
        seen.extend(numbers(page.items(), "at"));
        start = page.last_evaluated_key;
        if start.is_none() {
            break;
        }
    }
    equal("sort keys of all pages", seen, (0..12).collect())
}

async fn filter(peer: &Peer) -> Outcome {
    let table = twelve(peer).await?;
    let query = query(peer, &table, "id = :p AND #at > :eight");
    let query = query
        .filter_expression("contains(#d, :x) AND absent = :x")
        .expression_attribute_names("#at", "at")
        .expression_attribute_names("#d", "data")
        .expression_attribute_values(":eight", n(8))
        .expression_attribute_values(":x", s("x"));
    let page = good("Query", query.send().await)?;
    equal("Count", page.count(), 0)?;
    equal("ScannedCount", page.scanned_count(), 3)
}

async fn count(peer: &Peer) -> Outcome {
    let table = twelve(peer).await?;
    let query = query(peer, &table, "id = :p").select(Select::Count);
    let page = good("Query", query.send().await)?;
    equal("Count", page.count(), 12)?;
    equal("items", page.items().len(), 0)
}

async fn one_megabyte(peer: &Peer) -> Outcome {
    let table = sorted_table(peer).await?;
    put_all(peer, &table, sorted_items(12, 100_000), 5).await?;
    let page = good("Query", query(peer, &table, "id = :p").send().await)?;
    let seen = page.count();
    // Ten are less than 2^20 bytes and eleven are more; the one that crosses the line may be in.
    ensure(
        (10..=11).contains(&seen),
        format!("items of 100,000 bytes in a page of 1 MB: expected 10 or 11, seen {seen}"),
    )?;
    equal(
        "LastEvaluatedKey is there",
        page.last_evaluated_key.is_some(),
        true,
    )
}

async fn needs_the_key(peer: &Peer) -> Outcome {
    let table = sorted_table(peer).await?;
    let query = peer.dynamodb().query().table_name(table);
    let query = query.key_condition_expression("#at = :v");
    let query = query.expression_attribute_names("#at", "at");
    let query = query.expression_attribute_values(":v", n(1)).send().await;
    refused_as("Query", query, "ValidationException")
}

/// Three items, of which two are of the kind `p`.
async fn three_kinds(peer: &Peer) -> Result<String, String> {
    let table = indexed_table(peer).await?;
    for (id, kind) in [("1", "p"), ("2", "q"), ("3", "p")] {
        put(peer, &table, item([("id", s(id)), ("kind", s(kind))])).await?;
    }
    Ok(table)
}

async fn index(peer: &Peer) -> Outcome {
    let table = three_kinds(peer).await?;
    let query = query(peer, &table, "kind = :p").index_name("by-kind");
    let page = good("Query", query.send().await)?;
    let ids = page
        .items()
        .iter()
        .filter_map(|item| item.get("id")?.as_s().ok());
    let mut ids: Vec<_> = ids.map(String::as_str).collect();
    ids.sort_unstable();
    equal("ids", ids, vec!["1", "3"])
}

async fn consistent_index(peer: &Peer) -> Outcome {
    let table = three_kinds(peer).await?;
    let query = query(peer, &table, "kind = :p")
        .index_name("by-kind")
        .consistent_read(true);
    refused_as("Query", query.send().await, "ValidationException")
}
