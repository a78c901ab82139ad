//! The database with its meters: what every way to a table goes through.

use std::net::SocketAddr;
use std::sync::Arc;

use dynoxide::Database;

use super::database::{self, TableError, table_arn};
use super::gateway::TableGateway;
use super::meters::Meters;
use super::room::Room;
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
    room: Room,
}

impl Tables {
    /// A database without tables, whose capacity comes and goes `speed` times faster than on AWS.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open(speed: f64, counters: Arc<Counters>) -> Result<Self, TableError> {
        let database = database::open()?;
        Ok(Self {
            room: Room::new(database.clone(), None),
            database,
            meters: Meters::new(speed, counters),
        })
    }

    /// Refuses writes once the database takes `bytes` of memory.
    #[must_use]
    pub fn storing_at_most(mut self, bytes: Option<u64>) -> Self {
        self.room = Room::new(self.database.clone(), bytes);
        self
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
        let room = self.room.clone();
        Table::start(self.database.clone(), table, self.meters.clone(), room)
    }

    /// What HTTP requests pass through on their way to `server`, which serves this database.
    pub fn gateway(&self, server: SocketAddr, faults: Arc<FaultPlan>) -> TableGateway {
        TableGateway::new(server, self.room.clone(), self.meters.clone(), faults)
    }

    /// The database, for serving and reading it.
    pub fn database(&self) -> Database {
        self.database.clone()
    }
}
