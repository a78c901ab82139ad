//! What a table's capacity can be set to.

use serde::{Deserialize, Serialize};

/// Capacity of the table, reads and writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum TableCapacity {
    /// Nothing is throttled, which no table on AWS promises.
    Unlimited,
    /// Double the previous peak of more than 30 minutes ago is taken at once.
    OnDemand {
        /// Write units a second it takes from the start; 4,000 when new.
        warm_write_units: u32,
    },
    /// Capacity units a second, with 300 s of unused capacity kept for bursts.
    Provisioned {
        /// Writes of up to 1 KB per second.
        write_capacity_units: u32,
        /// Strongly consistent reads of up to 4 KB per second; not limited when absent.
        read_capacity_units: Option<u32>,
    },
}

impl TableCapacity {
    /// A new table on demand.
    pub const fn on_demand() -> Self {
        Self::OnDemand {
            warm_write_units: 4_000,
        }
    }
}
