//! From what was sent and what is seen to a verdict.
//!
//! `settle` waits for quiescence, `observe` reads the table and the dead-letter queue into an
//! [`Observation`], `reconcile` puts every order into exactly one class, `judge` turns the classes into a
//! verdict. The last two are pure and work from files alone. `Watcher` runs the first two on a
//! thread of its own, beside the drive.

mod bitmap;
mod collector;
mod contradict;
mod due;
mod examples;
mod file;
mod judge;
mod judge_content;
mod letters;
mod observation;
mod observe;
mod reconcile;
mod row_clock;
mod rules;
mod settle;
mod sightings;
mod watcher;

#[cfg(test)]
mod tests;

pub use collector::Collector;
pub use contradict::contradictions;
pub use file::{OBSERVATION_SCHEMA_VERSION, ObservationFile, ObservationFileError};
pub use judge::*;
pub use observation::*;
pub use observe::{AskFunction, FunctionStart, ObservePlan};
pub use reconcile::{Reconciliation, reconcile};
pub use row_clock::RowClock;
pub use rules::{Durations, Figure, Standpoint};
pub use sightings::{LETTER_LOG, SightingsError};
pub use watcher::{Seen, Watcher, WatcherView};
