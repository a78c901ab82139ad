//! The pipeline's life: starting its parts, where to reach them, stopping them.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;

use super::counters::Counters;
use super::fault::{FaultError, FaultPlan, FaultyStore};
use super::mapping::EventSourceMapping;
use super::service::ServiceThread;
use super::sqs::{QueueAttributes, Redrive, Site, SqsEngine, SqsError, serve};
use super::table::{Table, TableError, TableServer};
use crate::order::OrderPlan;
use crate::processor::process;
use crate::report::PipelineCounters;
use crate::scenario::{FaultKind, Resources, Scenario};
use crate::store::Target;

const DAY: Duration = Duration::from_secs(86_400);

/// How long the orders queue keeps a message (the AWS default).
const ORDERS_RETENTION: Duration = DAY.saturating_mul(4);

/// How long the dead-letter queue does: longer, because retention counts from the first send.
const DEAD_LETTER_RETENTION: Duration = DAY.saturating_mul(14);

/// Why the embedded pipeline could not be started.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// A fault cannot be planned.
    #[error(transparent)]
    Fault(#[from] FaultError),
    /// The table could not be made or served.
    #[error(transparent)]
    Table(#[from] TableError),
    /// A queue could not be created.
    #[error("the embedded queue `{queue}` could not be created: {source}")]
    Queue {
        /// Its name.
        queue: String,
        /// What the queue says.
        source: SqsError,
    },
    /// No loopback port or thread could be had.
    #[error("the embedded queues could not be served on loopback: {0}")]
    Serve(#[from] io::Error),
}

/// A running pipeline: queues, mapping and function on one thread, the table on another, the table's
/// HTTP server on a third. Dropping it stops them and
/// waits until they have ended, a fraction of a second.
pub struct EmbeddedPipeline {
    // Dropped in this order: first what writes, then what is written to.
    _front: ServiceThread,
    table_server: TableServer,
    _table: Table,
    site: Site,
    resources: Resources,
    counters: Arc<Counters>,
    faults: Arc<FaultPlan>,
}

impl EmbeddedPipeline {
    /// Starts the pipeline a scenario describes, for the `planned` orders of `plan`; queues and table
    /// exist and can be reached when this returns.
    ///
    /// # Errors
    /// When a fault cannot be planned, a queue or the table cannot be created, or loopback ports or
    /// threads cannot be had.
    pub fn start(
        scenario: &Scenario,
        plan: OrderPlan,
        planned: u64,
    ) -> Result<Self, PipelineError> {
        let resources = Resources::default();
        let counters = Arc::new(Counters::default());
        let faults = Arc::new(FaultPlan::new(&scenario.faults, plan, planned)?);
        let engine = create_queues(scenario, &resources)?;
        let_messages_vanish(&engine, &resources, &faults);
        let table = Table::start(
            &resources.table,
            scenario.pipeline.table_capacity,
            Arc::clone(&counters),
        )?;
        let table_server = TableServer::start(table.database())?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let site = Site::local(listener.local_addr()?);
        let store = FaultyStore::new(table.store(), Arc::clone(&faults));
        let mapping = EventSourceMapping::new(
            engine.clone(),
            &resources.orders_queue,
            &site,
            &scenario.pipeline.mapping,
            &scenario.pipeline.function,
            Arc::clone(&counters),
            move |event| {
                let store = store.clone();
                async move { Ok(process(event, &store).await) }
            },
        );
        let front = start_front(listener, engine, site.clone(), mapping.run())?;
        Ok(Self {
            _front: front,
            table_server,
            _table: table,
            site,
            resources,
            counters,
            faults,
        })
    }

    /// Where senders and verifiers find it.
    pub fn target(&self) -> Target {
        let credentials = Credentials::new("embedded", "embedded", None, None, "embedded");
        Target {
            sqs_endpoint: self.site.base_url.clone(),
            orders_queue_url: self.site.queue_url(&self.resources.orders_queue),
            dead_letter_queue_url: self.site.queue_url(&self.resources.dead_letter_queue),
            dynamodb_endpoint: format!("http://{}", self.table_server.address()),
            region: self.site.region.clone(),
            credentials: SharedCredentialsProvider::new(credentials),
            table: self.resources.table.clone(),
            exact_counts: true,
        }
    }

    /// What it has counted of itself so far.
    pub fn counters(&self) -> PipelineCounters {
        self.counters.figures(self.faults.struck())
    }

    /// Stops pollers and servers and joins their threads; what is still queued is gone.
    pub fn shutdown(self) {
        drop(self);
    }
}

fn create_queues(scenario: &Scenario, resources: &Resources) -> Result<SqsEngine, PipelineError> {
    let engine = SqsEngine::new();
    let dead_letters = QueueAttributes {
        retention: DEAD_LETTER_RETENTION,
        ..QueueAttributes::default()
    };
    let orders = QueueAttributes {
        visibility_timeout: scenario.pipeline.visibility_timeout,
        retention: ORDERS_RETENTION,
        redrive: Some(Redrive {
            dead_letter_queue: resources.dead_letter_queue.clone(),
            max_receive_count: scenario.pipeline.max_receive_count,
        }),
        ..QueueAttributes::default()
    };
    for (queue, attributes) in [
        (&resources.dead_letter_queue, dead_letters),
        (&resources.orders_queue, orders),
    ] {
        engine
            .create_queue(queue, attributes)
            .map_err(|source| PipelineError::Queue {
                queue: queue.clone(),
                source,
            })?;
    }
    Ok(engine)
}

fn let_messages_vanish(engine: &SqsEngine, resources: &Resources, faults: &Arc<FaultPlan>) {
    if faults.has(FaultKind::MessageVanishes) {
        let faults = Arc::clone(faults);
        let orders_queue = resources.orders_queue.clone();
        engine.set_send_fault(move |queue, body| {
            queue == orders_queue && faults.message_vanishes(body)
        });
    }
}

/// The thread that serves the queues, polls them and runs the function.
fn start_front(
    listener: TcpListener,
    engine: SqsEngine,
    site: Site,
    polling: impl Future<Output = ()> + Send + 'static,
) -> io::Result<ServiceThread> {
    ServiceThread::spawn("pipeline", move |stop| async move {
        let listener = match tokio::net::TcpListener::from_std(listener) {
            Ok(listener) => listener,
            Err(error) => {
                tracing::error!(%error, "the embedded queues cannot be served");
                return;
            }
        };
        let polling = tokio::spawn(polling);
        let until = async move {
            let _ = stop.await;
        };
        serve(listener, engine, site, until).await;
        polling.abort();
    })
}

#[cfg(test)]
#[path = "embedded_tests.rs"]
mod tests;
