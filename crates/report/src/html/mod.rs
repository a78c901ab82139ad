//! `report.html`: the report in one self-contained page.
//!
//! The verdict and its evidence come first, then what became of the orders, what was found, the charts, the
//! phases, the settings. Everything that is from a `run.json` is untrusted text: `maud` escapes it, and the
//! page's own policy lets nothing load or run beside its style and script.

pub(crate) mod charts;
mod drawing;
mod orders;
mod page;
mod phases;
mod settings;
mod values;
mod verdict;

#[cfg(test)]
mod tests;

use maud::html;

pub(crate) use page::{page, scrolling};

use super::charts::ChartError;
use orderproof_core::results::{RunReport, verdict_word};

/// The sections with their anchors, in order.
const SECTIONS: [(&str, &str); 6] = [
    ("verdict", "Verdict"),
    ("orders", "Orders"),
    ("findings", "Findings"),
    ("charts", "Charts"),
    ("phases", "Phases"),
    ("settings", "Settings"),
];

/// The whole report as a page.
///
/// # Errors
/// When the drawing library refuses.
pub fn render_html(report: &RunReport) -> Result<String, ChartError> {
    let title = format!(
        "{}: {}, run {}",
        verdict_word(report.verdict),
        report.scenario.name,
        report.run_id
    );
    let charts = charts::section(report)?;
    let body = html! {
        (verdict::banner(report))
        (verdict::evidence_section(report))
        (orders::section(report))
        (verdict::findings_section(report))
        (charts)
        (phases::section(report))
        (settings::section(report))
    };
    Ok(page(&title, &SECTIONS, body))
}
