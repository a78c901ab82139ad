//! The engine: every queue behind one lock, tokio's clock, and the waiting of long polls.
//!
//! One lock for all queues makes a move to the dead-letter queue one step: no count ever misses the
//! message or sees it twice. It is never held across an await.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use super::check::{check_entry, check_options, check_visibility};
use super::clock::{Clock, Nanos, nanos};
use super::digest::{md5_of_attributes, md5_of_body};
use super::error::{SqsError, SqsErrorKind};
use super::handle::{Md5Text, Receipt, Scribe};
use super::message::{
    AttributeValue, Extras, Message, MessageAttribute, Place, ReceiveOptions, ReceivedMessage,
    SendEntry, Sent,
};
use super::queue::{Queue, QueueCounts, Taken};

/// An in-memory SQS. Cloning it is cheap and gives another handle to the same queues.
#[derive(Clone)]
pub struct SqsEngine {
    shared: Arc<Shared>,
}

struct Shared {
    clock: Clock,
    scribe: Scribe,
    state: Mutex<State>,
    fault: RwLock<Option<Box<SendFault>>>,
}

type SendFault = dyn Fn(&str, &str) -> bool + Send + Sync;

/// Everything the engine holds.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) queues: BTreeMap<Arc<str>, Queue>,
    pub(super) queues_created: u32,
    messages_sent: u64,
}

impl State {
    pub(super) fn queue(&mut self, name: &str) -> Result<&mut Queue, SqsError> {
        self.queues.get_mut(name).ok_or_else(SqsError::no_queue)
    }
}

impl Default for SqsEngine {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for SqsEngine {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("SqsEngine").finish_non_exhaustive()
    }
}

impl SqsEngine {
    /// An engine without queues, whose clock starts now.
    pub fn new() -> Self {
        let (seed, _) = uuid::Uuid::new_v4().as_u64_pair();
        Self {
            shared: Arc::new(Shared {
                clock: Clock::start(),
                scribe: Scribe::new(seed),
                state: Mutex::default(),
                fault: RwLock::new(None),
            }),
        }
    }

    /// Makes the queue forget messages it acknowledges: those the function says yes to, given the
    /// queue's name and the body.
    pub fn set_send_fault(&self, strikes: impl Fn(&str, &str) -> bool + Send + Sync + 'static) {
        let mut fault = self
            .shared
            .fault
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *fault = Some(Box::new(strikes));
    }

    /// Sends one message.
    pub fn send(&self, queue: &str, entry: SendEntry) -> Result<Sent, SqsError> {
        let mut results = self.send_all(queue, vec![entry])?;
        results.pop().expect("one entry gives one result")
    }

