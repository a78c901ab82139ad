//! The terminal's full screen: taken by one live view, always given back, and nothing said meanwhile is lost.

use std::io::{self, Write, stderr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

#[cfg(feature = "tui")]
use ratatui::crossterm::cursor::{Hide, Show};
#[cfg(feature = "tui")]
use ratatui::crossterm::execute;
#[cfg(feature = "tui")]
use ratatui::crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};

use crate::escape::{self, terminal};

/// Bytes kept of what is said while the screen is taken.
const KEPT: usize = 1 << 20;

static TAKEN: AtomicBool = AtomicBool::new(false);
/// Held while a frame is drawn, so that none is drawn over what follows the live view.
static DRAWING: Mutex<()> = Mutex::new(());
static SAID: Mutex<Said> = Mutex::new(Said {
    kept: Vec::new(),
    dropped: 0,
});

/// What was said while the screen was taken.
struct Said {
    kept: Vec<u8>,
    dropped: usize,
}

/// Takes the screen; a panic anywhere gives it back before its message is shown.
///
/// # Errors
/// When the terminal cannot be switched; it is as it was.
#[cfg(feature = "tui")]
pub fn take() -> io::Result<()> {
    static GIVE_BACK_ON_PANIC: std::sync::Once = std::sync::Once::new();
    GIVE_BACK_ON_PANIC.call_once(|| {
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            // Not waiting for a frame: the panic may be in the middle of one.
            give_back_now();
            hook(panic);
        }));
    });
    enable_raw_mode()?;
    if let Err(error) = execute!(stderr(), EnterAlternateScreen, Hide) {
        let _ = disable_raw_mode();
        return Err(error);
    }
    TAKEN.store(true, Ordering::SeqCst);
    Ok(())
}

/// Whether a live view has it.
pub fn is_taken() -> bool {
    TAKEN.load(Ordering::SeqCst)
}

/// Draws one frame, unless the screen has been given back.
#[cfg(feature = "tui")]
pub fn draw(frame: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
    let _drawing = DRAWING.lock().unwrap_or_else(PoisonError::into_inner);
    match is_taken() {
        true => frame(),
        false => Ok(()),
    }
}

/// Gives the screen back after the frame that is being drawn, if it is taken, and says what was said.
pub fn give_back() {
    let _drawing = DRAWING.lock().unwrap_or_else(PoisonError::into_inner);
    give_back_now();
}

fn give_back_now() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    #[cfg(feature = "tui")]
    {
        let _ = execute!(stderr(), LeaveAlternateScreen, Show);
        let _ = disable_raw_mode();
    }
    let mut said = SAID.lock().unwrap_or_else(PoisonError::into_inner);
    let _ = stderr().write_all(&std::mem::take(&mut said.kept));
    let dropped = std::mem::take(&mut said.dropped);
    if dropped > 0 {
        let _ = writeln!(
            stderr(),
            "({dropped} more bytes of log lines are not shown; ORDERPROOF_LOG filters them)"
        );
    }
}

/// Whether standard error takes one JSON object a line.
static OBJECTS: AtomicBool = AtomicBool::new(false);

/// From now on every remark on standard error is a JSON object on a line of its own.
pub fn say_objects() {
    OBJECTS.store(true, Ordering::SeqCst);
}

/// Whether it is so.
pub fn says_objects() -> bool {
    OBJECTS.load(Ordering::SeqCst)
}

/// Says a whole text on standard error. `event` is what kind of remark it is, where remarks are objects.
pub fn say(event: &str, text: &str) {
    let _ = match says_objects() {
        false => Stderr.write_all(text.as_bytes()),
        true => {
            let object = serde_json::json!({"event": event, "text": text.trim()});
            Stderr.write_all(format!("{}\n", escape::json(&object.to_string())).as_bytes())
        }
    };
}

/// Standard error for the log, which writes a whole event at a time: without what a terminal or a CI runner obeys.
pub struct Log {
    /// The log's own colors are kept.
    pub color: bool,
}

impl Write for Log {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        say("log", &terminal(&text, self.color));
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Stderr.flush()
    }
}

/// Standard error; while the screen is taken, what is written waits until it is given back.
pub struct Stderr;

impl Write for Stderr {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !is_taken() {
            return stderr().write(bytes);
        }
        let mut said = SAID.lock().unwrap_or_else(PoisonError::into_inner);
        match said.kept.len() + bytes.len() <= KEPT {
            true => said.kept.extend_from_slice(bytes),
            false => said.dropped += bytes.len(),
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        match is_taken() {
            true => Ok(()),
            false => stderr().flush(),
        }
    }
}
