//! The live view on standard error: one line that changes on a terminal, plain lines elsewhere.

use std::io::{Write, stderr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::json;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{Output, screen};
use crate::drive::Progress;
use crate::escape::{self, Shown, terminal};
use crate::load::Schedule;
use crate::observe::WatcherView;
use crate::scenario::Scenario;

/// How often the line on a terminal changes.
const TICK: Duration = Duration::from_millis(200);
/// How often a plain line is written where nobody watches, and how often an object for programs.
const PLAIN_EVERY: Duration = Duration::from_secs(5);
const OBJECT_EVERY: Duration = Duration::from_secs(1);

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
        let terminal = output.stderr_is_terminal() && !screen::says_objects();
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
    let every = match screen::says_objects() {
        true => OBJECT_EVERY,
        false => PLAIN_EVERY,
    };
    let mut next = Instant::now();
    while !done.load(Ordering::Acquire) {
        if Instant::now() >= next {
            let line = line();
            let line = match screen::says_objects() {
                true => escape::json(&line),
                false => terminal(&line, false),
            };
            let _ = writeln!(stderr(), "{line}");
            next += every;
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

/// The same for programs: an object, in which durations are numbers and their keys end in the unit.
pub fn object(
    scenario: &Scenario,
    schedule: &Schedule,
    progress: &Progress,
    watched: &WatcherView,
) -> String {
    let profile = schedule.profile();
    let elapsed = progress.elapsed();
    let status = watched.status();
    let has_started = progress.started().is_some();
    let stage = match (has_started, status.is_empty()) {
        (false, _) => "starting",
        (true, true) => "sending",
        (true, false) => "settling",
    };
    let is_sending = stage == "sending";
    let phase = is_sending.then(|| &scenario.phases[profile.phase_at(elapsed)].name);
    let sample = watched.latest();
    let micros = |duration: Duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
    let object = json!({
        "event": "progress",
        "stage": stage,
        "elapsed_us": has_started.then(|| micros(elapsed)),
        "sending_us": micros(profile.duration()),
        "phase": phase,
        "rate_per_s": is_sending.then(|| profile.rate(elapsed)),
        "planned_orders": schedule.count(),
        "acknowledged_orders": progress.acknowledged(),
        "rejected_orders": progress.rejected(),
        "indeterminate_orders": progress.indeterminate(),
        "unsent_orders": progress.unsent(),
        "waiting_messages": sample.as_ref().map(|sample| sample.waiting()),
        "dead_letters": sample.as_ref().map(|sample| sample.dead_letters),
        "schedule_lag_us": micros(progress.lag()),
        "status": (!status.is_empty()).then_some(status),
    });
    object.to_string()
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
