//! What became of the orders: every class with its count, its meaning and its standing.

use maud::{Markup, html};

use super::scrolling;
use crate::text::ids;
use orderproof_core::results::RunReport;
use orderproof_core::results::figures::thousands;
use orderproof_core::verdict::{Class, Standing};

/// Every class, also those with no order.
pub(super) fn section(report: &RunReport) -> Markup {
    let gate = report.gate.as_str();
    let listed = |class: &Class| class.is_always_listed() || report.classes.contains_key(class);
    let table = html! {
        table.orders {
            caption { "Every planned order is in exactly one class; the " (gate) " gate says which are accepted." }
            thead {
                tr {
                    th scope="col" { "class" }
                    th.n scope="col" { "orders" }
                    th.n scope="col" { "share" }
                    th scope="col" { "under the gate" }
                    th scope="col" { "what it means" }
                }
            }
            tbody {
                @for class in Class::ALL.into_iter().filter(listed) { (row(report, class)) }
            }
            tfoot {
                tr {
                    th scope="row" { "planned" }
                    td.n { (thousands(report.orders.planned)) }
                    td {} td {} td {}
                }
            }
        }
    };
    html! {
        section aria-labelledby="orders" {
            h2 #orders { "What became of the orders" }
            (scrolling("What became of the orders", table))
        }
    }
}

fn row(report: &RunReport, class: Class) -> Markup {
    let count = report.classes.get(&class).copied().unwrap_or_default();
    let (tone, standing) = standing(class, report);
    let named = report
        .findings
        .iter()
        .filter(|finding| finding.code == class.as_str());
    html! {
        tr .none[count == 0 && class != Class::Lost] {
            th scope="row" { code { (class.as_str()) } }
            td.n { (thousands(count)) }
            td.n { (share(count, report.orders.planned)) }
            td {
                @if count == 0 && class == Class::Lost { span.mark.pass { "none" } }
                @else if count > 0 { span class={ "mark " (tone) } { (standing) } } @else { (standing) }
            }
            td {
                (class.explanation().replace('`', ""))
                @for ids in named.filter_map(ids) { span.ids { "Order numbers: " (ids) } }
            }
        }
    }
}

fn standing(class: Class, report: &RunReport) -> (&'static str, &'static str) {
    match class.standing(report.gate) {
        Standing::Accepted => ("pass", "accepted"),
        Standing::Refused => ("fail", "refused"),
        Standing::Budgeted => ("open", "within a budget"),
        Standing::Unproven => ("open", "proves nothing"),
    }
}

/// In percent; a share that is not nothing is never told as 0%, nor one that is not all as 100%.
fn share(count: u64, planned: u64) -> String {
    if count == 0 || planned == 0 {
        return "\u{2013}".into();
    }
    let percent = 100.0 * count as f64 / planned as f64;
    match percent {
        percent if percent < 0.01 => "< 0.01%".into(),
        percent if percent > 99.99 && count < planned => "> 99.99%".into(),
        percent => format!("{percent:.2}%"),
    }
}
