//! The operations on message movement tasks.
//!
//! A task handle is what AWS's looks like: base64 of a JSON text with the task's id and its queue's ARN.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::reply::{CancelledMove, MoveEntry, Moves, StartedMove};
use super::{Context, request, write};
use crate::sqs::error::SqsError;
use crate::sqs::moves::{MoveFailure, MoveStatus, MoveTask};

type Reply = Result<Vec<u8>, SqsError>;

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Handle<'a> {
    #[serde(borrow)]
    task_id: Cow<'a, str>,
    #[serde(borrow)]
    source_arn: Cow<'a, str>,
}

/// Starts the task on the runtime that answers the request.
pub(super) fn start(context: Context<'_>, input: request::StartMove<'_>) -> Reply {
    let Context { engine, site, .. } = context;
    let source = site.name_in_arn(required("SourceArn", &input.source_arn)?)?;
    let destination = input.destination_arn.as_deref();
    let destination = destination.map(|arn| site.name_in_arn(arn)).transpose()?;
    let rate = input
        .max_number_of_messages_per_second
        .map(|rate| u32::try_from(rate).unwrap_or(0));
    let (id, work) = engine.start_move(source, destination, rate)?;
    tokio::spawn(work);
    write(&StartedMove {
        task_handle: handle(id, &site.queue_arn(source)),
    })
}

pub(super) fn list(context: Context<'_>, input: request::ListMoves<'_>) -> Reply {
    let Context { engine, site, .. } = context;
    let source = site.name_in_arn(required("SourceArn", &input.source_arn)?)?;
    let most = match input.max_results.unwrap_or(1) {
        most @ 1..=10 => usize::try_from(most).unwrap_or(10),
        most => {
            return Err(SqsError::value(format!(
                "Value {most} for parameter MaxResults is invalid. Reason: must be between 1 and 10."
            )));
        }
    };
    let tasks = engine.moves(source)?;
    let source_arn = site.queue_arn(source);
    let entries = tasks.iter().take(most).map(|task| MoveEntry {
        destination_arn: task.destination.as_deref().map(|name| site.queue_arn(name)),
        ..entry(task, &source_arn)
    });
    write(&Moves {
        results: entries.collect(),
    })
}

pub(super) fn cancel(context: Context<'_>, input: request::CancelMove<'_>) -> Reply {
    let Context { engine, site, .. } = context;
    let invalid = || SqsError::value("Value for parameter TaskHandle is invalid.");
    let json = STANDARD
        .decode(required("TaskHandle", &input.task_handle)?)
        .map_err(|_| invalid())?;
    let handle: Handle<'_> = serde_json::from_slice(&json).map_err(|_| invalid())?;
    let id = handle.task_id.parse().map_err(|_| invalid())?;
    let moved = engine.cancel_move(site.name_in_arn(&handle.source_arn)?, id)?;
    write(&CancelledMove {
        approximate_number_of_messages_moved: moved,
    })
}

fn entry<'a>(task: &MoveTask, source_arn: &'a str) -> MoveEntry<'a> {
    let is_running = task.status == MoveStatus::Running;
    let (status, failure_reason) = match task.status {
        MoveStatus::Running => ("RUNNING", None),
        MoveStatus::Completed => ("COMPLETED", None),
        MoveStatus::Cancelled => ("CANCELLED", None),
        MoveStatus::Failed(MoveFailure::NoSource) => {
            ("FAILED", Some("CouldNotDetermineMessageSource"))
        }
        MoveStatus::Failed(MoveFailure::NoQueue) => {
            ("FAILED", Some("AWS.SimpleQueueService.NonExistentQueue"))
        }
    };
    MoveEntry {
        task_handle: is_running.then(|| handle(task.id, source_arn)),
        status,
        source_arn,
        destination_arn: None,
        max_number_of_messages_per_second: task.rate,
        approximate_number_of_messages_moved: task.moved,
        approximate_number_of_messages_to_move: task.to_move,
        failure_reason,
        started_timestamp: task.started_ms,
    }
}

fn handle(task_id: uuid::Uuid, source_arn: &str) -> String {
    let handle = Handle {
        task_id: task_id.to_string().into(),
        source_arn: source_arn.into(),
    };
    let json = serde_json::to_vec(&handle).expect("two texts are always JSON");
    STANDARD.encode(json)
}

fn required<'a>(name: &str, value: &'a str) -> Result<&'a str, SqsError> {
    match value {
        "" => Err(SqsError::missing(name)),
        _ => Ok(value),
    }
}
