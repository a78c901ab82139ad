//! `observation.json`: what was seen, durable.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Observation, QueueSample, StoredTimes};
use crate::order::RunId;

/// The version of `observation.json` this program writes and reads.
pub const OBSERVATION_SCHEMA_VERSION: u32 = 1;

/// What was seen of a run: enough to judge it again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObservationFile {
    /// The version of this format.
    pub schema_version: u32,
    /// The run that was observed.
    pub run_id: RunId,
    /// What the stores held.
    pub observation: Observation,
    /// The queues' counts along the way.
    pub samples: Vec<QueueSample>,
    /// When rows were stored.
    pub times: StoredTimes,
}

/// Why an observation cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ObservationFileError {
    /// It is not there.
    #[error("{0}: there is no observation; the run ended before it could look at the stores")]
    Missing(PathBuf),
    /// It cannot be read.
    #[error("{path}: cannot read the observation: {source}; check the path and its permissions")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is damaged.
    #[error("{path}: not an observation: {reason}; restore the file or run the scenario again")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// It is of another version.
    #[error(
        "{path}: observation of schema version {found}, this program reads version \
         {OBSERVATION_SCHEMA_VERSION}; use the orderproof that wrote it"
    )]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u64,
    },
}

impl ObservationFile {
    /// The file's content.
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("an observation is plain data")
    }

    /// Reads an observation.
    ///
    /// # Errors
    /// When it is missing, unreadable, damaged or of another version.
    pub fn read(path: &Path) -> Result<Self, ObservationFileError> {
        let bytes = std::fs::read(path).map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => ObservationFileError::Missing(path.to_owned()),
            _ => ObservationFileError::Read {
                path: path.to_owned(),
                source,
            },
        })?;
        let damaged = |error: serde_json::Error| ObservationFileError::Damaged {
            path: path.to_owned(),
            reason: error.to_string(),
        };
        let value: serde_json::Value = serde_json::from_slice(&bytes).map_err(damaged)?;
        match value["schema_version"].as_u64() {
            Some(found) if found != u64::from(OBSERVATION_SCHEMA_VERSION) => {
                Err(ObservationFileError::Version {
                    path: path.to_owned(),
                    found,
                })
            }
            _ => serde_json::from_value(value).map_err(damaged),
        }
    }
}
