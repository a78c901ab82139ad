//! `run.json` and `plan.json`.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::limits::{check_plan, check_report};
use super::{OLDEST_SCHEMA_VERSION, Provenance, RunReport, SCHEMA_VERSION};
use crate::evidence::{JsonLimits, check_json};
use crate::load::Shard;
use crate::metrics::within_memory;
use crate::order::RunId;
use crate::scenario::Scenario;

/// `plan.json`: what is to be sent, written before anything is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanFile {
    /// The version of this format, that of `run.json`.
    pub schema_version: u32,
    /// The number that marks the run's orders.
    pub run_id: RunId,
    /// When the plan was written, RFC 3339, UTC.
    pub created_at: String,
    /// The scenario as resolved.
    pub scenario: Scenario,
    /// Where and with what the run is made.
    pub provenance: Provenance,
    /// Queues and table were made for this run, or are its own and held nothing before its first send: whatever is in
    /// them afterwards its pipeline has left there.
    #[serde(default)]
    pub own_stores: bool,
    /// How many workers send it, each a shard; absent where one process sends all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workers: Option<u32>,
}

impl PlanFile {
    /// The first of the shards that it is sent in; `None` where one process sends all of it.
    pub fn first_shard(&self) -> Option<Shard> {
        Shard::new(0, self.workers?)
    }
}

/// Why a file of a run's folder cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// It is not there.
    /// The folder is not there.
    #[error("{0}: no such folder; give the folder of a run, as `orderproof run` leaves it")]
    NoFolder(PathBuf),
    /// What was given as a folder is a file.
    #[error("{0}: a file; give the folder of a run, as `orderproof run` leaves it")]
    NotAFolder(PathBuf),
    /// A run that was not finished has no report.
    #[error(
        "{0}: no such file: the run was not finished, or the file is gone; `orderproof verify` with its folder judges the run"
    )]
    Unfinished(PathBuf),
    /// The file is not there.
    #[error("{0}: no such file; give the folder of a run, as `orderproof run` leaves it")]
    Missing(PathBuf),
    /// It cannot be read.
    #[error("{path}: cannot read: {source}; check the path and its permissions")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is damaged.
    #[error(
        "{path}: not a file of orderproof: {reason}; restore it or run the scenario again (`orderproof run`)"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// It is of another version.
    #[error(
        "{path}: schema version {found}, this program reads versions {OLDEST_SCHEMA_VERSION} to {SCHEMA_VERSION}; {}",
        reader_of(*found)
    )]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u64,
    },
}

/// Which program reads a folder of another schema version.
fn reader_of(schema_version: u64) -> String {
    match schema_version {
        1 | 2 => format!("orderproof 0.{schema_version} reads it"),
        newer => format!("the later orderproof that writes version {newer} reads it"),
    }
}

/// A file's content, pretty, with a final newline.
pub fn to_json(value: &impl Serialize) -> Vec<u8> {
    let mut bytes = serde_json::to_vec_pretty(value).expect("plain data");
    bytes.push(b'\n');
    bytes
}

/// Reads a `run.json` that is in memory; `path` is what errors name.
///
/// # Errors
/// When it is damaged or of another version.
pub fn parse_report(bytes: &[u8], path: &Path) -> Result<RunReport, ReportError> {
    parse_versioned(bytes, path, &JsonLimits::REPORT, check_report)
}

/// Reads a `plan.json` that is in memory; `path` is what errors name.
///
/// # Errors
/// When it is damaged or of another version.
pub fn parse_plan(bytes: &[u8], path: &Path) -> Result<PlanFile, ReportError> {
    parse_versioned(bytes, path, &JsonLimits::PLAN, check_plan)
}

/// What holds of a value beyond its type.
type Check<T> = fn(&T) -> Result<(), String>;

pub(super) fn parse_versioned<T: DeserializeOwned>(
    bytes: &[u8],
    path: &Path,
    limits: &JsonLimits,
    check: Check<T>,
) -> Result<T, ReportError> {
    #[derive(Deserialize)]
    struct Version {
        schema_version: u64,
    }
    let damaged = |reason: String| ReportError::Damaged {
        path: path.to_owned(),
        reason,
    };
    check_json(bytes, limits).map_err(damaged)?;
    // Of another version nothing but that is read. What has none is told by the whole type.
    if let Ok(Version { schema_version }) = serde_json::from_slice(bytes) {
        check_version(schema_version, path)?;
    }
    let value = within_memory(bytes.len(), || serde_json::from_slice(bytes));
    let value = value.map_err(|error: serde_json::Error| damaged(error.to_string()))?;
    check(&value).map_err(damaged)?;
    Ok(value)
}

pub(super) fn check_version(found: u64, path: &Path) -> Result<(), ReportError> {
    let read = u64::from(OLDEST_SCHEMA_VERSION)..=u64::from(SCHEMA_VERSION);
    match read.contains(&found) {
        true => Ok(()),
        false => Err(ReportError::Version {
            path: path.to_owned(),
            found,
        }),
    }
}
