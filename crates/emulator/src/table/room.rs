//! How much memory the tables may take.

use dynoxide::Database;

/// Tables of an account and region (DynamoDB developer guide, "Quotas").
pub(super) const TABLES_MAX: usize = 2_500;

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

    /// Whether there are as many tables as AWS gives an account.
    pub(super) fn is_out_of_tables(&self) -> bool {
        self.database
            .table_count()
            .is_ok_and(|tables| tables >= TABLES_MAX)
    }

    /// The limit, once it is reached.
    pub(super) fn exceeded(&self) -> Option<u64> {
        self.bytes_max.filter(|most| self.bytes() >= *most)
    }
}
