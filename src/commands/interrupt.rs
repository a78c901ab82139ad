//! Ctrl-c: the first asks to stop, the second quits at once.

use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::drive::StopSignal;
use crate::exit::Exit;

/// Interrupts seen so far by this process.
static SEEN: AtomicUsize = AtomicUsize::new(0);
static INSTALL: Once = Once::new();

/// Makes the first ctrl-c (or SIGTERM) raise `stop`, saying `told`, and the second one quit with exit
/// code 130.
///
/// Installed before Goose starts: Goose would install a handler of its own that ends the process
/// with code 1, and the first handler of a process stays.
pub fn stop_on_interrupt(stop: StopSignal, told: &'static str) {
    INSTALL.call_once(|| {
        let installed = ctrlc::set_handler(move || match SEEN.fetch_add(1, Ordering::SeqCst) {
            0 => {
                stop.stop();
                eprint!("{told}");
            }
            _ => std::process::exit(i32::from(Exit::Interrupted.code())),
        });
        if let Err(error) = installed {
            tracing::warn!(%error, "ctrl-c will not be handled");
        }
    });
}
