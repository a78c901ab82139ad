//! A comparison as a document: what got worse first.

mod words;

#[cfg(test)]
mod tests;

use crate::TextStyle;
use crate::charts::{ChartError, Pair, charts_of_pair};
use crate::document::{Block, Document, Medium, Table, Text, Tone, markdown, page, terminal};
use orderproof_core::compare::{Call, Comparison};
use words::{
    counts, effect, interval, method, micros_of, noise, numbers, outcome, percent, run, sentence,
};

/// Characters of one text at most: a setting may be long.
const TEXT_MAX: usize = 400;

/// The whole comparison as text.
pub fn comparison_text(comparison: &Comparison, style: TextStyle) -> String {
    terminal(&document(comparison, Medium::Terminal), style)
}

/// The whole comparison as Markdown.
pub fn comparison_markdown(comparison: &Comparison) -> String {
    markdown(&document(comparison, Medium::Markdown), 1, TEXT_MAX)
}

/// The whole comparison as a page; of a single pair with `charts` of both.
///
/// # Errors
/// When the drawing library refuses.
pub fn comparison_html(
    comparison: &Comparison,
    charts: Option<&Pair<'_>>,
) -> Result<String, ChartError> {
    let mut document = document(comparison, Medium::Page);
    if let Some(pair) = charts {
        document.section("charts", "Charts", charts_of_pair(pair)?);
    }
    let title = format!("Comparison: {}", document.word);
    Ok(page(&document, &title))
}

fn document(comparison: &Comparison, medium: Medium) -> Document {
    let (word, tone) = outcome(comparison);
    let mut document = Document::new(word, tone, [sentence(comparison)]);
    for (side, runs) in [
        ("base", &comparison.base),
        ("candidate", &comparison.candidate),
    ] {
        let line = |of| Block::plain(format!("{side}: {}", run(of)));
        document.lead.extend(runs.iter().map(line));
    }
    let settings = settings(comparison);
    if !settings.rows.is_empty() {
        document.section(
            "settings-that-differ",
            "Settings that differ",
            vec![Block::Table(settings)],
        );
    }
    document.section("orders", "Orders", vec![Block::Table(orders(comparison))]);
    let how = format!("{}.", method(comparison));
    let mut durations = vec![Block::Table(durations(comparison))];
    match medium {
        Medium::Page => durations.insert(0, Block::plain(how)),
        _ => document.closing = vec![how.into()],
    }
    document.section("durations", "Durations", durations);
    document.section(
        "figures",
        "Figures",
        vec![Block::Table(figures(comparison))],
    );
    document
}

/// A change in a word; what stayed as it is goes without a color.
fn change_word(call: Call) -> Text {
    let tone = match call {
        Call::Regressed => Some(Tone::Bad),
        Call::Improved => Some(Tone::Good),
        Call::NotEnoughData => Some(Tone::Open),
        Call::Unchanged => None,
    };
    Text::word(call.as_str(), tone)
}

fn settings(comparison: &Comparison) -> Table {
    let mut table = Table::of("settings", &["setting", "base", "candidate"])
        .called("Settings that are not the same on both sides");
    for differing in &comparison.differs {
        table.row([&*differing.field, &*differing.base, &*differing.candidate]);
    }
    table
}

fn orders(comparison: &Comparison) -> Table {
    let mut table = Table::of("classes", &["class", "#base", "#candidate", "change"])
        .called("Orders by class on both sides");
    for class in &comparison.classes {
        table.row([
            class.class.as_str().into(),
            counts(&class.base).into(),
            counts(&class.candidate).into(),
            change_word(class.call),
        ]);
    }
    table
}

fn durations(comparison: &Comparison) -> Table {
    let columns = [
        "phase",
        "what",
        "#base",
        "#candidate",
        "#change",
        "#interval",
        "#effect",
        "#noise",
        "outcome",
        "reason",
    ];
    let mut table =
        Table::of("durations", &columns).called("Durations of each phase on both sides");
    for change in &comparison.changes {
        let why = change.why.as_ref().map(ToString::to_string);
        table.row([
            change.phase.as_deref().unwrap_or("-").into(),
            change.metric.name().into(),
            micros_of(change.base_us, change).into(),
            micros_of(change.candidate_us, change).into(),
            percent(change.change).into(),
            interval(change).into(),
            effect(change).into(),
            noise(change).into(),
            change_word(change.call),
            why.unwrap_or_default().into(),
        ]);
    }
    table
}

fn figures(comparison: &Comparison) -> Table {
    let mut table = Table::of("figures", &["one a run, not judged", "#base", "#candidate"])
        .called("Figures of which each run has one; they are not judged");
    for figure in &comparison.figures {
        let (base, candidate) = (numbers(&figure.base), numbers(&figure.candidate));
        table.row([figure.name.to_string(), base, candidate]);
    }
    table
}
