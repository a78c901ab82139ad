//! The pipeline's life: starting its parts, where to reach them, stopping them.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;

use super::counters::Counters;
use super::error::PipelineError;
use super::fault::{FaultyFunction, FaultyQueues, FaultyStore, Processor, any_struck};
use super::front::Front;
use super::http::{HostName, Hosts};
use super::mapping::{EngineQueue, EventSource, EventSourceMapping, MappingPlan};
use super::runtime::{CommandConfig, CommandFunction, StartWatch};
use super::service::{ServiceThread, listener_at};
use super::sqs::{QueueAttributes, Redrive, Site, SqsEngine};
use super::table::{Table, TableServer, TableStore, Tables, rows};
use crate::fault::{FaultPlan, order_number_of};
use crate::order::OrderPlan;
use crate::report::PipelineCounters;
use crate::scenario::{
    FUNCTION_NAME, FaultKind, FaultPlace, Function, ProcessorCommand, Resources, Scenario,
};
use crate::store::{ReadPolicy, Target};

/// What finding a process for an invocation may take beside its start.
const STARTING_SLACK: Duration = Duration::from_secs(5);

/// What a pipeline holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Holdings {
    /// `id` and `order_details` of each row.
    pub rows: Vec<(String, String)>,
    /// The bodies of the messages in the orders queue.
    pub queued: Vec<Arc<str>>,
    /// The bodies of the dead letters.
    pub dead_letters: Vec<Arc<str>>,
}

/// How a pipeline is served.
#[derive(Debug, Clone)]
pub struct ServeOptions {
    /// Where it listens; port 0 is any that is free.
    pub address: SocketAddr,
    /// Queues and table are created at the start; otherwise whoever uses it creates them.
    pub creates_resources: bool,
    /// The mapping feeds the orders to the function; otherwise somebody else consumes the queue.
    pub runs_function: bool,
    /// Bytes the queues, and the tables, may take each.
    pub stored_bytes_max: Option<u64>,
    /// Names it may be called by beside loopback's and the address it is bound to.
    pub allowed_hosts: Vec<HostName>,
    /// Connections, and bytes of bodies that are on their way, at one time; as many as a run may need if none.
    pub traffic_max: Option<(usize, u64)>,
    /// The folder for what a function of one's own (`[processor]`) writes to its output; none keeps
    /// nothing of it.
    pub function_logs: Option<PathBuf>,
}

impl Default for ServeOptions {
    /// A free loopback port, with queues, table and function, without a limit.
    fn default() -> Self {
        Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            creates_resources: true,
            runs_function: true,
            stored_bytes_max: None,
            allowed_hosts: Vec::new(),
            traffic_max: None,
            function_logs: None,
        }
    }
}

/// A running pipeline: its one port, queues, mapping and function on one thread, what the function writes
/// on another, the table's server on a third. Dropping it stops them and waits until they have ended, a
/// fraction of a second.
pub struct EmbeddedPipeline {
    engine: SqsEngine,
    // Dropped in this order: first what writes, then what is written to.
    _front: ServiceThread,
    _table_server: TableServer,
    _table: Table,
    tables: Tables,
    site: Site,
    resources: Resources,
    counters: Arc<Counters>,
    faults: Arc<FaultPlan>,
    command: Option<CommandFunction>,
    freezes: bool,
}

impl EmbeddedPipeline {
    /// Starts the pipeline a scenario describes, for the `planned` orders of `plan`, on a free loopback
    /// port; queues and table exist and can be reached when this returns.
    ///
    /// # Errors
    /// When a fault cannot be planned, a queue or the table cannot be created, or loopback ports or
    /// threads cannot be had.
    pub fn start(
        scenario: &Scenario,
        plan: OrderPlan,
        planned: u64,
    ) -> Result<Self, PipelineError> {
        Self::start_with(scenario, plan, planned, &ServeOptions::default())
    }

