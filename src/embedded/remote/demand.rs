//! How many polls may run: what they bring must find an invocation, and a busy queue is polled more.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

/// The most polls at one time: ten messages each per round trip of 100 ms are 3,200 a second.
pub(super) const POLLS_MAX: usize = 32;

/// As many run while nothing comes: AWS, too, keeps a few pollers at an idle queue.
const POLLS_MIN: usize = 2;

/// The first and the longest pause after a poll that failed.
const PAUSE_FIRST: Duration = Duration::from_secs(1);
const PAUSE_LONGEST: Duration = Duration::from_secs(20);

/// What the polls of one queue share.
#[derive(Debug)]
pub(super) struct Demand {
    state: Mutex<State>,
    /// A poll may begin.
    may_begin: Notify,
    pause_first: Duration,
}

impl Default for Demand {
    fn default() -> Self {
        Self::pausing(PAUSE_FIRST)
    }
}

#[derive(Debug)]
struct State {
    /// Invocations that could start now.
    room: usize,
    /// Polls that run, and batches they brought that no invocation has yet.
    claimed: usize,
    /// Polls that run.
    running: usize,
    /// Polls that are worth running at one time.
    worth: usize,
    last_poll_was_full: bool,
    /// Polls that have failed since one has not.
    failures: u32,
}

impl Default for State {
    fn default() -> Self {
        Self {
            room: 0,
            claimed: 0,
            running: 0,
            worth: POLLS_MIN,
            last_poll_was_full: false,
            failures: 0,
        }
    }
}

/// What a poll brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Brought {
    Nothing,
    /// Fewer messages than it asked for.
    Some,
    /// As many as it asked for: there may be more.
    All,
}

impl Demand {
    /// So long after the first poll that failed.
    pub(super) fn pausing(pause_first: Duration) -> Self {
        Self {
            state: Mutex::default(),
            may_begin: Notify::new(),
            pause_first,
        }
    }

    /// So many invocations could start.
    pub(super) fn set_room(&self, room: usize) {
        self.state().room = room;
        self.may_begin.notify_one();
    }

    /// A batch was taken, for an invocation that starts now.
    pub(super) fn taken(&self) {
        let mut state = self.state();
        state.claimed = state.claimed.saturating_sub(1);
        state.room = state.room.saturating_sub(1);
    }

    /// Waits until another poll may begin.
    pub(super) async fn claim(&self) {
        while !self.try_claim() {
            self.may_begin.notified().await;
        }
        // Perhaps one more: each wakes the next.
        self.may_begin.notify_one();
    }

    fn try_claim(&self) -> bool {
        let mut state = self.state();
        let may = state.claimed < state.room && state.running < state.worth;
        if may {
            state.claimed += 1;
            state.running += 1;
        }
        may
    }

    /// A poll has ended well; what it brought stays claimed until it is [taken](Self::taken).
    pub(super) fn ended(&self, brought: Brought) {
        let mut state = self.state();
        state.running -= 1;
        state.failures = 0;
        state.last_poll_was_full = brought == Brought::All;
        match brought {
            Brought::Nothing => {
                state.claimed -= 1;
                state.worth = (state.worth - 1).max(POLLS_MIN);
            }
            Brought::Some => {}
            Brought::All => state.worth = (state.worth + 1).min(POLLS_MAX),
        }
        drop(state);
        self.may_begin.notify_one();
    }

    /// A poll has failed: how long its task is to pause before it calls [`Demand::recovered`].
    pub(super) fn failed(&self) -> Duration {
        let mut state = self.state();
        let pause = self.pause_first * 2_u32.saturating_pow(state.failures.min(8));
        state.failures += 1;
        state.worth = 1;
        state.last_poll_was_full = false;
        pause.min(PAUSE_LONGEST)
    }

    /// The pause after a failed poll is over.
    pub(super) fn recovered(&self) {
        let mut state = self.state();
        state.running -= 1;
        state.claimed -= 1;
        drop(state);
        self.may_begin.notify_one();
    }

    pub(super) fn last_poll_was_full(&self) -> bool {
        self.state().last_poll_was_full
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begin(demand: &Demand) -> usize {
        std::iter::from_fn(|| demand.try_claim().then_some(())).count()
    }

    #[test]
    fn no_poll_begins_without_an_invocation_for_what_it_brings() {
        let demand = Demand::default();
        assert_eq!(begin(&demand), 0, "nobody asks");
        demand.set_room(1);
        assert_eq!(begin(&demand), 1);
        demand.ended(Brought::All);
        assert_eq!(begin(&demand), 0, "its batch waits for the invocation");
        demand.taken();
        assert_eq!(begin(&demand), 0, "and has it");
        demand.set_room(1);
        assert_eq!(begin(&demand), 1, "the invocation has ended");
        demand.ended(Brought::Nothing);
        assert_eq!(begin(&demand), 1, "nothing came, so there is room still");
    }

    #[test]
    fn a_busy_queue_is_polled_more_and_an_idle_one_less() {
        let demand = Demand::default();
        demand.set_room(1_000);
        assert_eq!(begin(&demand), 2, "idle");
        for _ in 0..40 {
            demand.ended(Brought::All);
            demand.taken();
            demand.set_room(1_000);
            begin(&demand);
        }
        assert_eq!(demand.state().running, POLLS_MAX, "busy");
        for _ in 0..40 {
            demand.ended(Brought::Nothing);
            begin(&demand);
        }
        assert_eq!(demand.state().running, 2, "idle again");
    }

    #[test]
    fn failures_in_a_row_pause_longer_and_leave_one_poll() {
        let demand = Demand::default();
        demand.set_room(10);
        assert_eq!(begin(&demand), 2);
        let mut pauses = Vec::new();
        for _ in 0..7 {
            pauses.push(demand.failed().as_secs());
            demand.recovered();
            begin(&demand);
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 20, 20]);
        assert_eq!(demand.state().running, 1);
        demand.ended(Brought::All);
        assert_eq!(demand.failed().as_secs(), 1, "one has not failed");
    }
}
