//! The message groups of a FIFO queue: a group's orders go out in order, one request with any of them at a time.
//!
//! A batch waits until no request before it that shares a group is on its way. Batches stand in the line of each of their
//! groups in the order in which they fell due, so the oldest one is always first in all of its lines: nothing can wait
//! in a circle. Those that wait count as in flight, so `max_in_flight` bounds them.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::work::Work;
use crate::order::OrderPlan;

/// The lines of all groups.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    hasher: RandomState,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Where those go whose turn it is; none once nothing more can follow.
    queue: Option<flume::Sender<Work>>,
    /// Nothing more enters.
    closed: bool,
    /// Of each group, by a hash of its name, the batches that wait or are on their way, by their first orders. Groups that
    /// share a hash share a line, which costs a wait and no order.
    lines: HashMap<u64, VecDeque<u64>>,
    batches: HashMap<u64, QueuedBatch>,
    waiting: usize,
}

/// A batch in its lines.
#[derive(Debug)]
struct QueuedBatch {
    groups: Vec<u64>,
    /// Lines in which another stands before it.
    behind: usize,
    /// What waits.
    work: Option<Work>,
}

impl Lanes {
    /// Those whose turn it is go to `queue`.
    pub(super) fn open(&self, queue: flume::Sender<Work>) {
        self.state().queue = Some(queue);
    }

    /// Lets a batch in: it goes out when it is first in the lines of all its groups. False if nobody takes it.
    pub(super) fn enter(&self, work: Work, orders: &OrderPlan) -> bool {
        let name = |k| self.hasher.hash_one(orders.group(k).unwrap_or_default());
        let mut groups: Vec<u64> = work.orders().iter().map(|&k| name(k)).collect();
        groups.sort_unstable();
        groups.dedup();
        self.state().enter(work, groups)
    }

    /// The request with the batch that begins with this order has been answered, or given up.
    pub(super) fn leave(&self, first: u64) {
        self.state().leave(first);
    }

    /// Nothing more enters: once nothing waits, the queue of work ends.
    pub(super) fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        state.end_if_done();
    }

    /// What still waits, should nobody be left to send it.
    pub(super) fn drain(&self) -> Vec<Work> {
        let mut state = self.state();
        state.queue = None;
        state.waiting = 0;
        let mut left: Vec<_> = state
            .batches
            .drain()
            .filter_map(|(_, it)| it.work)
            .collect();
        left.sort_unstable_by_key(|work| work.dispatch.first);
        left
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn enter(&mut self, work: Work, groups: Vec<u64>) -> bool {
        let Some(queue) = &self.queue else {
            return false;
        };
        let first = work.dispatch.first;
        let mut behind = 0;
        for group in &groups {
            let line = self.lines.entry(*group).or_default();
            behind += usize::from(!line.is_empty());
            line.push_back(first);
        }
        if behind == 0 && queue.send(work).is_err() {
            return false;
        }
        self.waiting += usize::from(behind > 0);
        let standing = QueuedBatch {
            groups,
            behind,
            work: (behind > 0).then_some(work),
        };
        self.batches.insert(first, standing);
        true
    }

    fn leave(&mut self, first: u64) {
        let Some(left) = self.batches.remove(&first) else {
            return;
        };
        for group in left.groups {
            let Some(line) = self.lines.get_mut(&group) else {
                continue;
            };
            line.pop_front();
            match line.front().copied() {
                Some(next) => self.one_less_before(next),
                None => drop(self.lines.remove(&group)),
            }
        }
        self.end_if_done();
    }

    fn one_less_before(&mut self, first: u64) {
        let Some(next) = self.batches.get_mut(&first) else {
            return;
        };
        next.behind -= 1;
        if next.behind == 0
            && let Some(work) = next.work.take()
        {
            self.waiting -= 1;
            if let Some(queue) = &self.queue {
                // Whoever drains the queue of a pool that is no more finds it there.
                let _ = queue.send(work);
            }
        }
    }

    fn end_if_done(&mut self) {
        if self.closed && self.waiting == 0 {
            self.queue = None;
        }
    }
}

/// A sender has a batch: whatever becomes of it, its groups are free again afterwards.
pub(super) struct Turn<'a> {
    lanes: Option<&'a Lanes>,
    first: u64,
}

impl<'a> Turn<'a> {
    pub(super) fn of(lanes: Option<&'a Lanes>, work: &Work) -> Self {
        Self {
            lanes,
            first: work.dispatch.first,
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if let Some(lanes) = self.lanes {
            lanes.leave(self.first);
        }
    }
}

#[cfg(test)]
#[path = "lanes_tests.rs"]
mod tests;
