//! What the DynamoDB checks share: tables, keys and items.

use std::collections::HashMap;

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement,
    KeyType, Projection, ProjectionType, PutRequest, ScalarAttributeType, TableStatus,
    WriteRequest,
};

use super::answer::good;
use super::check::Outcome;
use super::peer::{Peer, pause};

pub type Item = HashMap<String, AttributeValue>;

pub fn n(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

pub fn s(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub fn item<const N: usize>(attributes: [(&str, AttributeValue); N]) -> Item {
    let attributes = attributes.into_iter();
    attributes
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

pub fn attribute(name: &str, kind: ScalarAttributeType) -> AttributeDefinition {
    let definition = AttributeDefinition::builder()
        .attribute_name(name)
        .attribute_type(kind);
    definition.build().expect("it has a name and a type")
}

pub fn key(name: &str, kind: KeyType) -> KeySchemaElement {
    let element = KeySchemaElement::builder()
        .attribute_name(name)
        .key_type(kind);
    element.build().expect("it has a name and a type")
}

/// On demand, key `id`, a Number.
pub async fn table(peer: &Peer) -> Result<String, String> {
    table_of(peer, "t", ScalarAttributeType::N, None).await
}

/// On demand, key `id`, a String.
pub async fn text_table(peer: &Peer) -> Result<String, String> {
    table_of(peer, "t", ScalarAttributeType::S, None).await
}

/// On demand, key `id`, a String, and `at`, a Number.
pub async fn sorted_table(peer: &Peer) -> Result<String, String> {
    table_of(
        peer,
        "t",
        ScalarAttributeType::S,
        Some(ScalarAttributeType::N),
    )
    .await
}

/// A table on demand, ready to be used; its sort key is `at`.
pub async fn table_of(
    peer: &Peer,
    name: &str,
    partition: ScalarAttributeType,
    sort: Option<ScalarAttributeType>,
) -> Result<String, String> {
    let name = peer.name(name);
    let mut create = peer.dynamodb().create_table().table_name(&name);
    create = create
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(attribute("id", partition))
        .key_schema(key("id", KeyType::Hash));
    if let Some(sort) = sort {
        create = create
            .attribute_definitions(attribute("at", sort))
            .key_schema(key("at", KeyType::Range));
    }
    good("CreateTable", create.send().await)?;
    peer.owns_table(&name);
    ready(peer, &name).await?;
    Ok(name)
}

/// On demand, key `id`, a String, with the index `by-kind` on the String `kind`.
pub async fn indexed_table(peer: &Peer) -> Result<String, String> {
    let name = peer.name("t");
    let projection = Projection::builder().projection_type(ProjectionType::All);
    let index = GlobalSecondaryIndex::builder()
        .index_name("by-kind")
        .key_schema(key("kind", KeyType::Hash))
        .projection(projection.build())
        .build();
    let create = peer.dynamodb().create_table().table_name(&name);
    let create = create
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(attribute("id", ScalarAttributeType::S))
        .attribute_definitions(attribute("kind", ScalarAttributeType::S))
        .key_schema(key("id", KeyType::Hash))
        .global_secondary_indexes(index.expect("it has all it needs"));
    good("CreateTable", create.send().await)?;
    peer.owns_table(&name);
    ready(peer, &name).await?;
    Ok(name)
}

/// Waits a few seconds until the table is active.
pub async fn ready(peer: &Peer, name: &str) -> Outcome {
    for _ in 0..50 {
        let described = peer
            .dynamodb()
            .describe_table()
            .table_name(name)
            .send()
            .await;
        let table = good("DescribeTable", described)?.table;
        if table.and_then(|table| table.table_status) == Some(TableStatus::Active) {
            return Ok(());
        }
        pause(100).await;
    }
    Err("TableStatus: expected ACTIVE, seen another for seconds".to_owned())
}

pub async fn put(peer: &Peer, table: &str, item: Item) -> Outcome {
    let put = peer
        .dynamodb()
        .put_item()
        .table_name(table)
        .set_item(Some(item));
    good("PutItem", put.send().await).map(|_| ())
}

/// The item with this `id`, read consistently.
pub async fn get(peer: &Peer, table: &str, id: AttributeValue) -> Result<Option<Item>, String> {
    let get = peer.dynamodb().get_item().table_name(table).key("id", id);
    Ok(good("GetItem", get.consistent_read(true).send().await)?.item)
}

/// Writes the items in batches of so many.
pub async fn put_all(peer: &Peer, table: &str, items: Vec<Item>, batch: usize) -> Outcome {
    for items in items.chunks(batch) {
        let writes = items.iter().map(|item| write(item.clone())).collect();
        let mut left = HashMap::from([(table.to_owned(), writes)]);
        // A table on demand takes so much a second and gives the rest back, or refuses all of it.
        while !left.is_empty() {
            let request = peer.dynamodb().batch_write_item();
            let written = request.set_request_items(Some(left.clone())).send().await;
            let code = written.as_ref().err().and_then(|error| error.code());
            if code == Some("ThrottlingException") {
                pause(100).await;
                continue;
            }
            left = good("BatchWriteItem", written)?
                .unprocessed_items
                .unwrap_or_default();
        }
    }
    Ok(())
}

pub fn write(item: Item) -> WriteRequest {
    let put = PutRequest::builder().set_item(Some(item)).build();
    WriteRequest::builder()
        .put_request(put.expect("it has an item"))
        .build()
}

/// Items `{id: "p", at: 0..many, data: bytes}`.
pub fn sorted_items(many: usize, bytes: usize) -> Vec<Item> {
    let items = (0..many).map(|at| {
        item([
            ("id", s("p")),
            ("at", n(at)),
            ("data", s("x".repeat(bytes))),
        ])
    });
    items.collect()
}

/// The numbers in an attribute of items.
pub fn numbers(items: &[Item], name: &str) -> Vec<u64> {
    let number = |item: &Item| item.get(name)?.as_n().ok()?.parse().ok();
    items.iter().filter_map(number).collect()
}

/// Whether an item is the expected one; the sentence shows both with their attributes in order.
pub fn same(what: &str, seen: Option<Item>, expected: Option<Item>) -> Outcome {
    let show = |item: &Option<Item>| item.as_ref().map_or("none".to_owned(), show_item);
    match seen == expected {
        true => Ok(()),
        false => Err(format!(
            "{what}: expected {}, seen {}",
            show(&expected),
            show(&seen)
        )),
    }
}

fn show_item(item: &Item) -> String {
    let mut attributes: Vec<_> = item.iter().collect();
    attributes.sort_by_key(|(name, _)| name.as_str());
    let attributes = attributes.into_iter();
    let attributes: Vec<_> = attributes
        .map(|(name, value)| format!("{name}: {}", show(value)))
        .collect();
    format!("{{{}}}", attributes.join(", "))
}

fn show(value: &AttributeValue) -> String {
    match value {
        AttributeValue::N(number) => number.clone(),
        AttributeValue::M(map) => show_item(map),
        AttributeValue::L(list) => {
            let values: Vec<_> = list.iter().map(show).collect();
            format!("[{}]", values.join(", "))
        }
        other => format!("{other:?}"),
    }
}
