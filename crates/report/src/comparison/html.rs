//! A comparison as a page that needs nothing beside it.

use maud::{Markup, html};

use super::text::{
    counts, effect, headline, interval, method, noise, numbers, percent, run_words, sentence,
    told_us,
};
use crate::charts::{ChartError, Overlay, Pair, overlay_page};
use crate::html::charts::figure;
use crate::html::{page, scrolling};
use orderproof_core::compare::{Call, Comparison};

/// The whole comparison as a page; of a single pair with `charts` of both.
///
/// # Errors
/// When the drawing library refuses.
pub fn comparison_html(
    comparison: &Comparison,
    charts: Option<&Pair<'_>>,
) -> Result<String, ChartError> {
    let (word, call) = headline(comparison);
    let drawn = |pair: &Pair<'_>| -> Result<Vec<Markup>, ChartError> {
        let one = |overlay: Overlay| {
            let told = [overlay.words().to_owned()];
            Ok(figure(
                overlay.file_stem(),
                &told,
                &overlay_page(overlay, pair)?,
            ))
        };
        Overlay::ALL.into_iter().map(one).collect()
    };
    let figures = charts.map_or_else(|| Ok(Vec::new()), drawn)?;
    let mut sections = vec![
        ("outcome", "Outcome"),
        ("orders", "Orders"),
        ("durations", "Durations"),
    ];
    if !figures.is_empty() {
        sections.push(("charts", "Charts"));
    }
    sections.push(("settings", "Settings"));
    let body = html! {
        div #outcome class={ "banner " (tone(call)) } {
            h1 { strong { (word) } " " (sentence(comparison)) }
            @for run in &comparison.base { p.meta { "Base: " (run_words(run)) } }
            @for run in &comparison.candidate { p.meta { "Candidate: " (run_words(run)) } }
        }
        section aria-labelledby="orders" {
            h2 #orders { "What became of the orders" }
            (orders(comparison))
        }
        section aria-labelledby="durations" {
            h2 #durations { "Durations" }
            p.lead { (method(comparison)) "." }
            (durations(comparison))
        }
        @if !figures.is_empty() {
            section aria-labelledby="charts" {
                h2 #charts { "Charts" }
                @for figure in figures { (figure) }
            }
        }
        section aria-labelledby="settings" {
            h2 #settings { "Figures and settings" }
            (settings(comparison))
        }
    };
    Ok(page(&format!("Comparison: {word}"), &sections, body))
}

fn tone(call: Call) -> &'static str {
    match call {
        Call::Regressed => "fail",
        Call::NotEnoughData => "open",
        Call::Improved | Call::Unchanged => "pass",
    }
}

fn orders(comparison: &Comparison) -> Markup {
    let table = html! {
        table {
            caption.said { "Orders by class on both sides" }
            thead { tr { th scope="col" { "class" } th.n scope="col" { "base" } th.n scope="col" { "candidate" } th scope="col" { "change" } } }
            tbody {
                @for class in &comparison.classes {
                    tr {
                        th scope="row" { code { (class.class.as_str()) } }
                        td.n { (counts(&class.base)) }
                        td.n { (counts(&class.candidate)) }
                        td { (class.call.as_str()) }
                    }
                }
            }
        }
    };
    scrolling("Orders by class on both sides", table)
}

fn durations(comparison: &Comparison) -> Markup {
    let table = html! {
        table.changes {
            caption.said { "Durations of each phase on both sides" }
            thead { tr {
                th scope="col" { "phase" } th scope="col" { "what" } th.n scope="col" { "base" } th.n scope="col" { "candidate" }
                th.n scope="col" { "change" } th.n scope="col" { "interval" } th.n scope="col" { "effect" } th.n scope="col" { "noise" }
                th scope="col" { "word" }
            } }
            tbody {
                @for change in &comparison.changes {
                    tr {
                        td { (change.phase.as_deref().unwrap_or("-")) }
                        th scope="row" { code { (change.metric.name()) } }
                        td.n { (told_us(change.base_us, change)) }
                        td.n { (told_us(change.candidate_us, change)) }
                        td.n { (percent(change.change)) }
                        td.n { (interval(change)) }
                        td.n { (effect(change)) }
                        td.n { (noise(change)) }
                        td {
                            @if change.call == Call::Regressed { strong { (change.call.as_str()) } } @else { (change.call.as_str()) }
                            @if let Some(why) = &change.why { ": " (why) }
                        }
                    }
                }
            }
        }
    };
    scrolling("Durations of each phase on both sides", table)
}

fn settings(comparison: &Comparison) -> Markup {
    let table = html! {
        table {
            caption.said { "Figures of which each run has one, and settings that differ" }
            thead { tr { th scope="col" { "what" } th.n scope="col" { "base" } th.n scope="col" { "candidate" } } }
            tbody {
                @for figure in &comparison.figures {
                    tr { th scope="row" { (figure.name) } td.n { (numbers(&figure.base)) } td.n { (numbers(&figure.candidate)) } }
                }
                @for difference in &comparison.differs {
                    tr { th scope="row" { code { (difference.field) } } td.n { (difference.base) } td.n { (difference.candidate) } }
                }
            }
        }
    };
    scrolling("Figures and settings of both sides", table)
}
