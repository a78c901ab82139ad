//! Deleting what `up` has created; whose it is is asked once more right before.

use aws_sdk_dynamodb::operation::delete_table::DeleteTableError;
use aws_sdk_dynamodb::types::{Select, TableStatus};
use aws_sdk_sqs::operation::delete_queue::DeleteQueueError;

use super::resource::Resource;
use super::state::{Ownership, ownership};
use super::status::until_table;
use super::{AccountError, facts};
use crate::preflight::{Known, QueueFacts};
use crate::store::{ResponseProbe, Session};

/// Pages of up to 1 MB that are read to count rows before they are lost.
const COUNTED_PAGES: u32 = 4;
/// Rows in one page; the embedded table reads the rest of the table for a page without a limit.
const PAGE: i32 = 5_000;

/// What came of asking for a deletion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deletion {
    /// It is gone.
    Deleted,
    /// It is as it was, for it is not ours, not there, or could not be read.
    Left(Ownership),
}

/// Messages or rows that are in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowCount {
    /// How many were counted.
    pub count: u64,
    /// There are more than were counted.
    pub more: bool,
}

/// Deletes one of the resources if it carries our tag now, and waits until a table is gone.
///
/// # Errors
/// When the service refuses it, or a table is still there after some minutes.
pub async fn delete(session: &Session, resource: &Resource) -> Result<Deletion, AccountError> {
    let unseen = ResponseProbe::default();
    match resource {
        Resource::Table(name) => {
            let table = facts::read_table(session, name, &unseen).await;
            match ownership(&table.as_ref(), |table| &table.tags) {
                Ownership::Ours => delete_table(session, name).await,
                other => Ok(Deletion::Left(other)),
            }
        }
        Resource::Queue(name) => {
            let queue = facts::read_queue(session, name, &unseen).await;
            match (ownership(&queue.as_ref(), |queue| &queue.tags), queue) {
                (Ownership::Ours, Known::Is(queue)) => delete_queue(session, &queue).await,
                (other, _) => Ok(Deletion::Left(other)),
            }
        }
    }
}

async fn delete_queue(session: &Session, queue: &QueueFacts) -> Result<Deletion, AccountError> {
    match session
        .sqs()
        .delete_queue()
        .queue_url(&queue.url)
        .send()
        .await
    {
        Ok(_) => Ok(Deletion::Deleted),
        Err(error) => match error.as_service_error() {
            Some(DeleteQueueError::QueueDoesNotExist(_)) => Ok(Deletion::Left(Ownership::Absent)),
            _ => Err(AccountError::of("SQS DeleteQueue", &queue.name)(error)),
        },
    }
}

async fn delete_table(session: &Session, name: &str) -> Result<Deletion, AccountError> {
    let deleted = session
        .dynamodb()
        .delete_table()
        .table_name(name)
        .send()
        .await;
    if let Err(error) = deleted {
        match error.as_service_error() {
            Some(DeleteTableError::ResourceNotFoundException(_)) => {
                return Ok(Deletion::Left(Ownership::Absent));
            }
            _ => return Err(AccountError::of("DynamoDB DeleteTable", name)(error)),
        }
    }
    let gone = |status: Option<TableStatus>| status.is_none();
    until_table(session, name, gone, "", STILL_THERE, &mut |_| {}).await?;
    Ok(Deletion::Deleted)
}

const STILL_THERE: &str =
    "it is still there after ten minutes: look at it in the console and repeat";

/// Waits while a table of this name is being deleted; one that is there to stay is left to whoever asks next.
pub(super) async fn until_name_is_free(
    session: &Session,
    name: &str,
    note: &mut dyn FnMut(String),
) -> Result<(), AccountError> {
    let free = |status| status != Some(TableStatus::Deleting);
    let waiting = ", which is being deleted";
    until_table(session, name, free, waiting, STILL_THERE, note).await
}

/// Counts the rows of a table, the first few megabytes of them.
///
/// # Errors
/// When a page cannot be read.
pub async fn count_rows(session: &Session, table: &str) -> Result<RowCount, AccountError> {
    let mut counted = RowCount {
        count: 0,
        more: false,
    };
    let mut start = None;
    for _ in 0..COUNTED_PAGES {
        let page = session
            .dynamodb()
            .scan()
            .table_name(table)
            .select(Select::Count)
            .limit(PAGE)
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(AccountError::of("DynamoDB Scan", table))?;
        counted.count += u64::try_from(page.count()).unwrap_or(0);
        start = page.last_evaluated_key;
        counted.more = start.is_some();
        if !counted.more {
            break;
        }
    }
    Ok(counted)
}
