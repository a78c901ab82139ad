//! `queues.json`: what worker 0 saw of the queues while it sent, for the report of the merged run.

use std::io;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::evidence::{COUNT_MAX, DURATION_MAX, JsonLimits, check_json};
use crate::folder::read_within;
use crate::observe::Seen;
use crate::verify::QueueSample;

/// From its last sample on nothing was sampled.
const SAMPLE_EVERY: Duration = Duration::from_secs(1);

/// Between two samples that follow each other; beyond it nobody looked.
const GAP_MAX: Duration = Duration::from_secs(5);

/// The samples of the queues, since the run's start.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct QueuesFile {
    /// The queues' counts.
    pub(super) samples: Vec<QueueSample>,
    /// When they could not be read, or were no longer.
    pub(super) failed_samples: Vec<Duration>,
}

impl QueuesFile {
    /// What was seen until the last send of worker 0. Between that and the merge nobody looked, which is told as a look that
    /// failed, so that no count is carried on.
    pub(super) fn of(seen: Seen) -> Self {
        let last = seen.samples.last().map(|sample| sample.at);
        let last = last.max(seen.failed_samples.last().copied());
        let mut failed_samples = seen.failed_samples;
        failed_samples.extend(last.map(|last| last + SAMPLE_EVERY));
        Self {
            samples: seen.samples,
            failed_samples,
        }
    }

    /// Reads the file; nothing of one that is not there.
    ///
    /// # Errors
    /// When it cannot be read or is damaged.
    pub(super) fn read(path: &Path) -> io::Result<Self> {
        let limits = &JsonLimits::REPORT;
        match read_within(path, limits.bytes) {
            Ok(bytes) => {
                check_json(&bytes, limits).map_err(io::Error::other)?;
                let file: Self = serde_json::from_slice(&bytes).map_err(io::Error::other)?;
                file.check().map_err(io::Error::other)?;
                Ok(file)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error),
        }
    }

    /// Whether its counts can be added up, and its instants lie on a time axis, in order.
    fn check(&self) -> Result<(), String> {
        let counts = |sample: &QueueSample| {
            [
                sample.visible,
                sample.in_flight,
                sample.delayed,
                sample.dead_letters,
            ]
        };
        if self
            .samples
            .iter()
            .flat_map(counts)
            .any(|it| it > COUNT_MAX)
        {
            return Err(format!("a count is more than {COUNT_MAX}"));
        }
        let sampled: Vec<Duration> = self.samples.iter().map(|sample| sample.at).collect();
        for instants in [&sampled, &self.failed_samples] {
            if !instants.is_sorted() {
                return Err("its instants are not in order".into());
            }
            if instants.last().is_some_and(|last| *last > DURATION_MAX) {
                return Err("an instant lies beyond every run's time axis".into());
            }
        }
        Ok(())
    }

    /// Looks that failed for each gap between samples that is longer than a few periods: the last count before it is not
    /// carried on. `until` is when others looked.
    fn gaps(&self, until: Option<Duration>) -> Vec<Duration> {
        let instants = self.samples.iter().map(|sample| sample.at).chain(until);
        let instants: Vec<Duration> = instants.collect();
        let pairs = instants.windows(2);
        let long = pairs.filter(|pair| pair[1].saturating_sub(pair[0]) > GAP_MAX);
        long.map(|pair| pair[0] + SAMPLE_EVERY).collect()
    }

    /// What was seen before `later` was, and that.
    pub(super) fn before(self, later: Self) -> Self {
        let from = later.samples.first().map(|sample| sample.at);
        let from = from
            .into_iter()
            .chain(later.failed_samples.first().copied())
            .min();
        let earlier = |at: Duration| from.is_none_or(|from| at < from);
        let gaps = self.gaps(from);
        let samples = self.samples.into_iter().filter(|sample| earlier(sample.at));
        let failed = self.failed_samples.into_iter().chain(gaps);
        let mut failed: Vec<Duration> = failed.filter(|at| earlier(*at)).collect();
        failed.sort_unstable();
        failed.dedup();
        failed.extend(later.failed_samples);
        Self {
            samples: samples.chain(later.samples).collect(),
            failed_samples: failed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(samples: &[u64], failed: &[u64]) -> QueuesFile {
        let sample = |&at: &u64| QueueSample {
            at: Duration::from_secs(at),
            visible: at,
            in_flight: 0,
            delayed: 0,
            dead_letters: 0,
        };
        QueuesFile {
            samples: samples.iter().map(sample).collect(),
            failed_samples: failed.iter().map(|&at| Duration::from_secs(at)).collect(),
        }
    }

    #[test]
    fn two_looks_one_after_the_other_are_one_in_order_of_time() {
        let (first, later) = (file(&[0, 1, 2], &[3]), file(&[9, 10], &[11]));
        assert_eq!(
            first.clone().before(later),
            file(&[0, 1, 2, 9, 10], &[3, 11])
        );
        let overlapping = file(&[2, 4], &[]);
        assert_eq!(first.clone().before(overlapping), file(&[0, 1, 2, 4], &[]));
        assert_eq!(first.clone().before(QueuesFile::default()), first);
    }

    #[test]
    fn a_long_gap_was_not_measured() {
        let later = file(&[30], &[]);
        assert_eq!(
            file(&[0, 5, 11], &[12]).before(later.clone()),
            file(&[0, 5, 11, 30], &[6, 12]),
            "after 5 s the count is carried on, after 6 s it is not"
        );
        assert_eq!(file(&[26], &[]).before(later), file(&[26, 30], &[]));
    }

    #[test]
    fn what_is_not_there_is_nothing_and_what_is_damaged_is_an_error() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("queues.json");
        assert_eq!(
            QueuesFile::read(&path).expect("nothing"),
            QueuesFile::default()
        );
        std::fs::write(&path, "{").expect("written");
        assert!(QueuesFile::read(&path).is_err());
        let read = |file: &QueuesFile| {
            std::fs::write(&path, crate::results::to_json(file)).expect("written");
            QueuesFile::read(&path)
        };
        let good = file(&[0, 1, 2], &[3]);
        assert_eq!(read(&good).expect("read"), good);
        assert!(read(&file(&[0, 2, 1], &[])).is_err(), "out of order");
        assert!(read(&file(&[u64::MAX], &[])).is_err(), "beyond the axis");
        let mut large = good;
        large.samples[1].visible = u64::MAX;
        assert!(read(&large).is_err(), "beyond a count");
    }
}
