//! Several runs a side: how each duration changed, judged by ranks of whole runs.

use super::change_verdict::{band, change_verdict, rounded, share};
use super::pair::{BEYOND_MIN, QUANTILES};
use super::ranks::{cliffs_delta, differences, median, outside, smallest_p};
use super::{ChangeVerdict, MetricChange, Options};
use crate::metrics::Histogram;
use crate::results::RunReport;
use crate::scenario::Metric;
use crate::verify::PhaseFigures;

type Pick = (fn(f64) -> Metric, fn(&PhaseFigures) -> &Histogram);
const DURATIONS: [Pick; 3] = [
    (Metric::ResponseTime, |phase| &phase.response_time),
    (Metric::ServiceTime, |phase| &phase.service_time),
    (Metric::EndToEnd, |phase| &phase.end_to_end),
];

struct Row {
    metric: Metric,
    phase: Option<String>,
    /// Logarithms of microseconds, one a run.
    base: Vec<f64>,
    candidate: Vec<f64>,
    samples: (u64, u64),
    few: Option<String>,
}

/// Each duration of each phase but warm-up, and drain.
pub(super) fn changes(
    base: &[RunReport],
    candidate: &[RunReport],
    options: Options,
) -> Vec<MetricChange> {
    let mut rows = Vec::new();
    for (index, phase) in base[0].phases.iter().enumerate() {
        if phase.figures.warm_up {
            continue;
        }
        for pick in DURATIONS {
            rows.extend(QUANTILES.iter().filter_map(|&quantile| {
                row(
                    base,
                    candidate,
                    (index, &phase.figures.name),
                    pick,
                    quantile,
                )
            }));
        }
    }
    rows.extend(drain(base, candidate));
    let judged = rows.iter().filter(|row| row.few.is_none()).count();
    rows.into_iter()
        .map(|row| judge(row, judged, options))
        .collect()
}

fn row(
    base: &[RunReport],
    candidate: &[RunReport],
    (index, phase): (usize, &str),
    (metric, pick): Pick,
    quantile: f64,
) -> Option<Row> {
    let histograms = |runs: &[RunReport]| -> Vec<Histogram> {
        let of_run = |run: &RunReport| pick(&run.phases[index].figures).clone();
        runs.iter().map(of_run).collect()
    };
    let (one, other) = (histograms(base), histograms(candidate));
    let fewest = one.iter().chain(&other).map(Histogram::count).min();
    let beyond = fewest.unwrap_or(0) as f64 * (1.0 - quantile);
    if quantile >= 0.999 && beyond < BEYOND_MIN {
        return None;
    }
    let logs = |side: &[Histogram]| -> Vec<f64> {
        let us = |histogram: &Histogram| histogram.quantile(quantile).unwrap_or_default();
        side.iter()
            .map(|histogram| (us(histogram).as_secs_f64() * 1e6).max(1.0).ln())
            .collect()
    };
    let count = |side: &[Histogram]| side.iter().map(Histogram::count).sum();
    Some(Row {
        metric: metric(quantile),
        phase: Some(phase.to_owned()),
        base: logs(&one),
        candidate: logs(&other),
        samples: (count(&one), count(&other)),
        few: (beyond < BEYOND_MIN)
            .then(|| format!("{beyond:.0} samples beyond it in a run, {BEYOND_MIN} are needed")),
    })
}

/// From the last send to the empty queue, where every run saw it.
fn drain(base: &[RunReport], candidate: &[RunReport]) -> Option<Row> {
    let logs = |side: &[RunReport]| -> Option<Vec<f64>> {
        let drain =
            |run: &RunReport| Some((run.quiescence.drain?.as_secs_f64() * 1e6).max(1.0).ln());
        side.iter().map(drain).collect()
    };
    Some(Row {
        metric: Metric::Drain,
        phase: None,
        base: logs(base)?,
        candidate: logs(candidate)?,
        samples: (base.len() as u64, candidate.len() as u64),
        few: None,
    })
}

fn judge(mut row: Row, judged: usize, options: Options) -> MetricChange {
    let differences = differences(&row.base, &row.candidate);
    row.base.sort_by(f64::total_cmp);
    row.candidate.sort_by(f64::total_cmp);
    let (base, candidate) = (median(&row.base), median(&row.candidate));
    let log_ratio = median(&differences);
    // Whole runs differ by the machine's noise already: their spread shows it.
    let band = band(base.exp(), candidate.exp(), 0.0, options);
    let alpha = options.level / judged.max(1) as f64;
    let (n, m) = (row.base.len(), row.candidate.len());
    let (interval, word, why) = match (row.few, outside(n, m, alpha)) {
        (Some(few), _) => (None, ChangeVerdict::NotEnoughData, Some(few)),
        (None, None) => {
            let why = format!(
                "{n} and {m} runs reach at best p = {:.3}, and {judged} figures at this level need {alpha:.4}",
                smallest_p(n, m)
            );
            (None, ChangeVerdict::NotEnoughData, Some(why))
        }
        (None, Some(outside)) => {
            let interval = (
                differences[outside - 1],
                differences[differences.len() - outside],
            );
            let word = change_verdict(log_ratio, interval, band);
            let why = (word == ChangeVerdict::NotEnoughData)
                .then(|| "the interval includes both a change and none; repeat more often".into());
            (Some((share(interval.0), share(interval.1))), word, why)
        }
    };
    MetricChange {
        metric: row.metric,
        phase: row.phase,
        base_us: Some(rounded(base.exp())),
        candidate_us: Some(rounded(candidate.exp())),
        change: Some(share(log_ratio)),
        interval,
        effect: Some(cliffs_delta(&row.base, &row.candidate)),
        band: Some(share(band)),
        samples: row.samples,
        call: word,
        why,
    }
    .into_measured()
}
