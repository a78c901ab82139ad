//! The live view on standard error: one line that changes on a terminal, plain lines elsewhere.

use std::io::{Write, stderr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Output;
use crate::drive::Progress;
use crate::escape::{Shown, terminal};
use crate::load::Schedule;
use crate::observe::WatcherView;
use crate::scenario::Scenario;

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
        Self {
            done,
            thread: Some(thread),
        }
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
        bar.set_message(terminal(&line(), false).into_owned());
        bar.tick();
        std::thread::park_timeout(TICK);
    }
    bar.finish_and_clear();
}

fn show_plain(done: &AtomicBool, line: &dyn Fn() -> String) {
    let mut next = Instant::now();
    while !done.load(Ordering::Acquire) {
        if Instant::now() >= next {
            let _ = writeln!(stderr(), "{}", terminal(&line(), false));
            next += PLAIN_EVERY;
        }
        std::thread::park_timeout(TICK);
    }
}

/// One line on how a run is getting on.
pub fn line(
    scenario: &Scenario,
    schedule: &Schedule,
    progress: &Progress,
    watched: &WatcherView,
) -> String {
    let profile = schedule.profile();
    let elapsed = progress.elapsed();
    if progress.started().is_none() {
        return "starting".into();
    }
    let sent = format!(
        "{} of {} orders acknowledged",
        progress.acknowledged(),
        schedule.count()
    );
    let status = watched.status();
    if !status.is_empty() {
        return format!("{sent}; {status}");
    }
    let phase = &scenario.phases[profile.phase_at(elapsed)];
    let queue = watched.latest().map_or(String::new(), |sample| {
        let backlog = sample.waiting();
        format!(
            ", {backlog} in the queue, {} dead letters",
            sample.dead_letters
        )
    });
    format!(
        "{:>5.1} s of {:.0} s  {:<10} {:>6.0}/s  {sent}{queue}, lag {:.1} ms{}",
        elapsed.as_secs_f64(),
        profile.duration().as_secs_f64(),
        Shown(&phase.name),
        profile.rate(elapsed),
        progress.lag().as_secs_f64() * 1e3,
        troubles(progress),
    )
}

/// What should be zero, where it is not.
fn troubles(progress: &Progress) -> String {
    [
        (progress.rejected(), "rejected"),
        (progress.indeterminate(), "indeterminate"),
        (progress.unsent(), "unsent"),
    ]
    .into_iter()
    .filter(|&(count, _)| count > 0)
    .map(|(count, what)| format!(", {count} {what}"))
    .collect()
}
