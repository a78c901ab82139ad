//! Writing the journal: intent before any order of a block is sent, outcomes after.
//!
//! One thread owns the file, so that no sender waits for a disk. An intent counts once the kernel
//! has it, which is what survives `kill -9`; the disk has it a moment later, so that after a power
//! failure the last lines may be missing: a journal without its end leaves open what they said.

use std::fs::{File, OpenOptions};
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use roaring::RoaringBitmap;

use super::lines::{JournalFile, Lines};
use crate::ledger::entry::{Decided, Entry, Outcomes};
use crate::ledger::{JournalError, JournalHeader, Ledger, MessageId, Outcome, Ranges};

/// Outcomes are gathered this long, so that there are ten lines a second whatever the rate.
const OUTCOME_INTERVAL: Duration = Duration::from_millis(100);

/// The ledger is compacted after so many outcome lines.
const COMPACT_EVERY: u64 = 64;

/// Outcomes waiting for the thread beyond which they are merged where they are, so that a stalled
/// disk does not let them grow with the number of orders.
const PENDING_MAX: usize = 65_536;

/// The journal could not be written on; [`JournalWriter::finish`] tells why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the journal could not be written on, so nothing more may be sent")]
pub struct JournalStopped;

/// Owns the thread that writes the journal and keeps the ledger it adds up to.
pub struct JournalWriter {
    handle: JournalHandle,
    thread: JoinHandle<(Ledger, Result<(), JournalError>)>,
}

/// What pacer and senders do with the journal; clones are the same journal.
///
/// Threads that record much have a lane each ([`JournalHandle::lane`]), so that none waits for another.
#[derive(Clone)]
pub struct JournalHandle {
    shared: Arc<Shared>,
    lane: Arc<Mutex<Lane>>,
}

/// What was recorded by one thread, or by some, and is not written yet.
#[derive(Default)]
struct Lane {
    pending: Decided,
    /// The messages of orders in `pending`.
    named: Vec<(u64, MessageId)>,
}

impl std::ops::Deref for JournalWriter {
    type Target = JournalHandle;

    fn deref(&self) -> &JournalHandle {
        &self.handle
    }
}

/// What the writer's users and its thread share.
struct Shared {
    state: Mutex<State>,
    /// Wakes the thread: an intent is asked for, or the end.
    asked: Condvar,
    /// Wakes whoever waits for an intent.
    written: Condvar,
    intended: AtomicU64,
    stopped: AtomicBool,
}

#[derive(Default)]
struct State {
    /// Orders `0..wanted` are to be intended.
    wanted: u64,
    /// No more is to be intended.
    closed: bool,
    lanes: Vec<Arc<Mutex<Lane>>>,
    finishing: bool,
}

impl JournalWriter {
    /// Creates the journal at `path`, which must not exist yet, and writes its header.
    ///
    /// # Errors
    /// When the file cannot be created or written.
    pub fn create(path: &Path, header: &JournalHeader) -> Result<Self, JournalError> {
        Self::create_as(path, header, None, |file| file)
    }

    /// The same, with the file wrapped before anything is written to it. Of a worker's journal `own` are the orders that
    /// it tells of.
    ///
    /// # Errors
    /// When the file cannot be created or written.
    pub fn create_as<F: JournalFile>(
        path: &Path,
        header: &JournalHeader,
        own: Option<RoaringBitmap>,
        wrap: impl FnOnce(File) -> F,
    ) -> Result<Self, JournalError> {
        let create = || -> io::Result<File> {
            let file = OpenOptions::new().write(true).create_new(true).open(path)?;
            match path.parent() {
                Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all()?,
                _ => {}
            }
            Ok(file)
        };
        let file = create().map_err(|source| JournalError::Create {
            path: path.to_owned(),
            source,
        })?;
        Self::start(wrap(file), path, header, own)
    }

