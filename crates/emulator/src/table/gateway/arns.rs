//! ARNs, in requests and in replies, and what a description of a table says beside.
//!
//! AWS takes a table's ARN wherever it takes its name; the database behind takes the name. Its own ARNs are of a region
//! that is none: those that go out are of the region that is served.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::table::database::ARN_PREFIX;

/// What the database's ARNs begin with.
const BEHIND: &str = "arn:aws:dynamodb:dynoxide:000000000000:";
const ANY: &[u8] = b"arn:aws";
const TABLE: &str = ":table/";

/// What a new table takes at once. Source: Amazon DynamoDB Developer Guide, "Understanding DynamoDB warm throughput".
const WARM_READS: u64 = 12_000;
const WARM_WRITES: u64 = 4_000;

/// Operations whose replies hold ARNs.
const TELLING: [&str; 8] = [
    "CreateTable",
    "DescribeTable",
    "UpdateTable",
    "DeleteTable",
    "ListStreams",
    "DescribeStream",
    "DescribeContinuousBackups",
    "ListTagsOfResource",
];

/// Whether a reply may hold something that has to be rewritten.
pub(super) fn tells(operation: &str) -> bool {
    TELLING.contains(&operation)
}

/// The request with names in the place of tables' ARNs; none where it is well as it is.
pub(super) fn named(body: &[u8]) -> Option<Bytes> {
    if !body.windows(ANY.len()).any(|window| window == ANY) {
        return None;
    }
    let mut asked: Value = serde_json::from_slice(body).ok()?;
    let mut changed = false;
    name_in(&mut asked, &mut changed);
    if let Some(items) = asked.get_mut("TransactItems").and_then(Value::as_array_mut) {
        let parts = items.iter_mut().filter_map(Value::as_object_mut);
        for part in parts.flat_map(|item| item.values_mut()) {
            name_in(part, &mut changed);
        }
    }
    for key in ["StreamArn", "ExclusiveStartStreamArn"] {
        if let Some(arn) = asked[key]
            .as_str()
            .filter(|arn| arn.starts_with(ARN_PREFIX))
        {
            asked[key] = arn.replacen(ARN_PREFIX, BEHIND, 1).into();
            changed = true;
        }
    }
    changed.then(|| asked.to_string().into())
}

fn name_in(asked: &mut Value, changed: &mut bool) {
    if let Some(name) = asked
        .get("TableName")
        .and_then(Value::as_str)
        .and_then(name_of)
    {
        asked["TableName"] = name.into();
        *changed = true;
    }
}

/// The table of an ARN that is one.
fn name_of(arn: &str) -> Option<String> {
    let (before, name) = arn.split_once(TABLE)?;
    let is_arn = before.starts_with("arn:") && !name.contains('/');
    is_arn.then(|| name.to_owned())
}

/// The reply with ARNs of the region served, and with what descriptions of tables say on AWS.
pub(super) fn told(reply: &[u8]) -> Option<Bytes> {
    let text = std::str::from_utf8(reply).ok()?.replace(BEHIND, ARN_PREFIX);
    let mut reply: Value = serde_json::from_str(&text).ok()?;
    for key in ["Table", "TableDescription"] {
        if let Some(table) = reply.get_mut(key).and_then(Value::as_object_mut) {
            let status = table.get("TableStatus").cloned().unwrap_or_default();
            let warm = json!({
                "ReadUnitsPerSecond": WARM_READS,
                "WriteUnitsPerSecond": WARM_WRITES,
                "Status": status,
            });
            table.entry("WarmThroughput").or_insert(warm);
        }
    }
    Some(reply.to_string().into())
}

/// The reply to DescribeContinuousBackups of a table: there are none to a point in time.
pub(super) fn backups() -> Value {
    json!({"ContinuousBackupsDescription": {
        "ContinuousBackupsStatus": "ENABLED",
        "PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": "DISABLED"},
    }})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_of_tables_become_names_and_nothing_else_does() {
        let arn = "arn:aws:dynamodb:us-east-1:000000000000:table/orders";
        let stream = format!("{arn}/stream/1");
        for (asked, named_so, why) in [
            (
                json!({"TableName": arn}),
                Some(json!({"TableName": "orders"})),
                "an ARN",
            ),
            (
                json!({"TableName": "orders", "Item": {"a": {"S": arn}}}),
                None,
                "an ARN in an item",
            ),
            (json!({"TableName": "orders"}), None, "a name"),
            (
                json!({"TransactItems": [{"Put": {"TableName": arn}}, {"Get": {"TableName": "b"}}]}),
                Some(
                    json!({"TransactItems": [{"Put": {"TableName": "orders"}}, {"Get": {"TableName": "b"}}]}),
                ),
                "in a transaction",
            ),
            (
                json!({"StreamArn": stream}),
                Some(json!({"StreamArn": stream.replace("us-east-1", "dynoxide")})),
                "of a stream",
            ),
        ] {
            let body = named(asked.to_string().as_bytes());
            let body = body.map(|body| serde_json::from_slice::<Value>(&body).expect("JSON"));
            assert_eq!(body, named_so, "{why}");
        }
    }

    #[test]
    fn descriptions_tell_the_region_served_and_what_is_warm() {
        let behind = json!({"Table": {"TableArn": format!("{BEHIND}table/orders"), "TableStatus": "ACTIVE"}});
        let told = told(behind.to_string().as_bytes()).expect("JSON");
        let told: Value = serde_json::from_slice(&told).expect("JSON");
        assert_eq!(
            told["Table"]["TableArn"],
            "arn:aws:dynamodb:us-east-1:000000000000:table/orders"
        );
        assert_eq!(told["Table"]["WarmThroughput"]["Status"], "ACTIVE");
    }
}
