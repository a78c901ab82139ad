//! Message movement tasks: dead letters go back to where they came from, or to another queue.
//!
//! A task is a record in the dead-letter queue and a future that works on it, at the task's own pace. As
//! on AWS ("dead-letter queue redrive", SQS developer guide) a moved message is a new one: with a new id, sent
//! now and never received.

use std::collections::VecDeque;
use std::sync::Arc;

use super::clock::Nanos;
use super::described::described_bytes;
use super::engine::{SqsEngine, State};
use super::error::{SqsError, SqsErrorKind};
use super::fifo::is_fifo;
use orderproof_machines::queue::{Extras, Message, MessageState};

/// How many tasks of a queue are remembered, as many as AWS lists.
const TASKS_MAX: usize = 10;
/// How many messages are moved before others get the lock.
const STEP: u64 = 1_000;
/// The most messages a second a task can be asked for.
const RATE_MAX: u32 = 500;

/// How a movement task stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MoveStatus {
    /// It moves messages.
    Running,
    /// Everything that was there when it started has been moved, or taken by others.
    Completed,
    /// It was called off; what had been moved stays moved.
    Cancelled,
    /// It met a message it cannot move, for this reason; that message stays.
    Failed(MoveFailure),
}

/// Why a message cannot be moved, as AWS's "troubleshooting dead-letter queue redrive" has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MoveFailure {
    /// The message was sent to the dead-letter queue directly: there is no queue it came from.
    NoSource,
    /// The queue it is to go to has been deleted.
    NoQueue,
}

/// A movement task, as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoveTask {
    /// Names the task.
    pub id: uuid::Uuid,
    /// Where all messages go; each to the queue it came from if none.
    pub destination: Option<Arc<str>>,
    /// Messages a second, 1 to 500; as fast as possible if none.
    pub rate: Option<u32>,
    /// Messages that were visible when it started.
    pub to_move: u64,
    /// Messages moved so far.
    pub moved: u64,
    /// How it stands.
    pub status: MoveStatus,
    /// When it started, in milliseconds since the Unix epoch.
    pub started_ms: u64,
    started_at: Nanos,
}

impl MoveTask {
    /// When the next message may be moved.
    fn due(&self) -> Nanos {
        let rate = self.rate.map_or(u64::MAX, u64::from);
        self.started_at + self.moved.saturating_mul(1_000_000_000) / rate
    }
}

impl SqsEngine {
    /// Starts to move the messages of the dead-letter queue `source`; the future moves them.
    ///
    /// # Errors
    /// When a queue does not exist, the source is no queue's dead-letter queue, the rate is out of range
    /// or a task runs already.
    pub fn start_move(
        &self,
        source: &str,
        destination: Option<&str>,
        rate: Option<u32>,
    ) -> Result<(uuid::Uuid, impl Future<Output = ()> + Send + 'static), SqsError> {
        let (mut state, now) = self.lock();
        check(&state, source, destination, rate)?;
        let started_ms = self.clock().epoch_ms(now);
        let queue = state.queue(source)?;
        queue.advance(now);
        if queue
            .moves
            .iter()
            .any(|task| task.status == MoveStatus::Running)
        {
            return Err(SqsError::value(
                "There is already a task running. Only one active task is allowed for a source queue arn \
                 at a given time.",
            ));
        }
        let task = MoveTask {
            id: uuid::Uuid::new_v4(),
            destination: destination.map(Arc::from),
            rate,
            to_move: queue.counts().visible,
            moved: 0,
            status: MoveStatus::Running,
            started_ms,
            started_at: now,
        };
        let id = task.id;
        queue.moves.push_front(task);
        queue.moves.truncate(TASKS_MAX);
        let tasks = queue.moves.len();
        let described = described_bytes(source, &queue.attributes, &queue.tags, tasks);
        queue.tally.describe(described);
        drop(state);
        Ok((id, self.clone().carry_out(Arc::from(source), id)))
    }

    /// The movement tasks of a queue, the latest first, at most ten.
    ///
    /// # Errors
    /// When the queue does not exist.
    pub fn moves(&self, source: &str) -> Result<VecDeque<MoveTask>, SqsError> {
        let (mut state, _) = self.lock();
        let queue = state.queue(source).map_err(|_| not_found("SourceArn"))?;
        Ok(queue.moves.clone())
    }

    /// Stops a task; how many messages it has moved.
    ///
    /// # Errors
    /// When there is no such task, or it no longer runs.
    pub fn cancel_move(&self, source: &str, id: uuid::Uuid) -> Result<u64, SqsError> {
        let (mut state, _) = self.lock();
        let task = find(&mut state, source, id).ok_or_else(|| not_found("TaskHandle"))?;
        if task.status != MoveStatus::Running {
            return Err(SqsError::value(
                "Value for parameter TaskHandle is invalid. Reason: Only active tasks can be cancelled.",
            ));
        }
        task.status = MoveStatus::Cancelled;
        Ok(task.moved)
    }

