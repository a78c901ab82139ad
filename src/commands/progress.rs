//! The live view on standard error: one line that changes on a terminal, plain lines elsewhere.

use std::io::{Write, stderr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};

use super::output::width_of;
use super::{Output, screen};
use crate::escape::{self, terminal};
use crate::results::figures::duration;
use crate::run::live::{Moment, Spread, Stage, View, countdown};

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
        Self::begin(output, (quiet, Duration::ZERO), line)
    }

    /// The same of something that is mostly done at once: where nobody watches the first line comes after 5 s.
    pub fn start_late(output: &Output, line: impl Fn() -> String + Send + 'static) -> Self {
        Self::begin(output, (false, PLAIN_EVERY), line)
    }

    fn begin(
        output: &Output,
        (quiet, late): (bool, Duration),
        line: impl Fn() -> String + Send + 'static,
    ) -> Self {
        let done = Arc::new(AtomicBool::new(false));
        if quiet {
            return Self { done, thread: None };
        }
        let terminal = output.stderr_is_terminal() && !screen::says_objects();
        let stop = Arc::clone(&done);
        let thread = std::thread::spawn(move || match terminal {
            true => show_on_terminal(&stop, &line),
            false => show_plain(&stop, late, &line),
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

/// Columns of what turns before the line.
const SPINNER: usize = 2;

/// As many of a line's parts, with commas between them, as `width` columns hold.
fn whole_parts(line: &str, width: usize) -> &str {
    let mut line = line;
    while line.chars().count() > width {
        match line.rfind(", ") {
            Some(end) => line = &line[..end],
            None => break,
        }
    }
    line
}

fn show_on_terminal(done: &AtomicBool, line: &dyn Fn() -> String) {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    bar.set_style(ProgressStyle::with_template("{spinner} {wide_msg}").expect("a valid template"));
    while !done.load(Ordering::Acquire) {
        let line = line();
        let line = whole_parts(&line, width_of(stderr()).saturating_sub(SPINNER));
        bar.set_message(terminal(line, false).into_owned());
        bar.tick();
        std::thread::park_timeout(TICK);
    }
    bar.finish_and_clear();
}

fn show_plain(done: &AtomicBool, late: Duration, line: &dyn Fn() -> String) {
    let every = match screen::says_objects() {
        true => OBJECT_EVERY,
        false => PLAIN_EVERY,
    };
    let mut next = Instant::now() + late;
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
pub fn line(view: &View) -> String {
    match view.shard {
        None => line_of(view),
        Some(shard) => format!("worker {shard}: {}", line_of(view)),
    }
}

fn line_of(view: &View) -> String {
    let now = &view.now;
    let sent = match view.shard {
        None => format!(
            "{} of {} orders acknowledged",
            now.acknowledged, view.planned
        ),
        // How many are its own is not counted beforehand.
        Some(_) => format!("{} orders acknowledged", now.acknowledged),
    };
    if view.stage == Stage::Starting {
        return "starting".into();
    }
    if let Some(status) = view.stage.status() {
        let left = view.stage.left_max().map_or(String::new(), |left| {
            format!("; at most {} more", countdown(left))
        });
        let dead = now.queues.map_or(String::new(), |queues| {
            format!(", {} dead letters", queues.dead_letters)
        });
        return format!("{sent}{dead}; {status}{left}");
    }
    let queue = now.queues.map_or(String::new(), |queues| {
        let (backlog, dead) = (queues.backlog(), queues.dead_letters);
        format!(", {backlog} in the queue, {dead} dead letters")
    });
    let profile = &view.profile;
    let phase = &view.phases[profile.phase_at(now.at)];
    let lag = now.lag.map_or(String::new(), |lag| {
        format!(", lag {:.1} ms", lag.as_secs_f64() * 1e3)
    });
    let latest = view.latest.unwrap_or_default();
    let spread = |name: &str, spread: Option<Spread>| {
        spread.map_or(String::new(), |spread| {
            format!(", {name} p99 {}", duration(spread.p99))
        })
    };
    format!(
        "{:>5.1} s of {:.0} s  {:<10} {:>6.0}/s  {sent}{queue}{lag}{}{}{}",
        now.at.as_secs_f64(),
        profile.duration().as_secs_f64(),
        phase.name,
        profile.rate(now.at),
        spread("response time", latest.response_time),
        spread("end-to-end", latest.end_to_end),
        troubles(now),
    )
}

/// The same for programs: an object, in which durations are numbers and their keys end in the unit. What is not known is
/// null.
pub fn object(view: &View) -> Value {
    let (now, profile) = (&view.now, &view.profile);
    let has_started = view.stage != Stage::Starting;
    let is_sending = view.stage == Stage::Sending;
    let phase = is_sending.then(|| &view.phases[profile.phase_at(now.at)].name);
    let latest = view.latest.unwrap_or_default();
    let mut object = json!({
        "event": "progress",
        "stage": view.stage.name(),
        "elapsed_us": has_started.then(|| micros(now.at)),
        "sending_us": micros(profile.duration()),
        "phase": phase,
        "rate_per_s": is_sending.then(|| profile.rate(now.at)),
        "planned_orders": view.planned,
        "acknowledged_orders": now.acknowledged,
        "rejected_orders": now.rejected,
        "indeterminate_orders": now.indeterminate,
        "unsent_orders": now.unsent,
        "waiting_messages": now.queues.map(|queues| queues.backlog()),
        "in_flight_messages": now.queues.map(|queues| queues.in_flight),
        "dead_letters": now.queues.map(|queues| queues.dead_letters),
        "schedule_lag_us": now.lag.map(micros),
        "status": view.stage.status(),
        "wait_left_max_us": view.stage.left_max().map(micros),
    });
    if let Some(shard) = view.shard {
        object["worker"] = shard.index().into();
        object["workers"] = shard.of().into();
    }
    for (name, spread) in [
        ("response_time", latest.response_time),
        ("service_time", latest.service_time),
        ("end_to_end", latest.end_to_end),
    ] {
        object[format!("{name}_p50_us")] = spread.map(|spread| micros(spread.p50)).into();
        object[format!("{name}_p99_us")] = spread.map(|spread| micros(spread.p99)).into();
    }
    object
}

/// A duration as a number.
pub fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// What should be zero, where it is not.
fn troubles(now: &Moment) -> String {
    [
        (now.rejected, "rejected"),
        (now.indeterminate, "indeterminate"),
        (now.unsent, "unsent"),
    ]
    .into_iter()
    .filter(|&(count, _)| count > 0)
    .map(|(count, what)| format!(", {count} {what}"))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_too_long_loses_whole_parts() {
        let line = "spike 3 of 10 s: 40 orders acknowledged, 12 in the queue, lag 0.4 ms";
        assert_eq!(whole_parts(line, 70), line);
        assert_eq!(
            whole_parts(line, 60),
            "spike 3 of 10 s: 40 orders acknowledged, 12 in the queue"
        );
        assert_eq!(whole_parts("one part alone", 5), "one part alone");
    }
}