    /// The same on any file; `path` is what errors name.
    ///
    /// # Errors
    /// When the header cannot be written.
    pub fn start(
        file: impl JournalFile,
        path: &Path,
        header: &JournalHeader,
        own: Option<RoaringBitmap>,
    ) -> Result<Self, JournalError> {
        debug_assert_eq!(header.shard.is_some(), own.is_some());
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            asked: Condvar::new(),
            written: Condvar::new(),
            intended: AtomicU64::new(0),
            stopped: AtomicBool::new(false),
        });
        let mut lines = Lines::new(file, path);
        lines.write(Entry::Header(header.clone()));
        lines.sync();
        if let Some(error) = lines.take_error() {
            return Err(error);
        }
        let scribe = Scribe {
            shared: Arc::clone(&shared),
            lines,
            ledger: Ledger::new(header.planned),
            own,
            unsent: RoaringBitmap::new(),
        };
        let thread = std::thread::Builder::new()
            .name("journal".into())
            .spawn(move || scribe.run())
            .map_err(|source| JournalError::Create {
                path: path.to_owned(),
                source,
            })?;
        Ok(Self {
            handle: JournalHandle::on(shared),
            thread,
        })
    }

    /// Writes what is left, the end, and hands over the ledger. Orders intended and never decided
    /// become indeterminate; what a handle records after this is not counted.
    ///
    /// The ledger is complete in memory even if the journal could not be written on.
    pub fn finish(self) -> (Ledger, Result<(), JournalError>) {
        self.shared.lock().finishing = true;
        self.shared.asked.notify_one();
        match self.thread.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }

    /// For those who record and do not own it.
    pub fn handle(&self) -> JournalHandle {
        self.handle.clone()
    }
}

impl JournalHandle {
    fn on(shared: Arc<Shared>) -> Self {
        let lane = Arc::default();
        shared.lock().lanes.push(Arc::clone(&lane));
        Self { shared, lane }
    }

    /// The same journal, for another thread to record on.
    pub fn lane(&self) -> Self {
        Self::on(Arc::clone(&self.shared))
    }

    /// Asks for the orders before `end` to be intended, and returns at once.
    pub fn intend(&self, end: u64) {
        let mut state = self.shared.lock();
        if end > state.wanted && !state.closed {
            state.wanted = end;
            self.shared.asked.notify_one();
        }
    }

    /// How far orders are intended: those before it may be sent.
    pub fn intended(&self) -> u64 {
        self.shared.intended.load(Ordering::Acquire)
    }

