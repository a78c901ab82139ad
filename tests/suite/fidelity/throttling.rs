//! DynamoDB: provisioned capacity that is used up.

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{
    BillingMode, KeyType, ProvisionedThroughput, ScalarAttributeType, ThrottlingReason,
};

use super::answer::{equal, good, refused_as, some};
use super::check::Documented::Aws;
use super::check::{Check, Outcome, check};
use super::peer::Peer;
use super::rows::{Item, attribute, item, key, ready, s, write};

#[rustfmt::skip]
pub const CHECKS: &[Check] = &[
    check!(DynamoDb, "throttling", "Writes beyond the provisioned capacity and what was kept of it are refused (ProvisionedThroughputExceededException).", Aws("DynamoDB API: PutItem"), writes),
    check!(DynamoDb, "throttling", "Reads beyond the provisioned capacity and what was kept of it are refused (ProvisionedThroughputExceededException).", Aws("DynamoDB API: GetItem"), reads),
    check!(DynamoDb, "throttling", "The refusal names its reason and the table (ThrottlingReasons).", Aws("DynamoDB API: ThrottlingReason"), reasons),
    check!(DynamoDb, "throttling", "A batch of which some items are throttled gives those back (UnprocessedItems).", Aws("DynamoDB API: BatchWriteItem"), batch),
];

/// A table of one read and one write unit, key `id` (String).
async fn small_table(peer: &Peer) -> Result<String, String> {
    let name = peer.name("small");
    let units = ProvisionedThroughput::builder()
        .read_capacity_units(1)
        .write_capacity_units(1);
    let created = peer
        .dynamodb()
        .create_table()
        .table_name(&name)
        .key_schema(key("id", KeyType::Hash))
        .attribute_definitions(attribute("id", ScalarAttributeType::S))
        .billing_mode(BillingMode::Provisioned)
        .provisioned_throughput(units.build().expect("complete"))
        .send()
        .await;
    good("CreateTable", created)?;
    peer.owns_table(&name);
    ready(peer, &name).await?;
    Ok(name)
}

/// An item of 100 write units and 25 read units.
fn large(id: usize) -> Item {
    let data = s("x".repeat(102_000));
    item([("id", s(id.to_string())), ("data", data)])
}

/// The refusal of the first put that is beyond what 300 s of one unit give, and then some.
async fn refused_put(peer: &Peer, table: &str) -> Result<PutItemError, String> {
    for id in 0..8 {
        let put = peer.dynamodb().put_item().table_name(table);
        if let Err(error) = put.set_item(Some(large(id))).send().await {
            return Ok(error.into_service_error());
        }
    }
    Err("800 units at once from a table of 1: expected a refusal, seen none".to_owned())
}

async fn writes(peer: &Peer) -> Outcome {
    let table = small_table(peer).await?;
    let refused = refused_put(peer, &table).await?;
    let is_throttled = refused.is_provisioned_throughput_exceeded_exception();
    equal("ProvisionedThroughputExceededException", is_throttled, true)
}

async fn reads(peer: &Peer) -> Outcome {
    let table = small_table(peer).await?;
    let put = peer.dynamodb().put_item().table_name(&table);
    good("PutItem", put.set_item(Some(large(1))).send().await)?;
    for _ in 0..20 {
        let get = peer.dynamodb().get_item().table_name(&table);
        let get = get.key("id", s("1")).consistent_read(true).send().await;
        if get.is_err() {
            return refused_as("GetItem", get, "ProvisionedThroughputExceededException");
        }
    }
    Err("500 units at once from a table of 1: expected a refusal, seen none".to_owned())
}

async fn reasons(peer: &Peer) -> Outcome {
    let table = small_table(peer).await?;
    let PutItemError::ProvisionedThroughputExceededException(refused) =
        refused_put(peer, &table).await?
    else {
        return Err("expected ProvisionedThroughputExceededException, seen another".to_owned());
    };
    let reason: &ThrottlingReason =
        some("ThrottlingReasons", refused.throttling_reasons().first())?;
    let expected = Some("TableWriteProvisionedThroughputExceeded");
    equal("reason", reason.reason(), expected)?;
    let resource = reason.resource().unwrap_or_default();
    equal(
        "the resource is the table",
        resource.ends_with(&table),
        true,
    )
}

async fn batch(peer: &Peer) -> Outcome {
    let table = small_table(peer).await?;
    let writes = (0..8).map(|id| write(large(id))).collect();
    let batch = peer.dynamodb().batch_write_item();
    let written = good(
        "BatchWriteItem",
        batch.request_items(&table, writes).send().await,
    )?;
    let unprocessed = written.unprocessed_items.unwrap_or_default();
    let left = unprocessed.get(&table).map_or(0, Vec::len);
    equal(
        "some are given back, some not",
        (1..8).contains(&left),
        true,
    )
}
