//! The thread that stops the sending of a run once a rule on its queues or its function is surely broken.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::drive::{Progress, StopSignal};
use crate::embedded::Gauges;
use crate::load::Schedule;
use crate::observe::WatcherView;
use crate::results::Aborted;
use crate::scenario::{Bound, Condition, Counted, Rule, Scenario};
use crate::verify::QueueSample;

/// Between two looks.
const TICK: Duration = Duration::from_millis(50);

/// Looks until it is ended.
pub struct AbortWatch {
    done: Arc<AtomicBool>,
    thread: Option<JoinHandle<Option<Aborted>>>,
}

/// What is looked at.
pub struct Looks {
    /// The scenario that is run.
    pub scenario: Scenario,
    /// Its load.
    pub schedule: Schedule,
    /// The function's counts, of one in this process.
    pub gauges: Option<Gauges>,
    /// The queues' counts.
    pub queues: WatcherView,
    /// What is sent.
    pub progress: Arc<Progress>,
}

impl AbortWatch {
    /// Raises `stop` once a rule is broken; does nothing without a rule to watch. Without a thread the run ends by itself,
    /// later, with the same verdict.
    pub fn start(looks: Looks, stop: StopSignal) -> Self {
        let done = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&done);
        let watched = |rule: &Rule| rule.abort && matches!(rule.condition, Condition::Count(..));
        let rules = &looks.scenario.expect.rules;
        let thread = rules.iter().any(watched).then(|| {
            std::thread::Builder::new()
                .name("abort watch".into())
                .spawn(move || watch(&ended, &looks, &stop))
                .inspect_err(|error| tracing::warn!(%error, "no thread to watch the rules"))
                .ok()
        });
        Self {
            done,
            thread: thread.flatten(),
        }
    }

    /// Ends it, with the rule for which it has stopped the sending.
    pub fn end(self) -> Option<Aborted> {
        self.done.store(true, Ordering::Release);
        let thread = self.thread?;
        thread.thread().unpark();
        thread
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

fn watch(done: &AtomicBool, looks: &Looks, stop: &StopSignal) -> Option<Aborted> {
    let mut last_of_second = LastOfSecond::default();
    while !done.load(Ordering::Acquire) {
        let sample = looks.sample();
        let sample = sample.and_then(|sample| last_of_second.before(sample));
        if let Some(rule) = looks.broken(sample) {
            stop.stop();
            return Some(Aborted {
                rule: rule.text.clone(),
                at: looks.progress.elapsed(),
            });
        }
        std::thread::park_timeout(TICK);
    }
    None
}

impl Looks {
    /// The latest counts of the queues, since the run's start.
    fn sample(&self) -> Option<QueueSample> {
        let started = self.progress.started()?.instant;
        let look = self.queues.latest()?;
        let at = look.taken_at.checked_duration_since(started)?;
        Some(QueueSample { at, ..look.sample })
    }

    /// The first rule that is broken, by what the function counts and by the last sample of a second.
    fn broken(&self, sample: Option<QueueSample>) -> Option<&Rule> {
        let counts = self.gauges.as_ref().map(Gauges::counts);
        let mut rules = self.scenario.expect.rules.iter().filter(|rule| rule.abort);
        rules.find(|rule| {
            let Condition::Count(counted, bound) = rule.condition else {
                return false;
            };
            let seen = match counted {
                Counted::FailedInvocations => counts.map(|counts| counts.failed_invocations),
                Counted::ThrottledWrites => counts.map(|counts| counts.throttled_writes),
                Counted::ThrottledInvocations => counts.map(|counts| counts.throttled_invocations),
                Counted::WaitingMessages => sample
                    .filter(|sample| self.is_within(rule, sample.at))
                    .map(|sample| sample.visible),
                Counted::DeadLetters => sample.map(|sample| sample.dead_letters),
                _ => None,
            };
            seen.is_some_and(|seen| Bound::is_past(&bound, seen))
        })
    }

    /// Whether the second of `at` is of the rule's phase, as the timeline tells.
    fn is_within(&self, rule: &Rule, at: Duration) -> bool {
        let Some(name) = &rule.phase else { return true };
        let profile = self.schedule.profile();
        let start = Duration::from_secs(at.as_secs());
        start < profile.duration() && self.scenario.phases[profile.phase_at(start)].name == *name
    }
}

/// Finds the last sample of each second: what the timeline has of it.
#[derive(Default)]
struct LastOfSecond(Option<QueueSample>);

impl LastOfSecond {
    /// The sample before this one, if it was the last of its second.
    fn before(&mut self, sample: QueueSample) -> Option<QueueSample> {
        let before = self.0.replace(sample)?;
        (before.at.as_secs() < sample.at.as_secs()).then_some(before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_sample_of_a_second_counts() {
        let mut last = LastOfSecond::default();
        let mut told = |ms, visible| {
            let sample = QueueSample {
                at: Duration::from_millis(ms),
                visible,
                ..QueueSample::default()
            };
            last.before(sample).map(|sample| sample.visible)
        };
        assert_eq!(told(100, 9), None);
        assert_eq!(told(900, 1), None, "9 is not the last of its second");
        assert_eq!(told(900, 1), None, "the same again");
        assert_eq!(told(1_900, 7), Some(1));
        assert_eq!(told(4_000, 0), Some(7));
    }
}
