//! The control plane of an AWS account: what is read of a pipeline before a run.
//!
//! What it means is `preflight`'s business; orders are sent by `send` and read by `store`.

mod facts;

pub use facts::read_facts;
