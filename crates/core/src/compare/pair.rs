//! One run a side: how each duration changed, judged by the seconds within the runs.

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::blocks::{Resampled, resample};
use super::change_verdict::{LAGS, band, change_verdict, rounded, share, unless_blind};
use super::ranks::cliffs_delta;
use super::sample::Sample;
use super::{ChangeVerdict, MetricChange, Options};
use crate::metrics::Histogram;
use crate::results::figures::micros;
use crate::results::{Interval, PhaseReport, RunReport};
use crate::scenario::Metric;

/// Fewer seconds cannot be drawn again.
const SECONDS_MIN: usize = 8;
/// Fewer samples beyond a quantile say little of it.
pub(super) const BEYOND_MIN: f64 = 10.0;

/// Whether a phase of so many orders and seconds can distinguish a change of a quantile from noise.
pub(super) fn can_be_told(orders: u64, seconds: usize, quantile: f64) -> bool {
    orders as f64 * (1.0 - quantile) >= BEYOND_MIN && seconds >= SECONDS_MIN
}

/// The durations compared, each with its quantiles.
pub(super) type Duration = (fn(f64) -> Metric, fn(&Interval) -> &Histogram);
pub(super) const DURATIONS: [Duration; 3] = [
    (Metric::ResponseTime, |interval| &interval.response_time),
    (Metric::ServiceTime, |interval| &interval.service_time),
    (Metric::EndToEnd, |interval| &interval.end_to_end),
];
pub(super) const QUANTILES: [f64; 3] = [0.5, 0.99, 0.999];
/// A quantile this high is listed only where there are samples enough for it.
const ONLY_WITH_SAMPLES: f64 = 0.999;

/// A duration of a phase on both sides, not yet judged.
struct Row {
    metric: Metric,
    phase: String,
    logs: (f64, f64),
    /// The standard error of the difference and its degrees of freedom, or why there is none.
    spread: Result<(f64, f64), String>,
    /// Over the seconds of both sides.
    effect: f64,
    samples: (u64, u64),
    /// The worse p99 of schedule lag, microseconds.
    lag_us: f64,
}

/// Each duration of each phase but warm-up.
pub(super) fn changes(
    base: &RunReport,
    candidate: &RunReport,
    options: Options,
) -> Vec<MetricChange> {
    let phases = base.phases.iter().zip(&candidate.phases);
    let phases = phases.filter(|(phase, _)| !phase.figures.warm_up);
    let rows: Vec<Row> = phases
        .flat_map(|phases| {
            DURATIONS
                .iter()
                .flat_map(move |&duration| rows(base, candidate, phases, duration, options))
        })
        .collect();
    let judged = rows.iter().filter(|row| row.spread.is_ok()).count();
    rows.into_iter()
        .map(|row| judge(row, judged, options))
        .collect()
}

/// A duration of one phase, at every quantile.
fn rows(
    base: &RunReport,
    candidate: &RunReport,
    (phase, its): (&PhaseReport, &PhaseReport),
    (metric, pick): Duration,
    options: Options,
) -> Vec<Row> {
    let one = Sample::new(&base.intervals, phase, pick);
    let other = Sample::new(&candidate.intervals, its, pick);
    let samples = (one.count(), other.count());
    let lag = |phase: &PhaseReport| phase.schedule_lag_us.p99_us.unwrap_or_default() as f64;
    let lag_us = lag(phase).max(lag(its));
    let fewest = samples.0.min(samples.1) as f64;
    let resampled = match one.seconds().min(other.seconds()) >= SECONDS_MIN {
        true => Some((
            resample(&one, &QUANTILES, options.resamples),
            resample(&other, &QUANTILES, options.resamples),
        )),
        false => None,
    };
    let row = |(index, &quantile): (usize, &f64)| {
        let beyond = fewest * (1.0 - quantile);
        if quantile >= ONLY_WITH_SAMPLES && beyond < BEYOND_MIN {
            return None;
        }
        let log = |sample: &Sample| sample.log_quantile(&sample.counts(), quantile);
        let spread = match &resampled {
            // The same counts second by second: there is no difference to be judged, however few they are.
            _ if fewest > 0.0 && one.fingerprint() == other.fingerprint() => Ok((0.0, 1.0)),
            _ if fewest == 0.0 => Err("nothing was measured by the second".into()),
            _ if beyond < BEYOND_MIN => Err(format!(
                "{beyond:.0} samples beyond it, {BEYOND_MIN} are needed"
            )),
            None => Err(format!(
                "{} seconds, {SECONDS_MIN} are needed",
                one.seconds().min(other.seconds())
            )),
            Some((one, other)) => Ok(spread(one, other, index)),
        };
        Some(Row {
            metric: metric(quantile),
            phase: phase.figures.name.clone(),
            logs: (log(&one), log(&other)),
            spread,
            effect: cliffs_delta(
                &one.seconds_sorted(quantile),
                &other.seconds_sorted(quantile),
            ),
            samples,
            lag_us,
        })
    };
    QUANTILES.iter().enumerate().filter_map(row).collect()
}

