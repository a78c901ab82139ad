//! What a table says when it throttles.

use std::fmt;

/// Reading or writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Read capacity.
    Read,
    /// Write capacity.
    Write,
}

/// Which limit was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// The capacity the table was given.
    Provisioned,
    /// What one partition takes, or all partitions a table on demand has so far.
    KeyRange,
    /// What an account may use of one table.
    Account,
}

/// Why an operation was throttled, and of which table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Throttled {
    /// What was exhausted.
    pub side: Side,
    /// Which limit was met.
    pub limit: Limit,
    /// The table's ARN.
    pub resource: String,
    /// The table is on demand, which changes the error's name.
    pub on_demand: bool,
}

impl Throttled {
    /// One of the names of AWS's 16 throttling reasons, such as `TableWriteProvisionedThroughputExceeded`
    /// (Amazon DynamoDB API reference, `ThrottlingReason`).
    pub fn reason(&self) -> String {
        let limit = match self.limit {
            Limit::Provisioned => "ProvisionedThroughputExceeded",
            Limit::KeyRange => "KeyRangeThroughputExceeded",
            Limit::Account => "AccountLimitExceeded",
        };
        format!("Table{:?}{limit}", self.side)
    }

    /// The error's name without its namespace.
    pub fn code(&self) -> &'static str {
        match self.on_demand {
            true => "ThrottlingException",
            false => "ProvisionedThroughputExceededException",
        }
    }

    /// The body of the reply that says so.
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::json!({
            "__type": format!("com.amazonaws.dynamodb.v20120810#{}", self.code()),
            "message": self.to_string(),
            "ThrottlingReasons": [{"reason": self.reason(), "resource": self.resource}],
        })
    }
}

impl fmt::Display for Throttled {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self.on_demand {
            true => {
                "Throughput exceeds the current capacity of your table or index. DynamoDB is \
                 automatically scaling your table or index so please try again shortly."
            }
            false => {
                "The level of configured provisioned throughput for the table was exceeded. Consider \
                 increasing your provisioning level with the UpdateTable API."
            }
        })
    }
}
