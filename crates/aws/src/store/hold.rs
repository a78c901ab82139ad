//! Letters of others that are hidden while this process sweeps: whoever ends it lets them be shown again first.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The sweeps of this process.
static HOLDS: Holds = Holds::new();

/// Asks every sweep to end and to show what it holds, and waits until that is done, for at most `patience`. For who is
/// about to end the process.
pub fn show_what_is_held(patience: Duration) {
    HOLDS.call_off(patience);
}

/// While it lives, letters may be hidden.
#[derive(Debug)]
pub struct Hold(&'static Holds);

impl Hold {
    /// Begins one: the process waits for its end before it ends.
    pub fn begin() -> Self {
        HOLDS.hold()
    }

    /// Whether the sweep is to end.
    pub fn is_called_off(&self) -> bool {
        self.0.state().called_off
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.state().sweeps -= 1;
        self.0.ended.notify_all();
    }
}

#[derive(Debug)]
struct Holds {
    state: Mutex<State>,
    ended: Condvar,
}

#[derive(Debug)]
struct State {
    sweeps: usize,
    called_off: bool,
}

impl Holds {
    const fn new() -> Self {
        Self {
            state: Mutex::new(State {
                sweeps: 0,
                called_off: false,
            }),
            ended: Condvar::new(),
        }
    }

    fn hold(&'static self) -> Hold {
        self.state().sweeps += 1;
        Hold(self)
    }

    fn call_off(&self, patience: Duration) {
        let mut state = self.state();
        state.called_off = true;
        let waited = self
            .ended
            .wait_timeout_while(state, patience, |state| state.sweeps > 0);
        drop(waited);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_ends_the_process_waits_for_sweeps_that_end_and_for_no_others() {
        static ENDS: Holds = Holds::new();
        let hold = ENDS.hold();
        assert!(!hold.is_called_off());
        let sweep = std::thread::spawn(move || {
            while !hold.is_called_off() {
                std::thread::yield_now();
            }
        });
        ENDS.call_off(Duration::from_secs(600));
        assert_eq!(ENDS.state().sweeps, 0, "it was waited for");
        sweep.join().unwrap();

        static STAYS: Holds = Holds::new();
        let _hold = STAYS.hold();
        STAYS.call_off(Duration::from_millis(1));
        assert_eq!(STAYS.state().sweeps, 1, "no longer than that");
    }
}
