//! DynamoDB: what a request says it has consumed.

use aws_sdk_dynamodb::types::{
    ConsumedCapacity, Get, KeysAndAttributes, Put, ReturnConsumedCapacity, ScalarAttributeType,
    TransactGetItem, TransactWriteItem,
};

use super::answer::{equal, good, some};
use super::check::Documented::Aws;
use super::check::{Check, Outcome, check};
use super::peer::Peer;
use super::rows::{
    Item, indexed_table, item, put, put_all, s, sorted_items, sorted_table, table_of, text_table,
    write,
};

#[rustfmt::skip]
pub const CHECKS: &[Check] = &[
    check!(DynamoDb, "capacity", "A write takes a unit for each 1 KB begun: 1 for 1,024 bytes, 2 for 1,025.", Aws("DynamoDB guide: DynamoDB read and write operations"), writes),
    check!(DynamoDb, "capacity", "A put that replaces a larger item takes the larger one's units.", Aws("DynamoDB guide: DynamoDB read and write operations"), larger_of_both),
    check!(DynamoDb, "capacity", "A delete takes the units of the item deleted, and 1 if there is none.", Aws("DynamoDB guide: DynamoDB read and write operations"), deletes),
    check!(DynamoDb, "capacity", "An update takes the units of the larger of both items.", Aws("DynamoDB guide: DynamoDB read and write operations"), updates),
    check!(DynamoDb, "capacity", "A consistent read takes a unit for each 4 KB begun, an eventual one half of it.", Aws("DynamoDB guide: DynamoDB read and write operations"), reads),
    check!(DynamoDb, "capacity", "A read of an item that is not there takes the least there is: 1, or half.", Aws("DynamoDB guide: DynamoDB read and write operations"), missing),
    check!(DynamoDb, "capacity", "A query takes units for the sum of its items, not for each.", Aws("DynamoDB guide: DynamoDB read and write operations"), query),
    check!(DynamoDb, "capacity", "A scan takes units for the sum of what it read, also of what a filter dropped.", Aws("DynamoDB guide: DynamoDB read and write operations"), scan),
    check!(DynamoDb, "capacity", "A put into a table with an index takes units of the index as well, told apart when asked (INDEXES).", Aws("DynamoDB guide: Using Global Secondary Indexes in DynamoDB"), index),
    check!(DynamoDb, "capacity", "A BatchWriteItem takes units for each item.", Aws("DynamoDB guide: DynamoDB read and write operations"), batch_write),
    check!(DynamoDb, "capacity", "A BatchGetItem takes units for each item.", Aws("DynamoDB guide: DynamoDB read and write operations"), batch_get),
    check!(DynamoDb, "capacity", "A transactional write takes twice the units.", Aws("DynamoDB guide: Amazon DynamoDB Transactions: How it works"), transact_write),
    check!(DynamoDb, "capacity", "A transactional read takes twice the units.", Aws("DynamoDB guide: Amazon DynamoDB Transactions: How it works"), transact_get),
    check!(DynamoDb, "capacity", "Nobody who does not ask is told.", Aws("DynamoDB API: PutItem"), only_when_asked),
    check!(DynamoDb, "capacity", "The figure names its table.", Aws("DynamoDB API: ConsumedCapacity"), names_its_table),
];

const TOTAL: ReturnConsumedCapacity = ReturnConsumedCapacity::Total;

/// An item of exactly so many bytes: names and values, `id`, a letter, `data` and the rest.
fn sized(id: &str, bytes: usize) -> Item {
    item([
        ("id", s(id)),
        ("data", s("x".repeat(bytes - 2 - id.len() - 4))),
    ])
}

fn units(capacity: Option<ConsumedCapacity>) -> Result<f64, String> {
    let capacity = some("ConsumedCapacity", capacity)?;
    some("CapacityUnits", capacity.capacity_units)
}

async fn put_units(peer: &Peer, table: &str, bytes: usize) -> Result<f64, String> {
    let put = peer
        .dynamodb()
        .put_item()
        .table_name(table)
        .set_item(Some(sized("a", bytes)));
    let put = put.return_consumed_capacity(TOTAL).send().await;
    units(good("PutItem", put)?.consumed_capacity)
}

async fn writes(peer: &Peer) -> Outcome {
    for (name, bytes, expected) in [
        ("a", 100, 1.0),
        ("b", 1_024, 1.0),
        ("c", 1_025, 2.0),
        ("d", 10_000, 10.0),
    ] {
        let table = table_of(peer, &format!("t{name}"), ScalarAttributeType::S, None).await?;
        let what = format!("units of a put of {bytes} bytes");
        equal(&what, put_units(peer, &table, bytes).await?, expected)?;
    }
    Ok(())
}

