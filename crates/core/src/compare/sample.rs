//! The durations of one phase, second by second, as counts that can be added up quickly.

use std::collections::BTreeSet;

use crate::metrics::Histogram;
use crate::results::{Interval, PhaseReport};

/// Counts by second and value.
pub(super) struct Sample {
    /// The logarithms of the values that occur, microseconds, ascending.
    logs: Vec<f64>,
    /// How often each value had occurred before each second: a row a second, and one more.
    before: Vec<Vec<u64>>,
}

impl Sample {
    /// The durations `pick` gives of the seconds of `phase`.
    pub(super) fn new(
        intervals: &[Interval],
        phase: &PhaseReport,
        pick: fn(&Interval) -> &Histogram,
    ) -> Self {
        let within = |interval: &&Interval| {
            let middle = interval.time_s as f64 + 0.5;
            (phase.start.as_secs_f64()..phase.end.as_secs_f64()).contains(&middle)
        };
        let seconds: Vec<&Histogram> = intervals
            .iter()
            .filter(within)
            .map(pick)
            .filter(|histogram| !histogram.is_empty())
            .collect();
        Self::of(&seconds)
    }

    /// The durations of seconds in a row.
    pub(super) fn of(seconds: &[&Histogram]) -> Self {
        let values: BTreeSet<u64> = seconds
            .iter()
            .flat_map(|second| second.buckets())
            .map(|(us, _)| us)
            .collect();
        let values: Vec<u64> = values.into_iter().collect();
        let mut before = vec![vec![0; values.len()]];
        for second in seconds {
            let mut row = before.last().expect("never empty").clone();
            for (us, count) in second.buckets() {
                let at = values.binary_search(&us).expect("gathered above");
                row[at] += count;
            }
            before.push(row);
        }
        Self {
            logs: values
                .into_iter()
                .map(|us| (us.max(1) as f64).ln())
                .collect(),
            before,
        }
    }

    /// Seconds in which something was measured.
    pub(super) fn seconds(&self) -> usize {
        self.before.len() - 1
    }

    /// How much was measured.
    pub(super) fn count(&self) -> u64 {
        self.before.last().expect("never empty").iter().sum()
    }

    /// Counts of every value.
    pub(super) fn counts(&self) -> Vec<u64> {
        self.before.last().expect("never empty").clone()
    }

    /// The logarithm of a quantile of each second, ascending.
    pub(super) fn seconds_sorted(&self, quantile: f64) -> Vec<f64> {
        let second = |start| {
            let mut counts = vec![0; self.logs.len()];
            self.add_block(start, 1, &mut counts);
            self.log_quantile(&counts, quantile)
        };
        let mut seconds: Vec<f64> = (0..self.seconds()).map(second).collect();
        seconds.sort_by(f64::total_cmp);
        seconds
    }

    /// Adds the counts of `length` seconds from `start` on to `counts`.
    pub(super) fn add_block(&self, start: usize, length: usize, counts: &mut [u64]) {
        let (before, after) = (&self.before[start], &self.before[start + length]);
        for ((count, after), before) in counts.iter_mut().zip(after).zip(before) {
            *count += after - before;
        }
    }

    /// The logarithm of a quantile of counts of this sample's values, microseconds; between two values that share
    /// it, on the straight line between them, so that it does not jump by a bucket. Zero of no counts.
    pub(super) fn log_quantile(&self, counts: &[u64], quantile: f64) -> f64 {
        let total: u64 = counts.iter().sum();
        let rank = quantile * total as f64;
        let mut below = 0.0;
        let mut last: Option<(f64, f64)> = None;
        for (&log, &count) in self.logs.iter().zip(counts) {
            if count == 0 {
                continue;
            }
            let middle = below + count as f64 / 2.0;
            if middle >= rank {
                let Some((at, lower)) = last else {
                    return log;
                };
                return lower + (rank - at) / (middle - at) * (log - lower);
            }
            last = Some((middle, log));
            below += count as f64;
        }
        last.map_or(0.0, |(_, log)| log)
    }

    /// A number that differs for other counts: the seed of its resampling, so that a run compared with itself is
    /// resampled alike on both sides, and different runs independently.
    pub(super) fn fingerprint(&self) -> u64 {
        let rows = self.before.iter().flatten().copied();
        let values = self.logs.iter().map(|value| value.to_bits());
        rows.chain(values)
            .fold(0xcbf2_9ce4_8422_2325, |hash, number| {
                (hash ^ number)
                    .wrapping_mul(0x0100_0000_01b3)
                    .rotate_left(23)
            })
    }
}
