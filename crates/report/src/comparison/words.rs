//! The words and figures of a comparison.

use crate::document::Tone;
use orderproof_core::compare::{ChangeVerdict, Comparison, Method, MetricChange, RunLine};
use orderproof_core::results::figures::{duration, micros, thousands};

/// A duration, or that there is none.
pub(super) fn micros_of(us: f64, change: &MetricChange) -> String {
    match change.samples {
        (0, _) | (_, 0) => "-".into(),
        _ => micros(us.round() as u64),
    }
}

/// `+12.3%`.
pub(super) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    match percent.abs() {
        zero if zero < 0.05 => "0.0%".into(),
        large if large >= 1_000.0 => format!("{percent:+.0}%"),
        _ => format!("{percent:+.1}%"),
    }
}

pub(super) fn interval(change: &MetricChange) -> String {
    match change.interval {
        Some((low, high)) => format!("{} .. {}", percent(low), percent(high)),
        None => "-".into(),
    }
}

/// Cliff's delta: `+0.85`.
pub(super) fn effect(change: &MetricChange) -> String {
    match change.effect {
        Some(zero) if zero.abs() < 0.005 => "0.00".into(),
        Some(effect) => format!("{effect:+.2}"),
        None => "-".into(),
    }
}

/// The growth that is noise.
pub(super) fn noise(change: &MetricChange) -> String {
    match change.samples {
        (0, _) | (_, 0) => "-".into(),
        _ => percent(change.band),
    }
}

pub(super) fn counts(counts: &[u64]) -> String {
    let texts: Vec<_> = counts.iter().map(|&count| thousands(count)).collect();
    texts.join(" ")
}

pub(super) fn numbers(numbers: &[Option<f64>]) -> String {
    let texts: Vec<_> = numbers
        .iter()
        .map(|number| match number {
            Some(whole) if whole.fract() == 0.0 => thousands(*whole as u64),
            Some(number) => format!("{number:.2}"),
            None => "-".into(),
        })
        .collect();
    texts.join(" ")
}

pub(super) fn run(run: &RunLine) -> String {
    let verdict = run.verdict.as_str();
    let interrupted = if run.interrupted { ", interrupted" } else { "" };
    format!(
        "run {}, {verdict}{interrupted}, {} orders, {}",
        run.run_id,
        thousands(run.planned),
        run.started_at
    )
}

/// The outcome in a word.
pub(super) fn outcome(comparison: &Comparison) -> (&'static str, Tone) {
    if comparison.orders_regressed() || comparison.regressions().next().is_some() {
        ("REGRESSED", Tone::Bad)
    } else if comparison.inconclusive() {
        ("INCONCLUSIVE", Tone::Open)
    } else if comparison.count(ChangeVerdict::Improved) > 0 {
        ("IMPROVED", Tone::Good)
    } else {
        ("NO REGRESSION", Tone::Good)
    }
}

/// And in a sentence.
pub(super) fn sentence(comparison: &Comparison) -> String {
    let mut parts = Vec::new();
    let worse = comparison
        .classes
        .iter()
        .filter(|class| class.call == ChangeVerdict::Regressed);
    let worse: Vec<_> = worse.map(|class| class.class.as_str()).collect();
    if !worse.is_empty() {
        parts.push(format!("more orders are {}", worse.join(", ")));
    }
    if comparison.inconclusive() {
        parts.push("a run proved nothing: its figures may be of half a run".into());
    }
    let count = |call| comparison.count(call);
    parts.push(format!(
        "of {} durations {} regressed, {} improved, {} unchanged, {} without enough data",
        comparison.changes.len(),
        count(ChangeVerdict::Regressed),
        count(ChangeVerdict::Improved),
        count(ChangeVerdict::Unchanged),
        count(ChangeVerdict::NotEnoughData)
    ));
    parts.join("; ")
}

/// How it was judged.
pub(super) fn method(comparison: &Comparison) -> String {
    let options = &comparison.options;
    let how = match comparison.method {
        Method::Blocks => format!(
            "moving-block bootstrap over seconds, {} resamples",
            options.resamples
        ),
        Method::Ranks => "Mann-Whitney over whole runs, with Hodges and Lehmann's interval".into(),
    };
    let (lags, over) = match comparison.method {
        Method::Blocks => (", or three times the worse p99 of schedule lag,", "seconds"),
        Method::Ranks => ("", "runs"),
    };
    format!(
        "judged by: {how}; {:.1}% false alarms in the whole comparison ({} durations judged); changes up to {:.0}% or \
         {}{lags} are noise; effect: Cliff's delta over the {over}",
        options.level * 100.0,
        comparison.judged,
        options.noise * 100.0,
        duration(options.noise_floor)
    )
}
