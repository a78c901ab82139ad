//! `sent.json`: what the drive measured, written before the pipeline is waited for.
//!
//! A verifier may be killed long after the last send, and a later look must not have to do without what only the
//! sender knew. Whoever judges the run again has the durations of its sends from here.

use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::json::parse_versioned;
use super::limits::check_sent;
use super::{ReportError, SCHEMA_VERSION, SendRecord, WorkerRecord};
use crate::evidence::JsonLimits;
use crate::order::RunId;

/// What the drive measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SentFile {
    /// The version of the folder's files.
    pub schema_version: u32,
    /// The run that was driven.
    pub run_id: RunId,
    /// How far the target's clock may be from this machine's.
    pub clocks_apart: Duration,
    /// How long after the agreed start the worker was ready to send, as its manifest says; `None` where one process sent
    /// everything, and of all workers together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_late_by: Option<Duration>,
    /// What was measured.
    pub record: SendRecord,
    /// What each worker left, in the order of their numbers; empty where one process sent everything.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub workers: Vec<WorkerRecord>,
}

impl SentFile {
    /// Of this run.
    pub fn new(run_id: RunId, clocks_apart: Duration, record: &SendRecord) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            run_id,
            clocks_apart,
            started_late_by: None,
            record: record.clone(),
            workers: Vec::new(),
        }
    }
}

/// Reads a `sent.json` that is in memory; `path` is what errors name.
///
/// # Errors
/// When it is damaged, beyond a limit or of another version.
pub fn parse_sent(bytes: &[u8], path: &Path) -> Result<SentFile, ReportError> {
    parse_versioned(bytes, path, &JsonLimits::REPORT, check_sent)
}
