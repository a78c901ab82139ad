//! A running emulator: where to reach it, what it holds and what it has counted.

use std::fmt;
use std::sync::Arc;

use super::builder::Builder;
use super::counters::{Counters, Figures};
use super::doors::Doors;
use super::error::EmulatorError;
use super::runtime::{CommandFunction, EnvironmentFigures, StartWatch};
use super::service::ServiceThread;
use super::sqs::{Site, SqsEngine};
use super::table::{Item, TableServer, Tables};

/// SQS and DynamoDB on one loopback port, with functions behind the queues: what serves and polls on one thread, what
/// a command's processes write on another, the tables' server on a third. Dropping it stops them and waits until they
/// have ended, a fraction of a second; what it held is gone.
///
/// Nothing of it is global: as many as one likes may run side by side.
pub struct Emulator {
    // Dropped in this order: first what writes, then what is written to.
    pub(super) front: ServiceThread,
    pub(super) table_server: TableServer,
    pub(super) engine: SqsEngine,
    pub(super) doors: Doors,
    pub(super) tables: Tables,
    pub(super) site: Site,
    pub(super) counters: Arc<Counters>,
    pub(super) commands: Vec<CommandFunction>,
}

impl fmt::Debug for Emulator {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Emulator")
            .field("site", &self.site)
            .finish_non_exhaustive()
    }
}

impl Emulator {
    /// One without queues, tables and functions, to be given some.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The endpoint of both services, for a client's `endpoint_url`. Region and credentials may be any, but a client
    /// wants some.
    pub fn endpoint_url(&self) -> &str {
        &self.site.base_url
    }

    /// Address, account and region.
    pub fn site(&self) -> &Site {
        &self.site
    }

    /// The URL of the queue of this name.
    pub fn queue_url(&self, queue: &str) -> String {
        self.site.queue_url(queue)
    }

    /// The bodies of everything a queue holds at this moment, visible or not, past every server and fault: a look that
    /// leaves no trace.
    ///
    /// # Errors
    /// When there is no such queue.
    pub fn messages(&self, queue: &str) -> Result<Vec<Arc<str>>, EmulatorError> {
        let bodies = self.engine.bodies(queue);
        bodies.map_err(|source| EmulatorError::Queue {
            queue: queue.to_owned(),
            source,
        })
    }

    /// The items a table holds at this moment, past every server, meter and fault.
    ///
    /// # Errors
    /// When there is no such table, or it cannot be read.
    pub fn items(&self, table: &str) -> Result<Vec<Item>, EmulatorError> {
        Ok(self.tables.items(table)?)
    }

    /// The queues, past HTTP.
    pub fn queues(&self) -> &SqsEngine {
        &self.engine
    }

    /// What stands in front of the queues, past HTTP: topics, event buses, HTTP doors, and what each has counted.
    pub fn doors(&self) -> &Doors {
        &self.doors
    }

    /// The ARN of the topic of this name.
    pub fn topic_arn(&self, topic: &str) -> String {
        self.doors.topic_arn(topic)
    }

    /// The tables, past HTTP.
    pub fn tables(&self) -> &Tables {
        &self.tables
    }

    /// What it has counted of itself so far, all functions together. Environments of commands are not among the cold
    /// starts: see [`Emulator::environments`].
    pub fn figures(&self) -> Figures {
        self.counters.figures()
    }

    /// What may be read of it while it runs.
    pub fn counters(&self) -> Arc<Counters> {
        Arc::clone(&self.counters)
    }

    /// What became of the processes of each command, in the order in which they were given to the builder.
    pub fn environments(&self) -> Vec<EnvironmentFigures> {
        self.commands.iter().map(CommandFunction::figures).collect()
    }

    /// Whether the commands have started yet, in the order in which they were given to the builder.
    pub fn watch_starts(&self) -> Vec<StartWatch> {
        self.commands
            .iter()
            .map(CommandFunction::watch_start)
            .collect()
    }

    /// Stops it and joins its threads, as dropping it does.
    pub fn shutdown(self) {
        drop(self.front);
        drop(self.table_server);
    }
}
