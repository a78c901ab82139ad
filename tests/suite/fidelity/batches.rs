//! DynamoDB: many items in one request.

use aws_sdk_dynamodb::types::{DeleteRequest, KeysAndAttributes, WriteRequest};

use super::answer::{ensure, equal, good, refused, refused_as};
use super::check::Documented::Aws;
use super::check::{Check, Outcome, check};
use super::peer::Peer;
use super::rows::{Item, item, n, numbers, put_all, s, table, write};

#[rustfmt::skip]
pub const CHECKS: &[Check] = &[
    check!(DynamoDb, "batches", "A BatchWriteItem of 25 puts stores all.", Aws("DynamoDB API: BatchWriteItem"), writes_25),
    check!(DynamoDb, "batches", "A BatchWriteItem of 26 is refused (ValidationException).", Aws("DynamoDB API: BatchWriteItem"), writes_26),
    check!(DynamoDb, "batches", "A BatchWriteItem with a key twice is refused as a whole (ValidationException).", Aws("DynamoDB API: BatchWriteItem"), key_twice),
    check!(DynamoDb, "batches", "Number keys of one value are one key: 1 and 1.0 in a batch are refused.", Aws("DynamoDB API: BatchWriteItem"), value_twice),
    check!(DynamoDb, "batches", "A BatchWriteItem puts and deletes.", Aws("DynamoDB API: BatchWriteItem"), puts_and_deletes),
    check!(DynamoDb, "batches", "A BatchWriteItem without an entry is refused (ValidationException).", Aws("DynamoDB API: BatchWriteItem"), no_writes),
    check!(DynamoDb, "batches", "A BatchWriteItem to a table that does not exist is refused (ResourceNotFoundException).", Aws("DynamoDB API: BatchWriteItem"), no_table),
    check!(DynamoDb, "batches", "A BatchGetItem of 100 keys gives those that are there.", Aws("DynamoDB API: BatchGetItem"), reads_100),
    check!(DynamoDb, "batches", "A BatchGetItem of 101 keys is refused (ValidationException).", Aws("DynamoDB API: BatchGetItem"), reads_101),
    check!(DynamoDb, "batches", "A BatchGetItem with a key twice is refused (ValidationException).", Aws("DynamoDB API: BatchGetItem"), reads_twice),
    check!(DynamoDb, "batches", "A BatchGetItem gives at most 16 MB and names the other keys in UnprocessedKeys.", Aws("DynamoDB API: BatchGetItem"), sixteen_megabytes),
];

fn rows(ids: std::ops::Range<u64>) -> Vec<Item> {
    ids.map(|id| item([("id", n(id)), ("text", s("x"))]))
        .collect()
}

async fn count(peer: &Peer, table: &str) -> Result<i32, String> {
    let scan = peer
        .dynamodb()
        .scan()
        .table_name(table)
        .consistent_read(true);
    Ok(good("Scan", scan.send().await)?.count())
}

fn keys(ids: impl Iterator<Item = u64>) -> KeysAndAttributes {
    let keys = ids.map(|id| item([("id", n(id))])).collect();
    let keys = KeysAndAttributes::builder()
        .set_keys(Some(keys))
        .consistent_read(true);
    keys.build().expect("it has keys")
}

async fn writes_25(peer: &Peer) -> Outcome {
    let table = table(peer).await?;
    put_all(peer, &table, rows(0..25), 25).await?;
    equal("items in the table", count(peer, &table).await?, 25)
}

async fn refused_batch(peer: &Peer, table: &str, items: Vec<Item>) -> Outcome {
    let writes = items.into_iter().map(write).collect();
    let batch = peer
        .dynamodb()
        .batch_write_item()
        .request_items(table, writes);
    refused_as("BatchWriteItem", batch.send().await, "ValidationException")?;
    equal("items in the table", count(peer, table).await?, 0)
}

async fn writes_26(peer: &Peer) -> Outcome {
    let table = table(peer).await?;
    refused_batch(peer, &table, rows(0..26)).await
}

async fn key_twice(peer: &Peer) -> Outcome {
    let table = table(peer).await?;
    let mut items = rows(0..3);
    items.push(item([("id", n(1)), ("text", s("y"))]));
    refused_batch(peer, &table, items).await
}

