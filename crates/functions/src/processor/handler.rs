//! From an SQS event to a partial batch response.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};

use super::in_order::{is_from_fifo, process_in_order};
use super::incoming::IncomingOrder;
use super::isolate::caught;
use super::store::{OrderRow, OrderStore, PutOutcome, WriteError, unix_micros};

/// Of a reason, the log holds this many characters.
const LOGGED_REASON_MAX: usize = 500;

/// Processes every record of `event` and names those that failed.
///
/// A record fails when its body is no order, when the table fails or throttles its write, when
/// processing it panics, and when the table holds another order of its number. A record without a
/// message id cannot be named; it is reported as an empty identifier, which AWS takes as a failure of
/// the whole batch. Behind a record of a FIFO queue whose write failed the others of its message group fail unprocessed.
pub async fn process<S: OrderStore>(event: SqsEvent, store: &S) -> SqsBatchResponse {
    if is_from_fifo(&event) {
        return process_in_order(event, store).await;
    }
    let received_at_us = unix_micros();
    let mut response = SqsBatchResponse::default();
    let mut rows = Vec::with_capacity(event.records.len());
    let mut kept = Vec::with_capacity(event.records.len());
    for record in &event.records {
        match read(record, received_at_us) {
            Ok(row) => {
                rows.push(row);
                kept.push(record);
            }
            Err(reason) => fail(&mut response, record, &reason),
        }
    }
    let rows: Arc<[OrderRow]> = rows.into();
    let outcomes = put_each(store, &rows).await;
    for ((row, record), outcome) in rows.iter().zip(kept).zip(outcomes) {
        if let Err(reason) = settled(row, outcome) {
            fail(&mut response, record, &reason);
        }
    }
    response
}

/// Names the record as failed, in the response and in the log. The body itself is not logged, and of the
/// reason, which may quote it, no more than its beginning.
pub(super) fn fail(response: &mut SqsBatchResponse, record: &SqsMessage, reason: &str) {
    let message_id = record.message_id.as_deref().unwrap_or_default();
    if tracing::enabled!(tracing::Level::WARN) {
        let order_number = number_of(record);
        let receive_count = receive_count(record);
        let reason: String = reason.chars().take(LOGGED_REASON_MAX).collect();
        tracing::warn!(
            message_id,
            order_number,
            receive_count,
            reason,
            "record failed"
        );
    }
    response.add_failure(message_id);
}

/// The order number of a body that need not be an order.
fn number_of(record: &SqsMessage) -> Option<u64> {
    let body: serde_json::Value = serde_json::from_str(record.body.as_deref()?).ok()?;
    body.get("order_number")?.as_u64()
}

/// The row of a record, or why it has none, whatever happens.
pub(super) fn read(record: &SqsMessage, received_at_us: u64) -> Result<OrderRow, String> {
    catch_unwind(AssertUnwindSafe(|| row_of(record, received_at_us)))
        .unwrap_or_else(|_| Err("reading the record panicked".into()))
}

fn row_of(record: &SqsMessage, received_at_us: u64) -> Result<OrderRow, String> {
    let body = record.body.as_deref().ok_or("the record has no body")?;
    let order = IncomingOrder::parse(body).map_err(|refusal| refusal.to_string())?;
    Ok(OrderRow {
        id: order.order_number,
        order_details: order.details(),
        received_at_us,
        receive_count: receive_count(record),
    })
}

/// How often SQS had handed the record out, this time included.
pub(super) fn receive_count(record: &SqsMessage) -> u32 {
    let count = record.attributes.get("ApproximateReceiveCount");
    count.and_then(|count| count.parse().ok()).unwrap_or(1)
}

/// One outcome a row, whatever the store does.
///
/// If the group's write panics, each row is written alone, so that only the one at fault fails; that
/// is safe because a row written before the panic is met again with its own content.
pub(super) async fn put_each<S: OrderStore>(
    store: &S,
    rows: &Arc<[OrderRow]>,
) -> Vec<Result<PutOutcome, WriteError>> {
    if rows.is_empty() {
        return Vec::new();
    }
    if let Some(outcomes) = put_group(store, Arc::clone(rows)).await {
        return outcomes;
    }
    let mut outcomes = Vec::with_capacity(rows.len());
    for row in rows.iter() {
        let alone = if rows.len() > 1 {
            put_group(store, Arc::from([row.clone()])).await
        } else {
            None
        };
        outcomes.push(
            alone
                .and_then(|mut outcomes| outcomes.pop())
                .unwrap_or_else(|| Err(WriteError::Failed("the write panicked".into()))),
        );
    }
    outcomes
}

/// The store's answer, or `None` if it panicked or its answer does not fit the question.
async fn put_group<S: OrderStore>(
    store: &S,
    rows: Arc<[OrderRow]>,
) -> Option<Vec<Result<PutOutcome, WriteError>>> {
    let asked = rows.len();
    caught(async { store.put_new(rows).await })
        .await
        .filter(|outcomes| outcomes.len() == asked)
}

/// Whether the order is in the table, with this content.
pub(super) fn settled(
    row: &OrderRow,
    outcome: Result<PutOutcome, WriteError>,
) -> Result<(), String> {
    match outcome {
        Ok(PutOutcome::Stored) => Ok(()),
        Ok(PutOutcome::Exists { order_details })
            if order_details.as_deref() == Some(row.order_details.as_str()) =>
        {
            Ok(())
        }
        Ok(PutOutcome::Exists { .. }) => Err(format!(
            "order {} is in the table with another content",
            row.id
        )),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
#[path = "handler_tests.rs"]
mod tests;
