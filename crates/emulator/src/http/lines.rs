//! The connections a server has: so many at most, and what each of them is at.
//!
//! A full server closes the connection that has been idle longest to take a new one: who keeps thousands open and sends
//! nothing keeps nobody out. A connection that is being answered is never closed, so a long poll may last.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// A head must be there whole by then, counted from its first byte.
const HEAD: Duration = Duration::from_secs(10);
/// A client must take some of its reply in this time.
const STALLED: Duration = Duration::from_secs(30);
/// A connection is not idle before.
const IDLE: Duration = Duration::from_secs(1);

const WAITING: u8 = 0;
const IN_HEAD: u8 = 1;
const ANSWERING: u8 = 2;

/// Why a connection is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// Its head came too slowly.
    SlowHead,
    /// It is idle and others want its place, or it does not take its reply.
    Closed,
}

/// One connection.
#[derive(Debug)]
pub(super) struct Line {
    began: Instant,
    state: AtomicU8,
    /// Milliseconds since the beginning, of the last change of the state.
    since_ms: AtomicU64,
    /// Milliseconds since the beginning plus one, of a reply that is not taken; zero while it is.
    stalled_ms: AtomicU64,
    /// A request was refused that may not have been read to its end.
    refused: AtomicBool,
    ending: Mutex<Option<Ending>>,
    ends: Notify,
}

impl Line {
    fn new() -> Self {
        Self {
            began: Instant::now(),
            state: AtomicU8::new(WAITING),
            since_ms: AtomicU64::new(0),
            stalled_ms: AtomicU64::new(0),
            refused: AtomicBool::new(false),
            ending: Mutex::new(None),
            ends: Notify::new(),
        }
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn enter(&self, state: u8) {
        self.since_ms.store(self.now_ms(), Ordering::Relaxed);
        self.state.store(state, Ordering::Relaxed);
    }

    /// Bytes have come: of a request if none is being answered.
    pub(super) fn has_read(&self) {
        if self.state.load(Ordering::Relaxed) == WAITING {
            self.enter(IN_HEAD);
        }
    }

    /// Bytes of a reply were taken, or were not.
    pub(super) fn has_written(&self, taken: bool) {
        if taken {
            if self.stalled_ms.load(Ordering::Relaxed) != 0 {
                self.stalled_ms.store(0, Ordering::Relaxed);
            }
        } else if self.stalled_ms.load(Ordering::Relaxed) == 0 {
            self.stalled_ms.store(self.now_ms() + 1, Ordering::Relaxed);
        }
    }

    /// A request is being answered.
    pub(super) fn answers(&self) {
        self.enter(ANSWERING);
    }

    /// The next request may come.
    pub(super) fn waits(&self) {
        self.enter(WAITING);
    }

    /// A request was refused and may not have been read to its end.
    pub(super) fn refuse(&self) {
        self.refused.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_refused(&self) -> bool {
        self.refused.load(Ordering::Relaxed)
    }

    /// Completes when the connection is to end.
    pub(super) async fn ended(&self) -> Ending {
        loop {
            let notified = self.ends.notified();
            if let Some(ending) = *self.ending.lock().unwrap_or_else(PoisonError::into_inner) {
                return ending;
            }
            notified.await;
        }
    }

    fn end(&self, ending: Ending) {
        *self.ending.lock().unwrap_or_else(PoisonError::into_inner) = Some(ending);
        self.ends.notify_one();
    }

    /// How long it has been idle, if it is.
    fn idle_for(&self) -> Option<Duration> {
        let is_idle = self.state.load(Ordering::Relaxed) == WAITING
            && self.stalled_ms.load(Ordering::Relaxed) == 0;
        let since = Duration::from_millis(self.since_ms.load(Ordering::Relaxed));
        let idle = self.began.elapsed().saturating_sub(since);
        (is_idle && idle >= IDLE).then_some(idle)
    }

    /// Why it is overdue, if it is.
    fn overdue(&self) -> Option<Ending> {
        let now = self.began.elapsed();
        let for_longer = |since_ms: u64, most: Duration| {
            now.saturating_sub(Duration::from_millis(since_ms)) >= most
        };
        let stalled_ms = self.stalled_ms.load(Ordering::Relaxed);
        if stalled_ms > 0 && for_longer(stalled_ms - 1, STALLED) {
            return Some(Ending::Closed);
        }
        let in_head = self.state.load(Ordering::Relaxed) == IN_HEAD;
        (in_head && for_longer(self.since_ms.load(Ordering::Relaxed), HEAD))
            .then_some(Ending::SlowHead)
    }
}

/// All connections of a server.
#[derive(Debug)]
pub(super) struct Lines {
    most: usize,
    next: AtomicU64,
    open: Mutex<BTreeMap<u64, Arc<Line>>>,
}

/// A connection's place; given back when it is dropped.
#[derive(Debug)]
pub(super) struct ConnectionSlot {
    lines: Arc<Lines>,
    id: u64,
    pub(super) line: Arc<Line>,
}

impl Drop for ConnectionSlot {
    fn drop(&mut self) {
        self.lines.open().remove(&self.id);
    }
}

impl Lines {
    /// None yet, `most` at one time.
    pub(super) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self {
            most,
            next: AtomicU64::new(0),
            open: Mutex::default(),
        })
    }

