//! A forecast as a document: what it is not, what becomes of orders, what gets in the way.

use std::time::Duration;

use orderproof_core::escape::terminal as terminal_text;
use orderproof_core::preflight::{PRICES_AS_OF, PRICES_REGION};
use orderproof_core::results::figures::{exactly, micros, thousands};
use orderproof_core::results::to_json;
use orderproof_plan::{
    Forecast, KNOWN_FROM_US, Learned, Mode, Outlook, PhaseForecast, Range, RuleForecast, Second,
};

use crate::TextStyle;
use crate::charts::{ChartError, ForecastChart, forecast_png, forecast_svg};
use crate::document::{Block, Document, Fact, Item, Table, Tone, markdown, terminal};

/// Characters of one text of its Markdown at most.
const TEXT_MAX: usize = 1_000;
/// The rows of the timeline at most.
const ROWS_MAX: usize = 24;

pub(crate) const WORD: &str = "FORECAST";

/// A forecast, as text.
pub fn forecast_text(forecast: &Forecast, style: TextStyle) -> String {
    terminal(&document(forecast), style)
}

/// A forecast as Markdown, with its charts linked by their file names.
pub fn forecast_markdown(forecast: &Forecast) -> String {
    let mut document = document(forecast);
    let charts = ForecastChart::ALL.into_iter();
    let charts = charts.map(|chart| format!("![{}]({}.png)", chart.words(), chart.file_stem()));
    let charts = charts.collect::<Vec<_>>().join("\n");
    document.section("charts", "Charts", vec![Block::Markdown(charts)]);
    markdown(&document, 1, TEXT_MAX)
}

/// Every file of a forecast, by its name: the document, the same to read, and its charts.
///
/// # Errors
/// When the drawing library refuses.
pub fn forecast_files(forecast: &Forecast) -> Result<Vec<(String, Vec<u8>)>, ChartError> {
    let text = |text: String| terminal_text(&text, false).into_owned().into_bytes();
    let mut files = vec![
        ("forecast.json".to_owned(), to_json(forecast)),
        (
            "forecast.txt".to_owned(),
            text(forecast_text(forecast, TextStyle::default())),
        ),
        ("forecast.md".to_owned(), text(forecast_markdown(forecast))),
    ];
    for chart in ForecastChart::ALL {
        let stem = chart.file_stem();
        files.push((format!("{stem}.svg"), text(forecast_svg(chart, forecast)?)));
        files.push((format!("{stem}.png"), forecast_png(chart, forecast)?));
    }
    Ok(files)
}

fn document(forecast: &Forecast) -> Document {
    let sentence = match forecast.holds() {
        true => match forecast.not_forecast().join(", ") {
            left_out if left_out.is_empty() => "gate and rules would hold".to_owned(),
            left_out => format!("gate and rules would hold; not forecast: {left_out}"),
        },
        false => forecast.broken().join("; "),
    };
    let mut document = Document::new(WORD, Tone::Note, sentence);
    document.lead = vec![Block::Facts(about(forecast))];
    let mut orders = vec![Block::Table(classes(forecast))];
    let lost = [
        (
            forecast.expired_messages,
            "messages expire in the orders queue",
        ),
        (forecast.expired_dead_letters, "dead letters expire"),
    ];
    for (range, what) in lost.into_iter().filter(|(range, _)| range.max > 0) {
        orders.push(Block::plain(format!("{} {what}", counts(range))));
    }
    document.section("orders", "Orders", orders);
    document.section(
        "phases",
        "Phases",
        vec![Block::Table(phases(&forecast.phases))],
    );
    document.section(
        "pipeline",
        "Pipeline",
        vec![Block::Facts(pipeline(forecast))],
    );
    let gate = RuleForecast {
        rule: format!("gate {}", forecast.gate.as_str()),
        outlook: forecast.gate_outlook,
        observed_us: None,
    };
    let rules: Vec<_> = std::iter::once(&gate)
        .chain(&forecast.rules)
        .map(rule)
        .collect();
    if let Some(learned) = &forecast.learned {
        document.section("learned", "Learned from a run", taken(learned));
    }
    document.section("gate-and-rules", "Gate and rules", vec![Block::List(rules)]);
    let walls = forecast.walls.iter();
    let walls: Vec<_> = walls.map(|wall| Item::plain(&wall.words())).collect();
    let walls = if walls.is_empty() {
        Vec::new()
    } else {
        vec![Block::List(walls)]
    };
    document.section("in-the-way", "In the way of orders, the first first", walls);
    let time = Block::Table(timeline(&forecast.timeline));
    document.section("over-time", "Over time (the first seed)", vec![time]);
    document
}

fn taken(learned: &Learned) -> Vec<Block> {
    let mut blocks = vec![Block::plain(format!(
        "run {} of scenario {}",
        learned.run_id, learned.scenario
    ))];
    if !learned.taken.is_empty() {
        blocks.push(Block::Table(Table::each(
            "Learned",
            &learned.taken,
            &[
                ("what", |lesson| lesson.key.as_str().into()),
                ("value", |lesson| lesson.value.as_str().into()),
                ("from", |lesson| lesson.from.as_str().into()),
            ],
        )));
    }
    let not = learned.not_learned.iter();
    let not: Vec<_> = not
        .map(|one| Item::plain(&format!("not learned: {one}")))
        .collect();
    if !not.is_empty() {
        blocks.push(Block::List(not));
    }
    blocks
}

