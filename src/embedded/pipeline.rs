//! The pipeline's life: starting its parts, where to reach them, stopping them.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;

use super::counters::{Gauges, StartWatch, figures};
use super::error::PipelineError;
use super::fault::{FaultyFunction, FaultyQueues, FaultyScans, FaultyStore, Processor, any_struck};
use super::rows::{OrderTable, Orders, id_and_details, order_key, order_table};
use super::settings;
use crate::emulator::mapping::FunctionSettings;
use crate::emulator::runtime::{CommandConfig, CommandFunction};
use crate::emulator::sqs::Site;
use crate::emulator::{Builder, Emulator, Function, HostName, handler};
use crate::fault::{FaultPlan, order_number_of};
use crate::order::OrderPlan;
use crate::results::PipelineCounters;
use crate::scenario::{
    FUNCTION_NAME, FaultKind, FaultPlace, ProcessorCommand, Resources, Scenario,
};
use crate::store::{ReadPolicy, TableAt, Target};

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

/// A running pipeline: an emulator with the lab's queues and table, and the function behind them. Dropping it stops
/// its threads and waits until they have ended, a fraction of a second.
pub struct EmbeddedPipeline {
    // Dropped in this order: first what writes, then what is written to.
    emulator: Emulator,
    _table: OrderTable,
    resources: Resources,
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
        let resources = Resources::default();
        let faults = Arc::new(FaultPlan::new(scenario, plan.clone(), planned)?);
        let builder = builder(scenario, &resources, &faults, options);
        let mut prepared = builder.prepare()?;
        let table = order_table(prepared.tables(), &resources.table)?;
        let mut command = None;
        if options.runs_function {
            if let Some(processor) = &scenario.processor {
                let site = prepared.site();
                command = Some(start_command(scenario, processor, site, options)?);
            }
            let function = function(scenario, &table, command.as_ref(), &faults, plan);
            prepared = prepared.function(function.on(&resources.orders_queue));
        }
        Ok(Self {
            emulator: prepared.start()?,
            _table: table,
            resources,
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
        let site = self.emulator.site();
        Target {
            sqs_endpoint: site.base_url.clone(),
            orders_queue_url: site.queue_url(&self.resources.orders_queue),
            dead_letter_queue_url: site.queue_url(&self.resources.dead_letter_queue),
            dynamodb_endpoint: site.base_url.clone(),
            region: site.region.clone(),
            credentials: SharedCredentialsProvider::new(credentials),
            tables: vec![TableAt::lab(&self.resources.table)],
            letter_queues: Vec::new(),
            exact_counts: true,
            read: ReadPolicy::default(),
        }
    }

    /// What it has counted of itself so far.
    pub fn counters(&self) -> PipelineCounters {
        let mut counters = figures(&self.emulator.counters(), self.faults.struck());
        if let Some(command) = &self.command {
            let figures = command.figures();
            counters.cold_starts = figures.started;
            counters.crashes = figures.crashed + figures.failed_inits;
            counters.freezes = self.freezes.then_some(figures.freezes);
            counters.incomplete_freezes = self.freezes.then_some(figures.incomplete_freezes);
            counters.never_started = StartWatch::of(command).never_started();
        }
        counters
    }

    /// Whether a function of one's own has started yet; nothing to watch without one.
    pub fn watch_start(&self) -> Option<StartWatch> {
        self.command.as_ref().map(StartWatch::of)
    }

    /// What a live view may read while it runs.
    pub fn gauges(&self) -> Gauges {
        Gauges::of(&self.emulator.counters())
    }

    /// Everything it holds at this moment, read past every server and fault: what is true, whatever a
    /// verifier sees.
    ///
    /// # Errors
    /// When the table cannot be read or a queue has been deleted.
    pub fn holdings(&self) -> Result<Holdings, PipelineError> {
        let Resources {
            orders_queue,
            dead_letter_queue,
            table,
            ..
        } = &self.resources;
        let items = self.emulator.items(table)?;
        Ok(Holdings {
            rows: items.into_iter().map(id_and_details).collect(),
            queued: self.emulator.messages(orders_queue)?,
            dead_letters: self.emulator.messages(dead_letter_queue)?,
        })
    }

    /// Stops pollers and servers and joins their threads; what is still queued is gone.
    pub fn shutdown(self) {
        drop(self);
    }
}

/// The emulator that a scenario describes, without its function.
fn builder(
    scenario: &Scenario,
    resources: &Resources,
    faults: &Arc<FaultPlan>,
    options: &ServeOptions,
) -> Builder {
    let mut builder = Emulator::builder()
        .address(options.address)
        .allowed_hosts(options.allowed_hosts.clone())
        .speed(scenario.time_scale)
        .seed(scenario.seed);
    if let Some(bytes) = options.stored_bytes_max {
        builder = builder.stored_bytes_max(bytes);
    }
    if let Some((connections, bytes)) = options.traffic_max {
        builder = builder.traffic_max(connections, bytes);
    }
    if options.creates_resources {
        builder = with_resources(builder, scenario, resources);
    }
    let places = [FaultPlace::Wire, FaultPlace::Queue, FaultPlace::DeadLetters];
    if places.iter().any(|place| faults.has_at(*place)) {
        builder = builder.queue_faults(FaultyQueues::new(
            Arc::clone(faults),
            &resources.orders_queue,
            &resources.dead_letter_queue,
        ));
    }
    builder.table_faults(FaultyScans::new(Arc::clone(faults)))
}

/// With both queues and the table.
fn with_resources(builder: Builder, scenario: &Scenario, resources: &Resources) -> Builder {
    let pipeline = &scenario.pipeline;
    let dead_letters = settings::dead_letter_queue(pipeline);
    let mut builder = builder.queue_with(&resources.dead_letter_queue, dead_letters.clone());
    if let Some(other) = &pipeline.redrive_to
        && *other != resources.dead_letter_queue
    {
        builder = builder.queue_with(other, dead_letters);
    }
    let capacity = settings::capacity(pipeline.table_capacity);
    builder
        .queue_with(&resources.orders_queue, settings::orders_queue(pipeline))
        .table_with(&resources.table, order_key(), capacity)
}

/// The function behind the mapping, writing to `table`, with what goes wrong in either and before them.
fn function(
    scenario: &Scenario,
    table: &OrderTable,
    command: Option<&CommandFunction>,
    faults: &Arc<FaultPlan>,
    plan: OrderPlan,
) -> Function {
    let (store, rows) = (Orders::of(table), Orders::of(table));
    let store = FaultyStore::new(store, Arc::clone(faults)).deleting(move |id| rows.delete(id));
    let processor = match command {
        Some(function) => Processor::Command {
            function: function.clone(),
            report_batch_item_failures: scenario.pipeline.mapping.report_batch_item_failures,
        },
        None => Processor::BuiltIn(scenario.pipeline.function.processor, store),
    };
    let function = FaultyFunction::new(processor, Arc::clone(faults));
    let throttles = Arc::clone(faults);
    handler(move |event| {
        let function = function.clone();
        async move { function.handle(event).await }
    })
    .mapping(settings::mapping(&scenario.pipeline.mapping))
    .settings(limits(scenario))
    .throttled_by(move |batch| {
        let bodies = batch.iter().map(|message| &*message.body);
        any_struck(&throttles, FaultKind::InvocationThrottled, bodies)
    })
    .expecting_failures_of(move |body| {
        order_number_of(body).is_some_and(|number| plan.is_bad_number(number))
    })
}

/// The function's limits as the mapping enforces them.
fn limits(scenario: &Scenario) -> FunctionSettings {
    let settings = settings::function(&scenario.pipeline.function);
    match &scenario.processor {
        Some(processor) => FunctionSettings {
            timeout: CommandConfig::mapping_timeout(settings.timeout, processor.init_timeout),
            ..settings
        },
        None => settings,
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

#[cfg(test)]
#[path = "pipeline_tests.rs"]
mod tests;
