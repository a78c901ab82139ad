//! SQS: message movement tasks bring dead letters back.

use aws_sdk_sqs::types::{
    ListMessageMoveTasksResultEntry as Task, MessageSystemAttributeName as System,
};

use super::answer::{ensure, equal, good, refused, refused_somehow, some};
use super::check::Documented::{Aws, Unknown};
use super::check::{Check, Outcome, check};
use super::peer::{Peer, body, handle, pause, system};

#[rustfmt::skip]
pub const CHECKS: &[Check] = &[
    check!(Sqs, "redrive", "StartMessageMoveTask moves dead letters back to the queue they came from.", Aws("SQS API: StartMessageMoveTask"), back_to_source),
    check!(Sqs, "redrive", "A redriven message is a new one: another id, a new SentTimestamp.", Aws("SQS guide: Learn how to configure a dead-letter queue redrive in Amazon SQS"), anew),
    check!(Sqs, "redrive", "A redriven message's receive count starts anew.", Unknown("The pages call it a new message and do not name the count."), count_starts_anew),
    check!(Sqs, "redrive", "A destination can be named.", Aws("SQS API: StartMessageMoveTask"), to_another_queue),
    check!(Sqs, "redrive", "ListMessageMoveTasks tells a completed task with its counts.", Aws("SQS API: ListMessageMoveTasks"), listed),
    check!(Sqs, "redrive", "A task keeps to MaxNumberOfMessagesPerSecond and is listed as RUNNING, with its handle.", Aws("SQS API: StartMessageMoveTask"), at_a_rate),
    check!(Sqs, "redrive", "A task that runs can be cancelled; what was not moved stays.", Aws("SQS API: CancelMessageMoveTask"), cancelled),
    check!(Sqs, "redrive", "While a task runs another on the same queue is refused.", Aws("SQS API: StartMessageMoveTask"), one_at_a_time),
    check!(Sqs, "redrive", "A source that is nobody's dead-letter queue is refused.", Aws("SQS API: StartMessageMoveTask"), source_must_be_dead_letter_queue),
    check!(Sqs, "redrive", "A source that does not exist is refused (ResourceNotFoundException).", Aws("SQS API: StartMessageMoveTask"), source_must_exist),
    check!(Sqs, "redrive", "A rate over 500 a second is refused.", Aws("SQS API: StartMessageMoveTask"), rate_has_a_limit),
    check!(Sqs, "redrive", "A message sent directly to the dead-letter queue has no source: the task fails (CouldNotDetermineMessageSource).", Aws("SQS guide: Troubleshoot DLQ and DLQ redrive issues"), no_source),
];

/// Starts a task for the dead-letter queue; its handle.
async fn start(peer: &Peer, dead: &str, rate: Option<i32>) -> Result<String, String> {
    let start = peer
        .sqs()
        .start_message_move_task()
        .source_arn(peer.arn(dead).await?);
    let started = start
        .set_max_number_of_messages_per_second(rate)
        .send()
        .await;
    some(
        "TaskHandle",
        good("StartMessageMoveTask", started)?.task_handle,
    )
}

async fn latest(peer: &Peer, dead: &str) -> Result<Task, String> {
    let list = peer
        .sqs()
        .list_message_move_tasks()
        .source_arn(peer.arn(dead).await?);
    let tasks = good("ListMessageMoveTasks", list.send().await)?
        .results
        .unwrap_or_default();
    some("a task listed", tasks.into_iter().next())
}

/// The latest task once it no longer runs, waiting a few seconds.
async fn ended(peer: &Peer, dead: &str) -> Result<Task, String> {
    for _ in 0..40 {
        let task = latest(peer, dead).await?;
        if task.status() != Some("RUNNING") {
            return Ok(task);
        }
        pause(100).await;
    }
    Err("a task: expected to end, seen to run on".to_owned())
}

async fn back_to_source(peer: &Peer) -> Outcome {
    let (source, dead) = peer.with_buried(&["a", "b"]).await?;
    start(peer, &dead, None).await?;
    ended(peer, &dead).await?;
    equal(
        "in the dead-letter queue",
        peer.counts(&dead).await?,
        [0, 0, 0],
    )?;
    let messages = peer.receive(&source, 10, None, 2).await?;
    let mut bodies: Vec<_> = messages.iter().map(body).collect();
    bodies.sort_unstable();
    equal("bodies received", bodies, vec!["a", "b"])
}

async fn anew(peer: &Peer) -> Outcome {
    let (source, dead) = peer.with_buried(&["a"]).await?;
    let letter = peer.receive_one(&dead, Some(0)).await?;
    pause(20).await;
    start(peer, &dead, None).await?;
    let back = peer.receive_one(&source, Some(0)).await?;
    equal(
        "the same id",
        back.message_id() == letter.message_id(),
        false,
    )?;
    let sent = |message| system(message, &System::SentTimestamp).to_owned();
    ensure(
        sent(&back) > sent(&letter),
        "SentTimestamp: expected a new one, seen the old one",
    )
}

async fn count_starts_anew(peer: &Peer) -> Outcome {
    let (source, dead) = peer.with_buried(&["a"]).await?;
    start(peer, &dead, None).await?;
    let back = peer.receive_one(&source, Some(0)).await?;
    equal(
        "ApproximateReceiveCount",
        system(&back, &System::ApproximateReceiveCount),
        "1",
    )
}

