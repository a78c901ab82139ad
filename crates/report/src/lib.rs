//! What is shown: a report, a gate's outcome, a comparison and a preflight as text, Markdown, page, CSV and charts.
//!
//! Last stop of the spine. Every format is a pure function of values; `folder` is the one place that writes. What
//! people read is first a document (headings, facts, lists, tables); one renderer a medium shows it.

mod against;
pub mod charts;
mod comparison;
mod csv;
mod diagnosis;
mod distributions;
mod document;
mod forecast;
mod foresight;
mod formats;
mod found;
mod function;
mod gate;
mod junit;
mod list;
pub mod live;
mod openmetrics;
pub mod preflight;
mod report;
mod rules;
mod run_document;

#[cfg(test)]
mod format_tests;
#[cfg(test)]
mod page_tests;
#[cfg(test)]
mod snapshot_tests;
#[cfg(test)]
mod tests;

pub use against::{against_html, against_markdown, against_text};
pub use comparison::{comparison_html, comparison_markdown, comparison_text};
pub use csv::{OrderFacts, findings_csv, timeseries_csv, write_orders_csv};
pub use diagnosis::diagnose;
pub use distributions::Measured;
pub use document::TextStyle;
pub use forecast::{forecast_files, forecast_markdown, forecast_text};
pub use foresight::{Foreseen, Foresight, ReportView};
pub use formats::{FORMATS, Format, RenderError, ReportFile, report_files};
pub use found::{found_rate_text, found_setting_text, measured_rate_text};
pub use gate::{gate_markdown, gate_text};
pub use junit::{render_gate_junit, render_junit, render_junit_error};
pub use list::list_text;
pub use openmetrics::open_metrics;
pub use report::{render_html, render_markdown, render_text};
pub use run_document::{ForecastBeside, OrderCounts, PhaseDocument, RunDocument};
