//! The engine: every queue behind one lock, and what is done to single messages; see also `receive`.
//!
//! One lock for all queues makes a move to the dead-letter queue one step: no count ever misses the
//! message or sees it twice. It is never held across an await.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use orderproof_machines::queue::{MessageState, Total};

use super::check::{check_entry, check_visibility};
use super::clock::{Clock, Nanos, nanos};
use super::error::{SqsError, SqsErrorKind};
use super::faults::{QueueFaults, SendFault};
use super::fifo::is_fifo;
use super::handle::{Receipt, Scribe};
use super::message::{SendEntry, Sent};
use super::prepared::Prepared;
use super::queue::{Queue, QueueCounts};

/// An in-memory SQS. Cloning it is cheap and gives another handle to the same queues.
#[derive(Clone)]
pub struct SqsEngine {
    shared: Arc<Shared>,
}

struct Shared {
    clock: Clock,
    speed: f64,
    stored_bytes_max: OnceLock<u64>,
    scribe: Scribe,
    state: Mutex<State>,
    faults: OnceLock<Box<dyn QueueFaults>>,
}

/// Everything the engine holds.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) queues: BTreeMap<Arc<str>, Queue>,
    pub(super) queues_created: u32,
    pub(super) total: Total,
    messages_sent: u64,
}

impl State {
    fn stored_bytes(&self) -> u64 {
        self.queues.values().map(|queue| queue.stored_bytes()).sum()
    }

    pub(super) fn queue(&mut self, name: &str) -> Result<&mut Queue, SqsError> {
        self.queues.get_mut(name).ok_or_else(SqsError::no_queue)
    }

    /// The queues whose dead letters go to this one, by name.
    pub(super) fn sources(&self, name: &str) -> impl Iterator<Item = &Arc<str>> {
        let sources = self.queues.iter().filter(move |(_, queue)| {
            let redrive = queue.attributes.redrive.as_ref();
            redrive.is_some_and(|redrive| redrive.dead_letter_queue == name)
        });
        sources.map(|(source, _)| source)
    }

    /// The serial number of a message that is new.
    pub(super) fn next_serial(&mut self) -> u64 {
        self.messages_sent += 1;
        self.messages_sent
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
        Self::with_speed(1.0)
    }

    /// The same for time that passes `speed` times faster than on AWS: what AWS bounds by a duration is
    /// bounded by so much less.
    pub fn with_speed(speed: f64) -> Self {
        let (seed, _) = uuid::Uuid::new_v4().as_u64_pair();
        Self {
            shared: Arc::new(Shared {
                clock: Clock::start(),
                speed,
                stored_bytes_max: OnceLock::new(),
                scribe: Scribe::new(seed),
                state: Mutex::default(),
                faults: OnceLock::new(),
            }),
        }
    }

    /// Makes the queues misbehave from now on; what was set first stays.
    pub fn set_faults(&self, faults: Box<dyn QueueFaults>) {
        let _ = self.shared.faults.set(faults);
    }

    /// Refuses messages, queues, tags and policies once all queues together take `bytes` of memory; what was set first
    /// stays.
    pub fn store_at_most(&self, bytes: u64) {
        let _ = self.shared.stored_bytes_max.set(bytes);
    }

    /// Bytes of memory the messages of all queues take, about.
    pub fn stored_bytes(&self) -> u64 {
        self.lock().0.stored_bytes()
    }

    /// How long a received message of the queue stays hidden.
    pub fn visibility_timeout(&self, queue: &str) -> Result<Duration, SqsError> {
        let (mut state, _) = self.lock();
        Ok(state.queue(queue)?.attributes.visibility_timeout)
    }

    /// How many times faster than on AWS time passes.
    pub(super) fn speed(&self) -> f64 {
        self.shared.speed
    }

