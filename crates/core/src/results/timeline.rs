//! The timeline: one row a second, from the first order to the last event.

use std::time::Duration;

use super::reading::{Stretch, by_second};
use super::{Interval, Reading, SecondSends, TimelineRow};
use crate::load::LoadProfile;
use crate::metrics::Histogram;
use crate::scenario::Scenario;
use crate::verify::{Observation, QueueSample, StoredSecond, StoredTimes};

/// Puts the timeline together from what the drive, the table and the queue samples tell.
pub(super) fn timeline(
    scenario: &Scenario,
    sends: &[SecondSends],
    times: &StoredTimes,
    samples: &[QueueSample],
    failed_samples: &[Duration],
    observation: &Observation,
    readings: &[Reading],
) -> Vec<TimelineRow> {
    let unstored = unstored_share(observation);
    let profile = LoadProfile::new(&scenario.phases);
    let sampled = samples
        .last()
        .map_or(0, |sample| sample.at.as_secs() as usize + 1);
    let read = by_second(readings);
    let seconds = sends.len().max(times.seconds.len()).max(sampled);
    let oldest = oldest_still_to_come(&times.seconds);
    let mut rows: Vec<TimelineRow> = Vec::with_capacity(seconds);
    let (mut acknowledged, mut stored, mut dead_letters) = (0, 0, 0);
    let told = Told::of(observation);
    for second in 0..seconds {
        let mut row = TimelineRow {
            time_s: second as u64,
            ..TimelineRow::default()
        };
        row.phase = phase_name(scenario, &profile, second);
        if let Some(sends) = sends.get(second) {
            add_sends(&mut row, sends);
        }
        row.stored_orders = told.some_rows.then_some(0);
        if let Some(stored) = times.seconds.get(second) {
            add_stored(&mut row, stored);
        }
        if let Some(Some(stretch)) = read.get(second) {
            add_reading(&mut row, stretch);
        }
        let end = Duration::from_secs(second as u64 + 1);
        let before_end = samples.partition_point(|sample| sample.at < end);
        // A second without a sample of its own carries the last one on, unless a later one failed.
        let sample = samples[..before_end].last();
        let sample = sample.filter(|sample| {
            let failed = failed_samples.partition_point(|&at| at < end);
            failed_samples[..failed]
                .last()
                .is_none_or(|&failed| failed < sample.at)
        });
        if let Some(sample) = sample {
            row.dead_lettered_orders = Some(sample.dead_letters.saturating_sub(dead_letters));
            dead_letters = dead_letters.max(sample.dead_letters);
            row.queue_visible_messages = Some(sample.visible);
            row.queue_in_flight_messages = Some(sample.in_flight);
            row.queue_delayed_messages = Some(sample.delayed);
        }
        acknowledged += row.acknowledged_orders;
        stored += row.stored_orders.unwrap_or_default();
        let dead_only = (dead_letters as f64 * unstored).round() as u64;
        row.backlog_orders = (told.all_rows && sample.is_some())
            .then(|| acknowledged.saturating_sub(dead_only.saturating_add(stored)));
        row.oldest_age_ms = oldest
            .get(second + 1)
            .copied()
            .flatten()
            .and_then(|intended| end.checked_sub(intended))
            .filter(|age| !age.is_zero())
            .map(|age| age.as_millis() as u64);
        rows.push(row);
    }
    rows
}

/// What rows tell of when they were stored.
struct Told {
    /// Some do, or there is none that could.
    some_rows: bool,
    /// All do, and all of them were read.
    all_rows: bool,
}

impl Told {
    fn of(observation: &Observation) -> Self {
        let (rows, untimed) = (observation.stored.len(), observation.untimed_rows);
        let complete = observation.scan.complete;
        Self {
            some_rows: if rows == 0 { complete } else { untimed < rows },
            all_rows: complete && untimed == 0,
        }
    }
}