    fn open(&self) -> std::sync::MutexGuard<'_, BTreeMap<u64, Arc<Line>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for one more connection, if need be that of the one that has been idle longest; none if there is none.
    pub(super) fn admit(self: &Arc<Self>) -> Option<ConnectionSlot> {
        let mut open = self.open();
        if open.len() >= self.most {
            let idle = open
                .iter()
                .filter_map(|(id, line)| Some((line.idle_for()?, *id)));
            let (_, id) = idle.max()?;
            if let Some(line) = open.remove(&id) {
                line.end(Ending::Closed);
            }
        }
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let line = Arc::new(Line::new());
        open.insert(id, Arc::clone(&line));
        Some(ConnectionSlot {
            lines: Arc::clone(self),
            id,
            line,
        })
    }

    /// Ends those that are overdue.
    pub(super) fn end_overdue(&self) {
        for line in self.open().values() {
            if let Some(ending) = line.overdue() {
                line.end(ending);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn pass(time: Duration) {
        tokio::time::advance(time).await;
    }

    fn ending(place: &ConnectionSlot) -> Option<Ending> {
        *place.line.ending.lock().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_server_gives_up_the_longest_idle_and_no_other() {
        let lines = Lines::new(3);
        let first = lines.admit().unwrap();
        pass(Duration::from_millis(600)).await;
        let second = lines.admit().unwrap();
        let third = lines.admit().unwrap();
        assert!(lines.admit().is_none(), "none has been idle for a second");
        first.line.has_read();
        third.line.answers();
        pass(Duration::from_secs(3_600)).await;
        let fourth = lines.admit().unwrap();
        assert_eq!(ending(&second), Some(Ending::Closed));
        assert_eq!((ending(&first), ending(&third)), (None, None));
        assert!(
            lines.admit().is_none(),
            "one in its head, one answered, one new"
        );
        drop((second, fourth));
        assert!(lines.admit().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn heads_and_replies_are_timed_and_long_polls_are_not() {
        let lines = Lines::new(9);
        let [silent, polling, slow, stalled, taking] =
            std::array::from_fn(|_| lines.admit().unwrap());
        polling.line.has_read();
        polling.line.answers();
        slow.line.has_read();
        stalled.line.answers();
        stalled.line.has_written(false);
        taking.line.has_written(false);
        pass(Duration::from_millis(9_999)).await;
        // A byte now and then does not start the time anew.
        slow.line.has_read();
        taking.line.has_written(true);
        lines.end_overdue();
        assert!(
            [&silent, &polling, &slow, &stalled, &taking]
                .iter()
                .all(|place| ending(place).is_none())
        );
        pass(Duration::from_millis(1)).await;
        lines.end_overdue();
        assert_eq!(ending(&slow), Some(Ending::SlowHead));
        pass(Duration::from_secs(20)).await;
        lines.end_overdue();
        assert_eq!(ending(&stalled), Some(Ending::Closed));
        pass(Duration::from_secs(86_400)).await;
        lines.end_overdue();
        assert!(
            [&silent, &polling, &taking]
                .iter()
                .all(|place| ending(place).is_none())
        );
    }
}
