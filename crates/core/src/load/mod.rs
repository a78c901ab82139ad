//! When each order is due: a pure function of the plan.
//!
//! `Schedule` answers "order k is due at start + t(k)" for any k; `dispatches` groups arrivals into the
//! batches the sender sends, `Shard` takes the part of one worker. No clock is read here: the drive holds the clock.

mod dispatch;
mod phase;
mod profile;
mod recall;
mod schedule;
mod shard;

pub use dispatch::{Dispatch, Dispatches};
pub use phase::{Arrivals, Phase};
pub use profile::LoadProfile;
pub use recall::Recall;
pub use schedule::{Arriving, Schedule};
pub use shard::{OwnDispatch, OwnDispatches, Shard, Split, WORKERS_MAX};

#[cfg(test)]
mod tests;
