//! How often a function that does not start is tried again.
//!
//! As long as starts succeed they run side by side. After a failure they take turns, each no earlier
//! than a pause after the last failure: 100 ms, doubling to 5 s. So a broken bootstrap is not forked
//! as fast as invocations come. One that has never started is tried again without an invocation, until it is
//! given up.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::MutexGuard as TurnGuard;
use tokio::time::{Instant, sleep_until};

const PAUSE_FIRST: Duration = Duration::from_millis(100);
const PAUSE_LAST: Duration = Duration::from_secs(5);

/// Rounds of failures without any success after which a function is given up: it will not start.
const HOPELESS_ROUNDS: u32 = 3;

/// What a start's end means for a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// It has started once; a start that has failed is its invocation's business.
    Known,
    /// It has never started, and may.
    TryAgain,
    /// It has never started, and will not.
    GiveUp,
}

/// Lets starts through.
#[derive(Debug, Default)]
pub(super) struct StartGate {
    state: Mutex<State>,
    turn: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    /// Rounds of failures in a row.
    rounds: u32,
    not_before: Option<Instant>,
    succeeded: bool,
}

/// A start that was let through.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    gate: &'a StartGate,
    rounds: u32,
    _turn: Option<TurnGuard<'a, ()>>,
}

impl StartGate {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn entry<'a>(&'a self, turn: Option<TurnGuard<'a, ()>>) -> Entry<'a> {
        Entry {
            gate: self,
            rounds: self.state().rounds,
            _turn: turn,
        }
    }

    /// Waits until a start may be tried.
    pub(super) async fn enter(&self) -> Entry<'_> {
        if self.state().rounds == 0 {
            return self.entry(None);
        }
        let turn = self.turn.lock().await;
        let not_before = self.state().not_before;
        match not_before {
            Some(instant) => {
                sleep_until(instant).await;
                self.entry(Some(turn))
            }
            // Whoever had the turn before has succeeded.
            None => self.entry(None),
        }
    }
}

impl Entry<'_> {
    /// The start has succeeded, or not.
    pub(super) fn ended(self, success: bool) -> Next {
        let mut state = self.gate.state();
        if success {
            *state = State {
                succeeded: true,
                ..State::default()
            };
        } else if state.rounds == self.rounds {
            // Starts that ran side by side fail for one reason: they count once.
            state.rounds = state.rounds.saturating_add(1);
            state.not_before = Some(Instant::now() + pause_after(state.rounds));
        }
        match (state.succeeded, state.rounds < HOPELESS_ROUNDS) {
            (true, _) => Next::Known,
            (false, true) => Next::TryAgain,
            (false, false) => Next::GiveUp,
        }
    }
}

fn pause_after(rounds: u32) -> Duration {
    let doubled = 2_u32.saturating_pow(rounds.saturating_sub(1));
    PAUSE_FIRST.saturating_mul(doubled).min(PAUSE_LAST)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn waited(gate: &StartGate, success: bool) -> u128 {
        let began = Instant::now();
        let entry = gate.enter().await;
        let waited = began.elapsed();
        entry.ended(success);
        waited.as_millis()
    }

    #[tokio::test(start_paused = true)]
    async fn the_pause_doubles_up_to_five_seconds_and_success_ends_it() {
        let gate = StartGate::default();
        let mut pauses = Vec::new();
        for _ in 0..9 {
            pauses.push(waited(&gate, false).await);
        }
        assert_eq!(pauses, [0, 100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
        assert_eq!(waited(&gate, true).await, 5_000);
        assert_eq!(waited(&gate, false).await, 0, "after a success");
        assert_eq!(waited(&gate, false).await, 100, "from the beginning");
    }

    #[tokio::test(start_paused = true)]
    async fn hope_ends_with_the_third_failure_in_a_row_unless_a_start_has_succeeded_ever() {
        use Next::{GiveUp, Known, TryAgain};
        let gate = StartGate::default();
        let mut next = Vec::new();
        for _ in 0..4 {
            next.push(gate.enter().await.ended(false));
        }
        assert_eq!(next, [TryAgain, TryAgain, GiveUp, GiveUp]);
        assert_eq!(
            gate.enter().await.ended(true),
            Known,
            "AWS would go on trying"
        );
        for _ in 0..4 {
            assert_eq!(
                gate.enter().await.ended(false),
                Known,
                "it has started once"
            );
        }
        let gate = StartGate::default();
        let (one, two) = (gate.enter().await, gate.enter().await);
        let three = gate.enter().await;
        for entry in [one, two, three] {
            assert_eq!(entry.ended(false), TryAgain, "side by side they count once");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn starts_side_by_side_fail_once_and_then_take_turns() {
        let gate = StartGate::default();
        let (first, second) = (gate.enter().await, gate.enter().await);
        first.ended(false);
        second.ended(false);
        let began = Instant::now();
        let (a, b) = tokio::join!(waited(&gate, false), waited(&gate, false));
        assert_eq!((a, b), (100, 300), "one after the other");
        assert_eq!(began.elapsed().as_millis(), 300);
    }

    #[tokio::test(start_paused = true)]
    async fn who_waited_for_a_turn_goes_on_at_once_after_a_success() {
        let gate = StartGate::default();
        gate.enter().await.ended(false);
        let (a, b) = tokio::join!(waited(&gate, true), waited(&gate, true));
        assert_eq!((a, b), (100, 100));
    }
}
