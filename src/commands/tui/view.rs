//! What the live view shows: plain data, taken from a run's gauges.

use std::net::SocketAddr;
use std::time::Duration;

use crate::escape::line;
use crate::load::LoadProfile;
use crate::results::Stretch;
use crate::run::Watch;
use crate::scenario::Scenario;
use crate::verify::QueueSample;

/// Between two moments of the history.
const EVERY: Duration = Duration::from_secs(1);

/// Everything shown at one moment.
#[derive(Debug, Clone)]
pub struct View {
    pub scenario: String,
    pub target: String,
    pub folder: String,
    pub profile: LoadProfile,
    pub planned: u64,
    pub phases: Vec<PhaseView>,
    pub activity: Activity,
    /// Whether ctrl-c was pressed.
    pub stopping: bool,
    pub now: Moment,
    /// One moment a second, oldest first.
    pub history: Vec<Moment>,
    /// The largest schedule lag seen.
    pub worst_lag: Duration,
    pub last_second: Option<Stretch>,
    pub dashboard: Option<SocketAddr>,
}

/// A phase as planned.
#[derive(Debug, Clone, PartialEq)]
pub struct PhaseView {
    pub name: String,
    pub start: Duration,
    pub end: Duration,
    /// Orders per second at its start and its end.
    pub rates: (f64, f64),
}

/// What a run is at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Activity {
    /// Nothing is due yet.
    Starting,
    /// Orders are sent.
    Sending,
    /// Waiting for rest, or reading the stores: the watcher's words.
    Verifying(String),
}

/// Counts so far.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Moment {
    pub at: Duration,
    pub scheduled: u64,
    pub offered: u64,
    pub acknowledged: u64,
    pub rejected: u64,
    pub indeterminate: u64,
    pub unsent: u64,
    /// As the queues count; SQS only approximately.
    pub queues: Option<Queues>,
    pub lag: Duration,
}

/// What one look at the queues said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Queues {
    /// When, since the watcher's start.
    pub at: Duration,
    pub backlog: u64,
    /// Those that came since the start.
    pub dead_letters: u64,
    /// Orders acknowledged by then that were in neither queue: the table has them, or they are lost. Only the
    /// verdict can say which.
    pub probably_stored: u64,
}

impl Moment {
    /// Orders due whose fate at the queue is not known yet.
    pub fn unanswered(&self) -> u64 {
        let decided = self.acknowledged + self.rejected + self.indeterminate + self.unsent;
        self.scheduled.saturating_sub(decided)
    }
}

/// What happened between two moments, per second.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Rates {
    pub scheduled: f64,
    pub offered: f64,
    pub acknowledged: f64,
    /// Of what is probably stored; none without two looks at the queues.
    pub stored: Option<f64>,
    pub dead_lettered: Option<f64>,
}

impl Rates {
    /// From one moment to a later one; counts that went back count as none.
    pub fn between(before: &Moment, after: &Moment) -> Self {
        let rate = |before: u64, after: u64, took: Duration| {
            after.saturating_sub(before) as f64 / took.as_secs_f64().max(1e-3)
        };
        let took = after.at.saturating_sub(before.at);
        let looks = before.queues.zip(after.queues);
        let looks = looks.filter(|(before, after)| after.at > before.at);
        let queues = |count: fn(&Queues) -> u64| {
            looks.map(|(before, after)| rate(count(&before), count(&after), after.at - before.at))
        };
        Self {
            scheduled: rate(before.scheduled, after.scheduled, took),
            offered: rate(before.offered, after.offered, took),
            acknowledged: rate(before.acknowledged, after.acknowledged, took),
            stored: queues(|look| look.probably_stored),
            dead_lettered: queues(|look| look.dead_letters),
        }
    }
}

