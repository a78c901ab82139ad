//! The embedded DynamoDB: one table in memory, written in-process and read over HTTP.
//!
//! The database is `dynoxide`, whose calls block. So writes run on a thread of their own, fed by a
//! channel, and the HTTP server on another, each outside the runtime that serves the queues. The
//! capacity bucket stands in front of the function's writes; what arrives over HTTP is not metered.

mod capacity;
mod database;
mod server;
mod writer;

pub use capacity::{BURST_SECONDS, CapacityBucket};
pub use database::{TableError, create, rows};
pub use server::TableServer;
pub use writer::{Table, TableStore};
