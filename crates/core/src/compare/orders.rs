//! What became of the orders on both sides, and what each run has one of.

use super::{ChangeVerdict, ClassChange, FigurePair};
use crate::metrics::{Histogram, LatencySummary};
use crate::results::{PhaseReport, RunReport, TimelineRow};
use crate::verdict::{Class, Standing};

/// Classes in which any run has an order, and `lost` always.
pub(super) fn classes(base: &[RunReport], candidate: &[RunReport]) -> Vec<ClassChange> {
    let gate = candidate[0].gate;
    let counts = |side: &[RunReport], class: Class| -> Vec<u64> {
        let count = |run: &RunReport| run.classes.get(&class).copied().unwrap_or(0);
        side.iter().map(count).collect()
    };
    let listed = base[0].classes.keys().copied();
    listed
        .map(|class| {
            let (base, candidate) = (counts(base, class), counts(candidate, class));
            let worst = |side: &[u64]| side.iter().copied().max().unwrap_or(0);
            let refused = class.standing(gate) == Standing::Refused;
            let call = match worst(&candidate).cmp(&worst(&base)) {
                std::cmp::Ordering::Greater if refused => ChangeVerdict::Regressed,
                std::cmp::Ordering::Less if refused => ChangeVerdict::Improved,
                std::cmp::Ordering::Greater => ChangeVerdict::More,
                std::cmp::Ordering::Less => ChangeVerdict::Fewer,
                std::cmp::Ordering::Equal => ChangeVerdict::Unchanged,
            };
            ClassChange {
                class,
                base,
                candidate,
                call,
            }
        })
        .filter(|change| {
            let mut counts = change.base.iter().chain(&change.candidate);
            change.class == Class::Lost || counts.any(|&count| count > 0)
        })
        .collect()
}

/// One number a run, without a word on it.
pub(super) fn figures(base: &[RunReport], candidate: &[RunReport]) -> Vec<FigurePair> {
    type Pick = fn(&RunReport) -> Option<f64>;
    let picks: [(&str, Pick); 7] = [
        ("drain, s", |run| Some(run.quiescence.drain?.as_secs_f64())),
        ("largest backlog, orders", |run| {
            most(run, |row| row.backlog_orders.map(|orders| orders as f64))
        }),
        ("most stored in a second, orders", |run| {
            most(run, |row| row.stored_orders.map(|orders| orders as f64))
        }),
        ("schedule lag p95, ms", |run| {
            Some(run.schedule_lag_us.measured()?.p95_us? as f64 / 1e3)
        }),
        ("schedule lag p99, ms", |run| {
            Some(run.schedule_lag_us.measured()?.p99_us? as f64 / 1e3)
        }),
        ("most CPU of this process, processors", |run| {
            most(run, |row| row.harness_cpus)
        }),
        ("redelivered, orders", |run| {
            Some(run.redelivered_tally().exact()? as f64)
        }),
    ];
    let of_runs = picks.into_iter().map(|(name, pick)| FigurePair {
        name: name.into(),
        base: base.iter().map(pick).collect(),
        candidate: candidate.iter().map(pick).collect(),
    });
    of_runs.chain(p95s(base, candidate)).collect()
}

/// A measured duration of a phase: its name, its figures and what they are of.
type Measured = (
    &'static str,
    fn(&PhaseReport) -> (&LatencySummary, &Histogram),
);

/// The 95th percentiles of each phase but warm-up, beside the quantiles that are judged.
fn p95s(base: &[RunReport], candidate: &[RunReport]) -> Vec<FigurePair> {
    let measured: [Measured; 3] = [
        ("response_time_p95", |phase| {
            (&phase.response_time_us, &phase.figures.response_time)
        }),
        ("service_time_p95", |phase| {
            (&phase.service_time_us, &phase.figures.service_time)
        }),
        ("end_to_end_p95", |phase| {
            (&phase.end_to_end_us, &phase.figures.end_to_end)
        }),
    ];
    let phases = base[0].phases.iter().map(|phase| &phase.figures);
    let phases = phases
        .filter(|phase| !phase.warm_up)
        .map(|phase| &phase.name);
    let pairs = phases.flat_map(|name| measured.map(|(what, pick)| (name, what, pick)));
    pairs
        .map(|(name, what, pick)| {
            let of = |run: &RunReport| {
                let phase = run.phases.iter().find(|own| own.figures.name == *name)?;
                let (summary, histogram) = pick(phase);
                Some(summary.p95_of(histogram)? as f64 / 1e3)
            };
            FigurePair {
                name: format!("{what} in {name}, ms"),
                base: base.iter().map(of).collect(),
                candidate: candidate.iter().map(of).collect(),
            }
        })
        .collect()
}

fn most(run: &RunReport, pick: fn(&TimelineRow) -> Option<f64>) -> Option<f64> {
    run.timeline.iter().filter_map(pick).reduce(f64::max)
}
