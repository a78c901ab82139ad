//! Receiving: what is there at once, or after a wait that ends with whatever makes a message visible.

use std::sync::Arc;
use std::time::Duration;

use super::attributes::VISIBILITY_MAX;
use super::check::check_options;
use super::clock::{Nanos, nanos};
use super::engine::{SqsEngine, State};
use super::error::{SqsError, SqsErrorKind};
use super::faults::{BuryFault, ReceiveFault};
use super::handle::Receipt;
use super::message::{Message, Place, ReceiveOptions, ReceivedMessage};
use super::queue::Taken;

impl SqsEngine {
    /// Receives up to `max_messages`; waits for a first one as long as the options say.
    ///
    /// Dropping the future loses nothing: messages are taken in the same step that returns them.
    pub async fn receive(
        &self,
        queue: &str,
        options: ReceiveOptions,
    ) -> Result<Vec<ReceivedMessage>, SqsError> {
        check_options(options)?;
        let (arrivals, give_up_at) = {
            let (mut state, now) = self.lock();
            let queue = state.queue(queue)?;
            let wait = options.wait.unwrap_or(queue.attributes.receive_wait);
            (Arc::clone(&queue.arrivals), now + nanos(wait))
        };
        loop {
            // Made before the attempt, so that what arrives after it is not missed.
            let arrival = arrivals.notified();
            let sleep_until = match self.attempt(queue, options, give_up_at)? {
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
        give_up_at: Nanos,
    ) -> Result<Attempt, SqsError> {
        let (mut state, now) = self.lock();
        let messages = self.take(&mut state, name, options, now)?;
        let queue = state.queue(name)?;
        if !messages.is_empty() {
            if queue.has_work() {
                queue.arrivals.notify_one();
            }
            return Ok(Attempt::Done(messages));
        }
        let is_short = options.wait.unwrap_or(queue.attributes.receive_wait) == Duration::ZERO;
        if is_short && queue.is_full() {
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
    ) -> Result<Vec<ReceivedMessage>, SqsError> {
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
            },
        );
        if let Some(redrive) = redrive
            && !dead.is_empty()
        {
            self.bury(state, dead, name, &redrive.dead_letter_queue, now)?;
        }
        Ok(received)
    }

    /// Moves messages to the dead-letter queue: id, body, attributes, age and receive count stay.
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
                BuryFault::None => Place::Visible,
                BuryFault::Consumed => continue,
                BuryFault::Held => Place::InFlight(now + nanos(VISIBILITY_MAX)),
            };
            let extras = Arc::make_mut(message.extras.get_or_insert_default());
            extras.dead_letter_source = Some(Arc::clone(&source));
            message.received_elsewhere = message.receive_count;
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

/// How an attempt to receive ended.
enum Attempt {
    Done(Vec<ReceivedMessage>),
    /// Nothing will be there before this instant unless a message arrives.
    Sleep(Nanos),
}
