//! The page of a run that goes on: how it stands, its charts so far, and at its end the verdict.
//!
//! All of it is made here, so that the page's own script only puts what it is sent into its place. Until the run is judged
//! nothing on the page has the look or the words of a verdict.

#[cfg(test)]
mod tests;

use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde::Serialize;
use serde_json::{Value, json};

use crate::charts::{ChartError, live};
use crate::document::{Fact, STYLE, banner, digest};
use crate::report::verdict_document;
use orderproof_core::escape;
use orderproof_core::results::RunReport;

const OWN_STYLE: &str = include_str!("live.css");
const SCRIPT: &str = include_str!("live.js");

/// How a run stands, in the words of the page. A fact that is not known is an empty text.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LiveState {
    /// What it is at, in a word: `Sending`.
    pub stage: &'static str,
    /// The same in a sentence.
    pub sentence: String,
    /// For how long it waits at most, where it waits.
    pub left: Option<String>,
    /// What is run, and where.
    pub about: String,
    /// How much of the plan's time has passed, from 0 to 1.
    pub passed: f64,
    /// The figures of this moment.
    pub facts: Vec<Fact>,
    /// For how many seconds a point of the charts stands.
    pub seconds_a_point: u32,
}

/// What a page that is open is sent: once a second, and a last time at the end.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct News {
    /// Tells one run from another that is served at the same address later.
    run: String,
    /// The upper part of the page.
    top: String,
    /// What stands above the charts.
    heading: &'static str,
    /// The charts, each with where it belongs and what it is called.
    charts: Vec<Value>,
    /// Nothing follows.
    ended: bool,
}

/// A page and what a browser may do with it.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The document.
    pub html: String,
    /// Its content security policy, for the header.
    pub policy: String,
}

impl News {
    /// Of a run that goes on. `report` has its plan and its timeline so far, and is not judged.
    ///
    /// # Errors
    /// When the drawing library refuses.
    pub fn of(standing: &LiveState, report: &RunReport) -> Result<Self, ChartError> {
        let mut charts = Vec::new();
        for chart in live::LIVE {
            let Some(drawn) = live::drawn(chart, report, standing.seconds_a_point)? else {
                continue;
            };
            charts.push(placed(&drawn));
        }
        Ok(Self {
            run: report.run_id.to_string(),
            top: shown(top(standing)),
            heading: "So far",
            charts,
            ended: false,
        })
    }

    /// Of a run that was judged; its files are in `folder`. The charts are now those of its report.
    ///
    /// # Errors
    /// When the drawing library refuses.
    pub fn judged(report: &RunReport, folder: &str) -> Result<Self, ChartError> {
        let document = verdict_document(report);
        let end = html! {
            (banner(&document))
            p.live-note { "The run has ended. All of it is in " code { (folder) "/report.html" } "." }
            @for section in &document.sections {
                section aria-labelledby=(section.id) {
                    h2 id=(section.id) { (section.name) }
                    @for block in &section.blocks { (crate::document::block(block)) }
                }
            }
        };
        let charts = live::LIVE.into_iter();
        let charts = charts.map(|chart| Ok(placed(&live::at_the_end(chart, report)?)));
        Ok(Self {
            heading: "Charts",
            charts: charts.collect::<Result<_, ChartError>>()?,
            ..Self::last(&report.run_id.to_string(), end)
        })
    }

    /// Of a run that ended before it could be judged, and why.
    pub fn without_verdict(run: &str, why: &str) -> Self {
        let end = html! {
            div #verdict.banner.open {
                h1 { strong { "No verdict" } " The run ended before it could be judged." }
                @for line in why.lines() { p.meta { (line) } }
            }
        };
        Self::last(run, end)
    }

    fn last(run: &str, end: Markup) -> Self {
        Self {
            run: run.to_owned(),
            top: shown(end),
            heading: "Seen until then",
            charts: Vec::new(),
            ended: true,
        }
    }
}

/// The page that shows the news of the run `run` of `scenario`.
pub fn page(scenario: &str, run: &str) -> Page {
    let policy = format!(
        "default-src 'none'; style-src '{}' '{}'; script-src '{}'; connect-src 'self'; img-src data:; base-uri 'none'; form-action \
         'none'; frame-ancestors 'none'",
        digest(STYLE),
        digest(OWN_STYLE),
        digest(SCRIPT)
    );
    let page = html! {
        (DOCTYPE)
        html lang="en" data-run=(run) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                // Otherwise browsers ask for one.
                link rel="icon" href="data:,";
                title { (escape::line(scenario)) ", run " (run) }
                style { (PreEscaped(STYLE)) }
                style { (PreEscaped(OWN_STYLE)) }
            }
            body {
                header.top {
                    span.brand { "orderproof" }
                    p #connection role="status" { "Connecting" }
                }
                main {
                    div #now { div.banner.note { h1 { strong { "Connecting" } " Nothing is known of the run yet." } } }
                    section #charts hidden aria-labelledby="charts-name" {
                        h2 #charts-name { "So far" }
                    }
                }
                footer { p { "Served by orderproof " (env!("CARGO_PKG_VERSION")) " on this machine; it loads nothing from elsewhere." } }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    Page {
        html: page.into_string(),
        policy,
    }
}

/// A chart as the page's script puts it into its place.
fn placed(drawn: &live::Drawn) -> Value {
    let svg = escape::html(&drawn.svg);
    json!({ "id": drawn.id, "title": drawn.title, "words": drawn.words, "svg": svg })
}

fn shown(markup: Markup) -> String {
    escape::html(&markup.into_string())
}

fn top(standing: &LiveState) -> Markup {
    html! {
        div.banner.note {
            h1 { strong { (standing.stage) } " " (standing.sentence) }
            @if let Some(left) = &standing.left { p.left { (left) } }
            progress max="1" value=(format!("{:.4}", standing.passed)) aria-label="Of the time in which orders are sent" {}
            p.meta { (standing.about) }
            dl.key {
                @for (name, fact) in &standing.facts {
                    div { dt { (name) } dd { @if fact.is_empty() { "\u{2013}" } @else { (fact) } } }
                }
            }
            p.meta { "No verdict yet: what is counted here says nothing of what was lost until the run has been judged." }
        }
    }
}
