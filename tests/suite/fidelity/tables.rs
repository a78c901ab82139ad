//! DynamoDB: tables are created, described, changed, listed and deleted.

use aws_sdk_dynamodb::types::{
    BillingMode, KeyType, ProvisionedThroughput, ScalarAttributeType, TableDescription,
};

use super::answer::{equal, good, refused, refused_as, some};
use super::check::Documented::{Aws, Unknown};
use super::check::{Check, Outcome, check};
use super::peer::Peer;
use super::rows::{attribute, key, ready, sorted_table, table, table_of};

#[rustfmt::skip]
pub const CHECKS: &[Check] = &[
    check!(DynamoDb, "tables", "A table is created with provisioned throughput, and says so.", Aws("DynamoDB API: CreateTable"), provisioned),
    check!(DynamoDb, "tables", "A table is created on demand, and says so.", Aws("DynamoDB API: CreateTable"), on_demand),
    check!(DynamoDb, "tables", "A table describes its keys, their types and its ARN.", Aws("DynamoDB API: DescribeTable"), describes_keys),
    check!(DynamoDb, "tables", "Creating a table that exists is refused (ResourceInUseException).", Aws("DynamoDB API: CreateTable"), exists),
    check!(DynamoDb, "tables", "A provisioned table without throughput is refused (ValidationException).", Aws("DynamoDB API: CreateTable"), needs_throughput),
    check!(DynamoDb, "tables", "An attribute that is defined and in no key is refused (ValidationException).", Unknown("The page says to define key attributes and not that others are refused; AWS refuses them."), unused_attribute),
    check!(DynamoDb, "tables", "A key without a defined attribute is refused (ValidationException).", Aws("DynamoDB API: CreateTable"), undefined_key),
    check!(DynamoDb, "tables", "A table name of two characters is refused (ValidationException).", Aws("DynamoDB API: CreateTable"), short_name),
    check!(DynamoDb, "tables", "Describing a table that does not exist is refused (ResourceNotFoundException).", Aws("DynamoDB API: DescribeTable"), describe_missing),
    check!(DynamoDb, "tables", "UpdateTable changes provisioned throughput.", Aws("DynamoDB API: UpdateTable"), changes_throughput),
    check!(DynamoDb, "tables", "UpdateTable switches a table to on demand.", Aws("DynamoDB API: UpdateTable"), switches_mode),
    check!(DynamoDb, "tables", "Updating a table that does not exist is refused (ResourceNotFoundException).", Aws("DynamoDB API: UpdateTable"), update_missing),
    check!(DynamoDb, "tables", "A deleted table is gone for every call (ResourceNotFoundException).", Aws("DynamoDB API: DeleteTable"), deleted),
    check!(DynamoDb, "tables", "Deleting a table that does not exist is refused (ResourceNotFoundException).", Aws("DynamoDB API: DeleteTable"), delete_missing),
    check!(DynamoDb, "tables", "ListTables comes in pages, in order, from where the last one ended.", Aws("DynamoDB API: ListTables"), listed),
];

fn throughput(reads: i64, writes: i64) -> ProvisionedThroughput {
    let units = ProvisionedThroughput::builder().read_capacity_units(reads);
    units
        .write_capacity_units(writes)
        .build()
        .expect("it has both")
}

async fn describe(peer: &Peer, name: &str) -> Result<TableDescription, String> {
    let described = peer
        .dynamodb()
        .describe_table()
        .table_name(name)
        .send()
        .await;
    some("Table", good("DescribeTable", described)?.table)
}

async fn create_provisioned(peer: &Peer) -> Result<String, String> {
    let name = peer.name("t");
    let create = peer.dynamodb().create_table().table_name(&name);
    let create = create
        .attribute_definitions(attribute("id", ScalarAttributeType::N))
        .key_schema(key("id", KeyType::Hash))
        .provisioned_throughput(throughput(7, 5));
    good("CreateTable", create.send().await)?;
    peer.owns_table(&name);
    ready(peer, &name).await?;
    Ok(name)
}

