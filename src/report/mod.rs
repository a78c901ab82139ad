//! The report: one model, written as a page, JSON, CSV, Markdown, text and charts.
//!
//! Last stop of the spine. `build` puts the model together, every format is a pure function of it,
//! and `folder` is the one place that writes.

mod brief;
mod build;
pub mod charts;
mod cloudwatch;
mod csv;
mod diagnosis;
mod distributions;
mod failure;
pub(crate) mod figures;
mod folder;
mod formats;
mod function;
pub mod html;
mod json;
mod junit;
mod limits;
mod markdown;
mod meters;
mod model;
mod openmetrics;
mod orders;
mod reading;
mod schema;
mod sent;
mod tally;
mod text;
mod timeline;

#[cfg(test)]
mod format_tests;
#[cfg(test)]
pub(crate) mod tests;

pub use brief::{RunBrief, brief};
pub use build::{BuildInput, build, phase_figures};
pub use cloudwatch::{CloudWatch, Metric, MetricSeries};
pub use csv::{findings_csv, timeseries_csv};
pub use diagnosis::diagnose;
pub use distributions::Measured;
pub use failure::{FailureCount, FailureKind, NeverStarted};
pub(crate) use folder::as_the_umask_says;
pub use folder::{FolderError, RunFolder, file_name};
pub use formats::{FORMATS, Format, RenderError, ReportFile, report_files};
pub use html::render_html;
pub use json::{PlanFile, ReportError, parse_plan, parse_report, read_plan, read_report, to_json};
pub use junit::{render_gate_junit, render_junit, render_junit_error};
pub use markdown::render_markdown;
pub use meters::{MetersFile, parse_meters, read_meters};
pub use model::*;
pub use openmetrics::open_metrics;
pub use orders::{OrderFacts, write_orders_csv};
pub use reading::{PipelineReading, Reading, Stretch};
pub use schema::run_schema;
pub use sent::{SentFile, parse_sent, read_sent};
pub use tally::Tally;
pub use text::{TextStyle, render_text};
pub(crate) use text::{headline, verdict_word};
