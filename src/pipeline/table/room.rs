//! How much memory the tables may take.

use dynoxide::Database;

/// The memory a database takes, and what it may take.
#[derive(Clone)]
pub(super) struct Room {
    database: Database,
    bytes_max: Option<u64>,
}

impl Room {
    /// At most `bytes_max`, if that is set.
    pub(super) fn new(database: Database, bytes_max: Option<u64>) -> Self {
        Self {
            database,
            bytes_max,
        }
    }

    /// Bytes of memory the database takes; some even without a table.
    pub(super) fn bytes(&self) -> u64 {
        self.database.db_size_bytes().unwrap_or_default()
    }

    /// The limit, once it is reached.
    pub(super) fn exceeded(&self) -> Option<u64> {
        self.bytes_max.filter(|most| self.bytes() >= *most)
    }
}