async fn larger_of_both(peer: &Peer) -> Outcome {
    let table = text_table(peer).await?;
    put(peer, &table, sized("a", 3_000)).await?;
    equal(
        "units of a put of 100 bytes",
        put_units(peer, &table, 100).await?,
        3.0,
    )
}

async fn deletes(peer: &Peer) -> Outcome {
    let table = text_table(peer).await?;
    put(peer, &table, sized("a", 3_000)).await?;
    for (what, expected) in [("units of the delete", 3.0), ("units of the next", 1.0)] {
        let delete = peer
            .dynamodb()
            .delete_item()
            .table_name(&table)
            .key("id", s("a"));
        let deleted = delete.return_consumed_capacity(TOTAL).send().await;
        equal(
            what,
            units(good("DeleteItem", deleted)?.consumed_capacity)?,
            expected,
        )?;
    }
    Ok(())
}

async fn updates(peer: &Peer) -> Outcome {
    let table = text_table(peer).await?;
    put(peer, &table, sized("a", 3_000)).await?;
    let update = peer
        .dynamodb()
        .update_item()
        .table_name(&table)
        .key("id", s("a"));
    let update = update.update_expression("SET small = :v");
    let update = update.expression_attribute_values(":v", s("x"));
    let updated = update.return_consumed_capacity(TOTAL).send().await;
    equal(
        "units of the update",
        units(good("UpdateItem", updated)?.consumed_capacity)?,
        3.0,
    )
}

async fn get_units(peer: &Peer, table: &str, consistent: bool) -> Result<f64, String> {
    let get = peer
        .dynamodb()
        .get_item()
        .table_name(table)
        .key("id", s("a"));
    let get = get
        .consistent_read(consistent)
        .return_consumed_capacity(TOTAL);
    units(good("GetItem", get.send().await)?.consumed_capacity)
}

async fn reads(peer: &Peer) -> Outcome {
    let table = text_table(peer).await?;
    for (bytes, expected) in [(100, 1.0), (4_096, 1.0), (4_097, 2.0), (12_000, 3.0)] {
        put(peer, &table, sized("a", bytes)).await?;
        let what = format!("units of a consistent read of {bytes} bytes");
        equal(&what, get_units(peer, &table, true).await?, expected)?;
        let what = format!("units of an eventual read of {bytes} bytes");
        equal(&what, get_units(peer, &table, false).await?, expected / 2.0)?;
    }
    Ok(())
}

async fn missing(peer: &Peer) -> Outcome {
    let table = text_table(peer).await?;
    equal(
        "units of a consistent read",
        get_units(peer, &table, true).await?,
        1.0,
    )?;
    equal(
        "units of an eventual read",
        get_units(peer, &table, false).await?,
        0.5,
    )
}

async fn query(peer: &Peer) -> Outcome {
    let table = sorted_table(peer).await?;
    put_all(peer, &table, sorted_items(10, 500), 25).await?;
    for (consistent, expected) in [(true, 2.0), (false, 1.0)] {
        let query = peer
            .dynamodb()
            .query()
            .table_name(&table)
            .consistent_read(consistent);
        let query = query.key_condition_expression("id = :p");
        let query = query.expression_attribute_values(":p", s("p"));
        let queried = query.return_consumed_capacity(TOTAL).send().await;
        let what = format!("units of a query of 5.2 KB, consistent {consistent}");
        equal(
            &what,
            units(good("Query", queried)?.consumed_capacity)?,
            expected,
        )?;
    }
    Ok(())
}

async fn scan(peer: &Peer) -> Outcome {
    let table = sorted_table(peer).await?;
    put_all(peer, &table, sorted_items(10, 500), 25).await?;
    let scan = peer
        .dynamodb()
        .scan()
        .table_name(&table)
        .consistent_read(true);
    let scan = scan.filter_expression("attribute_exists(absent)");
    let scanned = good("Scan", scan.return_consumed_capacity(TOTAL).send().await)?;
    equal("Count", scanned.count(), 0)?;
    equal(
        "units of a scan of 5.2 KB",
        units(scanned.consumed_capacity)?,
        2.0,
    )
}

