//! A comparison on a terminal: what got worse first.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};

use crate::TextStyle;
use orderproof_core::compare::{Call, Comparison, Method, MetricChange, RunLine};
use orderproof_core::escape::Shown;
use orderproof_core::results::figures::{duration, micros, thousands};

/// The whole comparison as text.
pub fn comparison_text(comparison: &Comparison, style: TextStyle) -> String {
    let mut out = String::new();
    write_all(&mut out, comparison, style).expect("writing to memory");
    out
}

fn write_all(out: &mut String, comparison: &Comparison, style: TextStyle) -> std::fmt::Result {
    let (word, call) = headline(comparison);
    let color = paint(call, style);
    writeln!(out, "{color}{word}{color:#}  {}", sentence(comparison))?;
    for (what, runs) in [
        ("base", &comparison.base),
        ("candidate", &comparison.candidate),
    ] {
        for run in runs {
            writeln!(out, "      {what:<9}  {}", Shown(&run_words(run)))?;
        }
    }
    if !comparison.differs.is_empty() {
        writeln!(out, "\nsettings that differ")?;
        for difference in &comparison.differs {
            writeln!(
                out,
                "  {}: {} -> {}",
                Shown(&difference.field),
                Shown(&difference.base),
                Shown(&difference.candidate)
            )?;
        }
    }
    writeln!(out, "\norders")?;
    for class in &comparison.classes {
        let color = paint(class.call, style);
        writeln!(
            out,
            "  {:<26} {:>14} {:>14}  {color}{}{color:#}",
            class.class.as_str(),
            counts(&class.base),
            counts(&class.candidate),
            match class.call {
                Call::Unchanged => "",
                call => call.as_str(),
            }
        )?;
    }
    writeln!(out, "\ndurations")?;
    writeln!(
        out,
        "  {:<12} {:<19} {:>9} {:>10} {:>8}  {:<18} {:>6} {:>7}",
        "phase", "what", "base", "candidate", "change", "interval", "effect", "noise"
    )?;
    for change in &comparison.changes {
        write_change(out, change, style)?;
    }
    writeln!(out, "\nfigures (one a run, not judged)")?;
    for figure in &comparison.figures {
        writeln!(
            out,
            "  {:<38} {:>14} {:>14}",
            figure.name,
            numbers(&figure.base),
            numbers(&figure.candidate)
        )?;
    }
    writeln!(out, "\n{}", method(comparison))
}

fn write_change(out: &mut String, change: &MetricChange, style: TextStyle) -> std::fmt::Result {
    let color = paint(change.call, style);
    write!(
        out,
        "  {:<12} {:<19} {:>9} {:>10} {:>8}  {:<18} {:>6} {:>7}  {color}{}{color:#}",
        Shown(change.phase.as_deref().unwrap_or("-")),
        change.metric.name(),
        told_us(change.base_us, change),
        told_us(change.candidate_us, change),
        percent(change.change),
        interval(change),
        effect(change),
        noise(change),
        change.call.as_str(),
    )?;
    match &change.why {
        Some(why) => writeln!(out, ": {}", Shown(why)),
        None => writeln!(out),
    }
}

/// A duration, or that there is none.
pub(super) fn told_us(us: f64, change: &MetricChange) -> String {
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

pub(super) fn run_words(run: &RunLine) -> String {
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
pub(super) fn headline(comparison: &Comparison) -> (&'static str, Call) {
    if comparison.orders_regressed() || comparison.regressions().next().is_some() {
        ("REGRESSED", Call::Regressed)
    } else if comparison.inconclusive() {
        ("INCONCLUSIVE", Call::NotEnoughData)
    } else if comparison.count(Call::Improved) > 0 {
        ("IMPROVED", Call::Improved)
    } else {
        ("NO REGRESSION", Call::Unchanged)
    }
}

/// And in a sentence.
pub(super) fn sentence(comparison: &Comparison) -> String {
    let mut parts = Vec::new();
    let worse = comparison
        .classes
        .iter()
        .filter(|class| class.call == Call::Regressed);
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
        count(Call::Regressed),
        count(Call::Improved),
        count(Call::Unchanged),
        count(Call::NotEnoughData)
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

fn paint(call: Call, style: TextStyle) -> Style {
    if !style.color {
        return Style::new();
    }
    match call {
        Call::Regressed => AnsiColor::Red.on_default().bold(),
        Call::Improved => AnsiColor::Green.on_default(),
        Call::NotEnoughData => AnsiColor::Yellow.on_default(),
        Call::Unchanged => Style::new(),
    }
}
