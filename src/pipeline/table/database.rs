//! The database and its one table.

use dynoxide::actions::create_table::CreateTableRequest;
use dynoxide::actions::scan::ScanRequest;
use dynoxide::types::{
    AttributeDefinition, KeySchemaElement, KeyType, ProvisionedThroughput, ScalarAttributeType,
};

use dynoxide::{AttributeValue, Database};

use crate::processor::attribute;
use crate::scenario::TableCapacity;

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

/// The ARN of an embedded table.
pub fn table_arn(table: &str) -> String {
    format!("arn:aws:dynamodb:us-east-1:000000000000:table/{table}")
}

/// Items in one page of a read of the whole table.
const PAGE: usize = 2_000;

/// Every row's `id` and `order_details` as the database holds them, whatever a server in front of it says.
///
/// # Errors
/// When the database cannot be read.
pub fn rows(database: &Database, table: &str) -> Result<Vec<(String, String)>, TableError> {
    let mut rows = Vec::new();
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
        for item in page.items.unwrap_or_default() {
            let text = |name: &str| match item.get(name) {
                Some(AttributeValue::N(text) | AttributeValue::S(text)) => text.clone(),
                _ => String::new(),
            };
            rows.push((text(attribute::ID), text(attribute::ORDER_DETAILS)));
        }
        start = page.last_evaluated_key;
        if start.is_none() {
            return Ok(rows);
        }
    }
}

/// A database in memory without tables.
///
/// # Errors
/// When it cannot be opened.
pub fn open() -> Result<Database, TableError> {
    Database::memory().map_err(|error| TableError::Open(error.to_string()))
}

/// Creates the table `table`, key `id` (Number).
///
/// # Errors
/// When the database refuses the table.
pub fn create(database: &Database, table: &str, capacity: TableCapacity) -> Result<(), TableError> {
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
            key_schema: vec![KeySchemaElement {
                attribute_name: attribute::ID.into(),
                key_type: KeyType::HASH,
            }],
            attribute_definitions: vec![AttributeDefinition {
                attribute_name: attribute::ID.into(),
                attribute_type: ScalarAttributeType::N,
            }],
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
