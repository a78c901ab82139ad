//! The handler: one record never affects another.

use super::*;
use crate::processor::testing::MemoryStore;

fn body(number: u64, price: &str) -> String {
    format!(
        r#"{{"order_number": {number}, "num_items": 2, "price_per_item": {price}, "item_description": "zPen"}}"#
    )
}

fn event(bodies: &[String]) -> SqsEvent {
    let mut event = SqsEvent::default();
    for (position, body) in bodies.iter().enumerate() {
        let mut record = SqsMessage::default();
        record.message_id = Some(format!("m{position}"));
        record.body = Some(body.clone());
        record
            .attributes
            .insert("ApproximateReceiveCount".into(), "2".into());
        event.records.push(record);
    }
    event
}

fn failures(response: &SqsBatchResponse) -> Vec<&str> {
    response
        .batch_item_failures
        .iter()
        .map(|failure| failure.item_identifier.as_str())
        .collect()
}

#[tokio::test]
async fn good_orders_are_stored_as_one_group_and_bad_ones_fail_alone() {
    let store = MemoryStore::default();
    let event = event(&[
        body(1, "110.0"),
        body(2, "\"err\""),
        body(3, "115.0"),
        "no".into(),
    ]);
    let response = process(event, &store).await;
    assert_eq!(failures(&response), ["m1", "m3"]);
    assert_eq!(*store.groups.lock().unwrap(), [2]);
    let rows = store.rows.lock().unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[&1].receive_count, 2);
    assert_eq!(
        rows[&3].order_details,
        r#"{"num_items": 2, "price_per_item": 115.0, "item_description": "zPen"}"#
    );
}

#[tokio::test]
async fn a_batch_of_bad_orders_never_reaches_the_store() {
    let store = MemoryStore::default();
    let response = process(event(&[body(1, "\"err\"")]), &store).await;
    assert_eq!(failures(&response), ["m0"]);
    assert!(store.groups.lock().unwrap().is_empty());
}

#[tokio::test]
async fn its_own_redelivery_succeeds_and_a_collision_fails() {
    let store = MemoryStore::default();
    process(event(&[body(1, "110.0")]), &store).await;
    let again = process(event(&[body(1, "110.0"), body(1, "115.0")]), &store).await;
    assert_eq!(failures(&again), ["m1"]);
    assert!(store.details(1).unwrap().contains("110.0"));
}

#[tokio::test]
async fn a_throttled_write_fails_its_record_only() {
    let store = MemoryStore {
        throttles: Some(2),
        ..MemoryStore::default()
    };
    let orders = [body(1, "110.0"), body(2, "110.0"), body(3, "110.0")];
    assert_eq!(failures(&process(event(&orders), &store).await), ["m1"]);
}

#[tokio::test]
async fn a_panic_inside_one_write_fails_its_record_only() {
    let store = MemoryStore {
        panics: Some(2),
        ..MemoryStore::default()
    };
    let orders = [body(1, "110.0"), body(2, "110.0"), body(3, "110.0")];
    let response = process(event(&orders), &store).await;
    assert_eq!(failures(&response), ["m1"]);
    assert_eq!(store.len(), 2);
}

#[tokio::test]
async fn a_store_that_answers_too_little_has_stored_nothing() {
    let store = MemoryStore {
        answers_nothing: true,
        ..MemoryStore::default()
    };
    let orders = [body(1, "110.0"), body(2, "110.0")];
    assert_eq!(
        failures(&process(event(&orders), &store).await),
        ["m0", "m1"]
    );
}

#[tokio::test]
async fn a_failing_record_without_an_id_fails_the_batch() {
    let mut nameless = event(&[body(1, "110.0"), body(2, "\"err\"")]);
    nameless.records[1].message_id = None;
    assert_eq!(
        failures(&process(nameless, &MemoryStore::default()).await),
        [""],
        "AWS takes an empty identifier as a failure of every record"
    );
}

#[tokio::test]
async fn a_record_without_a_body_fails() {
    let mut hollow = event(&[body(1, "110.0"), body(2, "110.0")]);
    hollow.records[0].body = None;
    assert_eq!(
        failures(&process(hollow, &MemoryStore::default()).await),
        ["m0"]
    );
}