fn about(forecast: &Forecast) -> Vec<Fact> {
    let mut about = vec![
        ("scenario", forecast.scenario.clone()),
        ("seeds", seeds(&forecast.seeds)),
        ("evidence", format!("none: {}", forecast.notice)),
        ("not known", forecast.not_known.clone()),
    ];
    about.extend(
        forecast
            .assumptions
            .iter()
            .map(|one| ("assumed", one.clone())),
    );
    if forecast.time_scale != 1.0 {
        let played = format!(
            "{} times faster than the scenario's file says",
            forecast.time_scale
        );
        about.push(("time", played));
    }
    if let (Mode::Cohorts, Some(slot)) = (forecast.mode, forecast.slot_us) {
        let played = format!(
            "in cohorts: the orders of each {} by their counts; what is shorter is an average",
            micros(slot)
        );
        about.push(("played", played));
    }
    about
}

pub(crate) fn seeds(seeds: &[u64]) -> String {
    match seeds {
        [first, .., last] => {
            format!("{first} to {last}; figures are the least and the most of all")
        }
        [only] => only.to_string(),
        [] => String::new(),
    }
}

fn classes(forecast: &Forecast) -> Table {
    let mut table = Table::of("Orders", &["", "#orders"]);
    table.row(["planned".to_owned(), counts(forecast.planned_orders)]);
    for (class, range) in &forecast.classes {
        table.row([class.as_str().to_owned(), counts(*range)]);
    }
    table
}

fn phases(phases: &[PhaseForecast]) -> Table {
    Table::each(
        "Phases",
        phases,
        &[
            ("phase", |phase| phase.name.as_str().into()),
            ("#orders", |phase| counts(phase.orders).into()),
            ("#stored", |phase| counts(phase.stored).into()),
            ("#end-to-end p50", |phase| {
                duration_if(phase.end_to_end_p50_us).into()
            }),
            ("#p95", |phase| duration_if(phase.end_to_end_p95_us).into()),
            ("#p99", |phase| duration_if(phase.end_to_end_p99_us).into()),
        ],
    )
}

fn pipeline(forecast: &Forecast) -> Vec<Fact> {
    let backlog = format!(
        "at most {} orders, at second {}",
        counts(forecast.backlog_peak_orders),
        counts(forecast.backlog_peak_at_s)
    );
    let caught_up = match forecast.catch_up_us {
        Some(range) => format!("{} after its phase has ended", duration(range)),
        None => "not seen".into(),
    };
    let drain = match forecast.drain_us {
        Some(range) => format!("{} after the last send", duration(range)),
        None => "not empty at settle.deadline".into(),
    };
    let mut facts = vec![
        ("backlog", backlog),
        ("caught up", caught_up),
        (
            "oldest order",
            format!(
                "{} old, of orders that are stored later",
                duration(forecast.oldest_age_us)
            ),
        ),
        ("drained", drain),
        (
            "invocations",
            format!(
                "{}, {} failed, at most {} at one time, {} cold starts",
                counts(forecast.invocations),
                counts(forecast.failed_invocations),
                counts(forecast.max_concurrency),
                counts(forecast.cold_starts)
            ),
        ),
        (
            "throttled",
            format!(
                "{} invocations, {} writes",
                counts(forecast.throttled_invocations),
                counts(forecast.throttled_writes)
            ),
        ),
    ];
    let reasons = forecast.throttling_reasons.iter();
    facts.extend(reasons.map(|(reason, range)| ("", format!("{} {reason}", counts(*range)))));
    facts.push(("on AWS", cost(forecast)));
    facts
}

/// What a run would cost.
fn cost(forecast: &Forecast) -> String {
    let Range { min, max } = forecast.cost_usd;
    let usd = |usd: f64| match usd {
        usd if usd < 0.01 => "less than $0.01".to_owned(),
        usd => format!("about ${usd:.2}"),
    };
    let range = match (usd(min), usd(max)) {
        (least, most) if least == most => least,
        (least, most) => format!("{least} to {most}"),
    };
    format!(
        "a run would cost {range} (prices of {PRICES_REGION}, {PRICES_AS_OF}, from third parties)"
    )
}

fn rule(rule: &RuleForecast) -> Item {
    let (kind, tone) = match rule.outlook {
        Outlook::Holds => ("holds", Tone::Good),
        Outlook::Varies => ("varies", Tone::Bad),
        Outlook::Broken => ("broken", Tone::Bad),
        Outlook::NotForecast => ("not forecast", Tone::Open),
    };
    let text = match rule.observed_us {
        Some(observed) => format!("{}: {}", rule.rule, duration(observed)),
        None => rule.rule.clone(),
    };
    Item {
        kind,
        tone,
        code: None,
        text,
        more: None,
    }
}

