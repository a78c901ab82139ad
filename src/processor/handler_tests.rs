use std::collections::HashMap;
use std::sync::Mutex;

use super::*;

/// Rows in memory; orders of the named numbers misbehave.
#[derive(Default)]
struct Rows {
    rows: Mutex<HashMap<u64, OrderRow>>,
    groups: Mutex<Vec<usize>>,
    throttles: Option<u64>,
    panics: Option<u64>,
    short_answers: bool,
}

impl OrderStore for Rows {
    async fn put_new(&self, rows: Arc<[OrderRow]>) -> Vec<Result<PutOutcome, StoreError>> {
        self.groups.lock().unwrap().push(rows.len());
        if self.short_answers {
            return Vec::new();
        }
        let mut outcomes = Vec::new();
        for row in rows.iter() {
            assert_ne!(Some(row.id), self.panics, "this panic is wanted");
            if Some(row.id) == self.throttles {
                outcomes.push(Err(StoreError::Throttled));
                continue;
            }
            let mut stored = self.rows.lock().unwrap();
            outcomes.push(Ok(match stored.get(&row.id) {
                Some(old) => PutOutcome::Exists {
                    order_details: Some(old.order_details.clone()),
                },
                None => {
                    stored.insert(row.id, row.clone());
                    PutOutcome::Stored
                }
            }));
        }
        outcomes
    }
}

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
    let store = Rows::default();
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
    let store = Rows::default();
    let response = process(event(&[body(1, "\"err\"")]), &store).await;
    assert_eq!(failures(&response), ["m0"]);
    assert!(store.groups.lock().unwrap().is_empty());
}

#[tokio::test]
async fn its_own_redelivery_succeeds_and_a_collision_fails() {
    let store = Rows::default();
    process(event(&[body(1, "110.0")]), &store).await;
    let again = process(event(&[body(1, "110.0"), body(1, "115.0")]), &store).await;
    assert_eq!(failures(&again), ["m1"]);
    let kept = &store.rows.lock().unwrap()[&1];
    assert!(kept.order_details.contains("110.0"));
}

#[tokio::test]
async fn a_throttled_write_fails_its_record_only() {
    let store = Rows {
        throttles: Some(2),
        ..Rows::default()
    };
    let orders = [body(1, "110.0"), body(2, "110.0"), body(3, "110.0")];
    assert_eq!(failures(&process(event(&orders), &store).await), ["m1"]);
}

#[tokio::test]
async fn a_panic_inside_one_write_fails_its_record_only() {
    let store = Rows {
        panics: Some(2),
        ..Rows::default()
    };
    let orders = [body(1, "110.0"), body(2, "110.0"), body(3, "110.0")];
    let response = process(event(&orders), &store).await;
    assert_eq!(failures(&response), ["m1"]);
    assert_eq!(store.rows.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn a_store_that_answers_too_little_has_stored_nothing() {
    let store = Rows {
        short_answers: true,
        ..Rows::default()
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
        failures(&process(nameless, &Rows::default()).await),
        [""],
        "AWS takes an empty identifier as a failure of every record"
    );
}

#[tokio::test]
async fn a_record_without_a_body_fails() {
    let mut hollow = event(&[body(1, "110.0"), body(2, "110.0")]);
    hollow.records[0].body = None;
    assert_eq!(failures(&process(hollow, &Rows::default()).await), ["m0"]);
}