    /// Waits until the orders before `end` are intended, asking for it if need be.
    ///
    /// # Errors
    /// When the journal cannot be written on, or was closed before.
    pub fn wait_intended(&self, end: u64) -> Result<(), JournalStopped> {
        if self.intended() >= end && !self.is_stopped() {
            return Ok(());
        }
        self.intend(end);
        let mut state = self.shared.lock();
        while self.intended() < end {
            if self.is_stopped() || (state.closed && state.wanted < end) {
                return Err(JournalStopped);
            }
            state = self
                .shared
                .written
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        if self.is_stopped() {
            return Err(JournalStopped);
        }
        Ok(())
    }

    /// Intends no more orders from now on, whoever asks, and returns at once: those before the number that this returns
    /// will be intended, and no others ever, unless the journal cannot be written on.
    pub fn close(&self) -> u64 {
        let mut state = self.shared.lock();
        state.closed = true;
        state.wanted
    }

    /// The journal can no longer be written on, so nothing more may be sent.
    pub fn is_stopped(&self) -> bool {
        self.shared.stopped.load(Ordering::Acquire)
    }

    /// Records what became of the sending of `orders`, each of them intended and not yet decided.
    ///
    /// Cheap: the ledger and the file have it within a fraction of a second.
    pub fn record(&self, outcome: Outcome, orders: Range<u64>) {
        self.record_named(outcome, orders, std::iter::empty());
    }

    /// The same with the messages of those among the orders that are known by their message id. One line has both, so
    /// that whoever reads of an accepted order reads of its message, whenever the process dies.
    pub fn record_named(
        &self,
        outcome: Outcome,
        orders: Range<u64>,
        messages: impl IntoIterator<Item = (u64, MessageId)>,
    ) {
        let mut lane = self.lane.lock().unwrap_or_else(PoisonError::into_inner);
        lane.named.extend(messages);
        match lane.pending.last_mut() {
            Some((last, range)) if *last == outcome && range.end == orders.start => {
                range.end = orders.end;
            }
            _ => lane.pending.push((outcome, orders)),
        }
        if lane.pending.len() >= PENDING_MAX {
            let merged = Outcomes::of(std::mem::take(&mut lane.pending));
            lane.pending = merged.in_order();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was recorded on all lanes since the last time.
    fn take_news(state: &State) -> News {
        let (mut decided, mut named) = (Decided::new(), Vec::new());
        for lane in &state.lanes {
            let mut lane = lane.lock().unwrap_or_else(PoisonError::into_inner);
            decided.append(&mut lane.pending);
            named.append(&mut lane.named);
        }
        (decided, named)
    }

    fn has_news(state: &State) -> bool {
        let lock = |lane: &Arc<Mutex<Lane>>| {
            let lane = lane.lock().unwrap_or_else(PoisonError::into_inner);
            !lane.pending.is_empty()
        };
        state.lanes.iter().any(lock)
    }
}

/// Outcomes since the last line, with the messages of some.
type News = (Decided, Vec<(u64, MessageId)>);

/// The thread that owns the file.
struct Scribe<F> {
    shared: Arc<Shared>,
    lines: Lines<F>,
    ledger: Ledger,
    /// The orders it tells of, where they are not all.
    own: Option<RoaringBitmap>,
    /// Orders expressly recorded as unsent.
    unsent: RoaringBitmap,
}

impl<F: JournalFile> Scribe<F> {
    fn run(mut self) -> (Ledger, Result<(), JournalError>) {
        let mut flushed_at = Instant::now();
        loop {
            let (wanted, pending, finishing) = self.next_work(flushed_at);
            if wanted > self.shared.intended.load(Ordering::Relaxed) {
                self.intend(wanted);
            }
            if let Some((pending, named)) = pending {
                flushed_at = Instant::now();
                self.decide(pending, named);
            }
            if finishing {
                break;
            }
        }
        self.end();
        (self.ledger, self.lines.take_error().map_or(Ok(()), Err))
    }

    /// Waits for something to write; outcomes only once they have been gathered long enough.
    fn next_work(&self, flushed_at: Instant) -> (u64, Option<News>, bool) {
        let intended = self.shared.intended.load(Ordering::Relaxed);
        let mut state = self.shared.lock();
        loop {
            let stopped = self.lines.failed();
            let due = flushed_at.elapsed() >= OUTCOME_INTERVAL;
            let intent_waits = state.wanted > intended && !stopped;
            if state.finishing || intent_waits || (due && Shared::has_news(&state)) {
                let wanted = if stopped { intended } else { state.wanted };
                let pending = (due || state.finishing).then(|| Shared::take_news(&state));
                return (wanted, pending, state.finishing);
            }
            let wait = OUTCOME_INTERVAL
                .saturating_sub(flushed_at.elapsed())
                .max(Duration::from_millis(1));
            let wait = if due { OUTCOME_INTERVAL } else { wait };
            state = self
                .shared
                .asked
                .wait_timeout(state, wait)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    fn intend(&mut self, wanted: u64) {
        let first = self.shared.intended.load(Ordering::Relaxed);
        let block = Ranges::of(std::iter::once(first..wanted).collect());
        if self.lines.write(Entry::Intent(block)) {
            self.publish(Some(wanted));
            self.lines.sync();
        }
        if self.lines.failed() {
            self.publish(None);
        }
    }

    /// Tells the users how far orders are intended, or that nothing more may be sent.
    fn publish(&self, intended: Option<u64>) {
        let _state = self.shared.lock();
        match intended {
            Some(end) => self.shared.intended.store(end, Ordering::Release),
            None => self.shared.stopped.store(true, Ordering::Release),
        }
        self.shared.written.notify_all();
    }

    fn decide(&mut self, pending: Decided, named: Vec<(u64, MessageId)>) {
        if pending.is_empty() {
            return;
        }
        let outcomes = Outcomes::of(pending).naming(named);
        for (outcome, range) in outcomes.in_order() {
            if outcome == Outcome::Unsent {
                let end = u32::try_from(range.end).expect("a sequence number below 10^9");
                self.unsent.insert_range(range.start as u32..end);
            }
            self.ledger.record(outcome, range);
        }
        for (k, message) in &outcomes.message_ids {
            self.ledger.name(*k, message.clone());
        }
        if self.lines.written().is_multiple_of(COMPACT_EVERY) {
            self.ledger.compact();
        }
        if !self.lines.write(Entry::Outcome(outcomes)) {
            self.publish(None);
        }
    }

    /// Decides what nobody decided and writes the last line.
    fn end(&mut self) {
        let intended = self.shared.intended.load(Ordering::Relaxed);
        let mut undecided = RoaringBitmap::new();
        undecided.insert_range(0..u32::try_from(intended).expect("at most 10^9"));
        if let Some(own) = &self.own {
            undecided &= own;
        }
        undecided -= self.ledger.acknowledged();
        undecided -= self.ledger.rejected();
        undecided -= self.ledger.indeterminate();
        undecided -= &self.unsent;
        let left = undecided
            .iter()
            .map(|k| (Outcome::Indeterminate, u64::from(k)..u64::from(k) + 1))
            .collect();
        self.decide(left, Vec::new());
        self.ledger.compact();
        self.ledger.index();
        let counts = match &self.own {
            None => self.ledger.counts(),
            Some(own) => self.ledger.counts_of(own.len()),
        };
        self.lines.write(Entry::End(counts));
        self.lines.sync();
    }
}