async fn value_twice(peer: &Peer) -> Outcome {
    let table = table(peer).await?;
    let items = vec![item([("id", n("1"))]), item([("id", n("1.0"))])];
    refused_batch(peer, &table, items).await
}

async fn puts_and_deletes(peer: &Peer) -> Outcome {
    let table = table(peer).await?;
    put_all(peer, &table, rows(0..2), 25).await?;
    let delete = DeleteRequest::builder().set_key(Some(item([("id", n(0))])));
    let delete = delete.build().expect("it has a key");
    let writes = vec![
        WriteRequest::builder().delete_request(delete).build(),
        write(item([("id", n(2))])),
    ];
    let batch = peer
        .dynamodb()
        .batch_write_item()
        .request_items(&table, writes);
    good("BatchWriteItem", batch.send().await)?;
    let scan = good(
        "Scan",
        peer.dynamodb().scan().table_name(&table).send().await,
    )?;
    let mut ids = numbers(scan.items(), "id");
    ids.sort_unstable();
    equal("ids in the table", ids, vec![1, 2])
}

async fn no_writes(peer: &Peer) -> Outcome {
    let table = table(peer).await?;
    let batch = peer
        .dynamodb()
        .batch_write_item()
        .request_items(table, Vec::new());
    refused_as("BatchWriteItem", batch.send().await, "ValidationException")
}

async fn no_table(peer: &Peer) -> Outcome {
    let writes = vec![write(item([("id", n(1))]))];
    let batch = peer
        .dynamodb()
        .batch_write_item()
        .request_items(peer.name("none"), writes);
    refused(
        "BatchWriteItem",
        batch.send().await,
        "ResourceNotFoundException",
        |error| error.is_resource_not_found_exception(),
    )
    .map(|_| ())
}

async fn reads_100(peer: &Peer) -> Outcome {
    let table = table(peer).await?;
    put_all(peer, &table, rows(0..60), 25).await?;
    let batch = peer
        .dynamodb()
        .batch_get_item()
        .request_items(&table, keys(0..100));
    let read = good("BatchGetItem", batch.send().await)?;
    let items = read
        .responses
        .and_then(|mut all| all.remove(&table))
        .unwrap_or_default();
    let mut ids = numbers(&items, "id");
    ids.sort_unstable();
    equal("items given", ids.len(), 60)?;
    equal(
        "they are those in the table",
        ids == (0..60).collect::<Vec<_>>(),
        true,
    )
}

async fn reads_101(peer: &Peer) -> Outcome {
    let table = table(peer).await?;
    let batch = peer
        .dynamodb()
        .batch_get_item()
        .request_items(&table, keys(0..101));
    refused_as("BatchGetItem", batch.send().await, "ValidationException")
}

async fn reads_twice(peer: &Peer) -> Outcome {
    let table = table(peer).await?;
    let twice = keys([1, 2, 1].into_iter());
    let batch = peer
        .dynamodb()
        .batch_get_item()
        .request_items(&table, twice);
    refused_as("BatchGetItem", batch.send().await, "ValidationException")
}

async fn sixteen_megabytes(peer: &Peer) -> Outcome {
    let table = table(peer).await?;
    let data = "x".repeat(390 << 10);
    let items = (0..45)
        .map(|id| item([("id", n(id)), ("data", s(data.clone()))]))
        .collect();
    put_all(peer, &table, items, 5).await?;
    let batch = peer
        .dynamodb()
        .batch_get_item()
        .request_items(&table, keys(0..45));
    let read = good("BatchGetItem", batch.send().await)?;
    let given = read
        .responses
        .and_then(|mut all| all.remove(&table))
        .unwrap_or_default();
    let left = read.unprocessed_keys.and_then(|mut all| all.remove(&table));
    let left = left.map_or(0, |left| left.keys().len());
    ensure(
        left > 0,
        "UnprocessedKeys of 17.1 MB: expected some, seen none",
    )?;
    let kib = 390 * given.len();
    ensure(
        kib <= 16 << 10,
        "items given: expected at most 16 MB, seen more",
    )?;
    equal("items given and keys left", given.len() + left, 45)
}
