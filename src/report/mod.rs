//! The report: one model, written as JSON, CSV, Markdown, text and charts.

mod model;

pub use model::*;