fn timeline(seconds: &[Second]) -> Table {
    let every = seconds.len().div_ceil(ROWS_MAX).max(1);
    Table::each(
        "Over time",
        seconds.iter().step_by(every),
        &[
            ("#second", |row| thousands(row.time_s).into()),
            ("#backlog", |row| thousands(row.backlog_orders).into()),
            ("#waiting", |row| {
                thousands(row.queue_visible_messages).into()
            }),
            ("#in flight", |row| {
                thousands(row.queue_in_flight_messages).into()
            }),
            ("#stored", |row| thousands(row.stored_orders).into()),
            ("#dead-lettered", |row| {
                thousands(row.dead_lettered_orders).into()
            }),
            ("#concurrency", |row| {
                row.max_concurrent_invocations.to_string().into()
            }),
            ("#throttled writes", |row| {
                thousands(row.throttled_writes).into()
            }),
        ],
    )
}

fn counts(range: Range<u64>) -> String {
    match range.min == range.max {
        true => thousands(range.min),
        false => format!("{} to {}", thousands(range.min), thousands(range.max)),
    }
}

fn duration(range: Range<u64>) -> String {
    match (known(range.min), known(range.max)) {
        (least, most) if least == most => least,
        (least, most) => format!("{least} to {most}"),
    }
}

/// A duration of a forecast, as far as one is known.
pub(crate) fn known(us: u64) -> String {
    match us < KNOWN_FROM_US {
        true => format!("< {}", exactly(Duration::from_micros(KNOWN_FROM_US))),
        false => micros(us),
    }
}

fn duration_if(range: Option<Range<u64>>) -> String {
    range.map_or_else(|| "-".into(), duration)
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use orderproof_core::scenario::{Overrides, parse};

    use super::*;

    #[test]
    fn a_rule_that_is_not_forecast_is_not_said_to_hold() {
        let file = include_str!("../../../scenarios/spike.toml");
        for (rules, sentence) in [
            (
                "expect.rules=[\"throttled_writes == 0\", \"drain < 30s\"]",
                "gate and rules would hold; not forecast: throttled_writes == 0",
            ),
            (
                "expect.rules=[\"drain < 30s\"]",
                "gate and rules would hold",
            ),
        ] {
            let overrides = Overrides {
                set: vec![rules.into()],
                ..Overrides::default()
            };
            let scenario = parse("spike.toml", file, &overrides).expect("valid");
            let forecast = orderproof_plan::forecast(&scenario, &[1], Instant::now());
            let text = forecast_text(&forecast.expect("it can be forecast"), TextStyle::default());
            let first = text.lines().next().expect("a line");
            assert_eq!(first, format!("FORECAST  {sentence}"));
        }
    }

    #[test]
    fn what_is_shorter_than_a_forecast_knows_is_not_told_as_a_figure() {
        let file = include_str!("../../../scenarios/spike.toml");
        let quick = "pipeline.function.service_time=1ms";
        let rule = "expect.rules=[\"end_to_end_p99 < 1s for baseline\"]";
        let overrides = Overrides {
            set: vec![quick.into(), rule.into()],
            ..Overrides::default()
        };
        let scenario = parse("spike.toml", file, &overrides).expect("valid");
        let forecast = orderproof_plan::forecast(&scenario, &[1], Instant::now());
        let mut forecast = forecast.expect("it can be forecast");
        let at = |us| Some(Range { min: us, max: us });
        let phases = forecast.phases.len();
        (forecast.rules[0].observed_us, forecast.oldest_age_us) = (at(0), Range { min: 0, max: 0 });
        forecast.phases[phases - 1].end_to_end_p50_us = at(49_999);
        forecast.phases[phases - 1].end_to_end_p99_us = at(50_000);
        for text in [
            forecast_text(&forecast, TextStyle::default()),
            forecast_markdown(&forecast),
        ] {
            assert!(!text.contains("0 µs"), "{text}");
            assert!(text.contains("50.0 ms"), "the near miss: {text}");
            assert!(
                text.contains("50 ms old, of orders that are stored later"),
                "{text}"
            );
        }
        let text = forecast_text(&forecast, TextStyle::default());
        assert!(text.contains("for baseline: < 50 ms"), "{text}");
    }

    #[test]
    fn a_forecast_says_first_what_breaks_and_that_it_is_no_evidence() {
        let file = include_str!("../../../scenarios/default-table.toml");
        let scenario = parse("default-table.toml", file, &Overrides::default()).expect("valid");
        let forecast = orderproof_plan::forecast(&scenario, &[1, 2], Instant::now());
        let text = forecast_text(&forecast.expect("it can be forecast"), TextStyle::default());
        let first = text.lines().next().expect("a line");
        assert!(first.starts_with("FORECAST  "), "{first}");
        assert!(first.contains(" good_order_dead_lettered"), "{first}");
        for part in [
            "none: no order was sent",
            "seeds      1 to 2",
            "10 times faster than the scenario's file says",
            "  broken  gate strict",
            "the table throttles writes from second 1",
            "TableWriteProvisionedThroughputExceeded",
        ] {
            assert!(text.contains(part), "{part:?} in\n{text}");
        }
        assert!(!text.contains('\u{1b}'), "no color");
    }
}
