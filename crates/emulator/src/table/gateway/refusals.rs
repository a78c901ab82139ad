//! What DynamoDB refuses and the database behind takes, and what that one refuses without a word.

use std::collections::BTreeSet;

use dynoxide::types::normalize_dynamo_number;
use serde_json::{Value, json};

/// The refusal of a request that DynamoDB does not take, as the body of a reply.
pub(super) fn refused(operation: &str, body: &[u8]) -> Option<Value> {
    let asked = || serde_json::from_slice::<Value>(body).ok();
    let message = match operation {
        "BatchGetItem" if asks_twice(&asked()?) => "Provided list of item keys contains duplicates",
        "CreateTable" if names_no_throughput(&asked()?) => {
            "No provisioned throughput specified for the table"
        }
        _ => return None,
    };
    Some(json!({
        "__type": "com.amazon.coral.validate#ValidationException",
        "message": message,
    }))
}

/// Whether a key of a table is given twice: numbers are one by their value, `1` and `1.0`.
fn asks_twice(asked: &Value) -> bool {
    let tables = asked["RequestItems"].as_object();
    let mut keys = tables.into_iter().flatten();
    keys.any(|(_, of_table)| {
        let mut seen = BTreeSet::new();
        let keys = of_table["Keys"].as_array().into_iter().flatten();
        let mut keys = keys.filter_map(Value::as_object);
        keys.any(|key| {
            let parts = key.iter().map(|(name, value)| (name, by_value(value)));
            !seen.insert(parts.collect::<Vec<_>>())
        })
    })
}

fn by_value(value: &Value) -> String {
    match value["N"].as_str() {
        Some(number) => format!("N {}", normalize_dynamo_number(number)),
        None => value.to_string(),
    }
}

/// A table is provisioned unless it says otherwise, and a provisioned one says how much of it.
fn names_no_throughput(asked: &Value) -> bool {
    asked.is_object() && asked["BillingMode"].is_null() && asked["ProvisionedThroughput"].is_null()
}

/// The refusal of an operation that is not served, where the database says no more than that.
pub(super) fn not_served(operation: &str, reply: &[u8]) -> Option<Value> {
    let reply: Value = serde_json::from_slice(reply).ok()?;
    let kind = reply["__type"].as_str()?;
    let is_silent = ["message", "Message"]
        .iter()
        .all(|key| reply[key].as_str().is_none_or(str::is_empty));
    if !is_silent || !kind.ends_with("UnknownOperationException") {
        return None;
    }
    let message = match operation {
        "" => "The request names no operation (header X-Amz-Target).".to_owned(),
        operation => format!("The embedded DynamoDB does not serve {operation}."),
    };
    Some(json!({"__type": kind, "message": message}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_asked_for_once_and_numbers_are_keys_by_their_value() {
        let n = |number: &str| json!({"id": {"N": number}});
        for (keys, twice) in [
            (vec![n("1"), n("1.0")], true),
            (vec![n("100"), n("1e2")], true),
            (vec![n("-0"), n("0.00")], true),
            (vec![n("1"), n("1.01"), n("-1")], false),
            (vec![n("1"), json!({"id": {"S": "1"}})], false),
            (
                vec![json!({"id": {"S": "1"}}), json!({"id": {"S": "1.0"}})],
                false,
            ),
            (
                vec![json!({"id": {"S": "a"}}), json!({"id": {"S": "a"}})],
                true,
            ),
            (
                vec![
                    json!({"id": {"N": "1"}, "at": {"N": "2"}}),
                    json!({"at": {"N": "2.0"}, "id": {"N": "1"}}),
                ],
                true,
            ),
            (
                vec![
                    json!({"id": {"N": "1"}, "at": {"N": "2"}}),
                    json!({"id": {"N": "2"}, "at": {"N": "1"}}),
                ],
                false,
            ),
        ] {
            let asked = json!({"RequestItems": {"orders": {"Keys": keys}}});
            let found = refused("BatchGetItem", asked.to_string().as_bytes());
            assert_eq!(found.is_some(), twice, "{asked}");
        }
        // The same key of two tables is two keys.
        let one = json!({"Keys": [n("1")]});
        let both = json!({"RequestItems": {"orders": one, "others": one}});
        assert_eq!(refused("BatchGetItem", both.to_string().as_bytes()), None);
        assert_eq!(refused("BatchGetItem", b"{"), None);
    }

    #[test]
    fn a_table_says_how_it_is_paid_for() {
        let of = |asked: Value| refused("CreateTable", asked.to_string().as_bytes()).is_some();
        assert!(of(json!({"TableName": "orders"})));
        assert!(!of(
            json!({"TableName": "orders", "BillingMode": "PAY_PER_REQUEST"})
        ));
        let units = json!({"ReadCapacityUnits": 1, "WriteCapacityUnits": 1});
        assert!(!of(
            json!({"TableName": "orders", "ProvisionedThroughput": units})
        ));
        assert_eq!(refused("UpdateTable", b"{}"), None);
    }

    #[test]
    fn only_what_is_refused_without_a_word_is_put_into_words() {
        let kind = "com.amazon.coral.service#UnknownOperationException";
        let told = not_served(
            "CreateGlobalTable",
            json!({"__type": kind}).to_string().as_bytes(),
        );
        let told = told.expect("no word");
        assert_eq!(told["__type"], kind);
        assert_eq!(
            told["message"],
            "The embedded DynamoDB does not serve CreateGlobalTable."
        );
        for other in [
            json!({"__type": kind, "message": "a word"}),
            json!({"__type": "x#ValidationException"}),
        ] {
            assert_eq!(
                not_served("CreateGlobalTable", other.to_string().as_bytes()),
                None
            );
        }
    }
}
