//! Where the pipeline under test is and how to sign requests to it.

use aws_credential_types::provider::SharedCredentialsProvider;

use crate::scenario::DeadLetterUse;

/// How the stores may be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadPolicy {
    /// Read capacity units a second that the table's scan and look-ups may take; `None` is no limit.
    pub units_per_second: Option<u32>,
    /// Whose the dead letters are.
    pub dead_letters: DeadLetterUse,
}

impl Default for ReadPolicy {
    /// No limit, and nothing is deleted.
    fn default() -> Self {
        Self {
            units_per_second: None,
            dead_letters: DeadLetterUse::Shared,
        }
    }
}

/// Where the pipeline under test is and how to sign requests to it.
///
/// Deliberately without `Debug`: it carries credentials.
#[derive(Clone)]
pub struct Target {
    /// `http://127.0.0.1:port` or a service's endpoint; no trailing slash.
    pub sqs_endpoint: String,
    /// The same for DynamoDB.
    pub dynamodb_endpoint: String,
    /// The region requests are signed for.
    pub region: String,
    /// Who signs.
    pub credentials: SharedCredentialsProvider,
    /// The URL of the orders queue.
    pub orders_queue_url: String,
    /// The URL of the dead-letter queue.
    pub dead_letter_queue_url: String,
    /// The table's name.
    pub table: String,
    /// The queue counts are exact (the embedded pipeline), so quiescence needs no waiting rule.
    pub exact_counts: bool,
    /// How its stores may be read.
    pub read: ReadPolicy,
}
