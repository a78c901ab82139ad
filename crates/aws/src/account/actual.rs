//! The actual resources of a pipeline: its three resources as they are, where they are and whose the account is.

use super::facts;
use super::state::{Ownership, ownership};
use crate::preflight::{Known, Place, QueueFacts, TableFacts};
use crate::scenario::{Resources, is_loopback};
use crate::store::{Session, Witness};

/// One of the three resources of a pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Where messages go after too many receives.
    DeadLetterQueue,
    /// Where orders are sent to.
    OrdersQueue,
    /// Where orders end.
    Table,
}

impl Kind {
    /// In the order in which they are created: the orders queue names the dead-letter queue.
    pub const ALL: [Self; 3] = [Self::DeadLetterQueue, Self::OrdersQueue, Self::Table];

    /// What it is, in a word.
    pub fn word(self) -> &'static str {
        match self {
            Self::DeadLetterQueue | Self::OrdersQueue => "queue",
            Self::Table => "table",
        }
    }

    /// Its name among these.
    pub fn name(self, names: &Resources) -> &str {
        match self {
            Self::DeadLetterQueue => &names.dead_letter_queue,
            Self::OrdersQueue => &names.orders_queue,
            Self::Table => &names.table,
        }
    }
}

/// The resources of a pipeline as they are.
#[derive(Debug, Clone, PartialEq)]
pub struct ActualResources {
    /// Where it is and whose.
    pub place: Place,
    /// The dead-letter queue.
    pub dead_letter_queue: Known<QueueFacts>,
    /// The orders queue.
    pub orders_queue: Known<QueueFacts>,
    /// The table.
    pub table: Known<TableFacts>,
}

impl ActualResources {
    /// Reads the resources of these names; nothing is changed.
    pub async fn read(session: &Session, names: &Resources) -> Self {
        let (at_queues, at_table) = (Witness::default(), Witness::default());
        let actual = Self::of(nowhere(session), session, names, &at_queues, &at_table).await;
        let sqs_endpoint = at_queues.endpoint().unwrap_or_default();
        let dynamodb_endpoint = at_table.endpoint().unwrap_or_default();
        let loopback = is_loopback(&sqs_endpoint) && is_loopback(&dynamodb_endpoint);
        // Who is pointed at this machine for SQS and DynamoDB alone has no business with AWS's own STS.
        let asks_here = session.config().endpoint_url().is_some();
        let place = match loopback && !asks_here {
            true => nowhere(session),
            false => facts::read_place(session).await,
        };
        Self {
            place: Place {
                sqs_endpoint,
                dynamodb_endpoint,
                loopback,
                ..place
            },
            ..actual
        }
    }

    /// Reads the resources once more; where they are and whose is known.
    pub async fn again(&self, session: &Session, names: &Resources) -> Self {
        let unseen = Witness::default();
        Self::of(self.place.clone(), session, names, &unseen, &unseen).await
    }

    async fn of(
        place: Place,
        session: &Session,
        names: &Resources,
        at_queues: &Witness,
        at_table: &Witness,
    ) -> Self {
        let (dead_letter_queue, orders_queue, table) = tokio::join!(
            facts::read_queue(session, &names.dead_letter_queue, at_queues),
            facts::read_queue(session, &names.orders_queue, at_queues),
            facts::read_table(session, &names.table, at_table),
        );
        Self {
            place,
            dead_letter_queue,
            orders_queue,
            table,
        }
    }

    /// Whose a resource is.
    pub fn ownership(&self, kind: Kind) -> Ownership {
        match kind {
            Kind::DeadLetterQueue => ownership(&self.dead_letter_queue, |queue| &queue.tags),
            Kind::OrdersQueue => ownership(&self.orders_queue, |queue| &queue.tags),
            Kind::Table => ownership(&self.table, |table| &table.tags),
        }
    }
}

/// A place whose account nobody was asked for.
fn nowhere(session: &Session) -> Place {
    Place {
        account: Known::Absent,
        caller: Known::Absent,
        region: session.region().to_owned(),
        sqs_endpoint: String::new(),
        dynamodb_endpoint: String::new(),
        loopback: false,
        clock: Known::Absent,
    }
}
