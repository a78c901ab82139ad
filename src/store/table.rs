//! Rows, and one more look-up of each missing order.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use serde::{Deserialize, Serialize};

use super::{StoreError, Stores};
use crate::processor::attribute;

/// Keys in one `BatchGetItem`.
pub const KEYS_PER_LOOKUP: usize = 100;

/// How often keys that a `BatchGetItem` leaves unprocessed are asked for.
const LOOKUP_ROUNDS: u32 = 10;

/// One row of the table, as far as it can be read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Row {
    /// `id`, when it is a whole number.
    pub order_number: Option<u64>,
    /// `order_details`.
    pub order_details: Option<String>,
    /// `stored_at`, microseconds since the Unix epoch.
    pub stored_at_us: Option<u64>,
    /// `receive_count`.
    pub receive_count: Option<u64>,
}

impl Row {
    pub(super) fn read(item: &HashMap<String, AttributeValue>) -> Self {
        let number = |name: &str| item.get(name)?.as_n().ok()?.parse().ok();
        Self {
            order_number: number(attribute::ID),
            order_details: item
                .get(attribute::ORDER_DETAILS)
                .and_then(|value| value.as_s().ok().cloned()),
            stored_at_us: number(attribute::STORED_AT),
            receive_count: number(attribute::RECEIVE_COUNT),
        }
    }
}

impl Stores {
    /// Looks up to 100 orders up by key, strongly consistent, and hands over the rows there are.
    ///
    /// # Errors
    /// When a request fails, or keys stay unprocessed after all rounds.
    pub async fn look_up(
        &self,
        order_numbers: &[u64],
        requests: &mut u64,
        mut each: impl FnMut(Row),
    ) -> Result<(), StoreError> {
        let operation = "DynamoDB BatchGetItem";
        let key = |number: &u64| {
            HashMap::from([(
                attribute::ID.to_owned(),
                AttributeValue::N(number.to_string()),
            )])
        };
        let keys = KeysAndAttributes::builder()
            .set_keys(Some(order_numbers.iter().map(key).collect()))
            .consistent_read(true)
            .build()
            .map_err(StoreError::of(operation))?;
        let mut open = HashMap::from([(self.target.table.clone(), keys)]);
        for round in 0..LOOKUP_ROUNDS {
            if round > 0 {
                tokio::time::sleep(Duration::from_millis(100 << round.min(6))).await;
            }
            let keys = open.values().map(|keys| keys.keys().len()).sum::<usize>();
            // A read unit a key, also of a row that is not there.
            self.budget.take(keys as f64).await;
            *requests += 1;
            let output = self
                .dynamodb
                .batch_get_item()
                .set_request_items(Some(open))
                .send()
                .await
                .map_err(StoreError::of(operation))?;
            let rows = output.responses.unwrap_or_default().into_values().flatten();
            rows.map(|item| Row::read(&item)).for_each(&mut each);
            open = output.unprocessed_keys.unwrap_or_default();
            if open.is_empty() {
                return Ok(());
            }
        }
        Err(StoreError::new(
            operation,
            format!("keys stayed unprocessed after {LOOKUP_ROUNDS} rounds"),
        ))
    }
}
