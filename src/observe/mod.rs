//! Looking at the stores: the queues along the way, and table and dead-letter queue at the end.
//!
//! [`Watcher`] samples the queues on a thread of its own, beside the drive; then it waits for rest and reads the table and
//! the dead-letter queue into an [`crate::verify::Observation`]. What that comes to is `verify`'s business.

mod activity;
mod left_hidden;
mod letters;
mod look;
mod missing;
mod observation_log;
mod parts;
mod places;
mod tables;
mod watcher;

#[cfg(test)]
mod tests;

pub use activity::{Activity, Rest};
pub use left_hidden::left_hidden;
pub use look::{AskDoor, AskFunction, KeptPages, ObservePlan};
pub use observation_log::{LETTER_LOG, ObservationLogError};
pub use parts::{PartRead, read_part};
pub use watcher::{QueueLook, Seen, Watcher, WatcherView};
