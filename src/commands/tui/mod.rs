//! `run --tui`: the live view on the whole terminal.

mod draw;
mod keys;
mod plot;
#[cfg(test)]
mod tests;

use std::io::{self, Stderr, Write, stderr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;

use super::{Error, Output, screen};
use draw::{Palette, draw};
use keys::Keys;

use crate::run::Watch;

/// Between two frames; keys are seen at once.
const FRAME: Duration = Duration::from_millis(200);

/// Shows a run until it is dropped; then the terminal is as it was.
pub struct LiveView {
    done: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// Whether there is a terminal to show a live view on.
///
/// # Errors
/// When there is none: said before anything is sent.
pub fn check_terminal(output: &Output) -> Result<(), Error> {
    let dumb = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
    match output.stderr_is_terminal() && !dumb {
        true => Ok(()),
        false => Err(Error::usage(
            "--tui needs a terminal on standard error; without it, progress is shown in lines",
        )),
    }
}

impl LiveView {
    /// Takes the screen and shows what `watch` sees, and where else it is shown.
    ///
    /// # Errors
    /// When the terminal does not give its screen.
    pub fn start(watch: Watch, page: Option<String>, color: bool) -> io::Result<Self> {
        screen::take()?;
        let done = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&done);
        let thread = std::thread::Builder::new()
            .name("live view".into())
            .spawn(move || {
                if let Err(error) = show(&stop, &watch, page.as_deref(), &Palette::new(color)) {
                    screen::give_back();
                    let _ = writeln!(
                        screen::Stderr,
                        "the live view ended: {error}; the run goes on"
                    );
                }
            })
            .inspect_err(|_| screen::give_back())?;
        Ok(Self {
            done,
            thread: Some(thread),
        })
    }
}

impl Drop for LiveView {
    fn drop(&mut self) {
        self.done.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            // A view that panicked has said so; the run's verdict does not depend on it.
            let _ = thread.join();
        }
        screen::give_back();
    }
}

fn show(done: &AtomicBool, watch: &Watch, page: Option<&str>, palette: &Palette) -> io::Result<()> {
    let mut terminal: Terminal<CrosstermBackend<Stderr>> =
        Terminal::new(CrosstermBackend::new(stderr()))?;
    let mut keys = Keys::open()?;
    while !done.load(Ordering::Acquire) {
        let view = watch.view();
        screen::draw(|| {
            terminal
                .draw(|frame| draw(frame, &view, page, palette))
                .map(drop)
        })?;
        keys.obey(FRAME)?;
    }
    Ok(())
}