impl View {
    /// Rates with the second they belong to, oldest first.
    pub fn rates(&self) -> impl Iterator<Item = (Duration, Rates)> + '_ {
        self.history
            .windows(2)
            .map(|pair| (pair[1].at, Rates::between(&pair[0], &pair[1])))
    }

    /// The phase the run is in, while orders are due.
    pub fn current_phase(&self) -> Option<usize> {
        let sending = self.activity == Activity::Sending && self.now.at < self.profile.duration();
        sending.then(|| self.profile.phase_at(self.now.at))
    }
}

/// Takes views, remembering what it has seen.
pub struct Viewer {
    watch: Watch,
    history: Vec<Moment>,
    worst_lag: Duration,
    dead_before: Option<u64>,
    queues: Option<Queues>,
}

impl Viewer {
    /// Has seen nothing yet.
    pub fn new(watch: Watch) -> Self {
        Self {
            watch,
            history: Vec::new(),
            worst_lag: Duration::ZERO,
            dead_before: None,
            queues: None,
        }
    }

    /// How it stands now.
    pub fn view(&mut self) -> View {
        let now = self.moment();
        self.worst_lag = self.worst_lag.max(now.lag);
        if self.watch.progress.started().is_some() {
            let due = self
                .history
                .last()
                .is_none_or(|last| now.at >= last.at + EVERY);
            if due {
                self.history.push(now);
            }
        }
        let profile = self.watch.schedule.profile();
        View {
            scenario: line(&self.watch.scenario.name).into_owned(),
            target: self.watch.target.clone(),
            folder: self.watch.folder.clone(),
            profile: profile.clone(),
            planned: self.watch.schedule.count(),
            phases: phases(&self.watch.scenario, profile),
            activity: self.activity(),
            stopping: self.watch.stop.is_stopped(),
            now,
            history: self.history.clone(),
            worst_lag: self.worst_lag,
            last_second: self.watch.last_second.get(),
            dashboard: self.watch.dashboard,
        }
    }

    fn activity(&self) -> Activity {
        let status = self.watch.watched.status();
        if !status.is_empty() {
            Activity::Verifying(status)
        } else if self.watch.progress.started().is_none() {
            Activity::Starting
        } else {
            Activity::Sending
        }
    }

    fn moment(&mut self) -> Moment {
        let progress = &self.watch.progress;
        let mut moment = Moment {
            at: progress.elapsed(),
            // In this order, so that none is answered before it was due.
            acknowledged: progress.acknowledged(),
            rejected: progress.rejected(),
            indeterminate: progress.indeterminate(),
            unsent: progress.unsent(),
            offered: progress.offered(),
            scheduled: progress.scheduled(),
            queues: None,
            lag: progress.lag(),
        };
        if let Some(sample) = self.watch.watched.latest() {
            self.look(&sample, moment.acknowledged);
        }
        moment.queues = self.queues;
        moment
    }

    /// Takes a sample the first time it is seen, with what was acknowledged by then.
    fn look(&mut self, sample: &QueueSample, acknowledged: u64) {
        if self.queues.is_some_and(|seen| seen.at == sample.at) {
            return;
        }
        // A queue that is shared may hold those of others.
        let before = *self.dead_before.get_or_insert(sample.dead_letters);
        let dead_letters = sample.dead_letters.saturating_sub(before);
        let backlog = sample.waiting();
        self.queues = Some(Queues {
            at: sample.at,
            backlog,
            dead_letters,
            probably_stored: acknowledged.saturating_sub(dead_letters.saturating_add(backlog)),
        });
    }
}

fn phases(scenario: &Scenario, profile: &LoadProfile) -> Vec<PhaseView> {
    let phase = |(index, phase): (usize, &crate::load::Phase)| {
        let (start, end) = profile.phase_span(index);
        PhaseView {
            name: line(&phase.name).into_owned(),
            start,
            end,
            rates: (phase.start_rate, phase.end_rate),
        }
    };
    scenario.phases.iter().enumerate().map(phase).collect()
}
