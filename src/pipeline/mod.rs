//! The embedded pipeline: queues, event source mapping, function and table in one process.
//!
//! A product, not a mock: senders and verifiers speak the AWS protocol to it over loopback, and what it
//! loses, it loses for one of AWS's own reasons or because a scenario asked for a fault. `sqs` holds the
//! messages, `mapping` feeds them to the function (`crate::processor`, or anyone's in `runtime`), `table`
//! keeps the rows, `fault` provokes losses, and [`EmbeddedPipeline`] starts and stops all of it.
//! [`LocalProcessor`] is mapping and function alone, for queues and a table elsewhere.

mod http;
mod identity;

mod front;

pub mod sqs;

pub mod mapping;

pub mod runtime;

pub mod table;

pub mod fault;

pub mod counters;
pub mod failures;

mod embedded;
mod error;
mod local;
mod service;

#[cfg(test)]
mod flow_tests;
#[cfg(test)]
mod testing;

pub use embedded::{EmbeddedPipeline, Holdings, ServeOptions};
pub use error::PipelineError;
pub use front::{Front, HEALTH_PATH};
pub use http::{HostName, Hosts, NoHost};
pub use local::LocalProcessor;
