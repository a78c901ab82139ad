//! The live view on standard error: one line that changes on a terminal, plain lines elsewhere.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Output;

/// How often the line on a terminal changes.
const TICK: Duration = Duration::from_millis(200);
/// How often a plain line is written where nobody watches.
const PLAIN_EVERY: Duration = Duration::from_secs(5);

/// Shows progress from a thread of its own until it is dropped.
pub struct ProgressView {
    done: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl ProgressView {
    /// Shows what `line` says, over and over.
    pub fn start(output: &Output, quiet: bool, line: impl Fn() -> String + Send + 'static) -> Self {
        let done = Arc::new(AtomicBool::new(false));
        if quiet {
            return Self { done, thread: None };
        }
        let terminal = output.stderr_is_terminal();
        let stop = Arc::clone(&done);
        let thread = std::thread::spawn(move || match terminal {
            true => show_on_terminal(&stop, &line),
            false => show_plain(&stop, &line),
        });
        Self { done, thread: Some(thread) }
    }
}

impl Drop for ProgressView {
    fn drop(&mut self) {
        self.done.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}

fn show_on_terminal(done: &AtomicBool, line: &dyn Fn() -> String) {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    bar.set_style(ProgressStyle::with_template("{spinner} {wide_msg}").expect("a valid template"));
    while !done.load(Ordering::Acquire) {
        bar.set_message(line());
        bar.tick();
        std::thread::park_timeout(TICK);
    }
    bar.finish_and_clear();
}

fn show_plain(done: &AtomicBool, line: &dyn Fn() -> String) {
    let mut next = Instant::now();
    while !done.load(Ordering::Acquire) {
        if Instant::now() >= next {
            eprintln!("{}", line());
            next += PLAIN_EVERY;
        }
        std::thread::park_timeout(TICK);
    }
}
