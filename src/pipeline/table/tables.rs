//! The database with its meters: what every way to a table goes through.

use std::net::SocketAddr;
use std::sync::Arc;

use dynoxide::Database;

use super::database::{self, TableError, table_arn};
use super::gateway::TableGateway;
use super::meters::Meters;
use super::writer::Table;
use crate::fault::FaultPlan;
use crate::pipeline::counters::Counters;
use crate::processor::attribute;
use crate::scenario::TableCapacity;

/// A database in memory and the capacity of its tables.
#[derive(Clone)]
pub struct Tables {
    database: Database,
    meters: Meters,
}

impl Tables {
    /// A database without tables, whose capacity comes and goes `speed` times faster than on AWS.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open(speed: f64, counters: Arc<Counters>) -> Result<Self, TableError> {
        Ok(Self {
            database: database::open()?,
            meters: Meters::new(speed, counters),
        })
    }

    /// Creates an orders table of this capacity, key `id` (Number).
    ///
    /// # Errors
    /// When the database refuses it.
    pub fn create(&self, table: &str, capacity: TableCapacity) -> Result<(), TableError> {
        database::create(&self.database, table, capacity)?;
        let key = attribute::ID.to_owned();
        self.meters.insert(table, table_arn(table), key, capacity);
        Ok(())
    }

    /// The thread that writes to `table`, and handles to write through.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn writer(&self, table: &str) -> Result<Table, TableError> {
        Table::start(self.database.clone(), table, self.meters.clone())
    }

    /// What HTTP requests pass through on their way to `server`, which serves this database.
    pub fn gateway(&self, server: SocketAddr, faults: Arc<FaultPlan>) -> TableGateway {
        TableGateway::new(server, self.database.clone(), self.meters.clone(), faults)
    }

    /// The database, for serving and reading it.
    pub fn database(&self) -> Database {
        self.database.clone()
    }
}
