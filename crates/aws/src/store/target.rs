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
    /// Where `table` is and what it is called there: endpoint, region, account and name. Who reaches the same table at another
    /// address calls it otherwise.
    pub fn place_of(&self, table: &TableAt) -> String {
        // A queue's URL ends in account and name, and the tables are of the same account.
        let mut queue = self.orders_queue_url.trim_end_matches('/').rsplit('/');
        format!(
            "{} {} account {} table {}",
            self.dynamodb_endpoint,
            self.region,
            queue.nth(1).unwrap_or_default(),
            table.name
        )
    }

    /// What the dead-letter queue is called: region, account and name. It is the same for everyone who reaches the queue, at
    /// whatever address, and for a queue of the same name of another server.
    pub fn letters_place(&self) -> String {
        let url = self.dead_letter_queue_url.as_str();
        let address = url.split_once("://").map_or(url, |(_, address)| address);
        let path = address.split_once('/').map_or(address, |(_, path)| path);
        format!("{} {}", self.region, path.trim_matches('/'))
    }

    /// The table of the lab's orders, or the first of others.
    pub fn lab_table(&self) -> Option<&TableAt> {
        let is_labs = |table: &&TableAt| table.called == Resources::default().table;
        let mut tables = self.tables.iter();
        tables.find(is_labs).or(self.tables.first())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use aws_credential_types::Credentials;

    use super::*;

    /// Queues and a table that nobody asks.
    pub(crate) fn target() -> Target {
        let own = Credentials::new("test", "test", None, None, "test");
        Target {
            sqs_endpoint: "http://127.0.0.1:1".into(),
            dynamodb_endpoint: "http://127.0.0.1:1".into(),
            region: "us-east-1".into(),
            credentials: SharedCredentialsProvider::new(own),
            orders_queue_url: "http://127.0.0.1:1/000000000000/orders-queue".into(),
            dead_letter_queue_url: "http://127.0.0.1:1/000000000000/orders-dl-queue".into(),
            tables: TableAt::all(&crate::order::lab().tables),
            letter_queues: Vec::new(),
            door: DoorAt::Queue,
            exact_counts: true,
            read: ReadPolicy::default(),
        }
    }

    type Change<'a> = &'a dyn Fn(&mut Target);

    #[test]
    fn a_table_is_another_one_at_another_endpoint_in_another_region_account_or_by_another_name() {
        let place = |change: Change<'_>| {
            let mut other = target();
            change(&mut other);
            other.place_of(&other.tables[0])
        };
        let here = place(&|_| {});
        assert_eq!(
            here,
            "http://127.0.0.1:1 us-east-1 account 000000000000 table orders"
        );
        let same = place(&|target| target.sqs_endpoint = "http://localhost:1".into());
        assert_eq!(same, here, "of its queues it says nothing");
        let others: [Change<'_>; 4] = [
            &|target| target.dynamodb_endpoint = "http://127.0.0.1:2".into(),
            &|target| target.region = "eu-west-1".into(),
            &|target| target.orders_queue_url = "http://127.0.0.1:1/123456789012/q".into(),
            &|target| target.tables[0].name = "sale-orders".into(),
        ];
        for change in others {
            assert_ne!(place(change), here);
        }
    }

    #[test]
    fn a_queue_is_the_same_at_every_address_and_another_one_by_another_name() {
        let place = |url: &str| {
            let mut other = target();
            other.dead_letter_queue_url = url.into();
            other.letters_place()
        };
        let here = "us-east-1 000000000000/orders-dl-queue";
        for url in [
            "http://127.0.0.1:1/000000000000/orders-dl-queue",
            "http://localhost:1/000000000000/orders-dl-queue/",
            "https://sqs.us-east-1.amazonaws.com/000000000000/orders-dl-queue",
            "https://queue.amazonaws.com/000000000000/orders-dl-queue",
        ] {
            assert_eq!(place(url), here, "{url}");
        }
        assert_ne!(place("http://127.0.0.1:1/000000000000/other"), here);
        assert_ne!(
            place("http://127.0.0.1:1/123456789012/orders-dl-queue"),
            here
        );
        let elsewhere = Target {
            region: "eu-west-1".into(),
            ..target()
        };
        assert_ne!(elsewhere.letters_place(), here);
    }
}
