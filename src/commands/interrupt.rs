//! Ctrl-c: the first asks to stop, the second quits at once.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Once, OnceLock};
use std::time::Duration;

use super::screen;
use crate::drive::StopSignal;
use crate::exit::Exit;
use crate::store::show_what_is_held;

/// How long quitting waits for dead letters to be shown again: a poll, and a few requests.
const SHOWING_PATIENCE: Duration = Duration::from_secs(5);

/// What the first interrupt does.
struct Asked {
    stop: StopSignal,
    message: &'static str,
}

/// Interrupts seen so far by this process.
static SEEN: AtomicUsize = AtomicUsize::new(0);
static ASKED: OnceLock<Asked> = OnceLock::new();

/// Makes the first ctrl-c (or SIGTERM) raise `stop`, saying `message`, and the second one quit with exit
/// code 130.
///
/// Installed before Goose starts: Goose would install a handler of its own that ends the process
/// with code 1, and the first handler of a process stays.
pub fn stop_on_interrupt(stop: StopSignal, message: &'static str) {
    if ASKED.set(Asked { stop, message }).is_ok()
        && let Err(error) = ctrlc::set_handler(interrupt)
    {
        tracing::warn!(%error, "ctrl-c will not be handled");
    }
}

/// What ctrl-c does, for a live view that gets it as a key.
pub fn interrupt() {
    match SEEN.fetch_add(1, Ordering::SeqCst) {
        0 => {
            if let Some(asked) = ASKED.get() {
                asked.stop.stop();
                // A live view shows it itself.
                if !screen::is_taken() {
                    screen::say("note", asked.message);
                }
            }
        }
        _ => quit(),
    }
}

/// Makes ctrl-c (or SIGTERM) quit with exit code 130, once the dead letters that are hidden are shown again. Asked for twice
/// it is as if asked for once.
pub fn quit_on_interrupt() {
    static ONCE: Once = Once::new();
    ONCE.call_once(set_quitting);
}

fn set_quitting() {
    if let Err(error) = ctrlc::set_handler(quit) {
        tracing::warn!(%error, "ctrl-c will not be handled");
    }
}

fn quit() {
    screen::give_back();
    show_what_is_held(SHOWING_PATIENCE);
    std::process::exit(i32::from(Exit::Interrupted.code()))
}
