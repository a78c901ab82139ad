//! The control plane of an AWS account: what is read of a pipeline before and after a run, created for it, deleted
//! again, and cleaned of what a run has left.
//!
//! What the settings mean is `preflight`'s business; orders are sent by `send` and read by `store`. Nothing
//! is deleted that does not carry the tag `up` leaves or the number of the run that is cleaned.

mod facts;
mod metrics;

mod service;

mod resource;

mod actual;
mod desired;
mod state;
mod status;
mod template;

mod policy;

mod create;
mod delete;

mod clean;

mod error;

#[cfg(test)]
mod state_tests;

pub use actual::ActualResources;
pub use clean::{Cleaner, Found, MAX_HELD};
pub use create::{create, until_active};
pub use delete::{Deletion, RowCount, count_rows, delete};
pub use desired::{Desired, DesiredCapacity, DesiredQueue, DesiredTable};
pub use error::AccountError;
pub use facts::{read_door, read_facts, table_key};
pub use metrics::{has_metrics, read_metrics};
pub use policy::{Command as PolicyCommand, NEEDS, Need, POLICY_MAX, Policy, PolicyScope, policy};
pub use resource::Resource;
pub use state::{CREATED_BY_TAG, CREATED_BY_VALUE, Ownership, ResourceState};
pub use template::template;