    /// The same, served as `options` say.
    ///
    /// # Errors
    /// As [`EmbeddedPipeline::start`].
    pub fn start_with(
        scenario: &Scenario,
        plan: OrderPlan,
        planned: u64,
        options: &ServeOptions,
    ) -> Result<Self, PipelineError> {
        let speed = scenario.time_scale;
        let resources = Resources::default();
        let counters = Arc::new(Counters::default());
        let faults = Arc::new(FaultPlan::new(scenario, plan, planned)?);
        let (listener, address) = listener_at(options.address)?;
        let site = Site::local(address);
        let engine = SqsEngine::with_speed(speed);
        let tables =
            Tables::open(speed, Arc::clone(&counters))?.storing_at_most(options.stored_bytes_max);
        if options.creates_resources {
            create_queues(&engine, scenario, &resources)?;
            tables.create(&resources.table, scenario.pipeline.table_capacity)?;
        }
        if let Some(bytes) = options.stored_bytes_max {
            engine.store_at_most(bytes);
        }
        plant_queue_faults(&engine, &resources, &faults);
        let table = tables.writer(&resources.table)?;
        let table_server = TableServer::start(tables.database())?;
        let gateway = tables.gateway(table_server.address(), Arc::clone(&faults));
        let hosts = Hosts::new(options.address.ip(), options.allowed_hosts.clone());
        let mut front = Front::new(engine.clone(), site.clone(), Some(gateway)).called(hosts);
        if let Some((connections, bytes)) = options.traffic_max {
            front = front.taking_at_most(connections, bytes);
        }
        let command = match &scenario.processor {
            Some(processor) if options.runs_function => {
                Some(start_command(scenario, processor, &site, options)?)
            }
            _ => None,
        };
        let function = function(scenario, &table, command.as_ref(), &faults);
        let limits = limits(scenario);
        let throttles = Arc::clone(&faults);
        let mapping = EventSourceMapping::new(
            EngineQueue::new(engine.clone(), &resources.orders_queue),
            MappingPlan {
                source: EventSource {
                    arn: site.queue_arn(&resources.orders_queue),
                    region: site.region.clone(),
                },
                mapping: &scenario.pipeline.mapping,
                function: &limits,
                seed: scenario.seed,
                speed,
            },
            Arc::clone(&counters),
            move |event| {
                let function = function.clone();
                async move { function.handle(event).await }
            },
        )
        .throttled_by(move |batch| {
            let bodies = batch.iter().map(|message| &*message.body);
            any_struck(&throttles, FaultKind::InvocationThrottled, bodies)
        })
        .telling_bad_orders(move |body| {
            order_number_of(body).is_some_and(|number| plan.is_bad_number(number))
        });
        let runs_function = options.runs_function;
        let polling = async move {
            if runs_function {
                mapping.run().await;
            }
        };
        let front = start_front(listener, front, polling)?;
        Ok(Self {
            engine,
            _front: front,
            _table_server: table_server,
            _table: table,
            tables,
            site,
            resources,
            counters,
            faults,
            command,
            freezes: scenario
                .processor
                .as_ref()
                .is_some_and(|processor| processor.freeze),
        })
    }

    /// Where senders and verifiers find it.
    pub fn target(&self) -> Target {
        let credentials = Credentials::new("embedded", "embedded", None, None, "embedded");
        Target {
            sqs_endpoint: self.site.base_url.clone(),
            orders_queue_url: self.site.queue_url(&self.resources.orders_queue),
            dead_letter_queue_url: self.site.queue_url(&self.resources.dead_letter_queue),
            dynamodb_endpoint: self.site.base_url.clone(),
            region: self.site.region.clone(),
            credentials: SharedCredentialsProvider::new(credentials),
            table: self.resources.table.clone(),
            exact_counts: true,
            read: ReadPolicy::default(),
        }
    }

    /// What it has counted of itself so far.
    pub fn counters(&self) -> PipelineCounters {
        let mut counters = self.counters.figures(self.faults.struck());
        if let Some(command) = &self.command {
            let figures = command.figures();
            counters.cold_starts = figures.started;
            counters.crashes = figures.crashed + figures.failed_inits;
            counters.freezes = self.freezes.then_some(figures.freezes);
            counters.never_started = command.watch_start().never_started();
        }
        counters
    }

    /// Whether a function of one's own has started yet; nothing to watch without one.
    pub fn watch_start(&self) -> Option<StartWatch> {
        self.command.as_ref().map(CommandFunction::watch_start)
    }

    /// What a live view may read while it runs.
    pub fn gauges(&self) -> Arc<Counters> {
        Arc::clone(&self.counters)
    }

    /// Everything it holds at this moment, read past every server and fault: what is true, whatever a
    /// verifier sees.
    ///
    /// # Errors
    /// When the table cannot be read or a queue has been deleted.
    pub fn holdings(&self) -> Result<Holdings, PipelineError> {
        let bodies = |queue: &str| {
            let bodies = self.engine.bodies(queue);
            bodies.map_err(|source| PipelineError::Queue {
                queue: queue.to_owned(),
                source,
            })
        };
        Ok(Holdings {
            rows: rows(&self.tables.database(), &self.resources.table)?,
            queued: bodies(&self.resources.orders_queue)?,
            dead_letters: bodies(&self.resources.dead_letter_queue)?,
        })
    }

    /// Stops pollers and servers and joins their threads; what is still queued is gone.
    pub fn shutdown(self) {
        drop(self);
    }
}

