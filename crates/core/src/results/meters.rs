//! `meters.json`: what was measured beside the orders, written before the report.
//!
//! With it `run.json` is a function of the evidence in the folder: whoever has plan, ledger, `sent.json`, observation
//! and this can work out every figure of it again.

use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::json::parse_versioned;
use super::limits::check_meters;
use super::{CloudWatch, PipelineCounters, Reading, ReportError};
use crate::evidence::JsonLimits;
use crate::order::RunId;

/// What was measured beside the orders.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetersFile {
    /// The version of the folder's files.
    pub schema_version: u32,
    /// The run it was measured of.
    pub run_id: RunId,
    /// When the run was judged, RFC 3339, UTC.
    pub finished_at: String,
    /// The largest difference between the clocks behind end-to-end latency.
    pub clock_skew_bound: Duration,
    /// What the embedded pipeline counted of itself.
    pub pipeline: Option<PipelineCounters>,
    /// What was read once a second.
    pub readings: Vec<Reading>,
    /// What CloudWatch counted of a target elsewhere.
    pub cloudwatch: Option<CloudWatch>,
}

/// Reads a `meters.json` that is in memory; `path` is what errors name.
///
/// # Errors
/// When it is damaged, beyond a limit or of another version.
pub fn parse_meters(bytes: &[u8], path: &Path) -> Result<MetersFile, ReportError> {
    parse_versioned(bytes, path, &JsonLimits::REPORT, check_meters)
}
