//! What is shown: a report, a gate's outcome, a comparison and a preflight as text, Markdown, page, CSV and charts.
//!
//! Last stop of the spine. Every format is a pure function of values; `folder` is the one place that writes.

pub mod charts;
mod comparison;
mod csv;
mod diagnosis;
mod distributions;
mod formats;
mod function;
mod gate;
pub mod html;
mod junit;
mod markdown;
mod openmetrics;
mod orders;
pub mod preflight;
mod text;

#[cfg(test)]
mod format_tests;
#[cfg(test)]
mod snapshot_tests;
#[cfg(test)]
mod tests;

pub use comparison::{comparison_html, comparison_markdown, comparison_text};
pub use csv::{findings_csv, timeseries_csv};
pub use diagnosis::diagnose;
pub use distributions::Measured;
pub use formats::{FORMATS, Format, RenderError, ReportFile, report_files};
pub use gate::{gate_markdown, gate_text};
pub use html::render_html;
pub use junit::{render_gate_junit, render_junit, render_junit_error};
pub use markdown::render_markdown;
pub use openmetrics::open_metrics;
pub use orders::{OrderFacts, write_orders_csv};
pub use text::{TextStyle, render_text};
