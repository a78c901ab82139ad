//! A forecast held against a run, as a document.

use orderproof_core::results::figures::{micros, percent, thousands};
use orderproof_plan::{Against, Agreement, FigureAgainst, Range, Unit};

use crate::TextStyle;
use crate::document::{Block, Document, Table, Text, Tone, markdown, page, terminal};
use crate::forecast::{WORD, known, seeds};

/// Characters of one text at most.
const TEXT_MAX: usize = 400;

/// A forecast held against a run, as text.
pub fn against_text(against: &Against, style: TextStyle) -> String {
    terminal(&document(against), style)
}

/// The same as Markdown.
pub fn against_markdown(against: &Against) -> String {
    markdown(&document(against), 1, TEXT_MAX)
}

/// The same as a page.
pub fn against_html(against: &Against) -> String {
    page(&document(against), "Forecast and run")
}

fn document(against: &Against) -> Document {
    let mut document = Document::new(WORD, Tone::Note, against.answer.clone());
    let near = format!(
        "up to {} beside the range, or 5 orders, 1 of other counts, 1 second, or {}",
        percent(against.tolerance.share),
        micros(u64::try_from(against.tolerance.floor.as_micros()).unwrap_or(u64::MAX)),
    );
    document.lead = vec![Block::Facts(vec![
        ("scenario", against.scenario.clone()),
        ("forecast", format!("seeds {}", seeds(&against.seeds))),
        (
            "run",
            format!(
                "{}, seed {}, at {}: {}",
                against.run_id,
                against.run_seed,
                against.target,
                against.verdict.as_str()
            ),
        ),
        (
            "evidence",
            "none: a forecast proves nothing of a run".into(),
        ),
        ("near", near),
        (
            "too short",
            "both are below 50 ms, where the machine is measured".into(),
        ),
        (
            "not counted",
            "in the first line: nothing on both sides, and what a seed decides alone".into(),
        ),
    ])];
    let table = figures_table(&against.figures);
    document.section("figures", "Figures", vec![Block::Table(table)]);
    document
}

/// Each figure: what was forecast, what was measured, how they stand to each other.
pub(crate) fn figures_table(figures: &[FigureAgainst]) -> Table {
    Table::each(
        "Figures",
        figures,
        &[
            ("figure", |figure| figure.figure.as_str().into()),
            ("#forecast", |figure| forecast(figure).into()),
            ("#run", |figure| observed(figure).into()),
            ("agreement", |figure| agreement(figure.agreement)),
        ],
    )
}

/// A figure of both in a fragment.
pub(crate) fn stands(figure: &FigureAgainst) -> String {
    format!(
        "{} {} (forecast {})",
        figure.figure,
        observed(figure),
        forecast(figure)
    )
}

fn forecast(figure: &FigureAgainst) -> String {
    let shown = |value| match figure.unit {
        Unit::Us => known(value),
        unit => shown(unit, value),
    };
    match figure.forecast {
        None => "-".into(),
        Some(Range { min, max }) => match (shown(min), shown(max)) {
            (least, most) if least == most => least,
            (least, most) => format!("{least} to {most}"),
        },
    }
}

fn observed(figure: &FigureAgainst) -> String {
    let observed = figure.observed.map(|value| shown(figure.unit, value));
    observed.unwrap_or_else(|| "-".into())
}

fn shown(unit: Unit, value: u64) -> String {
    match unit {
        Unit::Orders | Unit::Count => thousands(value),
        Unit::Second => format!("second {value}"),
        Unit::Us => micros(value),
    }
}

fn agreement(agreement: Agreement) -> Text {
    let tone = match agreement {
        Agreement::Within | Agreement::Near => Tone::Good,
        Agreement::Outside => Tone::Bad,
        Agreement::NotMeasured | Agreement::NotForecast | Agreement::TooShort => Tone::Open,
    };
    Text::word(agreement.words(), tone)
}