    /// How the queues misbehave, if they do.
    pub(crate) fn faults(&self) -> Option<&dyn QueueFaults> {
        self.shared.faults.get().map(|faults| &**faults)
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
        let (faults, is_fifo) = (self.faults(), is_fifo(queue));
        let prepared: Vec<_> = entries
            .into_iter()
            .map(|entry| {
                let fault =
                    faults.map_or(SendFault::None, |faults| faults.on_send(queue, &entry.body));
                Prepared::of(entry, fault, is_fifo)
            })
            .collect();
        let scribe = self.shared.scribe;
        let (mut state, now) = self.lock();
        let mut serial = state.messages_sent;
        let mut room = match self.shared.stored_bytes_max.get() {
            Some(most) => most.saturating_sub(state.total.bytes()),
            None => u64::MAX,
        };
        let target = state.queue(queue)?;
        let mut results = Vec::with_capacity(prepared.len());
        for prepared in prepared {
            if let Err(error) = check_entry(&prepared.entry, &target.attributes) {
                results.push(Err(error));
                continue;
            }
            if let Some(first) = prepared.first_sent(target, now) {
                results.push(Ok(prepared.sent(
                    scribe,
                    first.serial,
                    Some(first.sequence),
                )));
                continue;
            }
            let fits = match room.checked_sub(prepared.entry.stored_bytes()) {
                Some(left) => {
                    room = left;
                    Ok(())
                }
                None => Err(full()),
            };
            let accepted = fits.and_then(|()| refusal(prepared.fault));
            results.push(accepted.map(|()| {
                serial += 1;
                let first = serial;
                let sequence = prepared.store(target, &mut serial, now);
                prepared.sent(scribe, first, sequence)
            }));
        }
        state.messages_sent = serial;
        Ok(results)
    }

    /// Deletes a message, in flight or visible again. A handle of an earlier receive, or of a message
    /// that is gone, is accepted and does nothing, as on AWS; a FIFO queue refuses a handle whose visibility has ended.
    pub fn delete(&self, queue: &str, receipt_handle: &str) -> Result<(), SqsError> {
        let (mut state, now) = self.lock();
        let queue = state.queue(queue)?;
        queue.advance(now);
        let receipt = self.read_handle(queue, receipt_handle)?;
        let message = queue.live(receipt.slot, receipt.serial);
        let is_held = message.is_some_and(|message| {
            message.receive_count == receipt.receive
                && matches!(message.place, MessageState::InFlight(_))
        });
        if queue.fifo.is_some() && message.is_some() && !is_held {
            return Err(SqsError::value(format!(
                "Value {receipt_handle} for parameter ReceiptHandle is invalid. Reason: The receipt handle has \
                 expired."
            )));
        }
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
        if message.is_some_and(|message| message.place == MessageState::Visible) {
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

    /// The bodies of everything a queue holds, visible or not: a look that leaves no trace, which no SQS
    /// offers.
    pub fn bodies(&self, queue: &str) -> Result<Vec<Arc<str>>, SqsError> {
        let (mut state, now) = self.lock();
        let queue = state.queue(queue)?;
        queue.advance(now);
        Ok(queue.bodies().cloned().collect())
    }

    /// The counts as the queue tells them: those of [`SqsEngine::counts`], unless a fault hides some.
    pub(super) fn told_counts(&self, queue: &mut Queue, name: &str) -> QueueCounts {
        match self.faults() {
            Some(faults) if faults.hides_counts(name) => {
                queue.counts_of(|body| !faults.is_uncounted(body))
            }
            _ => queue.counts(),
        }
    }

    /// Refuses `more` bytes in the place of `instead` when there is no room for them.
    pub(super) fn check_room(
        &self,
        state: &State,
        more: u64,
        instead: u64,
    ) -> Result<(), SqsError> {
        let most = self.shared.stored_bytes_max.get().copied();
        let needed = state.total.bytes().saturating_sub(instead) + more;
        match more <= instead || needed <= most.unwrap_or(u64::MAX) {
            true => Ok(()),
            false => Err(full()),
        }
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

    pub(super) fn scribe(&self) -> Scribe {
        self.shared.scribe
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

/// What SQS says of a limit that is met, where AWS has none.
fn full() -> SqsError {
    SqsError::new(
        SqsErrorKind::OverLimit,
        "The queues take as many bytes as this server stores at most; receive and delete messages, or \
         start it with a higher limit of stored bytes.",
    )
}

/// What SQS says of an entry it could not take for reasons of its own.
fn refusal(fault: SendFault) -> Result<(), SqsError> {
    match fault {
        SendFault::Refuse => Err(SqsError::new(
            SqsErrorKind::RequestThrottled,
            "The request was denied due to request throttling.",
        )),
        SendFault::None
        | SendFault::Vanish
        | SendFault::Purge
        | SendFault::Double
        | SendFault::Again => Ok(()),
    }
}

/// Whether the handle is of the message's last receive.
fn is_latest(queue: &Queue, receipt: Receipt) -> bool {
    queue.is_latest(receipt.slot, receipt.serial, receipt.receive)
}
