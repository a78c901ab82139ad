//! The rows that are there before an order is sent: written ahead of it by a thread of its own. No order goes out whose
//! rows are not written.

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use roaring::RoaringBitmap;
use tokio::task::JoinSet;

use crate::order::OrderPlan;
use crate::records::Item;
use crate::store::{ROWS_PER_WRITE, RowWriter, Target};

/// Requests on their way at one time.
const WRITES_AT_ONCE: usize = 8;

/// Orders whose rows are written in one go.
const ORDERS_AT_ONCE: u64 = (WRITES_AT_ONCE * ROWS_PER_WRITE) as u64;

/// Between two looks whether rows are written.
const CHECK: Duration = Duration::from_millis(1);

/// Owns the thread that writes rows. Dropping it ends the thread once the requests on their way are answered.
pub(super) struct RowsBefore {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// The rows of the orders before this are wanted.
    wanted: u64,
    /// Those of the orders before this are written, or cannot be.
    done: u64,
    /// Orders some of whose rows could not be written, and why.
    refused: BTreeMap<u64, String>,
    /// No more is written.
    ended: bool,
}

impl RowsBefore {
    /// Starts the thread that writes the rows of `orders`, of those in `part` where not all are sent, to the
    /// tables of `target`; none where orders have no such rows.
    ///
    /// # Errors
    /// When no thread or runtime can be had.
    pub(super) fn start(
        orders: &OrderPlan,
        part: Option<&RoaringBitmap>,
        target: &Target,
    ) -> io::Result<Option<Self>> {
        if orders.model.spec().before.is_empty() {
            return Ok(None);
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let shared = Arc::new(Shared::default());
        let (own, orders) = (Arc::clone(&shared), orders.clone());
        let (writer, part) = (RowWriter::new(target), part.cloned());
        let thread = std::thread::Builder::new()
            .name("rows before".into())
            .spawn(move || {
                let _end = End(&own);
                while let Some(range) = own.next() {
                    let end = range.end;
                    let is_sent =
                        |k: &u64| part.as_ref().is_none_or(|part| part.contains(*k as u32));
                    let range = range.filter(is_sent);
                    let refused = runtime.block_on(write(&writer, &orders, range));
                    own.finished(end, refused);
                }
            })?;
        Ok(Some(Self {
            shared,
            thread: Some(thread),
        }))
    }

    /// Asks for the rows of the orders before `end`, and returns at once.
    pub(super) fn want(&self, end: u64) {
        let mut state = self.shared.lock();
        if end > state.wanted {
            state.wanted = end;
            self.shared.changed.notify_all();
        }
    }

    /// Waits until the rows of `orders` are written or cannot be, and says of which orders they cannot, and why; `None`
    /// when `stopped` says so, or no more is written.
    pub(super) async fn wait(
        &self,
        orders: Range<u64>,
        stopped: impl Fn() -> bool,
    ) -> Option<BTreeMap<u64, String>> {
        self.want(orders.end);
        loop {
            if let Some(refused) = self.refused(&orders)? {
                return Some(refused);
            }
            if stopped() {
                return None;
            }
            // Rows are asked for long before they are needed: this is for a table that does not keep up.
            tokio::time::sleep(CHECK).await;
        }
    }

    /// Of which of `orders` rows cannot be written; `None` within as long as some are not written, and at the end.
    fn refused(&self, orders: &Range<u64>) -> Option<Option<BTreeMap<u64, String>>> {
        let mut state = self.shared.lock();
        if state.done < orders.end {
            return (!state.ended).then_some(None);
        }
        // Orders are asked about once, in their order: what is behind is not needed any more.
        let later = state.refused.split_off(&orders.end);
        Some(Some(std::mem::replace(&mut state.refused, later)))
    }
}

impl Drop for RowsBefore {
    fn drop(&mut self) {
        self.shared.end();
        if let Some(thread) = self.thread.take() {
            // A panic has been told where it happened, and its orders stay unsent.
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self) {
        self.lock().ended = true;
        self.changed.notify_all();
    }

    /// Waits for orders whose rows are wanted; `None` at the end.
    fn next(&self) -> Option<Range<u64>> {
        let mut state = self.lock();
        while !state.ended && state.done >= state.wanted {
            let woken = self.changed.wait(state);
            state = woken.unwrap_or_else(PoisonError::into_inner);
        }
        let end = state.wanted.min(state.done + ORDERS_AT_ONCE);
        (!state.ended).then_some(state.done..end)
    }

    fn finished(&self, end: u64, refused: Vec<(u64, String)>) {
        let mut state = self.lock();
        state.refused.extend(refused);
        state.done = end;
        self.changed.notify_all();
    }
}

/// Whichever way the thread ends, nobody waits for it any longer.
struct End<'a>(&'a Shared);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// Writes the rows of these orders, some requests side by side, and says of which orders some could not be written.
async fn write(
    writer: &RowWriter,
    orders: &OrderPlan,
    range: impl Iterator<Item = u64>,
) -> Vec<(u64, String)> {
    let mut rows: Vec<(u64, (String, Item))> = Vec::new();
    for k in range {
        rows.extend(orders.rows_before(k).into_iter().map(|row| (k, row)));
    }
    let mut refused = Vec::new();
    let mut requests = JoinSet::new();
    let mut left = rows.into_iter().peekable();
    while left.peek().is_some() || !requests.is_empty() {
        while requests.len() < WRITES_AT_ONCE && left.peek().is_some() {
            let (ks, rows): (Vec<u64>, Vec<_>) = left.by_ref().take(ROWS_PER_WRITE).unzip();
            let writer = writer.clone();
            requests.spawn(async move { (ks, writer.write(&rows).await) });
        }
        let Some(answered) = requests.join_next().await else {
            continue;
        };
        // A panic ends the thread: of what it has not written no order goes out.
        let (ks, outcomes) =
            answered.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()));
        let failed = ks.into_iter().zip(outcomes);
        refused.extend(failed.filter_map(|(k, outcome)| Some((k, outcome.err()?))));
    }
    refused
}
