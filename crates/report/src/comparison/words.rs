//! The words and figures of a comparison.

use crate::document::Tone;
use orderproof_core::compare::{ChangeVerdict, Comparison, Method, MetricChange, RunLine};
use orderproof_core::results::figures::{duration, micros, thousands};

/// A duration, or that there is none.
pub(super) fn micros_of(us: Option<f64>) -> String {
    us.map_or_else(|| "-".into(), |us| micros(us.round() as u64))
}

/// A growth, or that there is none.
pub(super) fn growth(share: Option<f64>) -> String {
    share.map_or_else(|| "-".into(), percent)
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
    match (change.band, change.base_us, change.candidate_us) {
        // A large share of a small duration says nothing; the duration does.
        (Some(band), Some(base), Some(candidate)) if band >= 0.5 => {
            micros((band * base.min(candidate).max(1.0)).round() as u64)
        }
        (band, _, _) => growth(band),
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
    } else if comparison.orders_improved() || comparison.count(ChangeVerdict::Improved) > 0 {
        ("IMPROVED", Tone::Good)
    } else if comparison.count(ChangeVerdict::TooNoisy) == 0 {
        ("NO REGRESSION", Tone::Good)
    } else if comparison.count(ChangeVerdict::Unchanged) == 0 {
        ("TOO NOISY TO TELL", Tone::Open)
    } else {
        ("NO REGRESSION SEEN", Tone::Open)
    }
}

/// And in a sentence.
pub(super) fn sentence(comparison: &Comparison) -> String {
    let mut parts = Vec::new();
    for (call, words) in [
        (ChangeVerdict::Regressed, "more orders are"),
        (ChangeVerdict::Improved, "fewer orders are"),
    ] {
        let classes = comparison.classes.iter();
        let called = classes.filter(|class| class.call == call);
        let called: Vec<_> = called.map(|class| class.class.as_str()).collect();
        if !called.is_empty() {
            parts.push(format!("{words} {}", called.join(", ")));
        }
    }
    if comparison.inconclusive() {
        parts.push("a run proved nothing: its figures may be of half a run".into());
    }
    let changes = comparison.changes.iter();
    let mut noisy = changes.filter(|change| change.call == ChangeVerdict::TooNoisy);
    parts.extend(noisy.next().and_then(|change| change.why.clone()));
    let counts = [
        (ChangeVerdict::Regressed, "regressed"),
        (ChangeVerdict::Improved, "improved"),
        (ChangeVerdict::Unchanged, "unchanged"),
        (ChangeVerdict::TooNoisy, "too noisy to tell"),
        (ChangeVerdict::NotEnoughData, "without enough data"),
    ];
    let told = |(call, words): (ChangeVerdict, &str)| match comparison.count(call) {
        0 if call == ChangeVerdict::TooNoisy => None,
        count => Some(format!("{count} {words}")),
    };
    let counts: Vec<_> = counts.into_iter().filter_map(told).collect();
    parts.push(format!(
        "of {} durations {}",
        comparison.changes.len(),
        counts.join(", ")
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