async fn to_another_queue(peer: &Peer) -> Outcome {
    let (source, dead) = peer.with_buried(&["a"]).await?;
    let other = peer.queue("other").await?;
    let start = peer
        .sqs()
        .start_message_move_task()
        .source_arn(peer.arn(&dead).await?);
    let start = start.destination_arn(peer.arn(&other).await?).send().await;
    good("StartMessageMoveTask", start)?;
    let moved = peer.receive_one(&other, None).await?;
    equal("body", body(&moved), "a")?;
    equal(
        "in the source queue",
        peer.counts(&source).await?,
        [0, 0, 0],
    )
}

async fn listed(peer: &Peer) -> Outcome {
    let (_, dead) = peer.with_buried(&["a", "b", "c"]).await?;
    start(peer, &dead, None).await?;
    let task = ended(peer, &dead).await?;
    equal("Status", task.status(), Some("COMPLETED"))?;
    equal(
        "messages moved",
        task.approximate_number_of_messages_moved(),
        3,
    )?;
    equal(
        "messages to move",
        task.approximate_number_of_messages_to_move(),
        Some(3),
    )?;
    equal("TaskHandle is there", task.task_handle().is_some(), false)?;
    equal(
        "DestinationArn is there",
        task.destination_arn().is_some(),
        false,
    )?;
    let arn = peer.arn(&dead).await?;
    equal(
        "SourceArn is the queue's",
        task.source_arn() == Some(&arn),
        true,
    )
}

async fn at_a_rate(peer: &Peer) -> Outcome {
    let (_, dead) = peer.with_buried(&["a", "b", "c", "d", "e"]).await?;
    let handle = start(peer, &dead, Some(1)).await?;
    pause(300).await;
    let task = latest(peer, &dead).await?;
    equal("Status", task.status(), Some("RUNNING"))?;
    equal(
        "TaskHandle is the task's",
        task.task_handle() == Some(&handle),
        true,
    )?;
    equal(
        "MaxNumberOfMessagesPerSecond",
        task.max_number_of_messages_per_second(),
        Some(1),
    )?;
    let moved = task.approximate_number_of_messages_moved();
    ensure(
        moved < 5,
        "messages moved at 1 a second: expected some, seen all",
    )
}

async fn cancelled(peer: &Peer) -> Outcome {
    let (source, dead) = peer.with_buried(&["a", "b", "c", "d", "e"]).await?;
    let handle = start(peer, &dead, Some(1)).await?;
    pause(300).await;
    let cancel = peer
        .sqs()
        .cancel_message_move_task()
        .task_handle(handle)
        .send()
        .await;
    good("CancelMessageMoveTask", cancel)?;
    pause(1_500).await;
    equal(
        "Status",
        latest(peer, &dead).await?.status(),
        Some("CANCELLED"),
    )?;
    let [moved, left] = [peer.counts(&source).await?[0], peer.counts(&dead).await?[0]];
    ensure(
        left >= 2,
        "messages that stay: expected most, seen few or none",
    )?;
    equal("messages in both queues", moved + left, 5)
}

async fn one_at_a_time(peer: &Peer) -> Outcome {
    let (_, dead) = peer.with_buried(&["a", "b", "c"]).await?;
    start(peer, &dead, Some(1)).await?;
    let again = peer
        .sqs()
        .start_message_move_task()
        .source_arn(peer.arn(&dead).await?);
    refused_somehow("StartMessageMoveTask", again.send().await)
}

async fn source_must_be_dead_letter_queue(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    let start = peer
        .sqs()
        .start_message_move_task()
        .source_arn(peer.arn(&url).await?);
    refused_somehow("StartMessageMoveTask", start.send().await)
}

async fn source_must_exist(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    let arn = peer.arn(&url).await?.replace("-q", "-none");
    let start = peer
        .sqs()
        .start_message_move_task()
        .source_arn(arn)
        .send()
        .await;
    refused(
        "StartMessageMoveTask",
        start,
        "ResourceNotFoundException",
        |error| error.is_resource_not_found_exception(),
    )
    .map(|_| ())
}

async fn rate_has_a_limit(peer: &Peer) -> Outcome {
    let (_, dead) = peer.with_buried(&["a"]).await?;
    let start = peer
        .sqs()
        .start_message_move_task()
        .source_arn(peer.arn(&dead).await?);
    let start = start.max_number_of_messages_per_second(501);
    refused_somehow("StartMessageMoveTask", start.send().await)
}

async fn no_source(peer: &Peer) -> Outcome {
    let (_, dead) = peer.with_dead_letters(1).await?;
    peer.send(&dead, "direct").await?;
    start(peer, &dead, None).await?;
    let task = ended(peer, &dead).await?;
    equal("Status", task.status(), Some("FAILED"))?;
    equal(
        "FailureReason",
        task.failure_reason(),
        Some("CouldNotDetermineMessageSource"),
    )?;
    let letter = peer.receive_one(&dead, None).await?;
    equal("a handle of what stayed", handle(&letter).is_empty(), false)
}
