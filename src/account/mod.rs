//! The control plane of an AWS account: what is read of a pipeline before and after a run, created for it, deleted
//! again, and cleaned of what a run has left.
//!
//! What the settings mean is `preflight`'s business; orders are sent by `send` and read by `store`. Nothing
//! is deleted that does not carry the tag `up` leaves or the number of the run that is cleaned.

mod facts;
mod metrics;

mod service;

mod standing;
mod status;
mod survey;
mod wanted;

mod create;
mod delete;

mod clean;

mod error;

#[cfg(test)]
mod standing_tests;

pub use clean::{Cleaner, Found, MAX_HELD};
pub use create::{create, until_active};
pub use delete::{Deletion, Holdings, count_rows, delete};
pub use error::AccountError;
pub use facts::read_facts;
pub use metrics::{has_metrics, read_metrics};
pub use standing::{CREATED_BY_TAG, CREATED_BY_VALUE, Ownership, Standing};
pub use survey::{Kind, Survey};
pub use wanted::{Wanted, WantedCapacity, WantedQueue, WantedTable};
