//! A comparison as Markdown, for a pull request or a CI job's page.

use std::fmt::Write;

use super::text::{
    counts, effect, headline, interval, method, noise, numbers, percent, run_words, sentence,
    told_us,
};
use orderproof_core::compare::Comparison;
use orderproof_core::escape;

/// The whole comparison as Markdown.
pub fn comparison_markdown(comparison: &Comparison) -> String {
    let mut out = String::new();
    write_all(&mut out, comparison).expect("writing to memory");
    out
}

fn write_all(out: &mut String, comparison: &Comparison) -> std::fmt::Result {
    let (word, _) = headline(comparison);
    writeln!(out, "# {word}: {}\n", sentence(comparison))?;
    for (what, runs) in [
        ("Base", &comparison.base),
        ("Candidate", &comparison.candidate),
    ] {
        for run in runs {
            writeln!(out, "- {what}: {}", cell(&run_words(run)))?;
        }
    }
    if !comparison.differs.is_empty() {
        writeln!(
            out,
            "\n## Settings that differ\n\n| setting | base | candidate |\n|---|---|---|"
        )?;
        for difference in &comparison.differs {
            writeln!(
                out,
                "| {} | {} | {} |",
                cell(&difference.field),
                cell(&difference.base),
                cell(&difference.candidate)
            )?;
        }
    }
    writeln!(
        out,
        "\n## Orders\n\n| class | base | candidate | |\n|---|---:|---:|---|"
    )?;
    for class in &comparison.classes {
        writeln!(
            out,
            "| {} | {} | {} | {} |",
            class.class.as_str(),
            counts(&class.base),
            counts(&class.candidate),
            class.call.as_str()
        )?;
    }
    writeln!(
        out,
        "\n## Durations\n\n| phase | what | base | candidate | change | interval | effect | noise | |\n|---|---|---:|---:|---:|---|---:|---:|---|"
    )?;
    for change in &comparison.changes {
        writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} | {} | {} | {}{} |",
            cell(change.phase.as_deref().unwrap_or("-")),
            change.metric.name(),
            told_us(change.base_us, change),
            told_us(change.candidate_us, change),
            percent(change.change),
            interval(change),
            effect(change),
            noise(change),
            change.call.as_str(),
            match &change.why {
                Some(why) => format!(": {}", cell(why)),
                None => String::new(),
            }
        )?;
    }
    writeln!(
        out,
        "\n## Figures\n\n| one a run, not judged | base | candidate |\n|---|---:|---:|"
    )?;
    for figure in &comparison.figures {
        writeln!(
            out,
            "| {} | {} | {} |",
            figure.name,
            numbers(&figure.base),
            numbers(&figure.candidate)
        )?;
    }
    writeln!(out, "\n{}.", method(comparison))
}

/// A text that stays in its table cell and is no markup; a setting may be long.
fn cell(text: &str) -> String {
    const MOST: usize = 400;
    let mut short: String = text.chars().take(MOST).collect();
    if short.len() < text.len() {
        short.push('\u{2026}');
    }
    escape::cell(&short)
}
