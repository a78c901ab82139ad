//! How an emulator is put together and started.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;

use tokio::task::JoinSet;

use super::counters::Counters;
use super::doors::events::Rule;
use super::doors::sns::{Subscription, TopicAttributes};
use super::doors::{self, DoorFaults, Doors, HttpDoor};
use super::emulator::Emulator;
use super::error::EmulatorError;
use super::function::{Function, Polling, Seat};
use super::gateway::{Gateway, HEALTH_PATH};
use super::http::{HostName, Hosts, Origin};
use super::service::{ServiceThread, listener_at};
use super::services::{Behind, ServiceSettings};
use super::sqs::{FifoAttributes, QueueAttributes, QueueFaults, Site, SqsEngine, is_fifo};
use super::table::{TableCapacity, TableFaults, TableKey, TableServer, Tables};

/// Where every service that speaks Query is asked.
const TAKEN: &str = "/";

/// What an emulator is to hold, and how it is to be served.
#[must_use = "nothing runs before it is started"]
pub struct Builder {
    address: SocketAddr,
    speed: f64,
    seed: u64,
    stored_bytes_max: Option<u64>,
    allowed_hosts: Vec<HostName>,
    pages: Vec<Origin>,
    traffic_max: Option<(usize, u64)>,
    queues: Vec<(String, QueueAttributes)>,
    tables: Vec<(String, TableKey, TableCapacity)>,
    topics: Vec<(String, TopicAttributes)>,
    subscriptions: Vec<(String, Subscription)>,
    buses: Vec<String>,
    rules: Vec<Rule>,
    http_doors: Vec<HttpDoor>,
    functions: Vec<Function>,
    door_faults: Option<Box<dyn DoorFaults>>,
    services: ServiceSettings,
    queue_faults: Option<Box<dyn QueueFaults>>,
    table_faults: Option<Arc<dyn TableFaults>>,
}

impl fmt::Debug for Builder {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Builder")
            .field("address", &self.address)
            .field("queues", &self.queues)
            .field("tables", &self.tables)
            .field("functions", &self.functions)
            .finish_non_exhaustive()
    }
}

impl Default for Builder {
    /// Nothing, on a free loopback port, at the speed of the clock and without a limit.
    fn default() -> Self {
        Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            speed: 1.0,
            seed: 0,
            stored_bytes_max: None,
            allowed_hosts: Vec::new(),
            pages: Vec::new(),
            traffic_max: None,
            queues: Vec::new(),
            tables: Vec::new(),
            topics: Vec::new(),
            subscriptions: Vec::new(),
            buses: Vec::new(),
            rules: Vec::new(),
            http_doors: Vec::new(),
            functions: Vec::new(),
            door_faults: None,
            services: ServiceSettings::default(),
            queue_faults: None,
            table_faults: None,
        }
    }
}

impl Builder {
    /// With a queue of SQS's default attributes: a FIFO queue if its name ends in `.fifo`.
    pub fn queue(self, name: &str) -> Self {
        let fifo = is_fifo(name).then(FifoAttributes::default);
        let attributes = QueueAttributes {
            fifo,
            ..QueueAttributes::default()
        };
        self.queue_with(name, attributes)
    }

    /// With a queue of these attributes. A dead-letter queue comes before the queue that names it.
    pub fn queue_with(mut self, name: &str, attributes: QueueAttributes) -> Self {
        self.queues.push((name.to_owned(), attributes));
        self
    }

    /// With a topic of SNS's default attributes: a FIFO topic if its name ends in `.fifo`.
    pub fn topic(self, name: &str) -> Self {
        self.topic_with(name, TopicAttributes::default())
    }

    /// With a topic of these attributes.
    pub fn topic_with(mut self, name: &str, attributes: TopicAttributes) -> Self {
        self.topics.push((name.to_owned(), attributes));
        self
    }

    /// With a queue of this emulator subscribed to a topic of it.
    pub fn subscription(mut self, topic: &str, subscription: Subscription) -> Self {
        self.subscriptions.push((topic.to_owned(), subscription));
        self
    }

    /// With an event bus beside `default`.
    pub fn event_bus(mut self, name: &str) -> Self {
        self.buses.push(name.to_owned());
        self
    }

    /// With a rule of an event bus, and its targets, which are queues of this emulator.
    pub fn rule(mut self, rule: Rule) -> Self {
        self.rules.push(rule);
        self
    }

    /// With a path where bodies are posted that become messages of a queue of this emulator.
    pub fn http_door(mut self, door: HttpDoor) -> Self {
        self.http_doors.push(door);
        self
    }

    /// With a new table on demand of this key.
    pub fn table(self, name: &str, key: TableKey) -> Self {
        self.table_with(name, key, TableCapacity::on_demand())
    }

