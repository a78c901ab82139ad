//! What a search over forecasts found, as a document.

use orderproof_plan::{Cure, FoundRate, FoundSetting};

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
        cures.extend(found.cures_end.iter().map(|end| Block::plain(end.clone())));
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
                words.unwrap_or("no single setting").into()
            }),
            ("what breaks", |cure| cure.breaks.as_str().into()),
            ("what moves it", |cure| {
                match (cure.key, &cure.value, cure.passes_at) {
                    (Some(key), Some(value), Some(passes)) => {
                        format!("{key} = {value} passes at {passes}x").into()
                    }
                    _ => "-".into(),
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
