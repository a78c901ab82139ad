//! The database with its meters: what every way to a table goes through.

use std::net::SocketAddr;
use std::sync::Arc;

use dynoxide::Database;

use super::database::{self, TableError, table_arn};
use super::faults::TableFaults;
use super::gateway::TableGateway;
use super::key::TableKey;
use super::meters::Meters;
use super::room::Room;
use super::writer::{Item, Table};
use crate::counters::Counters;
use orderproof_machines::table::TableCapacity;

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

    /// Creates a table of this key and capacity.
    ///
    /// # Errors
    /// When the database refuses it.
    pub fn create(
        &self,
        table: &str,
        key: &TableKey,
        capacity: TableCapacity,
    ) -> Result<(), TableError> {
        database::create(&self.database, table, key, capacity)?;
        let key = key.partition_name().to_owned();
        self.meters.insert(table, table_arn(table), key, capacity);
        Ok(())
    }

    /// A thread that writes rows to `table`, whose partition key is `key`, and handles to write through. What a row
    /// becomes in the table is worked out there, right before it is written.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn writer<R: Send + Sync + 'static>(
        &self,
        table: &str,
        key: &str,
        item_of: impl Fn(&R) -> Item + Send + 'static,
    ) -> Result<Table<R>, TableError> {
        let (meters, room) = (self.meters.clone(), self.room.clone());
        Table::start(self.database.clone(), (table, key), meters, room, item_of)
    }

    /// Every item of a table as the database holds it, read past every server, meter and fault.
    ///
    /// # Errors
    /// When the table is not there or cannot be read.
    pub fn items(&self, table: &str) -> Result<Vec<Item>, TableError> {
        database::items(&self.database, table)
    }

    /// What HTTP requests pass through on their way to `server`, which serves this database; `faults` strike them there.
    pub fn gateway(
        &self,
        server: SocketAddr,
        faults: Option<Arc<dyn TableFaults>>,
    ) -> TableGateway {
        TableGateway::new(server, self.room.clone(), self.meters.clone(), faults)
    }

    /// The database, for serving and reading it.
    pub fn database(&self) -> Database {
        self.database.clone()
    }
}
