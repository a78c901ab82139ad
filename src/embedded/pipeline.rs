//! The pipeline's life: starting its parts, where to reach them, stopping them.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;

use super::counters::{Gauges, StartWatch, figures, logs_of};
use super::doors;
use super::error::PipelineError;
use super::fault::{FaultyQueues, FaultyScans, FaultyStore, Processor};
use super::functions::{FunctionTarget, Functions, function};
use super::items::row;
use super::rows::{OrderTable, Orders, order_table};
use super::services::Services;
use super::stored::JustStored;
use super::stores::Stores;
use crate::emulator::sqs::is_fifo;
use crate::emulator::{Builder, Emulator, HostName, Origin};
use crate::fault::FaultPlan;
use crate::order::{Door, OrderPlan};
use crate::records::Item;
use crate::results::PipelineCounters;
use crate::scenario::{DeadLetterUse, FaultPlace, Resources, Scenario};
use crate::store::{ReadPolicy, Target};
use crate::verify::DoorSeen;

/// What a pipeline holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Holdings {
    /// The rows of each table.
    pub tables: BTreeMap<String, Vec<Item>>,
    /// The bodies of the messages in the orders queue.
    pub queued: Vec<Arc<str>>,
    /// The bodies of the dead letters.
    pub dead_letters: Vec<Arc<str>>,
    /// The bodies of the messages in each further queue in which orders may end.
    pub letters: BTreeMap<String, Vec<Arc<str>>>,
}

impl Holdings {
    /// How many rows all tables have.
    pub fn rows(&self) -> usize {
        self.tables.values().map(Vec::len).sum()
    }
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
    /// Origins whose pages may ask, and read the answers (CORS).
    pub pages: Vec<Origin>,
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
            pages: Vec::new(),
            traffic_max: None,
            function_logs: None,
        }
    }
}