fn create_queues(
    engine: &SqsEngine,
    scenario: &Scenario,
    resources: &Resources,
) -> Result<(), PipelineError> {
    let create = |queue: &str, attributes: QueueAttributes| {
        let refused = |source| PipelineError::Queue {
            queue: queue.to_owned(),
            source,
        };
        engine.create_queue(queue, attributes).map_err(refused)
    };
    let pipeline = &scenario.pipeline;
    let dead_letters = QueueAttributes {
        retention: pipeline.dead_letter_retention,
        ..QueueAttributes::default()
    };
    create(&resources.dead_letter_queue, dead_letters.clone())?;
    if let Some(other) = &pipeline.redrive_to
        && *other != resources.dead_letter_queue
    {
        create(other, dead_letters)?;
    }
    let orders = QueueAttributes {
        visibility_timeout: pipeline.visibility_timeout,
        retention: pipeline.orders_retention,
        redrive: pipeline
            .redrive_to
            .as_ref()
            .map(|dead_letter_queue| Redrive {
                dead_letter_queue: dead_letter_queue.clone(),
                max_receive_count: pipeline.max_receive_count,
            }),
        ..QueueAttributes::default()
    };
    create(&resources.orders_queue, orders)
}

/// Plants what goes wrong in the queues and on the wire to them.
fn plant_queue_faults(engine: &SqsEngine, resources: &Resources, faults: &Arc<FaultPlan>) {
    let places = [FaultPlace::Wire, FaultPlace::Queue, FaultPlace::DeadLetters];
    if places.iter().any(|place| faults.has_at(*place)) {
        engine.set_faults(FaultyQueues::new(
            Arc::clone(faults),
            &resources.orders_queue,
            &resources.dead_letter_queue,
        ));
    }
}

/// The function behind the mapping, writing to `table`, with what goes wrong in either.
fn function(
    scenario: &Scenario,
    table: &Table,
    command: Option<&CommandFunction>,
    faults: &Arc<FaultPlan>,
) -> FaultyFunction<FaultyStore<TableStore>> {
    let (store, rows) = (table.store(), table.store());
    let store = FaultyStore::new(store, Arc::clone(faults)).deleting(move |id| rows.delete(id));
    let processor = match command {
        Some(function) => Processor::Command {
            function: function.clone(),
            report_batch_item_failures: scenario.pipeline.mapping.report_batch_item_failures,
        },
        None => Processor::BuiltIn(scenario.pipeline.function.processor, store),
    };
    FaultyFunction::new(processor, Arc::clone(faults))
}

/// The function's limits as the mapping enforces them. A command's own time-out is enforced where its time
/// counts: from when a process has the event.
fn limits(scenario: &Scenario) -> Function {
    let function = scenario.pipeline.function.clone();
    match &scenario.processor {
        Some(processor) => Function {
            timeout: function.timeout + processor.init_timeout + STARTING_SLACK,
            ..function
        },
        None => function,
    }
}

/// Somebody's own function, writing to the table through the front.
fn start_command(
    scenario: &Scenario,
    processor: &ProcessorCommand,
    site: &Site,
    options: &ServeOptions,
) -> Result<CommandFunction, PipelineError> {
    let resources = Resources::default();
    let own = processor.environment.iter();
    let mut environment: BTreeMap<String, String> = own
        .map(|(name, value)| (name.clone(), value.reveal().to_owned()))
        .collect();
    for (name, value) in [
        ("DYNAMODB_ORDERS_TABLE", resources.table),
        ("ORDERS_QUEUE_URL", site.queue_url(&resources.orders_queue)),
    ] {
        environment.entry(name.to_owned()).or_insert(value);
    }
    let config = CommandConfig {
        command: processor.command.clone(),
        working_dir: processor.working_dir.as_ref().map(PathBuf::from),
        handler: processor.handler.clone(),
        environment,
        function_name: FUNCTION_NAME.into(),
        region: site.region.clone(),
        memory_mb: processor.memory_mb,
        timeout: scenario.pipeline.function.timeout,
        init_timeout: processor.init_timeout,
        logs: options.function_logs.clone(),
        endpoint_url: Some(site.base_url.clone()),
        max_environments: scenario.pipeline.mapping.maximum_concurrency,
        freeze: processor.freeze,
    };
    CommandFunction::start(config).map_err(|source| PipelineError::Command {
        command: processor.command.join(" "),
        source,
    })
}

/// The thread that serves the queues, polls them and runs the function.
fn start_front(
    listener: TcpListener,
    front: Front,
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
        front.serve(listener, until).await;
        polling.abort();
    })
}

#[cfg(test)]
#[path = "embedded_tests.rs"]
mod tests;
