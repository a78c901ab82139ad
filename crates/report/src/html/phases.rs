//! The phases with their figures.

use std::time::Duration;

use maud::{Markup, html};

use super::scrolling;
use crate::text::{name, offered_rate};
use orderproof_core::metrics::LatencySummary;
use orderproof_core::results::figures::{duration, micros_if, thousands};
use orderproof_core::results::{PhaseReport, RunReport};

const FIGURES: [&str; 4] = ["p50", "p99", "p99.9", "max"];

/// A measured duration of a phase and what it is.
type Measure = (&'static str, fn(&PhaseReport) -> &LatencySummary);

const MEASURES: [Measure; 4] = [
    ("response time", |phase| &phase.response_time_us),
    ("service time", |phase| &phase.service_time_us),
    ("end-to-end latency", |phase| &phase.end_to_end_us),
    ("schedule lag", |phase| &phase.schedule_lag_us),
];

/// Two tables: what was offered, and how long it took.
pub(super) fn section(report: &RunReport) -> Markup {
    html! {
        section aria-labelledby="phases" {
            h2 #phases { "Phases" }
            p.lead {
                "Response time: from the instant an order was due to its acknowledgment. Service time: from its \
                 sending to its acknowledgment. End-to-end latency: from the instant it was due to its row. \
                 Schedule lag: how late it was sent."
            }
            h3 { "Offered load" }
            (scrolling("Offered load by phase", load(&report.phases)))
            h3 { "Durations" }
            (scrolling("Durations by phase", durations(&report.phases)))
        }
    }
}

/// Where a phase begins or ends; the first one does at 0 s.
fn seconds(at: Duration) -> String {
    match at.is_zero() {
        true => "0 s".into(),
        false => duration(at),
    }
}

fn load(phases: &[PhaseReport]) -> Markup {
    html! {
        table {
            caption { "Orders by the phase they were due in" }
            thead {
                tr {
                    th scope="col" { "phase" }
                    @for head in ["from", "to", "scheduled", "attempted", "acknowledged", "offered per s"] {
                        th.n scope="col" { (head) }
                    }
                }
            }
            tbody {
                @for phase in phases {
                    tr {
                        th scope="row" { (name(phase)) }
                        td.n { (seconds(phase.start)) }
                        td.n { (seconds(phase.end)) }
                        td.n { (thousands(phase.scheduled)) }
                        td.n { (thousands(phase.attempted)) }
                        td.n { (thousands(phase.acknowledged)) }
                        td.n { (thousands(offered_rate(phase).round() as u64)) }
                    }
                }
            }
        }
    }
}

fn durations(phases: &[PhaseReport]) -> Markup {
    html! {
        table {
            caption { "Percentiles of each phase; a dash where there is no sample" }
            thead {
                tr {
                    th scope="col" { "phase" }
                    th scope="col" { "duration" }
                    th.n scope="col" { "samples" }
                    @for figure in FIGURES { th.n scope="col" { (figure) } }
                }
            }
            @for phase in phases {
                tbody {
                    @for (index, (what, pick)) in MEASURES.iter().enumerate() {
                        tr {
                            @if index == 0 {
                                th scope="rowgroup" rowspan=(MEASURES.len()) { (name(phase)) }
                            }
                            th.measure scope="row" { (what) }
                            (figures(pick(phase)))
                        }
                    }
                }
            }
        }
    }
}

fn figures(summary: &LatencySummary) -> Markup {
    let summary = summary.measured().copied().unwrap_or_default();
    let told = [
        summary.p50_us,
        summary.p99_us,
        summary.p999_us,
        summary.max_us,
    ];
    html! {
        td.n { (thousands(summary.count)) }
        @for us in told {
            td.n { (micros_if(us).unwrap_or_else(|| "\u{2013}".into())) }
        }
    }
}
