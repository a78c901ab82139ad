//! DynamoDB: how large things may be.

use aws_sdk_dynamodb::types::{AttributeValue, ScalarAttributeType};

use super::answer::{good, refused_as};
use super::check::Documented::Aws;
use super::check::{Check, Outcome, check};
use super::peer::Peer;
use super::rows::{Item, item, put, s, table_of, text_table, write};

#[rustfmt::skip]
pub const CHECKS: &[Check] = &[
    check!(DynamoDb, "limits", "An item of exactly 400 KB is accepted.", Aws("DynamoDB guide: Constraints in Amazon DynamoDB"), item_400_kb),
    check!(DynamoDb, "limits", "An item of one byte more than 400 KB is refused (ValidationException).", Aws("DynamoDB guide: Constraints in Amazon DynamoDB"), item_too_large),
    check!(DynamoDb, "limits", "An update that makes an item larger than 400 KB is refused (ValidationException).", Aws("DynamoDB guide: Constraints in Amazon DynamoDB"), grows_too_large),
    check!(DynamoDb, "limits", "A BatchWriteItem with an item over 400 KB is refused as a whole (ValidationException).", Aws("DynamoDB API: BatchWriteItem"), batch_too_large),
    check!(DynamoDb, "limits", "A partition key of 2,048 bytes is accepted, of one byte more refused.", Aws("DynamoDB guide: Constraints in Amazon DynamoDB"), partition_key),
    check!(DynamoDb, "limits", "A sort key of 1,024 bytes is accepted, of one byte more refused.", Aws("DynamoDB guide: Constraints in Amazon DynamoDB"), sort_key),
    check!(DynamoDb, "limits", "Attributes nest 32 levels deep and no deeper.", Aws("DynamoDB guide: Constraints in Amazon DynamoDB"), nesting),
    check!(DynamoDb, "limits", "An expression of more than 4 KB is refused (ValidationException).", Aws("DynamoDB guide: Constraints in Amazon DynamoDB"), expression),
];

const ITEM_BYTES_MAX: usize = 400 << 10;

/// An item of exactly so many bytes: names and values, `id`, `a`, `data` and the rest.
fn sized(bytes: usize) -> Item {
    item([("id", s("a")), ("data", s("x".repeat(bytes - 7)))])
}

async fn refused_put(peer: &Peer, what: &str, table: &str, item: Item) -> Outcome {
    let put = peer
        .dynamodb()
        .put_item()
        .table_name(table)
        .set_item(Some(item));
    refused_as(what, put.send().await, "ValidationException")
}

async fn item_400_kb(peer: &Peer) -> Outcome {
    let table = text_table(peer).await?;
    put(peer, &table, sized(ITEM_BYTES_MAX)).await
}

async fn item_too_large(peer: &Peer) -> Outcome {
    let table = text_table(peer).await?;
    refused_put(peer, "PutItem", &table, sized(ITEM_BYTES_MAX + 1)).await
}

async fn grows_too_large(peer: &Peer) -> Outcome {
    let table = text_table(peer).await?;
    put(peer, &table, sized(ITEM_BYTES_MAX - 100)).await?;
    let update = peer
        .dynamodb()
        .update_item()
        .table_name(&table)
        .key("id", s("a"));
    let update = update.update_expression("SET more = :v");
    let update = update.expression_attribute_values(":v", s("x".repeat(200)));
    refused_as("UpdateItem", update.send().await, "ValidationException")
}

async fn batch_too_large(peer: &Peer) -> Outcome {
    let table = text_table(peer).await?;
    let writes = vec![
        write(item([("id", s("b"))])),
        write(sized(ITEM_BYTES_MAX + 1)),
    ];
    let batch = peer
        .dynamodb()
        .batch_write_item()
        .request_items(&table, writes);
    refused_as("BatchWriteItem", batch.send().await, "ValidationException")
}

async fn partition_key(peer: &Peer) -> Outcome {
    let table = text_table(peer).await?;
    let keyed = |bytes: usize| item([("id", s("x".repeat(bytes)))]);
    put(peer, &table, keyed(2_048)).await?;
    refused_put(
        peer,
        "PutItem with a key of 2,049 bytes",
        &table,
        keyed(2_049),
    )
    .await
}

async fn sort_key(peer: &Peer) -> Outcome {
    let (text, sort) = (ScalarAttributeType::S, Some(ScalarAttributeType::S));
    let table = table_of(peer, "t", text, sort).await?;
    let keyed = |bytes: usize| item([("id", s("a")), ("at", s("x".repeat(bytes)))]);
    put(peer, &table, keyed(1_024)).await?;
    refused_put(
        peer,
        "PutItem with a sort key of 1,025 bytes",
        &table,
        keyed(1_025),
    )
    .await
}

/// An item whose attribute `l` holds lists in lists, so many levels below the item.
fn nested(levels: usize) -> Item {
    let mut value = s("x");
    for _ in 0..levels {
        value = AttributeValue::L(vec![value]);
    }
    item([("id", s("a")), ("l", value)])
}

async fn nesting(peer: &Peer) -> Outcome {
    let table = text_table(peer).await?;
    put(peer, &table, nested(31)).await?;
    refused_put(peer, "PutItem with 33 lists in lists", &table, nested(33)).await
}

async fn expression(peer: &Peer) -> Outcome {
    let table = text_table(peer).await?;
    let with = |bytes: usize| {
        let name = "n".repeat(100);
        let mut condition = format!("attribute_not_exists({name})");
        while condition.len() < bytes {
            condition.push_str(&format!(" AND attribute_not_exists({name})"));
        }
        let put = peer
            .dynamodb()
            .put_item()
            .table_name(&table)
            .item("id", s("a"));
        put.condition_expression(condition).send()
    };
    good("PutItem with a condition of 3 KB", with(3_000).await)?;
    refused_as(
        "PutItem with a condition of 5 KB",
        with(5_000).await,
        "ValidationException",
    )
}
