//! What a live view shows: plain data, taken from a run's gauges.

use std::time::{Duration, Instant};

use super::{History, Measured, Moment, Rates};
use crate::escape::line;
use crate::load::{LoadProfile, Phase, Shard};
use crate::observe::Activity;
use crate::run::Watch;

/// Everything shown at one moment.
#[derive(Debug, Clone)]
pub struct View {
    /// The scenario's name.
    pub scenario: String,
    /// Where it runs.
    pub target: String,
    /// Where its report will be.
    pub folder: String,
    /// The load.
    pub profile: LoadProfile,
    /// Orders planned.
    pub planned: u64,
    /// Which of several workers this process is, if it is one; what is planned is of all of them.
    pub shard: Option<Shard>,
    /// The phases as planned.
    pub phases: Vec<PhaseView>,
    /// What the run is at.
    pub stage: Stage,
    /// Whether ctrl-c was pressed.
    pub stopping: bool,
    /// The counts so far.
    pub now: Moment,
    /// One sample a second, or fewer of a long run.
    pub history: History,
    /// The largest schedule lag seen.
    pub worst_lag: Option<Duration>,
    /// What was measured in the last second.
    pub latest: Option<Measured>,
}

/// A phase as planned.
#[derive(Debug, Clone, PartialEq)]
pub struct PhaseView {
    /// Its name.
    pub name: String,
    /// Its start, since the run's start.
    pub start: Duration,
    /// Its end.
    pub end: Duration,
    /// Orders per second at its start and its end.
    pub rates: (f64, f64),
}

/// What a run is at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// Nothing is due yet.
    Starting,
    /// Orders are sent.
    Sending,
    /// Waiting for the queue to come to rest.
    Settling {
        /// How it stands with it, in words.
        words: String,
        /// For how long at most.
        left_max: Duration,
    },
    /// Reading the stores, or waiting to read them once more.
    Reading {
        /// What it is at, in words.
        words: String,
        /// For how long it waits at most, if it waits.
        left_max: Option<Duration>,
    },
}

impl Stage {
    /// Its name, for programs: whatever follows the sending is `settling`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Sending => "sending",
            Self::Settling { .. } | Self::Reading { .. } => "settling",
        }
    }

    /// What it waits for or reads, in words, once orders are no longer sent.
    pub fn status(&self) -> Option<String> {
        match self {
            Self::Starting | Self::Sending => None,
            Self::Settling { words, .. } => Some(format!("settling: {words}")),
            Self::Reading { words, .. } => Some(words.clone()),
        }
    }

    /// For how long it waits at most.
    pub fn left_max(&self) -> Option<Duration> {
        match self {
            Self::Starting | Self::Sending => None,
            Self::Settling { left_max, .. } => Some(*left_max),
            Self::Reading { left_max, .. } => *left_max,
        }
    }
}

/// A time that is still left, in whole seconds: `58 s`, `2 min 14 s`.
pub fn countdown(left: Duration) -> String {
    let seconds = left.as_secs_f64().ceil() as u64;
    match seconds {
        0..120 => format!("{seconds} s"),
        _ => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

impl View {
    /// Rates with the second they belong to, oldest first.
    pub fn rates(&self) -> impl Iterator<Item = (Duration, Rates)> + '_ {
        self.history.samples().windows(2).map(|pair| {
            let (before, after) = (&pair[0].moment, &pair[1].moment);
            (after.at, Rates::between(before, after))
        })
    }

    /// The phase the run is in, while orders are due.
    pub fn current_phase(&self) -> Option<usize> {
        let sending = self.stage == Stage::Sending && self.now.at < self.profile.duration();
        sending.then(|| self.profile.phase_at(self.now.at))
    }
}

impl Watch {
    /// How the run stands now.
    pub fn view(&self) -> View {
        let profile = self.schedule.profile();
        View {
            scenario: line(&self.scenario.name).into_owned(),
            target: self.target.clone(),
            folder: self.folder.clone(),
            profile: profile.clone(),
            planned: self.schedule.count(),
            shard: self.shard,
            phases: phases(&self.scenario.phases, profile),
            stage: self.stage(),
            stopping: self.stop.is_stopped(),
            now: Moment::now(&self.progress, self.watched.latest()),
            history: self.live.history(),
            worst_lag: self.live.worst_lag(),
            latest: self.live.latest(),
        }
    }

    fn stage(&self) -> Stage {
        let activity = self.watched.activity();
        let left = activity.left(Instant::now());
        match activity {
            Activity::Settling(_) => Stage::Settling {
                words: activity.waits_for(),
                left_max: left.unwrap_or_default(),
            },
            Activity::Reading { words, .. } => Stage::Reading {
                words,
                left_max: left,
            },
            Activity::Sampling if self.progress.started().is_none() => Stage::Starting,
            Activity::Sampling => Stage::Sending,
        }
    }
}

fn phases(phases: &[Phase], profile: &LoadProfile) -> Vec<PhaseView> {
    let phase = |(index, phase): (usize, &Phase)| {
        let (start, end) = profile.phase_span(index);
        PhaseView {
            name: line(&phase.name).into_owned(),
            start,
            end,
            rates: (phase.start_rate, phase.end_rate),
        }
    };
    phases.iter().enumerate().map(phase).collect()
}
