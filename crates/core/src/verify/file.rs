//! `observation.json`: what was seen, durable.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Observation, QueueSample, StoredTimes};
use crate::evidence::{COUNT_MAX, DURATION_MAX, JsonLimits, check_json};
use crate::metrics::within_memory;
use crate::order::RunId;

/// The version of `observation.json` this program writes.
pub const OBSERVATION_SCHEMA_VERSION: u32 = 2;

/// The oldest version that it reads; what that version did not have is absent, never zero.
const OLDEST_SCHEMA_VERSION: u32 = 1;

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
    /// When the counts could not be read, since the run's start.
    #[serde(default)]
    pub failed_samples: Vec<Duration>,
    /// When rows were stored.
    pub times: StoredTimes,
    /// The files that were finished when this was written, and their SHA-256.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rests_on: BTreeMap<String, String>,
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
        "{path}: observation of schema version {found}, this program reads versions \
         {OLDEST_SCHEMA_VERSION} to {OBSERVATION_SCHEMA_VERSION}; use the orderproof that wrote it"
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

    /// Reads an observation that is in memory; `path` is what errors name.
    ///
    /// # Errors
    /// When it is damaged, beyond a limit or of another version.
    pub fn parse(bytes: &[u8], path: &Path) -> Result<Self, ObservationFileError> {
        #[derive(Deserialize)]
        struct Version {
            schema_version: u64,
        }
        let damaged = |reason: String| ObservationFileError::Damaged {
            path: path.to_owned(),
            reason,
        };
        check_json(bytes, &JsonLimits::OBSERVATION).map_err(damaged)?;
        // Of another version nothing but that is read. What has none is told by the whole type.
        match serde_json::from_slice(bytes) {
            Ok(Version { schema_version }) if !is_read(schema_version) => {
                return Err(ObservationFileError::Version {
                    path: path.to_owned(),
                    found: schema_version,
                });
            }
            _ => {}
        }
        let file = within_memory(bytes.len(), || serde_json::from_slice(bytes));
        let file: Self = file.map_err(|error: serde_json::Error| damaged(error.to_string()))?;
        file.check().map_err(damaged)?;
        Ok(file)
    }

    /// Whether its instants lie on a time axis and its counts can be added up.
    fn check(&self) -> Result<(), String> {
        let seen = &self.observation;
        let sweeps = [&seen.scan, &seen.lookups, &seen.dead_letter_sweep];
        let looked = sweeps
            .iter()
            .flat_map(|sweep| [sweep.items, sweep.requests]);
        let counted = [
            seen.foreign_rows,
            seen.foreign_dead_letters,
            seen.unreadable_keys,
            seen.extra_dead_letter_copies,
            seen.redelivered,
            seen.untimed_rows,
            seen.uncounted_rows.unwrap_or_default(),
            seen.row_clock
                .map_or(0, |clock| clock.early_rows.max(clock.late_rows)),
            seen.group_order.as_ref().map_or(0, |order| {
                order
                    .judged
                    .max(order.groups)
                    .max(order.unstamped)
                    .max(order.unsure)
            }),
        ];
        let stored = self.times.seconds.iter().map(|second| second.stored);
        if looked
            .chain(counted)
            .chain(stored)
            .any(|count| count > COUNT_MAX)
        {
            return Err(format!("a count is more than {COUNT_MAX}"));
        }
        let due = self.times.seconds.iter();
        let due = due.filter_map(|second| second.oldest_intended_at);
        let sampled = self.samples.iter().map(|sample| sample.at);
        let sampled = sampled.chain(self.failed_samples.iter().copied());
        let drain = seen.quiescence.drain.into_iter();
        let late = |at: Duration| at > DURATION_MAX;
        match due.chain(sampled).chain(drain).any(late) {
            true => Err("an instant lies beyond every run's time axis".into()),
            false => Ok(()),
        }
    }
}

fn is_read(version: u64) -> bool {
    (u64::from(OLDEST_SCHEMA_VERSION)..=u64::from(OBSERVATION_SCHEMA_VERSION)).contains(&version)
}
