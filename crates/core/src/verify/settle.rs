//! When the pipeline has come to rest: a state machine fed with the queue's counts.

use std::time::Duration;

use super::Quiescence;
use crate::records::Counts;

/// Empty samples in a row that prove rest.
const EMPTY_SAMPLES: u32 = 3;
/// On AWS the counts lag by up to a minute: how long after the last send they begin to count, and
/// how long they must stay empty at least.
const AWS_LAG: Duration = Duration::from_secs(60);

/// What is known of the start of a function that runs here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FunctionStart {
    /// It has started, or nobody here knows.
    Unknown,
    /// It has not started yet, as this sentence says; it still may.
    NotYet(String),
    /// It will not: so many starts have failed, as this sentence says.
    Hopeless(String),
}

impl FunctionStart {
    /// Why it has not started.
    pub fn why(&self) -> Option<&str> {
        match self {
            Self::Unknown => None,
            Self::NotYet(why) | Self::Hopeless(why) => Some(why),
        }
    }
}

/// How far the waiting has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettleProgress {
    /// For how long it is waited at most from now on.
    pub left_max: Duration,
    /// How long the counts have been empty in samples that prove something; `None` while they do not.
    pub empty_for: Option<Duration>,
    /// In how many samples in a row.
    pub empty_samples: u32,
    /// For how long they must stay empty.
    pub empty_span: Duration,
    /// In how many samples in a row at least.
    pub empty_samples_min: u32,
    /// How long samples prove nothing yet, since the counts may lag; zero when they do.
    pub begins_in: Duration,
}

/// Watches the counts after the last send. Times are on the run's axis.
#[derive(Debug, Clone)]
pub struct Settling {
    last_send: Duration,
    deadline: Duration,
    /// How long the counts must stay empty.
    span: Duration,
    /// Samples before this instant prove nothing.
    not_before: Duration,
    /// Since when every sample was empty, also those that prove nothing yet: when it drained, as far as
    /// counts that may lag can tell.
    quiet_since: Option<Duration>,
    empty_since: Option<Duration>,
    empty_samples: u32,
    last: String,
    start: FunctionStart,
}

impl Settling {
    /// Waits from `last_send` for at most `patience`; counts that are not exact must stay empty for
    /// as long as they may lag and a message may be hidden, and that much more patience there is.
    pub fn new(
        last_send: Duration,
        patience: Duration,
        exact: bool,
        visibility_timeout: Duration,
    ) -> Self {
        let wait = if exact { Duration::ZERO } else { AWS_LAG };
        let span = Self::span(exact, visibility_timeout);
        Self {
            last_send,
            deadline: last_send + patience + wait + span,
            span,
            not_before: last_send + wait,
            quiet_since: None,
            empty_since: None,
            empty_samples: 0,
            last: "the queue was never sampled".into(),
            start: FunctionStart::Unknown,
        }
    }

    /// For how long the counts must stay empty.
    pub fn span(exact: bool, visibility_timeout: Duration) -> Duration {
        match exact {
            true => Duration::ZERO,
            false => AWS_LAG.max(visibility_timeout),
        }
    }

    /// Takes in what is known of the function's start now.
    pub fn function(&mut self, start: FunctionStart) {
        self.start = start;
    }

    /// How far the waiting has come at `at`.
    pub fn progress(&self, at: Duration) -> SettleProgress {
        SettleProgress {
            left_max: self.deadline.saturating_sub(at),
            empty_for: self.empty_since.map(|since| at.saturating_sub(since)),
            empty_samples: self.empty_samples,
            empty_span: self.span,
            empty_samples_min: EMPTY_SAMPLES,
            begins_in: self.not_before.saturating_sub(at),
        }
    }

    /// Takes in a sample taken at `at` and says how it ended, if it has.
    pub fn sample(&mut self, at: Duration, counts: Result<Counts, String>) -> Option<Quiescence> {
        let empty = counts.as_ref().is_ok_and(|counts| counts.total() == 0);
        self.quiet_since = match empty {
            true => self.quiet_since.or(Some(at)),
            false => None,
        };
        match &counts {
            Ok(_) if empty && at >= self.not_before => {
                self.empty_since.get_or_insert(at);
                self.empty_samples += 1;
            }
            _ => {
                self.empty_since = None;
                self.empty_samples = 0;
            }
        }
        self.last = match counts {
            Ok(counts) => format!(
                "{} visible, {} in flight, {} delayed",
                counts.visible, counts.in_flight, counts.delayed
            ),
            Err(error) => format!("the counts could not be read: {error}"),
        };
        if let Some(since) = self.empty_since
            && self.empty_samples >= EMPTY_SAMPLES
            && at >= since + self.span
        {
            return Some(self.at_rest(since, at));
        }
        match &self.start {
            FunctionStart::Hopeless(why) => Some(self.hopeless(at, why)),
            _ => (at >= self.deadline).then(|| self.restless()),
        }
    }

    fn at_rest(&self, since: Duration, at: Duration) -> Quiescence {
        Quiescence {
            reached: true,
            empty_samples: self.empty_samples,
            drain: Some(
                self.quiet_since
                    .unwrap_or(since)
                    .saturating_sub(self.last_send),
            ),
            evidence: format!(
                "the queue was empty (visible, in flight, delayed) in {} samples in a row over {:.1} s",
                self.empty_samples,
                (at - since).as_secs_f64()
            ),
            never_started: None,
        }
    }

    /// Nothing that waits will be received: there is no use in waiting for the deadline.
    fn hopeless(&self, at: Duration, why: &str) -> Quiescence {
        Quiescence {
            reached: false,
            empty_samples: self.empty_samples,
            drain: None,
            evidence: format!(
                "{:.1} s after the last send, waiting was ended, because the function does not start; the last \
                 sample was: {}",
                at.saturating_sub(self.last_send).as_secs_f64(),
                self.last
            ),
            never_started: Some(why.to_owned()),
        }
    }

    fn restless(&self) -> Quiescence {
        Quiescence {
            reached: false,
            empty_samples: self.empty_samples,
            drain: None,
            evidence: format!(
                "{:.1} s after the last send, at the deadline, the last sample was: {}{}",
                (self.deadline - self.last_send).as_secs_f64(),
                self.last,
                match self.start.why() {
                    None => " (settle.deadline allows more time)",
                    Some(_) => "",
                }
            ),
            never_started: self.start.why().map(str::to_owned),
        }
    }
}