    async fn carry_out(self, source: Arc<str>, id: uuid::Uuid) {
        while let Some(next) = self.step(&source, id) {
            tokio::task::yield_now().await;
            tokio::time::sleep_until(self.clock().instant(next)).await;
        }
    }

    /// Moves what is due, up to a limit; when to go on, none when the task is over.
    fn step(&self, source: &str, id: uuid::Uuid) -> Option<Nanos> {
        let (mut state, now) = self.lock();
        state.queue(source).ok()?.advance(now);
        for _ in 0..STEP {
            let task = find(&mut state, source, id)?;
            if task.status != MoveStatus::Running {
                return None;
            }
            let due = task.due();
            if task.moved < task.to_move && due > now {
                return Some(due);
            }
            let (is_done, destination) = (task.moved >= task.to_move, task.destination.clone());
            let moved = match is_done {
                true => Ok(false),
                false => move_one(&mut state, source, destination.as_deref(), now),
            };
            let task = find(&mut state, source, id)?;
            match moved {
                Ok(true) => task.moved += 1,
                Ok(false) => task.status = MoveStatus::Completed,
                Err(failure) => task.status = MoveStatus::Failed(failure),
            }
        }
        Some(now)
    }
}

fn check(
    state: &State,
    source: &str,
    destination: Option<&str>,
    rate: Option<u32>,
) -> Result<(), SqsError> {
    if let Some(rate) = rate
        && !(1..=RATE_MAX).contains(&rate)
    {
        return Err(SqsError::value(format!(
            "Value {rate} for parameter MaxNumberOfMessagesPerSecond is invalid. Reason: must be between 1 \
             and {RATE_MAX}."
        )));
    }
    if !state.queues.contains_key(source) {
        return Err(not_found("SourceArn"));
    }
    if state.sources(source).next().is_none() {
        return Err(SqsError::value(
            "Source queue must be configured as a Dead Letter Queue.",
        ));
    }
    match destination {
        Some(destination) if destination == source => Err(SqsError::value(
            "Source queue arn and destination queue arn cannot be the same.",
        )),
        Some(destination) if !state.queues.contains_key(destination) => {
            Err(not_found("DestinationArn"))
        }
        Some(destination) if is_fifo(destination) != is_fifo(source) => Err(SqsError::value(
            "Source queue and destination queue must be of the same type, FIFO or standard.",
        )),
        _ => Ok(()),
    }
}

fn find<'a>(state: &'a mut State, source: &str, id: uuid::Uuid) -> Option<&'a mut MoveTask> {
    let queue = state.queues.get_mut(source)?;
    queue.moves.iter_mut().find(|task| task.id == id)
}

/// Moves the message that has been visible longest; false if there is none.
fn move_one(
    state: &mut State,
    source: &str,
    destination: Option<&str>,
    now: Nanos,
) -> Result<bool, MoveFailure> {
    let queue = state.queues.get_mut(source).ok_or(MoveFailure::NoQueue)?;
    let Some((slot, message)) = queue.first_visible() else {
        return Ok(false);
    };
    let origin = message.extras.as_ref();
    let origin = origin.and_then(|extras| extras.dead_letter_source.clone());
    let destination: Arc<str> = match destination {
        Some(destination) => destination.into(),
        None => origin.ok_or(MoveFailure::NoSource)?,
    };
    if !state.queues.contains_key(&destination) {
        return Err(MoveFailure::NoQueue);
    }
    let queue = state.queues.get_mut(source).ok_or(MoveFailure::NoQueue)?;
    let Some(message) = queue.remove(slot) else {
        return Ok(false);
    };
    let message = sent_anew(message, state.next_serial(), now);
    let queue = state.queues.get_mut(&destination);
    queue.ok_or(MoveFailure::NoQueue)?.insert(message);
    Ok(true)
}

fn sent_anew(message: Message, serial: u64, now: Nanos) -> Message {
    let extras = message.extras.map(|extras| Extras {
        dead_letter_source: None,
        sequence_number: None,
        ..Extras::clone(&extras)
    });
    Message {
        serial,
        body: message.body,
        extras: extras
            .filter(|extras| *extras != Extras::default())
            .map(Arc::new),
        sent_at: now,
        first_received_at: 0,
        receive_count: 0,
        received_elsewhere: 0,
        place: MessageState::Visible,
    }
}

fn not_found(parameter: &str) -> SqsError {
    SqsError::new(
        SqsErrorKind::ResourceNotFound,
        format!("The resource that you specified for the {parameter} parameter doesn't exist."),
    )
}