    /// With a table of this key and capacity.
    pub fn table_with(mut self, name: &str, key: TableKey, capacity: TableCapacity) -> Self {
        self.tables.push((name.to_owned(), key, capacity));
        self
    }

    /// With a function behind a queue: a [`command`](super::command), a [`handler`](super::handler), or either with
    /// settings of its own.
    pub fn function(mut self, function: impl Into<Function>) -> Self {
        self.functions.push(function.into());
        self
    }

    /// With services that a function calls on its way. What they have not got is refused, as everything is without this.
    pub fn services(mut self, services: ServiceSettings) -> Self {
        self.services = services;
        self
    }

    /// Listens at this address; port 0 takes any free port. Nothing is authenticated: everybody who can reach the address
    /// can read and change what the emulator holds.
    pub fn address(mut self, address: SocketAddr) -> Self {
        self.address = address;
        self
    }

    /// Answers also who calls it by one of these names, beside loopback's and the address's.
    pub fn allowed_hosts(mut self, hosts: Vec<HostName>) -> Self {
        self.allowed_hosts = hosts;
        self
    }

    /// Lets pages of these origins call the server and read its replies (CORS). By default no page of another origin may.
    pub fn cors(mut self, pages: Vec<Origin>) -> Self {
        self.pages = pages;
        self
    }

    /// Lets time pass `speed` times faster than on AWS: what AWS bounds by a duration is bounded by so much less, and
    /// rates grow as much. Durations that are given are left as they are.
    pub fn speed(mut self, speed: f64) -> Self {
        self.speed = speed;
        self
    }

    /// Decides what is drawn: how long invocations take whose settings are a distribution.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Refuses what would take the queues, or the tables, beyond so many bytes each.
    pub fn stored_bytes_max(mut self, bytes: u64) -> Self {
        self.stored_bytes_max = Some(bytes);
        self
    }

    /// Takes so many connections, and so many bytes of bodies that are on their way, at one time.
    pub fn traffic_max(mut self, connections: usize, request_bytes: u64) -> Self {
        self.traffic_max = Some((connections, request_bytes));
        self
    }

    /// Makes topics, event buses and HTTP doors misbehave.
    pub fn door_faults(mut self, faults: impl DoorFaults + 'static) -> Self {
        self.door_faults = Some(Box::new(faults));
        self
    }

    /// Makes the queues misbehave.
    pub fn queue_faults(mut self, faults: impl QueueFaults + 'static) -> Self {
        self.queue_faults = Some(Box::new(faults));
        self
    }

    /// Makes the tables' reads misbehave.
    pub fn table_faults(mut self, faults: impl TableFaults + 'static) -> Self {
        self.table_faults = Some(Arc::new(faults));
        self
    }

    /// Starts it: queues and tables exist and can be reached when this returns. Threads and runtimes are its own, so
    /// that this may be called with or without a runtime, and as often as one likes.
    ///
    /// # Errors
    /// When a queue or a table cannot be created, a command cannot be run, or no port or thread can be had.
    pub fn start(self) -> Result<Emulator, EmulatorError> {
        self.prepare()?.start()
    }

    /// Takes the port and creates queues and tables, and serves nothing yet: for functions that need to know the
    /// address or write to a table past HTTP.
    ///
    /// # Errors
    /// When a queue or a table cannot be created, or the port cannot be had.
    pub fn prepare(self) -> Result<Prepared, EmulatorError> {
        let counters = Arc::new(Counters::default());
        let (listener, address) = listener_at(self.address)?;
        let engine = SqsEngine::with_speed(self.speed);
        for (queue, attributes) in &self.queues {
            let created = engine.create_queue(queue, attributes.clone());
            created.map_err(|source| EmulatorError::Queue {
                queue: queue.clone(),
                source,
            })?;
        }
        let site = Site::local(address);
        let doors = Doors::new(engine.clone(), site.clone(), self.speed);
        self.open(&doors)?;
        let tables = Tables::open(self.speed, Arc::clone(&counters))?;
        let tables = tables.storing_at_most(self.stored_bytes_max);
        for (table, key, capacity) in &self.tables {
            tables.create(table, key, *capacity)?;
        }
        Ok(Prepared {
            builder: self,
            listener,
            site,
            engine,
            doors,
            tables,
            counters,
        })
    }

    /// Makes what stands in front of the queues.
    fn open(&self, doors: &Doors) -> Result<(), EmulatorError> {
        let wrong = |topic: &str| {
            let topic = topic.to_owned();
            move |source| EmulatorError::Topic { topic, source }
        };
        for (topic, attributes) in &self.topics {
            let created = doors.create_topic(topic, attributes.clone());
            created.map_err(wrong(topic))?;
        }
        for (topic, subscription) in &self.subscriptions {
            let subscribed = doors.subscribe(topic, subscription.clone());
            subscribed.map_err(wrong(topic))?;
        }
        for bus in &self.buses {
            doors
                .create_event_bus(bus, None)
                .map_err(EmulatorError::Events)?;
        }
        for rule in &self.rules {
            let queues = rule.queues();
            self.check_queues("rule", rule.name(), queues)?;
            doors
                .put_rule(rule.clone())
                .map_err(EmulatorError::Events)?;
        }
        for door in &self.http_doors {
            self.check_queues("HTTP door", door.path(), [door.queue()])?;
            if !door.path().starts_with('/') || [TAKEN, HEALTH_PATH].contains(&door.path()) {
                return Err(EmulatorError::Path(door.path().to_owned()));
            }
        }
        Ok(())
    }

