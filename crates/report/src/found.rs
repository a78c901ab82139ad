//! What a search over forecasts found, as a document.

use std::path::Path;

use orderproof_core::exit::Exit;
use orderproof_core::results::figures::{micros, thousands};
use orderproof_plan::{Cure, FoundRate, FoundSetting, MeasuredRate, StepVerdict};

use crate::TextStyle;
use crate::document::{Block, Document, Item, Table, Text, Tone, terminal};
use crate::forecast::{WORD, seeds};

/// What a search for the rate found, as text.
pub fn found_rate_text(found: &FoundRate, style: TextStyle) -> String {
    let mut document = headed(&found.answer, &found.scenario, &found.seeds);
    document.section("what-breaks", "What breaks", list(&found.breaks));
    document.section(
        "in-the-way",
        "In the way, the first first",
        list(&found.walls),
    );
    let mut cures = Vec::new();
    if !found.cures.is_empty() {
        cures.push(Block::Table(walls(&found.cures)));
        // Where no single setting helps the table says so.
        let says_more = found.cures.last().is_none_or(|cure| cure.key.is_some());
        let end = found.cures_end.iter().filter(|_| says_more);
        cures.extend(end.map(|end| Block::plain(end.clone())));
    }
    document.section(
        "walls",
        "The first walls, and the setting that moves each",
        cures,
    );
    if let Some(confirmation) = &found.confirmation {
        let runs = [&confirmation.below, &confirmation.above];
        let folders = runs.into_iter().flatten();
        let folders = folders.map(|run| {
            let run = format!("at {}x, seed of the scenario: {}", run.multiple, run.folder);
            Item::plain(&run)
        });
        let mut blocks = vec![Block::plain(confirmation.answer.clone())];
        blocks.push(Block::List(folders.collect()));
        document.section("real", "Against real runs of the embedded pipeline", blocks);
    }
    let mut played = found.played.clone();
    played.sort_by(|(one, _), (other, _)| one.total_cmp(other));
    let table = Table::each(
        "Played",
        &played,
        &[
            ("#times the baseline", |(multiple, _)| {
                format!("{multiple:.1}").into()
            }),
            ("gate and rules", |(_, holds)| hold(*holds)),
        ],
    );
    document.section("played", "Played", vec![Block::Table(table)]);
    terminal(&document, style)
}

/// What a search for a setting found, as text.
pub fn found_setting_text(found: &FoundSetting, style: TextStyle) -> String {
    let mut document = headed(&found.answer, &found.scenario, &found.seeds);
    let mut breaks = list(&found.breaks);
    if let (Some(fails), false) = (&found.fails_at, breaks.is_empty()) {
        breaks.insert(0, Block::plain(format!("at {fails}")));
    }
    document.section("what-breaks", "What breaks", breaks);
    document.section(
        "in-the-way",
        "In the way there, the first first",
        list(&found.walls),
    );
    if found.breaks != found.set_breaks {
        let title = "What breaks as it is set";
        document.section("as-set", title, list(&found.set_breaks));
    }
    let table = Table::each(
        "Played",
        &found.played,
        &[
            ("value", |(value, _)| value.as_str().into()),
            ("gate and rules", |(_, holds)| hold(*holds)),
        ],
    );
    document.section("played", "Played, in this order", vec![Block::Table(table)]);
    terminal(&document, style)
}

/// What a search with real runs has found, as text; `dir` is its folder.
pub fn measured_rate_text(measured: &MeasuredRate, dir: &Path, style: TextStyle) -> String {
    let (word, tone) = match (measured.exit(), measured.holds_at) {
        (Exit::Success, _) => ("FOUND", Tone::Good),
        (Exit::OrderFailure | Exit::PerformanceFailure, _) => ("FAIL", Tone::Bad),
        _ => ("INCONCLUSIVE", Tone::Open),
    };
    let mut document = Document::new(word, tone, measured.answer.clone());
    document.lead = vec![Block::Facts(vec![
        ("scenario", measured.scenario.clone()),
        ("target", measured.target.clone()),
        ("its own rate", format!("{}x the baseline", measured.own)),
    ])];
    let mut steps: Vec<_> = measured.steps.iter().collect();
    steps.sort_by(|one, other| one.multiple.total_cmp(&other.multiple));
    let table = Table::each(
        "Runs",
        steps,
        &[
            ("#rate", |step| format!("{}x", step.multiple).into()),
            ("#orders/s", |step| format!("{:.1}", step.rate_per_s).into()),
            ("#offered", |step| {
                let offered = step.offered_per_s;
                offered.map_or("-".into(), |offered| format!("{offered:.1}").into())
            }),
            ("result", |step| standing(&step.standing)),
            ("#lag p99", |step| duration_if(step.schedule_lag_p99_us)),
            ("#backlog", |step| {
                let backlog = step.backlog_peak_orders;
                backlog.map_or("-".into(), |backlog| thousands(backlog).into())
            }),
            ("#drain", |step| duration_if(step.drain_us)),
            ("folder", |step| {
                let name = Path::new(&step.folder).file_name();
                name.map_or(step.folder.clone(), |name| {
                    name.to_string_lossy().into_owned()
                })
                .into()
            }),
        ],
    );
    document.section("runs", "Runs, the slowest first", vec![Block::Table(table)]);
    document.closing = Some(Block::Facts(vec![("folder", dir.display().to_string())]));
    terminal(&document, style)
}

fn standing(standing: &StepVerdict) -> Text {
    match standing {
        StepVerdict::Holds => Text::word("holds", Tone::Good),
        StepVerdict::PipelineLimit => Text::word("pipeline limit", Tone::Bad),
        StepVerdict::GeneratorLimit => Text::word("generator limit", Tone::Open),
        StepVerdict::Undecided => Text::word("undecided", Tone::Open),
    }
}

fn duration_if(us: Option<u64>) -> Text {
    us.map_or("-".into(), |us| micros(us).into())
}

fn headed(answer: &str, scenario: &str, played: &[u64]) -> Document {
    let mut document = Document::new(WORD, Tone::Note, answer.to_owned());
    document.lead = vec![Block::Facts(vec![
        ("scenario", scenario.to_owned()),
        ("seeds", seeds(played)),
        ("evidence", "none: no order was sent".into()),
    ])];
    document
}

fn walls(cures: &[Cure]) -> Table {
    Table::each(
        "Walls",
        cures,
        &[
            ("#from", |cure| format!("{}x", cure.fails_at).into()),
            ("what is in the way", |cure| {
                let words = cure.wall_words.as_deref();
                words.unwrap_or("-").into()
            }),
            ("what breaks", |cure| cure.breaks.as_str().into()),
            ("what moves it", |cure| {
                match (cure.key, &cure.value, cure.passes_at) {
                    (Some(key), Some(value), Some(passes)) => {
                        format!("{key} = {value} passes at {passes}x").into()
                    }
                    _ => "no single setting".into(),
                }
            }),
        ],
    )
}

fn list(all: &[String]) -> Vec<Block> {
    match all.is_empty() {
        true => Vec::new(),
        false => vec![Block::List(
            all.iter().map(|one| Item::plain(one)).collect(),
        )],
    }
}

fn hold(holds: bool) -> Text {
    match holds {
        true => Text::word("hold", Tone::Good),
        false => Text::word("broken", Tone::Bad),
    }
}
