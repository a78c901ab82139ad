//! The embedded DynamoDB: tables in memory, written in-process by the function and served over HTTP.
//!
//! The database is `dynoxide`, whose calls block. So the function's writes run on a thread of their own,
//! fed by a channel, and its HTTP server on another, each outside the runtime that serves the queues.
//! Both ways pass the same meters, which throttle as AWS does.

mod cost;
mod database;
mod gateway;
mod meter;
mod meters;
mod room;
mod server;
mod tables;
mod writer;

pub use database::{TableError, rows};
pub use gateway::TableGateway;
pub use meter::Side;
pub use server::TableServer;
pub use tables::Tables;
pub use writer::{Table, TableStore};
