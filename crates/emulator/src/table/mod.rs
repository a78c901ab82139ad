//! The embedded DynamoDB: tables in memory, written in-process and served over HTTP.
//!
//! The database is `dynoxide`, whose calls block. So what a function of this process writes is written on a thread of
//! its own, fed by a channel, and the HTTP server runs on another, each outside the runtime that serves the queues.
//! Both ways pass the same meters, which throttle as AWS does.

mod key;

mod database;
mod faults;
mod gateway;
mod meters;
mod room;
mod server;
mod tables;
mod writer;

pub use database::TableError;
pub use faults::TableFaults;
pub use gateway::TableGateway;
pub use key::{KeyKind, TableKey, key};
pub use orderproof_machines::table::{Side, TableCapacity};
pub use server::TableServer;
pub use tables::Tables;
pub use writer::{Item, Put, PutError, Table, TableStore};

pub use dynoxide::AttributeValue;
