//! The status of a table, and waiting for it to come or to go.

use std::time::{Duration, Instant};

use aws_sdk_dynamodb::types::TableStatus;

use super::AccountError;
use crate::store::Session;

/// How long a table may take to become active or to be gone: seconds as a rule, minutes with warm throughput.
const PATIENCE: Duration = Duration::from_secs(600);
const PAUSES: [Duration; 2] = [Duration::from_millis(50), Duration::from_secs(2)];
const TRIES: u32 = 300;

/// Asks for the status of the table called `name` until `done` holds; a table that is not there has none. A wait that
/// is not over at once is noted: `waiting` is what for.
///
/// # Errors
/// When the table cannot be described; `failure`, when `done` does not hold after some minutes.
pub(super) async fn until_table(
    session: &Session,
    name: &str,
    done: impl Fn(Option<TableStatus>) -> bool,
    waiting: &str,
    failure: &'static str,
    note: &mut dyn FnMut(String),
) -> Result<(), AccountError> {
    let mut pause = PAUSES[0];
    let began = Instant::now();
    for tried in 0..TRIES {
        // An endpoint that answers slowly is asked less often.
        if began.elapsed() > PATIENCE {
            break;
        }
        if done(table_status(session, name).await?) {
            return Ok(());
        }
        if tried == 5 {
            note(format!("waiting for the table {name}{waiting}"));
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSES[1]);
    }
    Err(AccountError::new("DynamoDB DescribeTable", name, failure))
}

/// The status of the table called `name`; `None` when there is none.
///
/// # Errors
/// When it cannot be described.
async fn table_status(session: &Session, name: &str) -> Result<Option<TableStatus>, AccountError> {
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