/// The standard error of the difference of two logarithms, and its degrees of freedom: blocks are few, so each
/// side counts with as many as it has, less one (Welch and Satterthwaite).
fn spread(base: &Resampled, candidate: &Resampled, index: usize) -> (f64, f64) {
    let pairs = base.logs[index].iter().zip(&candidate.logs[index]);
    let differences: Vec<f64> = pairs.map(|(base, candidate)| candidate - base).collect();
    let (one, other) = (
        variance(&base.logs[index]) * inflation(base),
        variance(&candidate.logs[index]) * inflation(candidate),
    );
    let inflation = inflation(base).max(inflation(candidate));
    let error = (variance(&differences) * inflation).sqrt();
    let shares = one.powi(2) / (base.blocks - 1.0) + other.powi(2) / (candidate.blocks - 1.0);
    let freedom = match shares > 0.0 {
        true => (one + other).powi(2) / shares,
        false => base.blocks.min(candidate.blocks) - 1.0,
    };
    (error, freedom.max(1.0))
}

/// Drawing from few blocks varies less than the run did.
fn inflation(side: &Resampled) -> f64 {
    side.blocks / (side.blocks - 1.0)
}

fn variance(values: &[f64]) -> f64 {
    let count = values.len().max(2) as f64;
    let mean = values.iter().sum::<f64>() / count;
    values
        .iter()
        .map(|value| (value - mean).powi(2))
        .sum::<f64>()
        / (count - 1.0)
}

/// Why nothing can be said of runs that were sent so late.
fn lateness(lag_us: f64) -> String {
    format!(
        "schedule lag p99 {}: changes up to {} are noise; run again on a machine that is less busy",
        micros(lag_us.round() as u64),
        micros((LAGS * lag_us).round() as u64)
    )
}

/// Every judged row gets its share of the level (Bonferroni).
fn judge(row: Row, judged: usize, options: Options) -> MetricChange {
    let (base, candidate) = row.logs;
    let log_ratio = candidate - base;
    let asked = band(base.exp(), candidate.exp(), 0.0, options);
    let band = band(base.exp(), candidate.exp(), row.lag_us, options);
    let tail = options.level / (2.0 * judged.max(1) as f64);
    let (interval, word, why) = match row.spread {
        Err(why) => (None, ChangeVerdict::NotEnoughData, Some(why)),
        Ok((error, freedom)) => {
            let student =
                StudentsT::new(0.0, 1.0, freedom).expect("at least one degree of freedom");
            let reach = student.inverse_cdf(1.0 - tail) * error;
            let interval = (log_ratio - reach, log_ratio + reach);
            let word = change_verdict(log_ratio, interval, band);
            let word = unless_blind(word, interval, asked);
            let why = match word {
                ChangeVerdict::NotEnoughData => Some(
                    "the interval includes both a change and none; run longer, or repeat".into(),
                ),
                ChangeVerdict::TooNoisy => Some(lateness(row.lag_us)),
                _ => None,
            };
            (Some((share(interval.0), share(interval.1))), word, why)
        }
    };
    MetricChange {
        metric: row.metric,
        phase: Some(row.phase),
        base_us: Some(rounded(base.exp())),
        candidate_us: Some(rounded(candidate.exp())),
        change: Some(share(log_ratio)),
        interval,
        effect: interval.is_some().then(|| rounded(row.effect)),
        band: Some(share(band)),
        samples: row.samples,
        call: word,
        why,
    }
    .into_measured()
}
