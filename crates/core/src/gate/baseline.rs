//! A run beside its baseline: what rules on regressions are held against.
//!
//! How figures changed, and whether a change is more than noise, is decided elsewhere; here a rule is held against
//! those words. What was not compared, or of too little data, never holds.

use super::evaluate::{Seen, missing, told};
use crate::compare::{self, ChangeVerdict, Comparison, MetricChange};
use crate::results::RunReport;
use crate::scenario::{Bound, Metric};

/// How the figures of a run changed against its baseline.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Baseline {
    /// The figures that a rule on every one of them is about.
    pub changes: Vec<Change>,
}

impl Baseline {
    /// What a comparison with `base` says. Left out is what no run of this scenario could tell: a quantile of too
    /// few planned orders, a phase of too few seconds.
    pub fn of(comparison: &Comparison, base: &RunReport) -> Self {
        let can_be_told = |change: &&MetricChange| {
            let phase = change.phase.as_deref();
            let phase = base
                .phases
                .iter()
                .find(|own| Some(own.figures.name.as_str()) == phase);
            phase.is_none_or(|phase| {
                let seconds = phase.end.saturating_sub(phase.start).as_secs() as usize;
                change
                    .metric
                    .quantile()
                    .is_none_or(|quantile| compare::can_be_told(phase.scheduled, seconds, quantile))
            })
        };
        let changes = comparison.changes.iter().filter(can_be_told);
        Self {
            changes: changes
                .map(|change| Change {
                    metric: change.metric,
                    phase: change.phase.clone(),
                    worse: change.change.unwrap_or(f64::NAN),
                    interval: change.interval,
                    call: change.call,
                })
                .collect(),
        }
    }
}

/// How one figure changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The figure.
    pub metric: Metric,
    /// Its phase; `None` of what has none, or of all but warm-up.
    pub phase: Option<String>,
    /// How much worse it is, as a share of the baseline's: 0.2 is a fifth slower, -0.1 a tenth faster.
    pub worse: f64,
    /// The interval in which the change lies with the confidence of the comparison.
    pub interval: Option<(f64, f64)>,
    /// What the comparison says of it.
    pub call: ChangeVerdict,
}

/// Holds `bound` against each change of `metric`, or of all, in `phase` or in all.
pub(super) fn regression(
    baseline: Option<&Baseline>,
    metric: Option<Metric>,
    phase: Option<&str>,
    bound: &Bound<f64>,
) -> Seen {
    let Some(baseline) = baseline else {
        return missing("there is no baseline to compare with");
    };
    let about = |change: &&Change| {
        metric.is_none_or(|metric| change.metric == metric)
            && phase.is_none_or(|phase| change.phase.as_deref() == Some(phase))
    };
    let changes: Vec<_> = baseline.changes.iter().filter(about).collect();
    let Some(worst) = changes.iter().max_by(|a, b| a.worse.total_cmp(&b.worse)) else {
        return missing("nothing of it was compared with the baseline");
    };
    let broken =
        |change: &&&Change| change.call == ChangeVerdict::Regressed && !bound.holds(change.worse);
    let broken = changes
        .iter()
        .filter(broken)
        .max_by(|a, b| a.worse.total_cmp(&b.worse));
    if let Some(broken) = broken {
        return told(false, describe(broken), broken.worse);
    }
    // What cannot be told from noise holds all the same when even its upper end does.
    let open = |change: &Change| {
        let high = change.interval.map_or(f64::INFINITY, |(_, high)| high);
        let unknown = matches!(
            change.call,
            ChangeVerdict::NotEnoughData | ChangeVerdict::TooNoisy
        );
        unknown && !bound.holds(high)
    };
    let unknown = |change: &&&Change| open(change) || !change.worse.is_finite();
    match changes.iter().find(unknown) {
        Some(noisy) if noisy.call == ChangeVerdict::TooNoisy => missing(describe(noisy)),
        Some(few) => missing(format!("{}: not enough data to compare", name(few))),
        None => told(true, describe(worst), worst.worse),
    }
}

fn name(change: &Change) -> String {
    match &change.phase {
        Some(phase) => format!("{} in {phase}", change.metric.name()),
        None => change.metric.name(),
    }
}

fn describe(change: &Change) -> String {
    let mut text = format!("{} {:+.1}%", name(change), change.worse * 100.0);
    if let Some((low, high)) = change.interval {
        text.push_str(&format!(" ({:+.1}% to {:+.1}%)", low * 100.0, high * 100.0));
    }
    text.push_str(", ");
    text.push_str(change.call.as_str());
    text
}
