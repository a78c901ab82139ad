//! A table's key, capacity, rows, expiry and tags.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::describe_table::DescribeTableError;
use aws_sdk_dynamodb::types::{BillingMode, TableDescription, TimeToLiveStatus};

use super::super::AccountError;
use super::{missing_or_unknown, why};
use crate::order::spec::{Key, KeyAttribute, KeyType};
use crate::preflight::{CapacityFacts, Known, TableFacts, Tags};
use crate::store::{ResponseProbe, Session};

/// Reads the table called `name`.
pub(in crate::account) async fn read(
    session: &Session,
    name: &str,
    probe: &ResponseProbe,
) -> Known<TableFacts> {
    let dynamodb = session.dynamodb();
    let described = dynamodb.describe_table().table_name(name).customize();
    let table = match described.interceptor(probe.clone()).send().await {
        Ok(described) => described.table,
        Err(error) => {
            return missing_or_unknown(&error, DescribeTableError::is_resource_not_found_exception);
        }
    };
    let Some(table) = table else {
        return Known::Unknown("DescribeTable: the reply is empty".into());
    };
    let arn = table.table_arn().unwrap_or_default().to_owned();
    let (has_rows, expires_by, tags) = tokio::join!(
        has_rows(&dynamodb, name),
        expires_by(&dynamodb, name),
        tags(&dynamodb, &arn)
    );
    Known::Is(TableFacts {
        name: name.to_owned(),
        arn,
        status: table
            .table_status()
            .map_or_else(String::new, |status| status.as_str().to_owned()),
        key: key(&table),
        capacity: capacity(&table),
        items: count(table.item_count()),
        bytes: count(table.table_size_bytes()),
        has_rows,
        expires_by,
        tags,
    })
}

/// The key of the table called `name`; nothing else is asked for.
///
/// # Errors
/// When there is no such table, or it cannot be described.
pub async fn table_key(session: &Session, name: &str) -> Result<Key, AccountError> {
    let operation = "DynamoDB DescribeTable";
    let described = session.dynamodb().describe_table().table_name(name);
    let described = described.send().await;
    let described = described.map_err(AccountError::of(operation, name))?;
    let mut parts = described.table.as_ref().map(key).unwrap_or_default();
    parts.sort_by(|a, b| a[2].cmp(&b[2]));
    let attributes: Option<Vec<KeyAttribute>> = parts.into_iter().map(attribute).collect();
    let mut attributes = attributes.into_iter().flatten();
    let unread = || AccountError::new(operation, name, "the reply has no key that can be read");
    Ok(Key {
        partition: attributes.next().ok_or_else(unread)?,
        sort: attributes.next(),
    })
}

fn attribute([name, kind, _]: [String; 3]) -> Option<KeyAttribute> {
    let kind = match kind.as_str() {
        "S" => KeyType::S,
        "N" => KeyType::N,
        "B" => KeyType::B,
        _ => return None,
    };
    Some(KeyAttribute { name, kind })
}

fn count(number: Option<i64>) -> u64 {
    number
        .and_then(|number| u64::try_from(number).ok())
        .unwrap_or(0)
}

fn key(table: &TableDescription) -> Vec<[String; 3]> {
    let kind = |name: &str| {
        let mut attributes = table.attribute_definitions().iter();
        let found = attributes.rfind(|attribute| attribute.attribute_name() == name);
        found.map_or_else(String::new, |found| {
            found.attribute_type().as_str().to_owned()
        })
    };
    let parts = table.key_schema().iter();
    parts
        .map(|part| {
            let name = part.attribute_name();
            [
                name.to_owned(),
                kind(name),
                part.key_type().as_str().to_owned(),
            ]
        })
        .collect()
}

fn capacity(table: &TableDescription) -> CapacityFacts {
    let on_demand = table
        .billing_mode_summary()
        .and_then(|summary| summary.billing_mode())
        .is_some_and(|mode| *mode == BillingMode::PayPerRequest);
    let above_zero = |number: Option<i64>| {
        number
            .and_then(|number| u64::try_from(number).ok())
            .filter(|number| *number > 0)
    };
    if on_demand {
        let warm = table.warm_throughput();
        let most = table.on_demand_throughput();
        return CapacityFacts::OnDemand {
            warm_write_units: above_zero(warm.and_then(|warm| warm.write_units_per_second())),
            max_write_units: above_zero(most.and_then(|most| most.max_write_request_units())),
        };
    }
    let provisioned = table.provisioned_throughput();
    CapacityFacts::Provisioned {
        write_units: count(provisioned.and_then(|units| units.write_capacity_units())),
        read_units: count(provisioned.and_then(|units| units.read_capacity_units())),
    }
}

async fn has_rows(dynamodb: &Client, name: &str) -> Known<bool> {
    let page = dynamodb.scan().table_name(name).limit(1).send().await;
    match page {
        Ok(page) => Known::Is(!page.items().is_empty() || page.last_evaluated_key.is_some()),
        Err(error) => Known::Unknown(format!("Scan: {}", why(&error))),
    }
}

async fn expires_by(dynamodb: &Client, name: &str) -> Known<Option<String>> {
    let described = dynamodb
        .describe_time_to_live()
        .table_name(name)
        .send()
        .await;
    match described {
        Ok(described) => {
            let ttl = described.time_to_live_description;
            let on = ttl.filter(|ttl| {
                let status = ttl.time_to_live_status();
                !matches!(status, None | Some(TimeToLiveStatus::Disabled))
            });
            Known::Is(on.map(|ttl| ttl.attribute_name.unwrap_or_default()))
        }
        Err(error) => Known::Unknown(format!("DescribeTimeToLive: {}", why(&error))),
    }
}

/// Pages of tags at most: a table has 50 tags, and AWS gives 10 in a page at least.
const TAG_PAGES_MAX: usize = 100;

async fn tags(dynamodb: &Client, arn: &str) -> Known<Tags> {
    let mut tags = Tags::new();
    let mut next = None;
    for _ in 0..TAG_PAGES_MAX {
        let page = dynamodb
            .list_tags_of_resource()
            .resource_arn(arn)
            .set_next_token(next)
            .send()
            .await;
        match page {
            Ok(page) => {
                let pairs = page.tags.unwrap_or_default().into_iter();
                tags.extend(pairs.map(|tag| (tag.key, tag.value)));
                next = page.next_token;
                if next.is_none() {
                    return Known::Is(tags);
                }
            }
            Err(error) => return Known::Unknown(format!("ListTagsOfResource: {}", why(&error))),
        }
    }
    Known::Unknown(format!(
        "ListTagsOfResource: it names further pages after {TAG_PAGES_MAX}"
    ))
}
