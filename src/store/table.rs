//! Reading the table: the scan, and one more look-up of each missing order.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};

use super::{StoreError, Stores};
use crate::processor::attribute;

/// Items in one page. The embedded table reads the rest of the table for a page without a limit, and
/// holds its writers up meanwhile.
const PAGE: i32 = 2_000;
/// Segments scanned side by side on AWS; the embedded table is faster with one.
const SEGMENTS: i32 = 4;
/// Keys in one `BatchGetItem`.
pub const KEYS_PER_LOOKUP: usize = 100;

/// One row of the table, as far as it can be read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
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
    fn read(item: &HashMap<String, AttributeValue>) -> Self {
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
    /// Reads the whole table, strongly consistent, and hands each row to `each`.
    ///
    /// # Errors
    /// When a page cannot be read; the rows so far have been handed over.
    pub async fn scan(
        &self,
        requests: &mut u64,
        mut each: impl FnMut(Row),
    ) -> Result<(), StoreError> {
        let segments = if self.target.exact_counts {
            1
        } else {
            SEGMENTS
        };
        // Pages of the segments take turns: one is in the air for each, which is what a read budget
        // bears, and a row is handled in one place.
        let mut open: Vec<(i32, Option<HashMap<String, AttributeValue>>)> =
            (0..segments).map(|segment| (segment, None)).collect();
        while !open.is_empty() {
            let mut pages = tokio::task::JoinSet::new();
            for (segment, start) in open.drain(..) {
                let page = self.page(segment, segments, start);
                pages.spawn(async move { (segment, page.await) });
            }
            while let Some(joined) = pages.join_next().await {
                *requests += 1;
                let (segment, page) = joined.map_err(StoreError::of("DynamoDB Scan"))?;
                let (rows, next) = page?;
                rows.into_iter().for_each(&mut each);
                if next.is_some() {
                    open.push((segment, next));
                }
            }
        }
        Ok(())
    }

    #[allow(clippy::type_complexity)]
    fn page(
        &self,
        segment: i32,
        segments: i32,
        start: Option<HashMap<String, AttributeValue>>,
    ) -> impl Future<
        Output = Result<(Vec<Row>, Option<HashMap<String, AttributeValue>>), StoreError>,
    > + Send
    + 'static {
        let mut request = self
            .dynamodb
            .scan()
            .table_name(&self.target.table)
            .consistent_read(true)
            .limit(PAGE)
            .set_exclusive_start_key(start);
        if segments > 1 {
            request = request.segment(segment).total_segments(segments);
        }
        async move {
            let output = request
                .send()
                .await
                .map_err(StoreError::of("DynamoDB Scan"))?;
            let rows = output.items().iter().map(Row::read).collect();
            Ok((rows, output.last_evaluated_key))
        }
    }

    /// Looks up to 100 orders up by key, strongly consistent, and hands over the rows there are.
    ///
    /// # Errors
    /// When a request fails, or keys stay unprocessed after five rounds.
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
        for round in 0..5 {
            if round > 0 {
                tokio::time::sleep(std::time::Duration::from_millis(100 << round)).await;
            }
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
            "keys stayed unprocessed after five rounds",
        ))
    }
}
