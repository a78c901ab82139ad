//! Receiving: what is there at once, or after a wait that ends with whatever makes a message visible.

use std::sync::Arc;
use std::time::Duration;

use orderproof_machines::queue::{Message, MessageState, ReceiveFault, Taken, Wake};

use super::attributes::VISIBILITY_MAX;
use super::check::check_options;
use super::clock::{Nanos, nanos};
use super::engine::{SqsEngine, State};
use super::error::{SqsError, SqsErrorKind};
use super::faults::BuryFault;
use super::fifo::{Held, check_attempt_id};
use super::handle::Receipt;
use super::message::{ReceiveOptions, ReceivedMessage};
use super::queue::Queue;

impl SqsEngine {
    /// Receives up to `max_messages`; waits for a first one as long as the options say.
    ///
    /// Dropping the future loses nothing: messages are taken in the same step that returns them.
    pub async fn receive(
        &self,
        queue: &str,
        options: ReceiveOptions,
    ) -> Result<Vec<ReceivedMessage>, SqsError> {
        self.receive_as(queue, options, None).await
    }

    /// The same under a receive request attempt id. Asked for again by the same id within five minutes, a FIFO queue
    /// gives the same messages under the same handles and hides them anew, unless one of them was deleted or its
    /// visibility has ended or was changed.
    pub async fn receive_attempt(
        &self,
        queue: &str,
        options: ReceiveOptions,
        attempt_id: &str,
    ) -> Result<Vec<ReceivedMessage>, SqsError> {
        self.receive_as(queue, options, Some(attempt_id)).await
    }

    async fn receive_as(
        &self,
        queue: &str,
        options: ReceiveOptions,
        attempt_id: Option<&str>,
    ) -> Result<Vec<ReceivedMessage>, SqsError> {
        check_options(options)?;
        let (arrivals, give_up_at) = {
            let (mut state, now) = self.lock();
            let queue = state.queue(queue)?;
            if let Some(id) = attempt_id {
                check_attempt(queue, id)?;
            }
            let wait = options.wait.unwrap_or(queue.attributes.receive_wait);
            (Arc::clone(&queue.arrivals.0), now + nanos(wait))
        };
        loop {
            // Made before the attempt, so that what arrives after it is not missed.
            let arrival = arrivals.notified();
            let sleep_until = match self.attempt(queue, options, attempt_id, give_up_at)? {
                Attempt::Done(messages) => return Ok(messages),
                Attempt::Sleep(until) => self.clock().instant(until),
            };
            tokio::select! {
                () = arrival => {}
                () = tokio::time::sleep_until(sleep_until) => {}
            }
        }
    }

    /// Receives what is there, or says how long there is nothing to do.
    fn attempt(
        &self,
        name: &str,
        options: ReceiveOptions,
        attempt_id: Option<&str>,
        give_up_at: Nanos,
    ) -> Result<Attempt, SqsError> {
        let (mut state, now) = self.lock();
        if let Some(id) = attempt_id
            && let Some(messages) = self.take_again(state.queue(name)?, options, id, now)
        {
            return Ok(Attempt::Done(messages));
        }
        let (messages, held) = self.take(&mut state, name, options, now)?;
        if let Some(id) = attempt_id
            && !held.is_empty()
        {
            note_attempt(state.queue(name)?, id, held, now);
        }
        let queue = state.queue(name)?;
        if !messages.is_empty() {
            if queue.has_work() {
                queue.arrivals.wake_one();
            }
            return Ok(Attempt::Done(messages));
        }
        let is_short = options.wait.unwrap_or(queue.attributes.receive_wait) == Duration::ZERO;
        // Of a FIFO queue AWS says that it returns no error.
        if is_short && queue.is_full() && queue.fifo.is_none() {
            return Err(SqsError::new(
                SqsErrorKind::OverLimit,
                "Too many messages in flight: 120,000 is the most a queue allows.",
            ));
        }
        if now >= give_up_at {
            return Ok(Attempt::Done(messages));
        }
        let until = queue
            .next_event()
            .map_or(give_up_at, |event| event.min(give_up_at));
        queue.arm(until);
        Ok(Attempt::Sleep(until))
    }

    /// Takes visible messages, moving those received too often to the dead-letter queue.
    fn take(
        &self,
        state: &mut State,
        name: &str,
        options: ReceiveOptions,
        now: Nanos,
    ) -> Result<(Vec<ReceivedMessage>, Vec<Held>), SqsError> {
        let redrive = state.queue(name)?.attributes.redrive.clone();
        // Without its dead-letter queue a queue keeps its messages: nothing is thrown away.
        let redrive = redrive.filter(|to| state.queues.contains_key(&*to.dead_letter_queue));
        let queue = state.queue(name)?;
        queue.advance(now);
        let visibility = options
            .visibility_timeout
            .unwrap_or(queue.attributes.visibility_timeout);
        let until = now + nanos(visibility);
        let limit = redrive.as_ref().map(|redrive| redrive.max_receive_count);
        let uid = queue.uid;
        let mut dead = Vec::new();
        let mut received = Vec::with_capacity(options.max_messages);
        let (mut held, is_fifo) = (Vec::new(), queue.fifo.is_some());
        let faults = self.faults();
        let fault =
            |body: &str| faults.map_or(ReceiveFault::None, |faults| faults.on_receive(name, body));
        queue.take(
            options.max_messages,
            (now, until),
            limit,
            &mut dead,
            fault,
            |taken| {
                received.push(self.received(uid, &taken));
                if is_fifo {
                    held.extend(held_until(&taken));
                }
            },
        );
        if let Some(redrive) = redrive
            && !dead.is_empty()
        {
            self.bury(state, dead, name, &redrive.dead_letter_queue, now)?;
        }
        Ok((received, held))
    }