/// A running pipeline: an emulator with a scenario's queues and tables, and the functions behind them. Dropping it stops
/// its threads and waits until they have ended, a fraction of a second.
pub struct EmbeddedPipeline {
    // Dropped in this order: first what writes, then what is written to.
    emulator: Emulator,
    _table: Option<OrderTable>,
    /// When the built-in function stores orders, where it does.
    stored: Option<JustStored>,
    stores: Stores,
    faults: Arc<FaultPlan>,
    functions: Functions,
    plan: OrderPlan,
    /// What orders are sent to.
    door: Door,
    services: Services,
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
        let orders = plan.clone();
        let stores = Stores::of(scenario, plan.model.spec());
        let faults = Arc::new(FaultPlan::new(scenario, plan.clone(), planned)?);
        let mut prepared = builder(scenario, &stores, &faults, options).prepare()?;
        let (mut functions, mut table, mut stored) = (Functions::default(), None, None);
        if options.runs_function {
            let place = FunctionTarget::embedded(scenario, prepared.site(), &options.function_logs);
            functions = Functions::start(scenario, &place)?;
            let processor = match &functions.main {
                Some(command) => command.processor(&scenario.pipeline.mapping),
                None => {
                    let orders = order_table(prepared.tables(), &Resources::default().table)?;
                    let noted = stored.insert(JustStored::default()).clone();
                    let rows = Orders::of(&orders).noting(noted);
                    let store = FaultyStore::new(rows.clone(), Arc::clone(&faults));
                    table = Some(orders);
                    let store = store.deleting(move |id| rows.delete(id));
                    Processor::BuiltIn(scenario.pipeline.function.processor, store)
                }
            };
            let main = function(scenario, processor, &faults, plan.clone());
            prepared = prepared.function(main.on(&stores.orders_queue));
            for further in functions.further(scenario, &plan) {
                prepared = prepared.function(further);
            }
        }
        Ok(Self {
            emulator: prepared.start()?,
            _table: table,
            stored,
            stores,
            faults,
            functions,
            plan: orders,
            door: scenario.sending.to.clone(),
            services: Services::of(scenario),
        })
    }

    /// Where senders and verifiers find it.
    pub fn target(&self) -> Target {
        let credentials = Credentials::new("embedded", "embedded", None, None, "embedded");
        let site = self.emulator.site();
        Target {
            sqs_endpoint: site.base_url.clone(),
            orders_queue_url: site.queue_url(&self.stores.orders_queue),
            dead_letter_queue_url: site.queue_url(&self.stores.dead_letter_queue),
            dynamodb_endpoint: site.base_url.clone(),
            region: site.region.clone(),
            credentials: SharedCredentialsProvider::new(credentials),
            tables: self.stores.tables_at(),
            letter_queues: self.stores.letter_queues_at(site),
            door: doors::place(&self.emulator, &self.door),
            exact_counts: true,
            read: ReadPolicy {
                // Of a group more than ten letters show themselves only as those before them are deleted.
                dead_letters: match is_fifo(&self.stores.dead_letter_queue) {
                    true => DeadLetterUse::Own,
                    false => DeadLetterUse::Shared,
                },
                ..ReadPolicy::default()
            },
        }
    }

    /// What it has counted of itself so far.
    pub fn counters(&self) -> PipelineCounters {
        let own = self.emulator.counters();
        let mut counters = figures(&own, self.faults.struck(), &self.plan, &logs_of(""));
        self.services.add_to(&mut counters, &self.emulator);
        self.functions.add_to(&mut counters, &self.plan);
        counters
    }

    /// Asks what orders are sent to what it has counted so far; nothing to ask where they are sent to the queue itself.
    pub fn watch_door(&self) -> Option<impl Fn() -> DoorSeen + Send + use<>> {
        doors::watch(&self.emulator, &self.door)
    }

    /// Whether the functions of one's own have started yet; nothing to watch without one.
    pub fn watch_start(&self) -> Option<StartWatch> {
        self.functions.watch_start()
    }

    /// What a live view may read while it runs.
    pub fn gauges(&self) -> Gauges {
        Gauges::of(&self.emulator.counters()).storing(self.stored.clone())
    }

    /// Everything it holds at this moment, read past every server and fault: what is true, whatever a
    /// verifier sees.
    ///
    /// # Errors
    /// When the table cannot be read or a queue has been deleted.
    pub fn holdings(&self) -> Result<Holdings, PipelineError> {
        let stores = &self.stores;
        let mut holdings = Holdings {
            queued: self.emulator.messages(&stores.orders_queue)?,
            dead_letters: self.emulator.messages(&stores.dead_letter_queue)?,
            ..Holdings::default()
        };
        for table in stores.tables.keys() {
            let items = self.emulator.items(table)?.into_iter().map(row).collect();
            holdings.tables.insert(table.clone(), items);
        }
        for queue in &stores.letter_queues {
            let letters = self.emulator.messages(queue)?;
            holdings.letters.insert(queue.clone(), letters);
        }
        Ok(holdings)
    }

    /// Stops pollers and servers and joins their threads; what is still queued is gone.
    pub fn shutdown(self) {
        drop(self);
    }
}

/// The emulator that a scenario describes, without its functions.
fn builder(
    scenario: &Scenario,
    stores: &Stores,
    faults: &Arc<FaultPlan>,
    options: &ServeOptions,
) -> Builder {
    let mut builder = Emulator::builder()
        .address(options.address)
        .allowed_hosts(options.allowed_hosts.clone())
        .cors(options.pages.clone())
        .speed(scenario.time_scale)
        .seed(scenario.seed);
    if let Some(bytes) = options.stored_bytes_max {
        builder = builder.stored_bytes_max(bytes);
    }
    if let Some((connections, bytes)) = options.traffic_max {
        builder = builder.traffic_max(connections, bytes);
    }
    if options.creates_resources {
        builder = stores.create(builder, scenario);
        builder = doors::open(builder, scenario, &stores.orders_queue, faults);
    }
    let places = [FaultPlace::Wire, FaultPlace::Queue, FaultPlace::DeadLetters];
    if places.iter().any(|place| faults.has_at(*place)) {
        builder = builder.queue_faults(FaultyQueues::new(
            Arc::clone(faults),
            &stores.orders_queue,
            &stores.dead_letter_queue,
        ));
    }
    builder = Services::of(scenario).create(builder);
    builder.table_faults(FaultyScans::new(Arc::clone(faults)))
}

#[cfg(test)]
#[path = "pipeline_tests.rs"]
mod tests;
