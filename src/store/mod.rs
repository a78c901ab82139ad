//! The AWS side of the verifier: queue counts, table scans and dead-letter sweeps through the SDK.

mod target;

pub use target::{Resources, Target};
