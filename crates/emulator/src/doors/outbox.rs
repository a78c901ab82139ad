//! What a door has accepted, on its way into a queue.
//!
//! A message goes into its queue at once, unless a fault holds it or the queue has no room at present: then it stays inside,
//! counted, and the door tries again as AWS documents, until it gives up. Messages of one group of a FIFO queue wait for
//! each other. A queue that is not there, or that refuses the message for good, is not tried again.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::door::{Door, Tallies};
use crate::sqs::{
    Clock, Nanos, SendEntry, Sent, SqsEngine, SqsError, SqsErrorKind, is_fifo, nanos,
};

/// Bytes of messages that doors hold back at most: beyond it they take no more.
const HELD_BYTES_MAX: u64 = 256 << 20;
/// Bytes a held message takes beside its body, about.
const OVERHEAD: u64 = 512;

/// A message and where it goes.
#[derive(Debug, Clone)]
pub(super) struct Letter {
    pub(super) door: Door,
    pub(super) queue: Arc<str>,
    pub(super) entry: SendEntry,
    /// Takes what is given up.
    pub(super) dead_letter_queue: Option<Arc<str>>,
    pub(super) patience: Patience,
}

/// How often and how long a door tries again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    /// SNS to SQS: 100,015 times over 23 days (developer guide, "Amazon SNS message delivery retries").
    Topic,
    /// EventBridge: so often and so long, 185 times in 24 hours where nothing else is said.
    Target { retries: u32, age: Duration },
}

impl Patience {
    pub(super) const TARGET: Self = Self::Target {
        retries: 185,
        age: Duration::from_secs(86_400),
    };

    /// The pause before the next try, after so many; none when it is given up.
    fn pause(self, tries: u32, age: Duration) -> Option<Duration> {
        match self {
            Self::Topic => match tries {
                0..=3 => Some(Duration::ZERO),
                4..=5 => Some(Duration::from_secs(1)),
                6..=15 => Some(Duration::from_secs(u64::from(2 * (tries - 5)))),
                16..=100_015 => Some(Duration::from_secs(20)),
                _ => None,
            },
            Self::Target { retries, age: most } => {
                let pause = Duration::from_secs(1_u64 << tries.min(9)).min(most / 185);
                (tries <= retries && age < most).then_some(pause)
            }
        }
    }
}

impl Letter {
    fn bytes(&self) -> u64 {
        self.entry.size() as u64 + OVERHEAD
    }

    /// Queue and group of what must stay in order.
    fn lane(&self) -> Option<Lane> {
        let group = self.entry.group_id.as_deref()?;
        is_fifo(&self.queue).then(|| (Arc::clone(&self.queue), group.into()))
    }
}

type Lane = (Arc<str>, Arc<str>);

/// A message that is held, and how often it was tried.
struct Held {
    letter: Letter,
    tries: u32,
    since: Nanos,
}

/// A group with messages that are held.
#[derive(Default)]
struct Row {
    held: usize,
    /// When the last of them is due.
    due: Nanos,
    /// The first of them was refused: none is tried before.
    blocked_until: Nanos,
}

#[derive(Default)]
struct State {
    held: BTreeMap<(Nanos, u64), Held>,
    bytes: u64,
    rows: HashMap<Lane, Row>,
    serial: u64,
}

/// Where messages leave the doors.
pub(super) struct Outbox {
    engine: SqsEngine,
    clock: Clock,
    speed: f64,
    tallies: Arc<Tallies>,
    state: Mutex<State>,
    wake: Notify,
}

/// What became of a try.
enum Tried {
    Done,
    Again(Duration),
}

impl Outbox {
    pub(super) fn new(engine: SqsEngine, clock: Clock, speed: f64, tallies: Arc<Tallies>) -> Self {
        Self {
            engine,
            clock,
            speed,
            tallies,
            state: Mutex::default(),
            wake: Notify::new(),
        }
    }

    /// Whether as much is held back as may be.
    pub(super) fn is_full(&self) -> bool {
        self.lock().bytes >= HELD_BYTES_MAX
    }

