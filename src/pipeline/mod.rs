//! The emulator: SQS, event source mappings, Lambda functions and DynamoDB in one process.
//!
//! A product, not a mock: clients speak the AWS protocol to it over loopback, and what it loses, it loses for one of
//! AWS's own reasons or because a fault was planted. `sqs` holds the messages, `mapping` feeds them to a function
//! (a closure, or anyone's program in `runtime`), `table` keeps the items, and [`Emulator`] starts and stops all of it.

mod http;
mod identity;

mod front;

pub mod sqs;

pub mod mapping;

pub mod runtime;

pub mod table;

pub mod counters;
pub mod failures;
mod words;

mod builder;
mod emulator;
mod error;
mod function;
pub mod service;

#[cfg(test)]
mod testing;

pub use builder::{Builder, Prepared};
pub use emulator::Emulator;
pub use error::EmulatorError;
pub use front::{Front, HEALTH_PATH, REQUEST_LOG};
pub use function::{Function, command, handler};
pub use http::{HostName, Hosts, NoHost};
pub use table::{KeyKind, key};