    /// What an earlier attempt gave, if all of it is as that left it.
    fn take_again(
        &self,
        queue: &mut Queue,
        options: ReceiveOptions,
        attempt_id: &str,
        now: Nanos,
    ) -> Option<Vec<ReceivedMessage>> {
        queue.advance(now);
        let mut held = queue.fifo.as_mut()?.attempts.find(attempt_id, now)?;
        if !held.iter().all(|held| is_as_left(queue, held)) {
            return None;
        }
        let visibility = options.visibility_timeout;
        let until = now + nanos(visibility.unwrap_or(queue.attributes.visibility_timeout));
        let mut received = Vec::with_capacity(held.len());
        for held in &mut held {
            let slot = held.slot;
            let message = queue.live(slot, held.serial)?;
            received.push(self.received(queue.uid, &Taken { slot, message }));
            queue.change_visibility(slot, now, until);
            held.hidden_until = until;
        }
        note_attempt(queue, attempt_id, held, now);
        Some(received)
    }

    /// Moves messages to the dead-letter queue: id, body, attributes and receive count stay; age too, but in a FIFO queue,
    /// where the id becomes the deduplication id as well (SQS guide, "Setting-up dead-letter queue retention" and
    /// "dead-letter queue redrive").
    fn bury(
        &self,
        state: &mut State,
        dead: Vec<Message>,
        source: &str,
        dead_letter_queue: &str,
        now: Nanos,
    ) -> Result<(), SqsError> {
        let source: Arc<str> = source.into();
        let faults = self.faults();
        let queue = state.queue(dead_letter_queue)?;
        for mut message in dead {
            let fault = faults.map_or(BuryFault::None, |faults| {
                faults.on_bury(dead_letter_queue, &message.body)
            });
            message.place = match fault {
                BuryFault::None => MessageState::Visible,
                BuryFault::Consumed => continue,
                BuryFault::Held => MessageState::InFlight(now + nanos(VISIBILITY_MAX)),
            };
            let extras = Arc::make_mut(message.extras.get_or_insert_default());
            extras.dead_letter_source = Some(Arc::clone(&source));
            if queue.fifo.is_some() {
                let id = self.scribe().message_id(message.serial);
                extras.deduplication_id = Some((&*id).into());
                message.sent_at = now;
            }
            message.bury();
            queue.insert(message);
        }
        Ok(())
    }

    fn received(&self, queue: u32, taken: &Taken<'_>) -> ReceivedMessage {
        let (clock, scribe) = (self.clock(), self.scribe());
        let message = taken.message;
        ReceivedMessage {
            message_id: scribe.message_id(message.serial),
            receipt_handle: scribe.handle(Receipt {
                queue,
                slot: taken.slot,
                serial: message.serial,
                receive: message.receive_count,
            }),
            body: Arc::clone(&message.body),
            sent_timestamp_ms: clock.epoch_ms(message.sent_at),
            receive_count: message.receive_count,
            first_receive_timestamp_ms: clock.epoch_ms(message.first_received_at),
            extras: message.extras.clone(),
        }
    }
}

/// Only FIFO queues have receive attempts.
fn check_attempt(queue: &Queue, id: &str) -> Result<(), SqsError> {
    match queue.fifo {
        Some(_) => check_attempt_id(id),
        None => Err(SqsError::not_for_queue("ReceiveRequestAttemptId", id)),
    }
}

fn note_attempt(queue: &mut Queue, id: &str, held: Vec<Held>, now: Nanos) {
    if let Some(fifo) = &mut queue.fifo {
        fifo.attempts.note(id, held, now);
        queue.remember();
    }
}

/// A message as a receive leaves it, if it is hidden.
fn held_until(taken: &Taken<'_>) -> Option<Held> {
    match taken.message.place {
        MessageState::InFlight(hidden_until) => Some(Held {
            slot: taken.slot,
            serial: taken.message.serial,
            receive_count: taken.message.receive_count,
            hidden_until,
        }),
        MessageState::Visible | MessageState::Delayed(_) => None,
    }
}

fn is_as_left(queue: &Queue, held: &Held) -> bool {
    let message = queue.live(held.slot, held.serial);
    message.is_some_and(|message| {
        message.receive_count == held.receive_count
            && message.place == MessageState::InFlight(held.hidden_until)
    })
}

/// How an attempt to receive ended.
enum Attempt {
    Done(Vec<ReceivedMessage>),
    /// Nothing will be there before this instant unless a message arrives.
    Sleep(Nanos),
}
