//! A comparison as a document: what got worse first.

mod words;

#[cfg(test)]
mod tests;

use crate::TextStyle;
use crate::charts::{ChartError, HOW, Pair, charts_of_pair};
use crate::document::{Block, Document, Item, Medium, Table, Text, Tone, markdown, page, terminal};
use orderproof_core::compare::{ChangeVerdict, Comparison, Difference};
use words::{
    counts, effect, growth, interval, method, micros_of, noise, numbers, outcome, run, sentence,
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
        let mut first = charts_of_pair(pair)?;
        let rest = first.split_off(1);
        let before = ["settings-that-differ", "orders"];
        document.section_after(&before, "by-second", "p95 and p99 by the second", first);
        document.section(
            "charts",
            "More charts",
            [vec![Block::plain(HOW)], rest].concat(),
        );
    }
    let title = format!("Comparison: {}", document.word);
    Ok(page(&document, &title))
}

fn document(comparison: &Comparison, medium: Medium) -> Document {
    let (word, tone) = outcome(comparison);
    let mut document = Document::new(word, tone, sentence(comparison));
    for (side, runs) in [
        ("base", &comparison.base),
        ("candidate", &comparison.candidate),
    ] {
        let line = |of| Block::plain(format!("{side}: {}", run(of)));
        document.lead.extend(runs.iter().map(line));
    }
    document.section(
        "settings-that-differ",
        "Settings that differ",
        settings(comparison, medium),
    );
    document.section("orders", "Orders", vec![Block::Table(orders(comparison))]);
    let how = format!("{}.", method(comparison));
    let mut durations = vec![Block::Table(durations(comparison))];
    match medium {
        Medium::Page => durations.insert(0, Block::plain(how)),
        _ => document.closing = Some(Block::plain(how)),
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
fn change_word(call: ChangeVerdict) -> Text {
    let tone = match call {
        ChangeVerdict::Regressed => Some(Tone::Bad),
        ChangeVerdict::Improved => Some(Tone::Good),
        ChangeVerdict::NotEnoughData | ChangeVerdict::TooNoisy => Some(Tone::Open),
        ChangeVerdict::Unchanged | ChangeVerdict::More | ChangeVerdict::Fewer => None,
    };
    Text::word(call.as_str(), tone)
}

/// Characters of a value that a terminal shows in a table; longer ones become a list, which is broken between words.
const CELL_MAX: usize = 30;

fn settings(comparison: &Comparison, medium: Medium) -> Vec<Block> {
    let differs = &comparison.differs;
    let mut values = differs.iter().flat_map(|one| [&one.base, &one.candidate]);
    if differs.is_empty() {
        return Vec::new();
    }
    if medium == Medium::Terminal && values.any(|value| value.chars().count() > CELL_MAX) {
        let spaced = |value: &str| value.replace(",\"", ", \"").replace("},{", "}, {");
        let item = |one: &Difference| {
            let (base, candidate) = (spaced(&one.base), spaced(&one.candidate));
            Item::plain(&format!(
                "{}: base {base}; candidate {candidate}",
                one.field
            ))
        };
        return vec![Block::List(differs.iter().map(item).collect())];
    }
    vec![Block::Table(Table::each(
        "Settings that are not the same on both sides",
        differs,
        &[
            ("setting", |differing| (&*differing.field).into()),
            ("base", |differing| (&*differing.base).into()),
            ("candidate", |differing| (&*differing.candidate).into()),
        ],
    ))]
}

fn orders(comparison: &Comparison) -> Table {
    Table::each(
        "Orders by class on both sides",
        &comparison.classes,
        &[
            ("class", |class| class.class.as_str().into()),
            ("#base", |class| counts(&class.base).into()),
            ("#candidate", |class| counts(&class.candidate).into()),
            ("change", |class| change_word(class.call)),
        ],
    )
}

fn durations(comparison: &Comparison) -> Table {
    let table = Table::each(
        "Durations of each phase on both sides",
        &comparison.changes,
        &[
            ("phase", |change| {
                change.phase.as_deref().unwrap_or("-").into()
            }),
            ("what", |change| change.metric.name().into()),
            ("#base", |change| micros_of(change.base_us).into()),
            ("#candidate", |change| micros_of(change.candidate_us).into()),
            ("#change", |change| growth(change.change).into()),
            ("#interval", |change| interval(change).into()),
            ("#effect", |change| effect(change).into()),
            ("#noise", |change| noise(change).into()),
            ("result", |change| change_word(change.call)),
            ("reason", |change| {
                change.why.as_deref().unwrap_or_default().into()
            }),
        ],
    );
    Table {
        keys: 2,
        wrapped: true,
        ..table
    }
}

fn figures(comparison: &Comparison) -> Table {
    Table::each(
        "Figures of which each run has one; they are not judged",
        &comparison.figures,
        &[
            ("one a run, not judged", |figure| {
                figure.name.as_str().into()
            }),
            ("#base", |figure| numbers(&figure.base).into()),
            ("#candidate", |figure| numbers(&figure.candidate).into()),
        ],
    )
}
