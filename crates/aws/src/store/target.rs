//! Where the pipeline under test is and how to sign requests to it.

use std::collections::BTreeMap;

use aws_credential_types::provider::SharedCredentialsProvider;

use crate::order::spec::Key;
use crate::scenario::{DeadLetterUse, Resources};

/// How the stores may be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadPolicy {
    /// Read capacity units a second that the table's scan and look-ups may take; `None` is no limit.
    pub units_per_second: Option<u32>,
    /// Whose the dead letters are.
    pub dead_letters: DeadLetterUse,
    /// A sweep waits for letters that another reader hides, as long as a killed sweep may have hidden them.
    pub awaits_hidden: bool,
}

impl Default for ReadPolicy {
    /// No limit, and nothing is deleted.
    fn default() -> Self {
        Self {
            units_per_second: None,
            dead_letters: DeadLetterUse::Shared,
            awaits_hidden: false,
        }
    }
}

/// A table of the pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableAt {
    /// What the scenario calls it.
    pub called: String,
    /// Its name at the target.
    pub name: String,
    /// Its key.
    pub key: Key,
}

impl TableAt {
    /// Tables that have at the target the names by which the scenario calls them.
    pub fn all(tables: &BTreeMap<String, Key>) -> Vec<Self> {
        let table = |(name, key): (&String, &Key)| Self {
            called: name.clone(),
            name: name.clone(),
            key: key.clone(),
        };
        tables.iter().map(table).collect()
    }
}

/// A queue in which orders may end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueAt {
    /// What the scenario calls it.
    pub called: String,
    /// Its URL.
    pub url: String,
}

/// Where that is which orders are sent to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum DoorAt {
    /// The orders queue itself.
    #[default]
    Queue,
    /// An SNS topic.
    Topic {
        /// SNS's, without a trailing slash.
        endpoint: String,
        /// The topic's.
        arn: String,
    },
    /// An EventBridge bus.
    Bus {
        /// EventBridge's, without a trailing slash.
        endpoint: String,
        /// Its name or ARN.
        name: String,
    },
    /// A server.
    Server {
        /// What stands before the path that the scenario gives; empty where it gives the whole URL.
        site: String,
        /// As the scenario gives it, with its placeholders.
        url: String,
    },
}

impl DoorAt {
    /// Where requests go, if not to the queue.
    pub fn url(&self) -> Option<&str> {
        match self {
            Self::Queue => None,
            Self::Topic { endpoint, .. } | Self::Bus { endpoint, .. } => Some(endpoint),
            Self::Server { site, url } if site.is_empty() => Some(url),
            Self::Server { site, .. } => Some(site),
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
    /// The tables.
    pub tables: Vec<TableAt>,
    /// The queues, beside the dead-letter queue, in which orders may end.
    pub letter_queues: Vec<QueueAt>,
    /// What orders are sent to.
    pub door: DoorAt,
    /// The queue counts are exact (the embedded pipeline), so quiescence needs no waiting rule.
    pub exact_counts: bool,
    /// How its stores may be read.
    pub read: ReadPolicy,
}

impl Target {
    /// The table of the lab's orders, or the first of others.
    pub fn lab_table(&self) -> Option<&TableAt> {
        let is_labs = |table: &&TableAt| table.called == Resources::default().table;
        let mut tables = self.tables.iter();
        tables.find(is_labs).or(self.tables.first())
    }
}