/// The share of dead-lettered orders that are in no row as well: those are counted by their row, and once.
/// Which of them a sample of the queue's count holds is not known; in all it is this share.
fn unstored_share(observation: &Observation) -> f64 {
    let dead = observation.dead_lettered.len();
    match dead {
        0 => 1.0,
        dead => {
            let both = observation
                .dead_lettered
                .intersection_len(&observation.stored);
            (dead - both) as f64 / dead as f64
        }
    }
}

fn phase_name(scenario: &Scenario, profile: &LoadProfile, second: usize) -> String {
    let start = Duration::from_secs(second as u64);
    match start < profile.duration() {
        true => scenario.phases[profile.phase_at(start)].name.clone(),
        false => "drain".into(),
    }
}

fn add_sends(row: &mut TimelineRow, sends: &SecondSends) {
    row.scheduled_orders = sends.scheduled;
    row.offered_orders = sends.offered;
    row.acknowledged_orders = sends.acknowledged;
    row.rejected_orders = sends.rejected;
    row.indeterminate_orders = sends.indeterminate;
    row.unsent_orders = sends.unsent;
    row.schedule_lag_max_us =
        (sends.offered > 0).then_some(sends.schedule_lag_max.as_micros() as u64);
    (
        row.response_time_p50_us,
        row.response_time_p99_us,
        row.response_time_max_us,
    ) = percentiles(&sends.response_time);
    (
        row.service_time_p50_us,
        row.service_time_p99_us,
        row.service_time_max_us,
    ) = percentiles(&sends.service_time);
}

fn add_reading(row: &mut TimelineRow, stretch: &Stretch) {
    row.harness_cpus = stretch.cpus.map(|cpus| (cpus * 1e3).round() / 1e3);
    row.in_flight_max_orders = Some(stretch.in_flight_peak);
    if let Some(pipeline) = stretch.pipeline {
        row.max_concurrent_invocations = Some(pipeline.concurrency_peak);
        row.throttled_writes = Some(pipeline.throttled_writes);
        row.throttled_invocations = Some(pipeline.throttled_invocations);
    }
}

/// The durations of each second in which an order was due.
pub(super) fn intervals(sends: &[SecondSends], times: &StoredTimes) -> Vec<Interval> {
    (0..sends.len().max(times.seconds.len()))
        .map(|second| {
            let (sends, stored) = (sends.get(second), times.seconds.get(second));
            let of_sends = |pick: fn(&SecondSends) -> &Histogram| {
                sends.map_or_else(Histogram::coarse, |sends| pick(sends).clone())
            };
            Interval {
                time_s: second as u64,
                response_time: of_sends(|sends| &sends.response_time),
                service_time: of_sends(|sends| &sends.service_time),
                end_to_end: stored
                    .map_or_else(Histogram::coarse, |second| second.end_to_end.clone()),
            }
        })
        .filter(|interval| !(interval.response_time.is_empty() && interval.end_to_end.is_empty()))
        .collect()
}

fn add_stored(row: &mut TimelineRow, stored: &StoredSecond) {
    row.stored_orders = row.stored_orders.map(|_| stored.stored);
    (
        row.end_to_end_p50_us,
        row.end_to_end_p99_us,
        row.end_to_end_max_us,
    ) = percentiles(&stored.end_to_end);
}

fn percentiles(histogram: &Histogram) -> (Option<u64>, Option<u64>, Option<u64>) {
    let at = |quantile| Some(histogram.quantile(quantile)?.as_micros() as u64);
    (at(0.5), at(0.99), at(1.0))
}

/// For each second, the earliest intended instant among the rows stored in it or later.
fn oldest_still_to_come(seconds: &[StoredSecond]) -> Vec<Option<Duration>> {
    let mut oldest = None;
    let mut suffix: Vec<_> = seconds
        .iter()
        .rev()
        .map(|second| {
            oldest = [oldest, second.oldest_intended_at]
                .into_iter()
                .flatten()
                .min();
            oldest
        })
        .collect();
    suffix.reverse();
    suffix
}
