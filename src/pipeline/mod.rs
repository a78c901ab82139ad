//! The embedded pipeline: queues, event source mapping, function and table in one process.
//!
//! A product, not a mock: senders and verifiers speak the AWS protocol to it over loopback, and what it
//! loses, it loses for one of AWS's own reasons or because a scenario asked for a fault.

pub mod counters;
mod embedded;
pub mod fault;
pub use embedded::{EmbeddedPipeline, PipelineError};

#[cfg(test)]
mod flow_tests;
pub mod mapping;
mod service;
pub mod sqs;
pub mod table;
#[cfg(test)]
mod testing;
