//! From what was sent and what is seen to a verdict; pure.
//!
//! A [`Collector`] puts rows and letters together into an [`Observation`], [`Settling`] says from the queues' counts when
//! the pipeline has come to rest, [`reconcile`] puts every order into exactly one class, [`judge()`] turns the classes into
//! a verdict. Who reads the stores and the files stands elsewhere.

mod belongs;
mod bitmap;
mod collector;
mod contents;
mod contradict;
mod door;
mod due;
mod examples;
mod file;
mod in_order;
mod judge;
mod judge_content;
mod judge_order;
mod letters;
mod links;
mod missing;
mod observation;
mod pages;
mod plane;
mod reconcile;
mod row_clock;
mod rules;
mod settle;
mod slots;
mod sums;
mod timing;
mod unclaimed;

#[cfg(test)]
mod tests;

pub use belongs::Belongs;
pub use collector::Collector;
pub use contradict::contradictions;
pub use door::DoorSeen;
pub use file::{OBSERVATION_SCHEMA_VERSION, ObservationFile, ObservationFileError};
pub use in_order::{GroupOrder, Overtake};
pub use judge::*;
pub use judge_order::{GROUP_FOLLOWERS, OUT_OF_ORDER, group_followers};
pub use missing::{Missing, MissingPart};
pub use observation::*;
pub use reconcile::{Reconciliation, reconcile};
pub use row_clock::RowClock;
pub use rules::{
    Durations, Figure, Standpoint, is_about_a_rule, rule_broken, rule_without_figures,
};
pub use settle::{FunctionStart, SettleProgress, Settling};
