//! The actual resources of a pipeline: its queues and tables as they are, where they are and whose the account is.

use std::collections::BTreeMap;

use super::facts;
use super::resource::Resource;
use super::state::{Ownership, ownership};
use crate::preflight::{AccountFacts, Known, QueueFacts, TableFacts};
use crate::scenario::is_loopback;
use crate::store::{ResponseProbe, Session};

/// The resources of a pipeline as they are, by their names at the target.
#[derive(Debug, Clone, PartialEq)]
pub struct ActualResources {
    /// Where it is and whose.
    pub place: AccountFacts,
    /// The queues.
    pub queues: BTreeMap<String, Known<QueueFacts>>,
    /// The tables.
    pub tables: BTreeMap<String, Known<TableFacts>>,
}

impl ActualResources {
    /// Reads these resources; nothing is changed.
    pub async fn read(session: &Session, resources: &[Resource]) -> Self {
        let (at_queues, at_tables) = (ResponseProbe::default(), ResponseProbe::default());
        let place = nowhere(session);
        let actual = Self::of(place, session, resources, &at_queues, &at_tables).await;
        let sqs_endpoint = at_queues.endpoint().unwrap_or_default();
        let dynamodb_endpoint = at_tables.endpoint().unwrap_or_default();
        let loopback = is_loopback(&sqs_endpoint) && is_loopback(&dynamodb_endpoint);
        // Who is pointed at this machine for SQS and DynamoDB alone has no business with AWS's own STS.
        let asks_here = session.config().endpoint_url().is_some();
        let place = match loopback && !asks_here {
            true => nowhere(session),
            false => facts::read_place(session).await,
        };
        Self {
            place: AccountFacts {
                sqs_endpoint,
                dynamodb_endpoint,
                loopback,
                ..place
            },
            ..actual
        }
    }

    /// Reads the same resources once more; where they are and whose is known.
    pub async fn again(&self, session: &Session, resources: &[Resource]) -> Self {
        let unseen = ResponseProbe::default();
        Self::of(self.place.clone(), session, resources, &unseen, &unseen).await
    }

    async fn of(
        place: AccountFacts,
        session: &Session,
        resources: &[Resource],
        at_queues: &ResponseProbe,
        at_tables: &ResponseProbe,
    ) -> Self {
        let queues = async {
            let mut queues = BTreeMap::new();
            for resource in resources {
                if let Resource::Queue(name) = resource {
                    let queue = facts::read_queue(session, name, at_queues).await;
                    queues.insert(name.clone(), queue);
                }
            }
            queues
        };
        let tables = async {
            let mut tables = BTreeMap::new();
            for resource in resources {
                if let Resource::Table(name) = resource {
                    let table = facts::read_table(session, name, at_tables).await;
                    tables.insert(name.clone(), table);
                }
            }
            tables
        };
        let (queues, tables) = tokio::join!(queues, tables);
        Self {
            place,
            queues,
            tables,
        }
    }

    /// A queue that was read.
    pub fn queue(&self, name: &str) -> Known<&QueueFacts> {
        self.queues.get(name).map_or_else(unread, Known::as_ref)
    }

    /// A table that was read.
    pub fn table(&self, name: &str) -> Known<&TableFacts> {
        self.tables.get(name).map_or_else(unread, Known::as_ref)
    }

    /// Whose a resource is.
    pub fn ownership(&self, resource: &Resource) -> Ownership {
        match resource {
            Resource::Queue(name) => ownership(&self.queue(name), |queue| &queue.tags),
            Resource::Table(name) => ownership(&self.table(name), |table| &table.tags),
        }
    }
}

fn unread<T>() -> Known<T> {
    Known::Unknown("it was not asked for".into())
}

/// A place whose account nobody was asked for.
fn nowhere(session: &Session) -> AccountFacts {
    AccountFacts {
        account: Known::Absent,
        caller: Known::Absent,
        region: session.region().to_owned(),
        sqs_endpoint: String::new(),
        dynamodb_endpoint: String::new(),
        loopback: false,
        clock: Known::Absent,
    }
}