async fn units(peer: &Peer, name: &str) -> Result<(Option<i64>, Option<i64>), String> {
    let units = some(
        "ProvisionedThroughput",
        describe(peer, name).await?.provisioned_throughput,
    )?;
    Ok((units.read_capacity_units, units.write_capacity_units))
}

async fn provisioned(peer: &Peer) -> Outcome {
    let name = create_provisioned(peer).await?;
    equal(
        "read and write capacity units",
        units(peer, &name).await?,
        (Some(7), Some(5)),
    )
}

async fn billing_mode(peer: &Peer, name: &str) -> Outcome {
    let summary = some(
        "BillingModeSummary",
        describe(peer, name).await?.billing_mode_summary,
    )?;
    equal(
        "BillingMode",
        summary.billing_mode,
        Some(BillingMode::PayPerRequest),
    )
}

async fn on_demand(peer: &Peer) -> Outcome {
    let name = table(peer).await?;
    billing_mode(peer, &name).await?;
    equal(
        "read and write capacity units",
        units(peer, &name).await?,
        (Some(0), Some(0)),
    )
}

async fn describes_keys(peer: &Peer) -> Outcome {
    let name = sorted_table(peer).await?;
    let table = describe(peer, &name).await?;
    let keys: Vec<_> = table
        .key_schema()
        .iter()
        .map(|key| (key.attribute_name().to_owned(), key.key_type().clone()))
        .collect();
    let expected = vec![
        ("id".to_owned(), KeyType::Hash),
        ("at".to_owned(), KeyType::Range),
    ];
    equal("KeySchema", keys, expected)?;
    let mut types: Vec<_> = table
        .attribute_definitions()
        .iter()
        .map(|definition| {
            (
                definition.attribute_name().to_owned(),
                definition.attribute_type().clone(),
            )
        })
        .collect();
    types.sort();
    let expected = vec![
        ("at".to_owned(), ScalarAttributeType::N),
        ("id".to_owned(), ScalarAttributeType::S),
    ];
    equal("AttributeDefinitions", types, expected)?;
    let arn = table.table_arn().unwrap_or_default();
    equal(
        "TableArn names the table",
        arn.ends_with(&format!(":table/{name}")),
        true,
    )?;
    equal("ItemCount", table.item_count(), Some(0))
}

async fn exists(peer: &Peer) -> Outcome {
    let name = table(peer).await?;
    let again = peer.dynamodb().create_table().table_name(name);
    let again = again
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(attribute("id", ScalarAttributeType::N))
        .key_schema(key("id", KeyType::Hash));
    refused(
        "CreateTable",
        again.send().await,
        "ResourceInUseException",
        |error| error.is_resource_in_use_exception(),
    )
    .map(|_| ())
}

async fn needs_throughput(peer: &Peer) -> Outcome {
    let name = peer.name("t");
    peer.owns_table(&name);
    let create = peer.dynamodb().create_table().table_name(name);
    let create = create
        .billing_mode(BillingMode::Provisioned)
        .attribute_definitions(attribute("id", ScalarAttributeType::N))
        .key_schema(key("id", KeyType::Hash));
    refused_as("CreateTable", create.send().await, "ValidationException")
}

async fn unused_attribute(peer: &Peer) -> Outcome {
    let name = peer.name("t");
    peer.owns_table(&name);
    let create = peer.dynamodb().create_table().table_name(name);
    let create = create
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(attribute("id", ScalarAttributeType::N))
        .attribute_definitions(attribute("other", ScalarAttributeType::S))
        .key_schema(key("id", KeyType::Hash));
    refused_as("CreateTable", create.send().await, "ValidationException")
}

async fn undefined_key(peer: &Peer) -> Outcome {
    let name = peer.name("t");
    peer.owns_table(&name);
    let create = peer.dynamodb().create_table().table_name(name);
    let create = create
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(attribute("other", ScalarAttributeType::N))
        .key_schema(key("id", KeyType::Hash));
    refused_as("CreateTable", create.send().await, "ValidationException")
}

async fn short_name(peer: &Peer) -> Outcome {
    let create = peer.dynamodb().create_table().table_name("ab");
    let create = create
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(attribute("id", ScalarAttributeType::N))
        .key_schema(key("id", KeyType::Hash));
    let created = create.send().await;
    if created.is_ok() {
        peer.owns_table("ab");
    }
    refused_as("CreateTable", created, "ValidationException")
}

