//! The original lab's processor, with what makes it lose its way under load.

use std::sync::Arc;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use serde_json::{Map, Value};

use super::store::{OrderRow, OrderStore, PutOutcome, unix_micros};

/// Processes the records of `event` one after the other, as the lab's function does: the first that
/// fails raises, which fails the whole batch, the rows written before it included. The put has no
/// condition, and there are no partial batch responses.
///
/// # Errors
/// The first record's error.
pub async fn process_like_the_lab<S: OrderStore>(
    event: SqsEvent,
    store: &S,
) -> Result<SqsBatchResponse, String> {
    let received_at_us = unix_micros();
    for record in &event.records {
        let row = row_of(record, received_at_us)?;
        let outcome = store.replace(Arc::from([row])).await.pop();
        match outcome {
            Some(Ok(PutOutcome::Stored | PutOutcome::Exists { .. })) => {}
            Some(Err(error)) => return Err(error.to_string()),
            None => return Err("the store gave no answer".into()),
        }
    }
    Ok(SqsBatchResponse::default())
}

/// The lab takes a field for granted and multiplies the price; a price that is no number raises there.
fn row_of(record: &SqsMessage, received_at_us: u64) -> Result<OrderRow, String> {
    let body = record.body.as_deref().unwrap_or_default();
    let mut order: Map<String, Value> =
        serde_json::from_str(body).map_err(|error| error.to_string())?;
    let number = order
        .remove("order_number")
        .and_then(|number| number.as_u64());
    let id = number.ok_or("KeyError: 'order_number'")?;
    let field = |name: &str| order.get(name).ok_or_else(|| format!("KeyError: '{name}'"));
    let (items, price) = (field("num_items")?, field("price_per_item")?);
    let description = field("item_description")?;
    if !price.is_number() {
        return Err("TypeError: the price is not a number".into());
    }
    Ok(OrderRow {
        id,
        order_details: format!(
            r#"{{"num_items": {items}, "price_per_item": {price}, "item_description": {description}}}"#
        ),
        received_at_us,
        receive_count: super::handler::receive_count(record),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::processor::testing::MemoryStore;

    fn event(bodies: &[&str]) -> SqsEvent {
        let mut event = SqsEvent::default();
        for body in bodies {
            let mut record = SqsMessage::default();
            record.body = Some((*body).to_owned());
            event.records.push(record);
        }
        event
    }

    const GOOD: &str = r#"{"order_number": 1, "num_items": 2, "price_per_item": 110.0, "item_description": "zPen"}"#;
    const OTHER: &str = r#"{"order_number": 1, "num_items": 3, "price_per_item": 115.0, "item_description": "zTV"}"#;
    const BAD: &str = r#"{"order_number": 2, "num_items": 2, "price_per_item": "err", "item_description": "zPen"}"#;
    const LAST: &str = r#"{"order_number": 3, "num_items": 2, "price_per_item": 120.0, "item_description": "zPen"}"#;

    #[tokio::test]
    async fn the_first_bad_record_fails_the_batch_after_what_came_before_it_was_stored() {
        let store = MemoryStore::default();
        let outcome = process_like_the_lab(event(&[GOOD, BAD, LAST]), &store).await;
        assert!(outcome.unwrap_err().contains("price"));
        assert_eq!(
            store.details(1).unwrap(),
            r#"{"num_items": 2, "price_per_item": 110.0, "item_description": "zPen"}"#
        );
        assert_eq!(store.len(), 1, "what comes after it is not looked at");
    }

    #[tokio::test]
    async fn good_records_succeed_and_a_number_given_twice_is_overwritten() {
        let store = MemoryStore::default();
        let outcome = process_like_the_lab(event(&[GOOD, OTHER, LAST]), &store).await;
        assert!(outcome.unwrap().batch_item_failures.is_empty());
        assert!(store.details(1).unwrap().contains("zTV"));
        assert_eq!(store.len(), 2);
    }
}