    /// Delivers a message, now or `late`.
    pub(super) fn post(&self, letter: Letter, late: Duration) {
        let mut state = self.lock();
        let now = self.clock.now();
        let held = Held {
            letter,
            tries: 0,
            since: now,
        };
        let row = held.letter.lane().and_then(|lane| state.rows.get(&lane));
        let behind = row.map(|row| row.due);
        let (held, due) = match (late.is_zero(), behind) {
            (true, None) => match self.attempt(held, now) {
                (_, Tried::Done) => return,
                (held, Tried::Again(pause)) => (held, now + nanos(pause)),
            },
            (_, behind) => (held, (now + nanos(late)).max(behind.unwrap_or(0))),
        };
        self.tallies
            .count(&held.letter.door, |counts| counts.inside += 1);
        if let Some(lane) = held.letter.lane() {
            let row = state.rows.entry(lane).or_default();
            row.held += 1;
            row.due = row.due.max(due);
            if held.tries > 0 {
                row.blocked_until = due;
            }
        }
        state.bytes += held.letter.bytes();
        state.serial += 1;
        let serial = state.serial;
        state.held.insert((due, serial), held);
        self.wake.notify_one();
    }

    /// Delivers what is held when it is due, for ever.
    pub(super) async fn run(&self) {
        loop {
            let due = self.lock().held.keys().next().map(|(due, _)| *due);
            match due {
                None => self.wake.notified().await,
                Some(due) => tokio::select! {
                    () = tokio::time::sleep_until(self.clock.instant(due)) => self.deliver_due(),
                    () = self.wake.notified() => {}
                },
            }
        }
    }

    fn deliver_due(&self) {
        let mut state = self.lock();
        let now = self.clock.now();
        let later = state.held.split_off(&(now + 1, 0));
        let due = std::mem::replace(&mut state.held, later);
        for ((_, serial), held) in due {
            let lane = held.letter.lane();
            let row = lane.as_ref().and_then(|lane| state.rows.get(lane));
            if let Some(until) = row
                .map(|row| row.blocked_until)
                .filter(|until| *until > now)
            {
                state.held.insert((until, serial), held);
                continue;
            }
            let door = held.letter.door.clone();
            match self.attempt(held, now) {
                (held, Tried::Done) => {
                    state.bytes -= held.letter.bytes();
                    self.tallies.count(&door, |counts| counts.inside -= 1);
                    if let Some(lane) = lane {
                        leave(&mut state.rows, &lane);
                    }
                }
                (held, Tried::Again(pause)) => {
                    // Not in this round again.
                    let due = (now + nanos(pause)).max(now + 1);
                    if let Some(row) = lane.and_then(|lane| state.rows.get_mut(&lane)) {
                        row.blocked_until = due;
                        row.due = row.due.max(due);
                    }
                    state.held.insert((due, serial), held);
                }
            }
        }
    }

    fn attempt(&self, mut held: Held, now: Nanos) -> (Held, Tried) {
        held.tries += 1;
        let letter = &held.letter;
        let tallies = &self.tallies;
        let refusal = match self.engine.send(&letter.queue, letter.entry.clone()) {
            Ok(_) => {
                tallies.count(&letter.door, |counts| {
                    *counts
                        .delivered
                        .entry(letter.queue.to_string())
                        .or_default() += 1;
                });
                return (held, Tried::Done);
            }
            Err(refusal) => refusal,
        };
        let for_now = matches!(
            refusal.kind,
            SqsErrorKind::OverLimit
                | SqsErrorKind::RequestThrottled
                | SqsErrorKind::InternalFailure
        );
        let age = Duration::from_nanos(now - held.since).mul_f64(self.speed);
        let pause = for_now.then(|| letter.patience.pause(held.tries, age));
        if let Some(pause) = pause.flatten() {
            return (held, Tried::Again(pause.div_f64(self.speed)));
        }
        tracing::warn!(door = %letter.door, queue = %letter.queue, %refusal, "a message is given up");
        let buried = letter.dead_letter_queue.as_deref();
        let buried = buried.map(|queue| self.engine.send(queue, letter.entry.clone()));
        tallies.count(&letter.door, |counts| match buried {
            Some(Ok(_)) => counts.dead_lettered += 1,
            Some(Err(_)) | None => counts.undelivered += 1,
        });
        (held, Tried::Done)
    }

    /// Puts a message into its queue at once, or tells why not.
    pub(super) fn send(&self, letter: &Letter) -> Result<Sent, SqsError> {
        let sent = self.engine.send(&letter.queue, letter.entry.clone())?;
        self.tallies.count(&letter.door, |counts| {
            *counts
                .delivered
                .entry(letter.queue.to_string())
                .or_default() += 1;
        });
        Ok(sent)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn leave(rows: &mut HashMap<Lane, Row>, lane: &Lane) {
    if let Some(row) = rows.get_mut(lane) {
        row.held -= 1;
        if row.held == 0 {
            rows.remove(lane);
        }
    }
}