async fn describe_missing(peer: &Peer) -> Outcome {
    let describe = peer
        .dynamodb()
        .describe_table()
        .table_name(peer.name("none"));
    refused(
        "DescribeTable",
        describe.send().await,
        "ResourceNotFoundException",
        |error| error.is_resource_not_found_exception(),
    )
    .map(|_| ())
}

async fn changes_throughput(peer: &Peer) -> Outcome {
    let name = create_provisioned(peer).await?;
    let update = peer.dynamodb().update_table().table_name(&name);
    good(
        "UpdateTable",
        update.provisioned_throughput(throughput(8, 6)).send().await,
    )?;
    ready(peer, &name).await?;
    equal(
        "read and write capacity units",
        units(peer, &name).await?,
        (Some(8), Some(6)),
    )
}

async fn switches_mode(peer: &Peer) -> Outcome {
    let name = create_provisioned(peer).await?;
    let update = peer.dynamodb().update_table().table_name(&name);
    good(
        "UpdateTable",
        update.billing_mode(BillingMode::PayPerRequest).send().await,
    )?;
    ready(peer, &name).await?;
    billing_mode(peer, &name).await
}

async fn update_missing(peer: &Peer) -> Outcome {
    let update = peer.dynamodb().update_table().table_name(peer.name("none"));
    let update = update.provisioned_throughput(throughput(8, 6)).send().await;
    refused(
        "UpdateTable",
        update,
        "ResourceNotFoundException",
        |error| error.is_resource_not_found_exception(),
    )
    .map(|_| ())
}

async fn deleted(peer: &Peer) -> Outcome {
    let name = table(peer).await?;
    good(
        "DeleteTable",
        peer.dynamodb()
            .delete_table()
            .table_name(&name)
            .send()
            .await,
    )?;
    let mut described = peer
        .dynamodb()
        .describe_table()
        .table_name(&name)
        .send()
        .await;
    for _ in 0..50 {
        if described.is_err() {
            break;
        }
        super::peer::pause(100).await;
        described = peer
            .dynamodb()
            .describe_table()
            .table_name(&name)
            .send()
            .await;
    }
    refused(
        "DescribeTable",
        described,
        "ResourceNotFoundException",
        |error| error.is_resource_not_found_exception(),
    )?;
    let get = peer
        .dynamodb()
        .get_item()
        .table_name(&name)
        .key("id", super::rows::n(1));
    refused(
        "GetItem",
        get.send().await,
        "ResourceNotFoundException",
        |error| error.is_resource_not_found_exception(),
    )?;
    let put = peer
        .dynamodb()
        .put_item()
        .table_name(&name)
        .item("id", super::rows::n(1));
    refused(
        "PutItem",
        put.send().await,
        "ResourceNotFoundException",
        |error| error.is_resource_not_found_exception(),
    )?;
    let scan = peer.dynamodb().scan().table_name(&name).send().await;
    refused("Scan", scan, "ResourceNotFoundException", |error| {
        error.is_resource_not_found_exception()
    })
    .map(|_| ())
}

async fn delete_missing(peer: &Peer) -> Outcome {
    let delete = peer
        .dynamodb()
        .delete_table()
        .table_name(peer.name("none"))
        .send()
        .await;
    refused(
        "DeleteTable",
        delete,
        "ResourceNotFoundException",
        |error| error.is_resource_not_found_exception(),
    )
    .map(|_| ())
}

async fn listed(peer: &Peer) -> Outcome {
    let mut made = Vec::new();
    for name in ["a", "b", "c"] {
        made.push(table_of(peer, name, ScalarAttributeType::N, None).await?);
    }
    let list = peer
        .dynamodb()
        .list_tables()
        .exclusive_start_table_name(&made[0])
        .limit(1);
    let page = good("ListTables", list.send().await)?;
    equal(
        "the next table is listed",
        page.table_names() == [made[1].clone()],
        true,
    )?;
    let last = page.last_evaluated_table_name();
    equal("it is where the page ends", last == Some(&*made[1]), true)
}
