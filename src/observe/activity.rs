//! What the watcher does at the moment, for the live views of a run.

use std::time::{Duration, Instant};

use crate::records::Counts;
use crate::results::figures::{counted, thousands};
use crate::verify::SettleProgress;

/// What the watcher does at the moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Activity {
    /// It samples the queues beside the sending.
    #[default]
    Sampling,
    /// It waits until the queue has come to rest.
    Settling(Rest),
    /// It reads the stores, or waits to read them once more.
    Reading {
        /// What it is at.
        words: String,
        /// Until when it waits, if it waits.
        until: Option<Instant>,
    },
}

/// What is known of a queue that is to come to rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rest {
    /// When that was.
    pub taken_at: Instant,
    /// How far the waiting had come.
    pub progress: SettleProgress,
    /// The queue's counts; `None` when they could not be read.
    pub counts: Option<Counts>,
    /// Why the function has not started, where that is so.
    pub not_started: Option<String>,
}

impl Activity {
    /// What it is at, in a word; `None` while orders are sent.
    pub fn word(&self) -> Option<&'static str> {
        match self {
            Self::Sampling => None,
            Self::Settling(_) => Some("settling"),
            Self::Reading { .. } => Some("reading"),
        }
    }

    /// How it stands with what is waited for, in words; empty while orders are sent.
    pub fn waits_for(&self) -> String {
        match self {
            Self::Sampling => String::new(),
            Self::Settling(rest) => rest.words(),
            Self::Reading { words, .. } => words.clone(),
        }
    }

    /// For how long it is waited at most from `now` on, where there is a limit.
    pub fn left(&self, now: Instant) -> Option<Duration> {
        match self {
            Self::Sampling => None,
            Self::Settling(rest) => {
                let since = now.saturating_duration_since(rest.taken_at);
                Some(rest.progress.left_max.saturating_sub(since))
            }
            Self::Reading { until, .. } => Some((*until)?.saturating_duration_since(now)),
        }
    }
}

impl Rest {
    fn words(&self) -> String {
        if let Some(why) = &self.not_started {
            return why.clone();
        }
        let Some(counts) = &self.counts else {
            return "the queue's counts could not be read".into();
        };
        let retrying = match counts.in_flight {
            0 => String::new(),
            count => format!("{} in work or held back for a retry", thousands(count)),
        };
        let waiting = counts.visible.saturating_add(counts.delayed);
        match (waiting, retrying.is_empty()) {
            (0, true) => self.empty(),
            (0, false) => retrying,
            (count, true) => format!("{} waiting", counted(count, "message")),
            (count, false) => format!("{} waiting, {retrying}", counted(count, "message")),
        }
    }

    /// The queue is empty, and it is not enough yet.
    fn empty(&self) -> String {
        let progress = &self.progress;
        match progress.empty_for {
            None => format!(
                "the queue is empty; its counts may lag, and prove nothing for another {} s",
                progress.begins_in.as_secs_f64().ceil()
            ),
            Some(_) if progress.empty_span.is_zero() => format!(
                "the queue was empty in {} of {} looks in a row",
                progress.empty_samples, progress.empty_samples_min
            ),
            Some(empty_for) => format!(
                "the queue has been empty for {} s of {} s",
                empty_for.as_secs(),
                progress.empty_span.as_secs()
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settling(counts: Option<(u64, u64)>, empty_for: Option<u64>, span: u64) -> Activity {
        Activity::Settling(Rest {
            taken_at: Instant::now(),
            progress: SettleProgress {
                left_max: Duration::from_secs(30),
                empty_for: empty_for.map(Duration::from_secs),
                empty_samples: u32::from(empty_for.is_some()),
                empty_span: Duration::from_secs(span),
                empty_samples_min: 3,
                begins_in: Duration::from_millis(41_300),
            },
            counts: counts.map(|(visible, in_flight)| Counts {
                visible,
                in_flight,
                delayed: 0,
            }),
            not_started: None,
        })
    }

    #[test]
    fn what_is_waited_for_is_said_and_what_was_not_read_is_not_called_empty() {
        for (activity, words) in [
            (settling(Some((312, 0)), None, 0), "312 messages waiting"),
            (
                settling(Some((1, 1_204)), None, 0),
                "1 message waiting, 1,204 in work or held back for a retry",
            ),
            (
                settling(Some((0, 3)), None, 0),
                "3 in work or held back for a retry",
            ),
            (
                settling(Some((0, 0)), Some(0), 0),
                "the queue was empty in 1 of 3 looks in a row",
            ),
            (
                settling(Some((0, 0)), Some(20), 60),
                "the queue has been empty for 20 s of 60 s",
            ),
            (
                settling(Some((0, 0)), None, 60),
                "the queue is empty; its counts may lag, and prove nothing for another 42 s",
            ),
            (
                settling(None, None, 0),
                "the queue's counts could not be read",
            ),
        ] {
            assert_eq!(activity.waits_for(), words);
        }
        assert_eq!(Activity::Sampling.waits_for(), "");
    }

    #[test]
    fn the_limit_of_the_waiting_comes_nearer_and_reading_has_none() {
        let Activity::Settling(rest) = settling(Some((1, 0)), None, 0) else {
            unreachable!()
        };
        let taken_at = rest.taken_at;
        let activity = Activity::Settling(rest);
        let left = |seconds| activity.left(taken_at + Duration::from_secs(seconds));
        assert_eq!(left(0), Some(Duration::from_secs(30)));
        assert_eq!(left(12), Some(Duration::from_secs(18)));
        assert_eq!(left(99), Some(Duration::ZERO));
        let reading = |until| Activity::Reading {
            words: "reading the table".into(),
            until,
        };
        assert_eq!(reading(None).left(taken_at), None);
        let until = Some(taken_at + Duration::from_secs(5));
        assert_eq!(reading(until).left(taken_at), Some(Duration::from_secs(5)));
    }
}