    /// Refuses a way to a queue that is not here.
    fn check_queues<'a>(
        &self,
        way: &'static str,
        name: &str,
        queues: impl IntoIterator<Item = &'a str>,
    ) -> Result<(), EmulatorError> {
        let is_here = |queue: &str| self.queues.iter().any(|(name, _)| name == queue);
        match queues.into_iter().find(|queue| !is_here(queue)) {
            None => Ok(()),
            Some(queue) => Err(EmulatorError::NoSuchQueue {
                way,
                name: name.to_owned(),
                queue: queue.to_owned(),
            }),
        }
    }
}

/// An emulator that has its port and its queues and tables, and serves nothing yet.
#[must_use = "nothing runs before it is started"]
pub struct Prepared {
    builder: Builder,
    listener: TcpListener,
    site: Site,
    engine: SqsEngine,
    doors: Doors,
    tables: Tables,
    counters: Arc<Counters>,
}

impl Prepared {
    /// Where it will be reached.
    pub fn site(&self) -> &Site {
        &self.site
    }

    /// Its tables, to write to past HTTP.
    pub fn tables(&self) -> &Tables {
        &self.tables
    }

    /// As [`Builder::function`].
    pub fn function(mut self, function: impl Into<Function>) -> Self {
        self.builder = self.builder.function(function);
        self
    }

    /// Starts it.
    ///
    /// # Errors
    /// When a command cannot be run, or no port or thread can be had.
    pub fn start(self) -> Result<Emulator, EmulatorError> {
        let Self {
            builder,
            listener,
            site,
            engine,
            doors,
            tables,
            counters,
        } = self;
        if let Some(bytes) = builder.stored_bytes_max {
            engine.store_at_most(bytes);
        }
        if let Some(faults) = builder.queue_faults {
            engine.set_faults(faults);
        }
        if let Some(faults) = builder.door_faults {
            doors.set_faults(faults);
        }
        let table_server = TableServer::start(tables.database())?;
        let gateway = tables.gateway(table_server.address(), builder.table_faults);
        let hosts =
            Hosts::new(builder.address.ip(), builder.allowed_hosts).answering_pages(builder.pages);
        let behind = Behind::new(builder.services, &site, Arc::clone(&counters));
        let mut front = Gateway::new(engine.clone(), site.clone(), Some(gateway)).called(hosts);
        for service in doors::services(&doors, builder.http_doors) {
            front = front.serving(service);
        }
        // Last: whatever nobody else takes is refused there.
        front = front.serving(Arc::new(behind));
        if let Some((connections, bytes)) = builder.traffic_max {
            front = front.taking_at_most(connections, bytes);
        }
        let first = builder.queues.first().map(|(name, _)| name.as_str());
        let (mut mappings, mut commands) = (Vec::new(), Vec::new());
        for function in builder.functions {
            let queue = function.queue().or(first).ok_or(EmulatorError::NoQueue)?;
            let queue = queue.to_owned();
            let seat = Seat {
                engine: &engine,
                site: &site,
                counters: &counters,
                seed: builder.seed,
                speed: builder.speed,
                queue: &queue,
            };
            let (polling, command) = function
                .start(seat)
                .map_err(|(command, source)| EmulatorError::Command { command, source })?;
            mappings.push(polling);
            commands.extend(command);
        }
        let front = serve(listener, front, doors.clone(), mappings)?;
        Ok(Emulator {
            front,
            table_server,
            engine,
            doors,
            tables,
            site,
            counters,
            commands,
        })
    }
}

/// The thread that serves queues and tables, polls the queues and runs the functions.
fn serve(
    listener: TcpListener,
    front: Gateway,
    doors: Doors,
    mappings: Vec<Polling>,
) -> std::io::Result<ServiceThread> {
    ServiceThread::spawn("emulator", move |stop| async move {
        let listener = match tokio::net::TcpListener::from_std(listener) {
            Ok(listener) => listener,
            Err(error) => {
                tracing::error!(%error, "the embedded queues cannot be served");
                return;
            }
        };
        let mut polling: JoinSet<()> = mappings.into_iter().collect();
        polling.spawn(doors.run());
        let until = async move {
            let _ = stop.await;
        };
        front.serve(listener, until).await;
    })
}
