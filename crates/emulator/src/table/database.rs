//! The database: making tables in it and reading them whole.

use dynoxide::Database;
use dynoxide::actions::create_table::CreateTableRequest;
use dynoxide::actions::scan::ScanRequest;
use dynoxide::types::ProvisionedThroughput;

use super::key::TableKey;
use super::writer::Item;
use orderproof_machines::table::TableCapacity;

/// Why the embedded table could not be made or served.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The database could not be opened.
    #[error("the embedded database could not be opened: {0}")]
    Open(String),
    /// The database refused.
    #[error("the embedded table `{table}` could not be created: {reason}")]
    Create {
        /// Its name.
        table: String,
        /// What the database says.
        reason: String,
    },
    /// The database could not be read.
    #[error("the embedded table `{table}` could not be read: {reason}")]
    Read {
        /// Its name.
        table: String,
        /// What the database says.
        reason: String,
    },
    /// A thread could not be started.
    #[error("the embedded table's thread could not be started: {0}")]
    Thread(#[from] std::io::Error),
}

/// Read capacity told of a provisioned table whose reads are not metered: AWS wants a figure.
const READ_CAPACITY_UNITS: u32 = 5;

/// What the ARNs of embedded tables begin with.
pub(super) const ARN_PREFIX: &str = "arn:aws:dynamodb:us-east-1:000000000000:";

/// The ARN of an embedded table.
pub(super) fn table_arn(table: &str) -> String {
    format!("{ARN_PREFIX}table/{table}")
}

/// Items in one page of a read of the whole table.
const PAGE: usize = 2_000;

/// Every item of a table as the database holds it, whatever a server in front of it says.
///
/// # Errors
/// When the database cannot be read.
pub(super) fn items(database: &Database, table: &str) -> Result<Vec<Item>, TableError> {
    let mut items = Vec::new();
    let mut start = None;
    loop {
        let request = ScanRequest {
            table_name: table.to_owned(),
            limit: Some(PAGE),
            exclusive_start_key: start,
            consistent_read: Some(true),
            ..ScanRequest::default()
        };
        let page = database.scan(request).map_err(|error| TableError::Read {
            table: table.to_owned(),
            reason: error.to_string(),
        })?;
        items.extend(page.items.unwrap_or_default());
        start = page.last_evaluated_key;
        if start.is_none() {
            return Ok(items);
        }
    }
}

/// A database in memory without tables.
///
/// # Errors
/// When it cannot be opened.
pub(super) fn open() -> Result<Database, TableError> {
    Database::memory().map_err(|error| TableError::Open(error.to_string()))
}

/// Creates the table `table`.
///
/// # Errors
/// When the database refuses the table.
pub(super) fn create(
    database: &Database,
    table: &str,
    key: &TableKey,
    capacity: TableCapacity,
) -> Result<(), TableError> {
    let refused = |error: dynoxide::DynoxideError| TableError::Create {
        table: table.to_owned(),
        reason: error.to_string(),
    };
    let (billing_mode, provisioned_throughput) = match capacity {
        TableCapacity::Unlimited | TableCapacity::OnDemand { .. } => ("PAY_PER_REQUEST", None),
        TableCapacity::Provisioned {
            write_capacity_units: 0,
            ..
        } => {
            return Err(TableError::Create {
                table: table.to_owned(),
                reason: "`write_capacity_units` must be at least 1".into(),
            });
        }
        TableCapacity::Provisioned {
            write_capacity_units,
            read_capacity_units,
        } => (
            "PROVISIONED",
            Some(ProvisionedThroughput {
                read_capacity_units: Some(i64::from(
                    read_capacity_units.unwrap_or(READ_CAPACITY_UNITS),
                )),
                write_capacity_units: Some(i64::from(write_capacity_units)),
            }),
        ),
    };
    database
        .create_table(CreateTableRequest {
            table_name: table.to_owned(),
            key_schema: key.schema(),
            attribute_definitions: key.definitions(),
            global_secondary_indexes: None,
            local_secondary_indexes: None,
            vector_indexes: None,
            billing_mode: Some(billing_mode.into()),
            provisioned_throughput,
            stream_specification: None,
            sse_specification: None,
            table_class: None,
            tags: None,
            deletion_protection_enabled: None,
            on_demand_throughput: None,
        })
        .map_err(refused)?;
    Ok(())
}
