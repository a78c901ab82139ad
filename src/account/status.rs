//! The status of a table, for who waits for it to come or to go.

use aws_sdk_dynamodb::types::TableStatus;

use super::AccountError;
use crate::store::Session;

/// The status of the table called `name`; `None` when there is none.
///
/// # Errors
/// When it cannot be described.
pub(super) async fn table_status(
    session: &Session,
    name: &str,
) -> Result<Option<TableStatus>, AccountError> {
    let described = session
        .dynamodb()
        .describe_table()
        .table_name(name)
        .send()
        .await;
    match described {
        Ok(described) => {
            let status = described.table.and_then(|table| table.table_status);
            // A table without a status in the reply is there all the same.
            Ok(Some(status.unwrap_or_else(|| "".into())))
        }
        Err(error) => {
            let service = error.as_service_error();
            match service.is_some_and(|error| error.is_resource_not_found_exception()) {
                true => Ok(None),
                false => Err(AccountError::of("DynamoDB DescribeTable", name)(error)),
            }
        }
    }
}
