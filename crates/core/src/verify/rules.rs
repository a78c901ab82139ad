//! Rules on durations against what was measured; an absent figure never passes.

use std::time::Duration;

use super::{JudgeInput, PhaseFigures, Quiescence};
use crate::metrics::Histogram;
use crate::results::figures::{duration, orders, thousands};
use crate::scenario::{Bound, Metric, Rule};
use crate::verdict::{Finding, Severity, finding};

/// What a finding is called of a rule that is broken, and of one that cannot be checked.
const RULE_BROKEN: &str = "rule_broken";
const RULE_WITHOUT_FIGURES: &str = "rule_without_figures";

/// Why the drain of a pipeline at rest is not known.
const NOT_SEEN_TO_DRAIN: &str = "the queue was not looked at between the last send and its first sample, and may have been \
    empty before: look at once after the last send (of several workers: `orderproof merge` at once, or `merge --wait` \
    beside them)";

/// Whether a finding of this code is about a rule of the scenario.
pub fn is_about_a_rule(code: &str) -> bool {
    [RULE_BROKEN, RULE_WITHOUT_FIGURES].contains(&code)
}

/// What durations were measured, and how far they can be trusted.
pub struct Durations<'a> {
    /// Of each phase; `None` when they were lost with the process.
    pub phases: Option<Vec<&'a PhaseFigures>>,
    /// How the pipeline came to rest; `None` when nobody could look.
    pub quiescence: Option<&'a Quiescence>,
    /// The largest difference between the clocks behind the end-to-end latency.
    pub clock_skew_bound: Duration,
    /// Rows that do not tell when they were stored.
    pub untimed_rows: u64,
}

/// A measured duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figure {
    /// The duration.
    pub measured: Duration,
    /// How many orders it is of; `None` where it is of none.
    pub samples: Option<u64>,
}

impl Figure {
    /// Why it says little: a quantile of fewer orders than have one beyond it is the largest of them.
    pub fn too_few(&self, metric: Metric) -> Option<String> {
        let quantile = metric.quantile()?;
        let needed = match quantile < 1.0 {
            true => (1.0 / (1.0 - quantile)).round() as u64,
            false => 1,
        };
        let samples = self.samples?;
        (samples < needed).then(|| {
            format!(
                "{} is of {} only, and takes at least {}",
                metric.name(),
                orders(samples),
                thousands(needed)
            )
        })
    }
}

/// How a rule stands to what was measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standpoint {
    /// It holds.
    Holds,
    /// It is broken.
    Broken,
    /// It cannot be told, and why.
    Unknown(String),
}

/// What `rule` has to say, if it is on a duration; nothing when it holds.
pub(super) fn check_rule(rule: &Rule, input: &JudgeInput<'_>) -> Option<Finding> {
    let (metric, bound) = rule.duration()?;
    let durations = Durations {
        phases: input.phases.map(|phases| phases.iter().collect()),
        quiescence: input.observation.map(|seen| &seen.quiescence),
        clock_skew_bound: input.clock_skew_bound,
        untimed_rows: input.observation.map_or(0, |seen| seen.untimed_rows),
    };
    let (figure, standpoint) = durations.check(metric, rule.phase.as_deref(), &bound);
    match standpoint {
        Standpoint::Holds => None,
        Standpoint::Broken => {
            let measured = figure.map_or(Duration::ZERO, |figure| figure.measured);
            let seen = format!("measured {}", duration(measured));
            Some(rule_broken(rule, Severity::PerformanceFailure, &seen))
        }
        Standpoint::Unknown(why) => Some(rule_without_figures(rule, &why)),
    }
}

/// That a rule of the scenario is broken, and by what.
pub fn rule_broken(rule: &Rule, severity: Severity, seen: &str) -> Finding {
    let message = format!("rule `{}` is broken: {seen}", rule.text);
    finding(severity, RULE_BROKEN, message)
}

/// That a rule of the scenario cannot be checked, and why.
pub fn rule_without_figures(rule: &Rule, why: &str) -> Finding {
    let message = format!("rule `{}` cannot be checked: {why}", rule.text);
    finding(Severity::MissingEvidence, RULE_WITHOUT_FIGURES, message)
}

impl Durations<'_> {
    /// Holds `metric` against `bound`, in one phase or in all that are no warm-up.
    pub fn check(
        &self,
        metric: Metric,
        phase: Option<&str>,
        bound: &Bound<Duration>,
    ) -> (Option<Figure>, Standpoint) {
        let Some(figure) = self.measure(metric, phase) else {
            let rested = self.quiescence.is_some_and(|seen| seen.reached);
            let why = match metric {
                Metric::Drain if rested => NOT_SEEN_TO_DRAIN,
                _ => "nothing was measured",
            };
            return (None, Standpoint::Unknown(why.into()));
        };
        let two_clocks = matches!(metric, Metric::EndToEnd(_));
        (Some(figure), self.stand(two_clocks, figure.measured, bound))
    }

    /// Holds what rows tell of when they were stored against `bound`.
    pub fn check_of_rows(&self, measured: Duration, bound: &Bound<Duration>) -> Standpoint {
        self.stand(true, measured, bound)
    }

    fn stand(&self, two_clocks: bool, measured: Duration, bound: &Bound<Duration>) -> Standpoint {
        let skew = match two_clocks {
            true => self.clock_skew_bound,
            false => Duration::ZERO,
        };
        // Far below the limit both ends decide, however little was measured.
        if skew > measured && skew.saturating_mul(10) > bound.limit {
            return Standpoint::Unknown(format!(
                "the clocks behind it may differ by {}, which is more than it measured",
                duration(skew)
            ));
        }
        // The true figure lies within the skew of the measured one: what both ends agree on is certain.
        match (
            bound.holds(measured.saturating_sub(skew)),
            bound.holds(measured + skew),
        ) {
            (true, true) => {}
            (false, false) => return Standpoint::Broken,
            (true, false) | (false, true) => {
                return Standpoint::Unknown(format!(
                    "measured {}, and the clocks behind it differ by up to {}",
                    duration(measured),
                    duration(skew)
                ));
            }
        }
        match self.untimed_rows {
            rows if two_clocks && rows > 0 => {
                Standpoint::Unknown(format!("{rows} rows do not tell when they were stored"))
            }
            _ => Standpoint::Holds,
        }
    }

    /// What was measured, if anything was.
    pub fn measure(&self, metric: Metric, phase: Option<&str>) -> Option<Figure> {
        type Pick = fn(&PhaseFigures) -> &Histogram;
        let (pick, quantile): (Pick, f64) = match metric {
            Metric::ResponseTime(quantile) => (|phase| &phase.response_time, quantile),
            Metric::ServiceTime(quantile) => (|phase| &phase.service_time, quantile),
            Metric::ScheduleLag(quantile) => (|phase| &phase.schedule_lag, quantile),
            Metric::EndToEnd(quantile) => (|phase| &phase.end_to_end, quantile),
            Metric::Drain => {
                let quiescence = self.quiescence.filter(|quiescence| quiescence.reached)?;
                return quiescence.drain.map(|measured| Figure {
                    measured,
                    samples: None,
                });
            }
        };
        let mut merged = Histogram::new();
        for figures in self.phases.as_ref()? {
            let wanted = match phase {
                Some(name) => figures.name == name,
                None => !figures.warm_up,
            };
            if wanted {
                merged.merge(pick(figures));
            }
        }
        merged.quantile(quantile).map(|measured| Figure {
            measured,
            samples: Some(merged.count()),
        })
    }
}
