//! Counts at one moment of a run, and what happened between two.

use std::time::Duration;

use crate::drive::Progress;
use crate::observe::QueueLook;

/// Counts so far.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Moment {
    /// Since the run's start.
    pub at: Duration,
    /// Orders that have fallen due.
    pub scheduled: u64,
    /// Orders handed to the network.
    pub offered: u64,
    /// Orders SQS accepted.
    pub acknowledged: u64,
    /// Orders SQS refused.
    pub rejected: u64,
    /// Orders given up without a known outcome.
    pub indeterminate: u64,
    /// Orders that were not sent.
    pub unsent: u64,
    /// As the queues count; SQS only approximately. `None` before they were read.
    pub queues: Option<Queues>,
    /// Schedule lag of the last batch; `None` before the first.
    pub lag: Option<Duration>,
}

/// What one look at the queues said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Queues {
    /// When, since the watcher's start.
    pub at: Duration,
    /// Messages that can be received, now or after their delay.
    pub waiting: u64,
    /// Messages that were received: in work, or held back until they are received again.
    pub in_flight: u64,
    /// Those that came since the start.
    pub dead_letters: u64,
    /// Orders acknowledged by then that were in neither queue: the table has them, or they are lost. Only the
    /// verdict can say which.
    pub probably_stored: u64,
}

impl Queues {
    /// Messages of the orders queue, whatever their state.
    pub fn backlog(&self) -> u64 {
        self.waiting.saturating_add(self.in_flight)
    }
}

impl From<QueueLook> for Queues {
    fn from(look: QueueLook) -> Self {
        let sample = look.sample;
        // A queue that is shared may hold those of others.
        let dead_letters = sample.dead_letters.saturating_sub(look.dead_letters_before);
        let elsewhere = dead_letters.saturating_add(sample.waiting());
        Self {
            at: sample.at,
            waiting: sample.visible.saturating_add(sample.delayed),
            in_flight: sample.in_flight,
            dead_letters,
            probably_stored: look.acknowledged.saturating_sub(elsewhere),
        }
    }
}

impl Moment {
    /// Now, with the latest look at the queues.
    pub fn now(progress: &Progress, look: Option<QueueLook>) -> Self {
        Self {
            at: progress.elapsed(),
            // In this order, so that none is answered before it was due.
            acknowledged: progress.acknowledged(),
            rejected: progress.rejected(),
            indeterminate: progress.indeterminate(),
            unsent: progress.unsent(),
            offered: progress.offered(),
            scheduled: progress.scheduled(),
            queues: look.map(Queues::from),
            lag: (progress.offered() > 0).then(|| progress.lag()),
        }
    }

    /// Orders due whose fate at the queue is not known yet.
    pub fn unanswered(&self) -> u64 {
        let decided = self.acknowledged + self.rejected + self.indeterminate + self.unsent;
        self.scheduled.saturating_sub(decided)
    }
}

/// What happened between two moments, per second.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Rates {
    /// Orders that fell due.
    pub scheduled: f64,
    /// Orders handed to the network.
    pub offered: f64,
    /// Orders SQS accepted.
    pub acknowledged: f64,
    /// Orders SQS refused.
    pub rejected: f64,
    /// Orders given up without a known outcome.
    pub indeterminate: f64,
    /// Orders that were not sent.
    pub unsent: f64,
    /// Of what is probably stored; `None` without two looks at the queues.
    pub stored: Option<f64>,
    /// Growth of the dead-letter queue; `None` without two looks at it.
    pub dead_lettered: Option<f64>,
}

impl Rates {
    /// From one moment to a later one; counts that went back count as none.
    pub fn between(before: &Moment, after: &Moment) -> Self {
        let rate = |before: u64, after: u64, took: Duration| {
            after.saturating_sub(before) as f64 / took.as_secs_f64().max(1e-3)
        };
        let took = after.at.saturating_sub(before.at);
        let orders = |count: fn(&Moment) -> u64| rate(count(before), count(after), took);
        let looks = before.queues.zip(after.queues);
        let looks = looks.filter(|(before, after)| after.at > before.at);
        let queues = |count: fn(&Queues) -> u64| {
            looks.map(|(before, after)| rate(count(&before), count(&after), after.at - before.at))
        };
        Self {
            scheduled: orders(|moment| moment.scheduled),
            offered: orders(|moment| moment.offered),
            acknowledged: orders(|moment| moment.acknowledged),
            rejected: orders(|moment| moment.rejected),
            indeterminate: orders(|moment| moment.indeterminate),
            unsent: orders(|moment| moment.unsent),
            stored: queues(|look| look.probably_stored),
            dead_lettered: queues(|look| look.dead_letters),
        }
    }
}
