//! The order processor's own rows, written through the SDK: what the function on Lambda does.
//!
//! The verifier never uses it.

use std::collections::HashMap;
use std::env;
use std::sync::Arc;
use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Intercept;
use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use tokio::task::JoinSet;

use crate::processor::attribute;
use crate::processor::{OrderRow, OrderStore, PutOutcome, WriteError, unix_micros};
use crate::store::{TABLE_VARIABLE, Target, http_client, writing_client};

const TABLE_DEFAULT: &str = "orders";

/// A write that takes longer is given up and tried again.
const OPERATION_ATTEMPT_TIMEOUT: Duration = Duration::from_secs(5);

/// The codes with which DynamoDB says that a write exceeds some capacity. Source: Amazon DynamoDB
/// Developer Guide, "Error handling with DynamoDB".
pub const THROTTLING: [&str; 3] = [
    "ProvisionedThroughputExceededException",
    "ThrottlingException",
    "RequestLimitExceeded",
];

/// Writes rows to a table of DynamoDB.
///
/// The SDK retries as it does by default. A put whose first try was written and whose answer was lost
/// is refused on its second try, and told the row that is there: its own.
#[derive(Clone)]
pub struct SdkOrderStore {
    dynamodb: Client,
    table: Arc<str>,
}

impl SdkOrderStore {
    /// The table that [`TABLE_VARIABLE`] names, with region, credentials and endpoint as the SDK finds
    /// them in the environment.
    pub async fn from_environment() -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(2))
            .operation_attempt_timeout(OPERATION_ATTEMPT_TIMEOUT)
            .build();
        let config = aws_config::defaults(BehaviorVersion::latest())
            .http_client(http_client())
            .timeout_config(timeouts)
            .load()
            .await;
        let table = env::var(TABLE_VARIABLE).unwrap_or_else(|_| TABLE_DEFAULT.to_owned());
        Self::new(Client::new(&config), &table)
    }

    /// The table of this name behind `dynamodb`.
    pub fn new(dynamodb: Client, table: &str) -> Self {
        Self {
            dynamodb,
            table: table.into(),
        }
    }

    /// The lab's table of a target, written as the function on Lambda does; `witness` sees every attempt.
    pub fn of_target(target: &Target, witness: impl Intercept + 'static) -> Self {
        let table = target
            .lab_table()
            .map_or(TABLE_DEFAULT, |table| &table.name);
        Self::new(writing_client(target, witness), table)
    }

    /// Writes the rows side by side: they are no transaction, and each waits for its own round trip.
    async fn put(
        &self,
        rows: Arc<[OrderRow]>,
        replace: bool,
    ) -> Vec<Result<PutOutcome, WriteError>> {
        let mut puts = JoinSet::new();
        for (position, row) in rows.iter().enumerate() {
            let request = self.request(row, replace);
            puts.spawn(async move { (position, outcome_of(request.send().await)) });
        }
        let unanswered = || Err(WriteError::Failed("the write panicked".into()));
        let mut outcomes: Vec<_> = rows.iter().map(|_| unanswered()).collect();
        while let Some(joined) = puts.join_next().await {
            if let Ok((position, outcome)) = joined {
                outcomes[position] = outcome;
            }
        }
        outcomes
    }

    fn request(
        &self,
        row: &OrderRow,
        replace: bool,
    ) -> aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder {
        let request = self
            .dynamodb
            .put_item()
            .table_name(&*self.table)
            .set_item(Some(item(row, unix_micros())));
        if replace {
            return request;
        }
        request
            .condition_expression(format!("attribute_not_exists({})", attribute::ID))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }
}

impl OrderStore for SdkOrderStore {
    async fn put_new(&self, rows: Arc<[OrderRow]>) -> Vec<Result<PutOutcome, WriteError>> {
        self.put(rows, false).await
    }

    async fn replace(&self, rows: Arc<[OrderRow]>) -> Vec<Result<PutOutcome, WriteError>> {
        self.put(rows, true).await
    }
}

pub(super) fn outcome_of<T, R: std::fmt::Debug>(
    result: Result<T, SdkError<PutItemError, R>>,
) -> Result<PutOutcome, WriteError> {
    let error = match result {
        Ok(_) => return Ok(PutOutcome::Stored),
        Err(error) => error,
    };
    if let Some(PutItemError::ConditionalCheckFailedException(refused)) = error.as_service_error() {
        let details = refused
            .item()
            .and_then(|item| item.get(attribute::ORDER_DETAILS));
        return Ok(PutOutcome::Exists {
            order_details: details.and_then(|details| details.as_s().ok().cloned()),
        });
    }
    match error.code() {
        Some(code) if THROTTLING.contains(&code) => Err(WriteError::Throttled),
        _ => Err(WriteError::Failed(DisplayErrorContext(&error).to_string())),
    }
}

fn item(row: &OrderRow, stored_at_us: u64) -> HashMap<String, AttributeValue> {
    let number = |value: u64| AttributeValue::N(value.to_string());
    let details = AttributeValue::S(row.order_details.clone());
    let receive_count = number(u64::from(row.receive_count));
    HashMap::from([
        (attribute::ID.to_owned(), number(row.id)),
        (attribute::ORDER_DETAILS.to_owned(), details),
        (attribute::STORED_AT.to_owned(), number(stored_at_us)),
        (
            attribute::RECEIVED_AT.to_owned(),
            number(row.received_at_us),
        ),
        (attribute::RECEIVE_COUNT.to_owned(), receive_count),
    ])
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
