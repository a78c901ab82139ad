//! Past runs as a table.

use orderproof_core::results::RunBrief;
use orderproof_core::results::figures::{duration, micros, thousands};

use crate::TextStyle;
use crate::document::{Block, Document, Table, Text, Tone, terminal};

/// The runs, each with its folder's name, a row each in their order; with what some columns mean.
pub fn list_text<'a>(
    runs: impl IntoIterator<Item = (&'a str, &'a RunBrief)>,
    style: TextStyle,
) -> String {
    type Show = fn(&(&str, &RunBrief)) -> Text;
    let columns: &[(&str, Show)] = &[
        ("when (UTC)", |(_, run)| minute(&run.started_at).into()),
        ("scenario", |(_, run)| run.scenario.as_str().into()),
        ("verdict", |(_, run)| verdict(run)),
        ("#orders", |(_, run)| thousands(run.planned).into()),
        ("#lost", |(_, run)| thousands(run.lost).into()),
        ("#misplaced", |(_, run)| thousands(run.misplaced).into()),
        ("#e2e p99", |(_, run)| worst(run).into()),
        ("#drain", |(_, run)| {
            run.drain.map_or_else(|| "-".into(), duration).into()
        }),
        ("folder", |(folder, _)| (*folder).into()),
    ];
    let table = Table::each("", runs, columns);
    let meaning = "misplaced: in the wrong place, not lost; e2e p99: end-to-end latency, of the worst phase but warm-up";
    let mut document = Document::new("", Tone::Note, String::new());
    document.lead = vec![Block::Table(table), Block::plain(meaning)];
    terminal(&document, style)
}

/// An instant to the minute.
fn minute(instant: &str) -> String {
    instant.get(..16).unwrap_or(instant).replace('T', " ")
}

fn verdict(run: &RunBrief) -> Text {
    let tone = match run.verdict.as_str() {
        "pass" => Tone::Good,
        "fail" => Tone::Bad,
        _ => Tone::Open,
    };
    let stopped = if run.interrupted { " (stopped)" } else { "" };
    Text::word(format!("{}{stopped}", run.verdict), tone)
}

/// The worst end-to-end latency and its phase.
fn worst(run: &RunBrief) -> String {
    match (run.end_to_end_p99_us, &run.end_to_end_p99_phase) {
        (Some(p99_us), Some(phase)) => format!("{} in {phase}", micros(p99_us)),
        _ => "-".into(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_list_fits_a_terminal_of_eighty_columns() {
        let run = RunBrief {
            schema_version: 4,
            started_at: "2026-11-29T07:11:04.455904541Z".into(),
            scenario: "python-spike".into(),
            verdict: "fail".into(),
            interrupted: false,
            planned: 40_000,
            lost: 0,
            misplaced: 12,
            end_to_end_p99_us: Some(1_940_000),
            end_to_end_p99_phase: Some("baseline".into()),
            drain: Some(Duration::from_millis(29_800)),
        };
        let of = |width| {
            let style = TextStyle {
                color: false,
                width,
            };
            list_text([("20261129T071104Z-python-spike", &run)], style)
        };
        insta::assert_snapshot!(of(80));
        assert!(of(80).lines().all(|line| line.chars().count() <= 80));
        assert_eq!(of(160).lines().count(), 3, "one table where there is room");
    }
}