    /// Sends several messages; one that is refused does not keep the others from being stored.
    pub fn send_all(
        &self,
        queue: &str,
        entries: Vec<SendEntry>,
    ) -> Result<Vec<Result<Sent, SqsError>>, SqsError> {
        let fault = self
            .shared
            .fault
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let prepared: Vec<_> = entries
            .into_iter()
            .map(|entry| {
                let vanishes = fault
                    .as_ref()
                    .is_some_and(|fault| fault(queue, &entry.body));
                (digests(&entry), vanishes, entry)
            })
            .collect();
        drop(fault);
        let scribe = self.shared.scribe;
        let (mut state, now) = self.lock();
        let mut serial = state.messages_sent;
        let target = state.queue(queue)?;
        let mut results = Vec::with_capacity(prepared.len());
        for ((md5_of_body, md5_of_attributes, md5_of_system_attributes), vanishes, entry) in
            prepared
        {
            results.push(
                check_entry(&entry, target.attributes.maximum_message_size).map(|()| {
                    serial += 1;
                    if !vanishes {
                        let delay = target.attributes.delay;
                        target.insert(new_message(serial, entry, delay, now));
                    }
                    Sent {
                        message_id: scribe.message_id(serial),
                        md5_of_body,
                        md5_of_attributes,
                        md5_of_system_attributes,
                    }
                }),
            );
        }
        state.messages_sent = serial;
        Ok(results)
    }

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
                Attempt::Sleep(until) => self.shared.clock.instant(until),
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
        queue.take(
            options.max_messages,
            (now, until),
            limit,
            &mut dead,
            |taken| {
                received.push(self.received(uid, &taken));
            },
        );
        if let Some(redrive) = redrive
            && !dead.is_empty()
        {
            bury(state, dead, name, &redrive.dead_letter_queue)?;
        }
        Ok(received)
    }

    fn received(&self, queue: u32, taken: &Taken<'_>) -> ReceivedMessage {
        let Shared { clock, scribe, .. } = &*self.shared;
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

    /// Deletes a message, in flight or visible again. A handle of an earlier receive, or of a message
    /// that is gone, is accepted and does nothing, as on AWS.
    pub fn delete(&self, queue: &str, receipt_handle: &str) -> Result<(), SqsError> {
        let (mut state, now) = self.lock();
        let queue = state.queue(queue)?;
        queue.advance(now);
        let receipt = self.read_handle(queue, receipt_handle)?;
        if is_latest(queue, receipt) {
            queue.remove(receipt.slot);
        }
        Ok(())
    }

    /// Hides a message in flight for `timeout` from now; zero makes it visible at once.
    pub fn change_visibility(
        &self,
        queue: &str,
        receipt_handle: &str,
        timeout: Duration,
    ) -> Result<(), SqsError> {
        let (mut state, now) = self.lock();
        let queue = state.queue(queue)?;
        queue.advance(now);
        let receipt = self.read_handle(queue, receipt_handle)?;
        check_visibility(timeout)?;
        if !is_latest(queue, receipt) {
            return Err(SqsError::value(format!(
                "Value {receipt_handle} for parameter ReceiptHandle is invalid. Reason: Message does \
                 not exist or is not available for visibility timeout change."
            )));
        }
        let message = queue.live(receipt.slot, receipt.serial);
        if message.is_some_and(|message| message.place == Place::Visible) {
            return Err(SqsError::new(
                SqsErrorKind::MessageNotInflight,
                "The message referred to is visible again: it is not in flight.",
            ));
        }
        queue.change_visibility(receipt.slot, now, now + nanos(timeout));
        Ok(())
    }

    /// How many messages are visible, in flight and delayed at this moment, exactly.
    pub fn counts(&self, queue: &str) -> Result<QueueCounts, SqsError> {
        let (mut state, now) = self.lock();
        let queue = state.queue(queue)?;
        queue.advance(now);
        Ok(queue.counts())
    }

    /// The state, and the instant it is looked at.
    pub(super) fn lock(&self) -> (MutexGuard<'_, State>, Nanos) {
        let state = self
            .shared
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        (state, self.shared.clock.now())
    }

    pub(super) fn clock(&self) -> Clock {
        self.shared.clock
    }

    fn read_handle(&self, queue: &Queue, handle: &str) -> Result<Receipt, SqsError> {
        let receipt = self.shared.scribe.read(handle);
        receipt
            .filter(|receipt| receipt.queue == queue.uid)
            .ok_or_else(|| {
                SqsError::new(
                    SqsErrorKind::ReceiptHandleIsInvalid,
                    "The input receipt handle is invalid.",
                )
            })
    }
}

/// How an attempt to receive ended.
enum Attempt {
    Done(Vec<ReceivedMessage>),
    /// Nothing will be there before this instant unless a message arrives.
    Sleep(Nanos),
}

/// Moves messages to the dead-letter queue: id, body, attributes, age and receive count stay.
fn bury(
    state: &mut State,
    dead: Vec<Message>,
    source: &str,
    dead_letter_queue: &str,
) -> Result<(), SqsError> {
    let source: Arc<str> = source.into();
    let queue = state.queue(dead_letter_queue)?;
    for mut message in dead {
        let extras = Arc::make_mut(message.extras.get_or_insert_default());
        extras.dead_letter_source = Some(Arc::clone(&source));
        message.place = Place::Visible;
        queue.insert(message);
    }
    Ok(())
}

/// Whether the handle is of the message's last receive.
fn is_latest(queue: &Queue, receipt: Receipt) -> bool {
    queue
        .live(receipt.slot, receipt.serial)
        .is_some_and(|message| message.receive_count == receipt.receive)
}

/// Of the body, of the attributes, of the system attributes.
fn digests(entry: &SendEntry) -> (Md5Text, Option<Md5Text>, Option<Md5Text>) {
    let system = entry.trace_header.as_ref().and_then(|header| {
        let attribute = MessageAttribute {
            data_type: "String".to_owned(),
            value: AttributeValue::Text(header.clone()),
        };
        md5_of_attributes(&[("AWSTraceHeader".to_owned(), attribute)])
    });
    (
        md5_of_body(&entry.body),
        md5_of_attributes(&entry.attributes),
        system,
    )
}

fn new_message(serial: u64, entry: SendEntry, delay: Duration, now: Nanos) -> Message {
    let delay = nanos(entry.delay.unwrap_or(delay));
    let plain =
        entry.attributes.is_empty() && entry.group_id.is_none() && entry.trace_header.is_none();
    let extras = (!plain).then(|| {
        Arc::new(Extras {
            attributes: entry.attributes,
            group_id: entry.group_id,
            trace_header: entry.trace_header,
            dead_letter_source: None,
        })
    });
    Message {
        serial,
        body: entry.body,
        extras,
        sent_at: now,
        first_received_at: 0,
        receive_count: 0,
        place: if delay == 0 {
            Place::Visible
        } else {
            Place::Delayed(now + delay)
        },
    }
}
