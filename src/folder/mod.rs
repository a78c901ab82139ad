//! A run's folder on disk: made once, written file by file, read within limits, held against its seal.
//!
//! The one place that reads and writes the files of a folder, but for the journals. A folder may come from anywhere:
//! nothing is read beyond the limits of its kind. What the files say is `results`', `verify`'s and `evidence`'s.

mod bytes;
mod read;
mod remedy;
mod run_folder;
mod seal;
mod whole_file;

#[cfg(test)]
mod tests;

pub use bytes::{digest_of_file, read_within};
pub use read::{
    brief, read_forecast, read_meters, read_observation, read_plan, read_report, read_sent,
};
pub use remedy::remedy;
pub use run_folder::{FolderError, LATEST, RunFolder};
pub use seal::{
    ForecastState, SealState, check_seal, differences_from, forecast_state, glance, newest_seal,
};
pub use whole_file::{Existing, write_whole};