async fn index(peer: &Peer) -> Outcome {
    let table = indexed_table(peer).await?;
    let put = peer.dynamodb().put_item().table_name(&table);
    let put = put.item("id", s("a")).item("kind", s("p"));
    let put = put
        .return_consumed_capacity(ReturnConsumedCapacity::Indexes)
        .send()
        .await;
    let capacity = some("ConsumedCapacity", good("PutItem", put)?.consumed_capacity)?;
    equal("units in all", capacity.capacity_units, Some(2.0))?;
    let of_table = capacity.table.and_then(|table| table.capacity_units);
    equal("units of the table", of_table, Some(1.0))?;
    let indexes = capacity.global_secondary_indexes.unwrap_or_default();
    let of_index = indexes
        .get("by-kind")
        .and_then(|index| index.capacity_units);
    equal("units of the index", of_index, Some(1.0))
}

fn letters() -> impl Iterator<Item = String> {
    ('a'..='e').map(String::from)
}

async fn batch_write(peer: &Peer) -> Outcome {
    let table = text_table(peer).await?;
    let writes = letters().map(|id| write(sized(&id, 1_500))).collect();
    let batch = peer
        .dynamodb()
        .batch_write_item()
        .request_items(&table, writes);
    let written = good(
        "BatchWriteItem",
        batch.return_consumed_capacity(TOTAL).send().await,
    )?;
    let capacity = written.consumed_capacity.unwrap_or_default();
    equal(
        "units of five items of 1,500 bytes",
        units(capacity.into_iter().next())?,
        10.0,
    )
}

async fn batch_get(peer: &Peer) -> Outcome {
    let table = text_table(peer).await?;
    put_all(
        peer,
        &table,
        letters().map(|id| sized(&id, 500)).collect(),
        25,
    )
    .await?;
    let keys = letters().map(|id| item([("id", s(id))])).collect();
    let keys = KeysAndAttributes::builder()
        .set_keys(Some(keys))
        .consistent_read(true);
    let keys = keys.build().expect("it has keys");
    let batch = peer.dynamodb().batch_get_item().request_items(&table, keys);
    let read = good(
        "BatchGetItem",
        batch.return_consumed_capacity(TOTAL).send().await,
    )?;
    let capacity = read.consumed_capacity.unwrap_or_default();
    equal(
        "units of five items of 500 bytes",
        units(capacity.into_iter().next())?,
        5.0,
    )
}

async fn transact_write(peer: &Peer) -> Outcome {
    let table = text_table(peer).await?;
    let put = Put::builder()
        .table_name(&table)
        .set_item(Some(sized("a", 1_500)))
        .build();
    let put = TransactWriteItem::builder()
        .put(put.expect("it has both"))
        .build();
    let write = peer.dynamodb().transact_write_items().transact_items(put);
    let written = good(
        "TransactWriteItems",
        write.return_consumed_capacity(TOTAL).send().await,
    )?;
    let capacity = written.consumed_capacity.unwrap_or_default();
    equal(
        "units of a put of 1,500 bytes",
        units(capacity.into_iter().next())?,
        4.0,
    )
}

async fn transact_get(peer: &Peer) -> Outcome {
    let table = text_table(peer).await?;
    put(peer, &table, sized("a", 5_000)).await?;
    let get = Get::builder().table_name(&table).key("id", s("a")).build();
    let get = TransactGetItem::builder()
        .get(get.expect("it has both"))
        .build();
    let read = peer.dynamodb().transact_get_items().transact_items(get);
    let read = good(
        "TransactGetItems",
        read.return_consumed_capacity(TOTAL).send().await,
    )?;
    let capacity = read.consumed_capacity.unwrap_or_default();
    equal(
        "units of a read of 5,000 bytes",
        units(capacity.into_iter().next())?,
        4.0,
    )
}

async fn only_when_asked(peer: &Peer) -> Outcome {
    let table = text_table(peer).await?;
    let put = peer
        .dynamodb()
        .put_item()
        .table_name(&table)
        .item("id", s("a"));
    let put = good("PutItem", put.send().await)?;
    equal(
        "ConsumedCapacity is there",
        put.consumed_capacity.is_some(),
        false,
    )
}

async fn names_its_table(peer: &Peer) -> Outcome {
    let table = text_table(peer).await?;
    let put = peer
        .dynamodb()
        .put_item()
        .table_name(&table)
        .item("id", s("a"));
    let put = good("PutItem", put.return_consumed_capacity(TOTAL).send().await)?;
    let capacity = some("ConsumedCapacity", put.consumed_capacity)?;
    let name = capacity.table_name().unwrap_or_default();
    let is_it = name == table || name.ends_with(&format!(":table/{table}"));
    equal("TableName is the table's name or ARN", is_it, true)
}
