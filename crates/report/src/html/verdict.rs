//! The verdict, what it rests on, and what was found.

use maud::{Markup, html};

use crate::diagnose;
use crate::text::{drained, evidence, ids, time};
use orderproof_core::results::figures::{micros, thousands};
use orderproof_core::results::{RunReport, headline, verdict_word};
use orderproof_core::verdict::{Class, Severity, Verdict};

/// The verdict in the largest type, the scenario's question and the figures asked for first.
pub(super) fn banner(report: &RunReport) -> Markup {
    let tone = match report.verdict {
        Verdict::Pass => "pass",
        Verdict::Fail => "fail",
        Verdict::Inconclusive => "open",
    };
    html! {
        div #verdict class={ "banner " (tone) } {
            h1 { strong { (verdict_word(report.verdict)) } " " (headline(report)) }
            p.question { (report.scenario.question) }
            p.meta {
                span { "Scenario " (report.scenario.name) } " \u{b7} "
                span { "run " (report.run_id) } " \u{b7} "
                span { "seed " (report.scenario.seed) } " \u{b7} "
                span { (time(report)) } " \u{b7} "
                span { (moment(&report.started_at)) }
            }
            dl.key {
                @for (what, figure) in key_figures(report) {
                    div { dt { (what) } dd { (figure) } }
                }
            }
        }
    }
}

/// An instant without the digits nobody reads.
pub(super) fn moment(text: &str) -> String {
    match text.split_once('.') {
        Some((whole, _)) => format!("{}Z", whole).replace('T', " "),
        None => text.replace('T', " "),
    }
}

fn key_figures(report: &RunReport) -> [(&'static str, String); 5] {
    let unknown = || "\u{2013}".to_owned();
    let lost = report.class_tally(Class::Lost).exact();
    let worst = report
        .phases
        .iter()
        .filter(|phase| !phase.figures.warm_up)
        .filter_map(|phase| phase.end_to_end_us.measured()?.p99_us)
        .max();
    [
        ("orders planned", thousands(report.orders.planned)),
        ("acknowledged", thousands(report.orders.acknowledged)),
        ("lost", lost.map_or_else(unknown, thousands)),
        (
            "end-to-end p99, worst phase",
            worst.map_or_else(unknown, micros),
        ),
        ("drained in", drained(&report.quiescence, "")),
    ]
}

/// What the verdict rests on.
pub(super) fn evidence_section(report: &RunReport) -> Markup {
    html! {
        section aria-labelledby="evidence" {
            h2 #evidence { "Evidence" }
            dl.facts {
                @for (what, told) in evidence(report) {
                    div { dt { (what) } dd { (told) } }
                }
            }
        }
    }
}

/// The reasons for the verdict, gravest first, and what most likely did it.
pub(super) fn findings_section(report: &RunReport) -> Markup {
    let causes = diagnose(report);
    html! {
        section aria-labelledby="findings" {
            h2 #findings { "Findings and likely causes" }
            @if report.findings.is_empty() && causes.is_empty() {
                p.lead { "Nothing was found that speaks against the verdict." }
            }
            @if !(report.findings.is_empty() && causes.is_empty()) { ul {
                @for finding in &report.findings {
                    @let (tone, kind) = severity(finding.severity);
                    li class={ "finding " (tone) } {
                        p.kind { (kind) " \u{b7} " code { (finding.code) } }
                        p { (finding.message) }
                        @if let Some(ids) = ids(finding) {
                            p { "Order numbers: " (ids) }
                        }
                    }
                }
                @for cause in &causes {
                    li.finding.note { p.kind { "Likely cause" } p { (cause) } }
                }
            } }
            @if !report.send_errors.is_empty() {
                h3 { "Send errors" }
                (super::scrolling("Send errors", html! {
                    table {
                        caption { "Why sends were rejected or stayed without a known outcome" }
                        thead { tr { th scope="col" { "reason" } th.n scope="col" { "orders" } } }
                        tbody {
                            @for (reason, count) in &report.send_errors {
                                tr { th scope="row" { (reason) } td.n { (thousands(*count)) } }
                            }
                        }
                    }
                }))
            }
        }
    }
}

fn severity(severity: Severity) -> (&'static str, &'static str) {
    match severity {
        Severity::OrderFailure => ("fail", "Orders"),
        Severity::PerformanceFailure => ("fail", "Performance rule"),
        Severity::MissingEvidence => ("open", "Missing evidence"),
        Severity::Note => ("note", "Note"),
    }
}
