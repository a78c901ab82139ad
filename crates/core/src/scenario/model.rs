//! The resolved scenario: every default filled in, every multiple of the baseline worked out.
//!
//! It is stored whole in the run's folder, so serde derives here define a file format.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use orderproof_machines::mapping::FunctionSettings;
use serde::{Deserialize, Serialize};

use super::orders::{is_lab, is_labs_beside_others, lab_order};
use super::{Fault, Mapping, QueueProcessor, Rule, Secret, ServiceTime, Services, TableCapacity};
use crate::load::{Arrivals, Phase, Schedule};
use crate::order::spec::OrderSpec;
use crate::order::{Door, Model, Problem};
use crate::verdict::Gate;

/// A scenario whose values have been checked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Short name, used in the run's folder name.
    pub name: String,
    /// The question the run answers, one sentence.
    pub question: String,
    /// Decides every random choice of the run.
    pub seed: u64,
    /// The load profile, phase after phase.
    pub phases: Vec<Phase>,
    /// How arrivals are spaced.
    pub arrivals: Arrivals,
    /// The share of bad orders, 0.0 to 1.0.
    pub bad_share: f64,
    /// How orders are sent.
    pub sending: Sending,
    /// Where the pipeline under test is.
    pub target: TargetSpec,
    /// How many times faster than the file says everything passes: its durations are divided by it and
    /// its rates multiplied, here and in all that follows. 1 is real time.
    pub time_scale: f64,
    /// The settings of the pipeline under test.
    pub pipeline: Pipeline,
    /// Somebody's own function in place of the built-in processor.
    pub processor: Option<ProcessorCommand>,
    /// Further functions by name, each fed from a queue of its own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub processors: BTreeMap<String, QueueProcessor>,
    /// Faults to provoke, for proving the harness.
    pub faults: Vec<Fault>,
    /// How long to wait for quiescence after the last arrival.
    pub settle_deadline: Duration,
    /// What must hold for a pass.
    pub expect: Expectations,
    /// What its orders are and where they end; the lab's when absent.
    #[serde(default = "lab_order", skip_serializing_if = "is_lab")]
    pub order: Box<OrderSpec>,
}

impl Scenario {
    /// What its orders are, compiled.
    ///
    /// # Errors
    /// Every rule they break: never of a scenario that was read from a scenario file.
    pub fn model(&self) -> Result<Arc<Model>, Vec<Problem>> {
        let door = &self.sending.to;
        match is_lab(&self.order) && door.is_queue() {
            true => Ok(Model::lab()),
            false => Model::through((*self.order).clone(), door.clone()).map(Arc::new),
        }
    }

    /// The queues that an end of `order` names and that are neither its orders queue nor its dead-letter queue, each once,
    /// as the scenario calls them.
    pub fn letter_queues<'a>(&self, order: &'a OrderSpec) -> Vec<&'a str> {
        let own = [
            &self.pipeline.orders_queue,
            &self.pipeline.dead_letter_queue,
        ];
        let letters = order.ends.values().flat_map(|end| &end.letters);
        let mut names: Vec<&str> = Vec::new();
        for name in letters.filter_map(|letter| letter.queue.as_ref()) {
            if !own.contains(&name) && !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        names
    }

    /// The queues beside these and the pipeline's own two, each once, as the scenario calls them: those that the pipeline
    /// names, and those that further functions are fed from.
    pub fn further_queues(&self) -> Vec<&str> {
        let own = [
            &self.pipeline.orders_queue,
            &self.pipeline.dead_letter_queue,
        ];
        let letters = self.letter_queues(&self.order);
        let fed = self.processors.values().map(|function| &function.queue);
        let mut names: Vec<&str> = Vec::new();
        for name in self.order.queues.iter().chain(fed) {
            let is_known = own.contains(&name) || letters.contains(&name.as_str());
            if !is_known && !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        names
    }

    /// The name at a target of a queue that the scenario calls so, its own two among them.
    pub fn queue_name<'a>(&self, called: &'a str, names: &'a Resources) -> &'a str {
        if called == self.pipeline.orders_queue {
            return &names.orders_queue;
        }
        match called == self.pipeline.dead_letter_queue {
            true => &names.dead_letter_queue,
            false => names.queue_name(called),
        }
    }

    /// Whether its orders are the lab's, whatever queues and tables there are beside those they end in.
    pub fn is_labs_order(&self) -> bool {
        is_labs_beside_others(&self.order)
    }

    /// When each of its orders is due.
    pub fn schedule(&self) -> Schedule {
        Schedule::new(&self.phases, self.arrivals, self.seed)
    }
}

/// How orders are sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sending {
    /// Orders in one `SendMessageBatch`, 1 to 10; 1 uses `SendMessage`.
    pub batch: u8,
    /// How long the first order of a batch may wait for the batch to fill.
    pub linger: Duration,
    /// Senders in the pool, one connection each.
    pub senders: u32,
    /// Orders dispatched and not answered; arrivals beyond it are counted unsent.
    pub max_in_flight: u32,
    /// After this long without a reply the outcome of a send is indeterminate.
    pub attempt_timeout: Duration,
    /// Which client sends.
    pub sender: SenderKind,
    /// What they are sent to; the orders queue itself when absent.
    #[serde(default, skip_serializing_if = "Door::is_queue")]
    pub to: Door,
}

/// Which client sends the orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SenderKind {
    /// Our own connections over hyper, signed here.
    Http,
    /// The AWS SDK.
    Sdk,
}

/// Where the pipeline under test is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TargetSpec {
    /// In this process, made from the scenario.
    Embedded,
    /// In an AWS account, or behind endpoints that speak the AWS protocol.
    Aws(Box<AwsTarget>),
}

impl TargetSpec {
    /// The target outside this process, if it is one.
    pub fn aws(&self) -> Option<&AwsTarget> {
        match self {
            Self::Embedded => None,
            Self::Aws(target) => Some(target),
        }
    }
}

/// A pipeline in an AWS account, or behind endpoints that speak the AWS protocol. What is not given is
/// found as the AWS SDK finds it: in the environment, the profile, the machine's role.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AwsTarget {
    /// The endpoint of every service that has none of its own here.
    pub endpoint_url: Option<String>,
    /// Of SQS, such as `http://127.0.0.1:4566`.
    pub sqs_endpoint_url: Option<String>,
    /// Of DynamoDB.
    pub dynamodb_endpoint_url: Option<String>,
    /// The region requests are signed for.
    pub region: Option<String>,
    /// The profile of the AWS configuration files that credentials and region come from.
    pub profile: Option<String>,
    /// Requests are signed with placeholder credentials, never the caller's: how it is reached this time, in no file.
    #[serde(skip)]
    pub placeholder_credentials: bool,
    /// The names of its queues and table.
    pub resources: Resources,
    /// The name of the function.
    pub function: String,
    /// Where the function runs.
    pub processor: ProcessorPlace,
    /// The queue counts are exact, so that quiescence needs no minute of waiting. Holds on loopback
    /// only: what AWS counts is approximate.
    pub exact_counts: bool,
    /// Whether the dead-letter queue is the run's own.
    pub dead_letters: DeadLetterUse,
    /// Read capacity units a second that reading the table may take.
    pub read_units: u32,
    /// A run with more orders than this is refused, unless the target is on loopback.
    pub max_orders: u64,
    /// A run that is estimated to cost more than this, in US dollars, is refused, unless the target is
    /// on loopback.
    pub max_usd: f64,
}

/// Where the function of a target runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProcessorPlace {
    /// Behind the target, as on AWS.
    Lambda,
    /// Here: this process polls the target's queue and runs the function, with mapping and function as the scenario
    /// describes them.
    Local,
    /// Anything else that consumes the queue: a worker in a container, say. No mapping is looked for.
    External,
}

/// Whose the dead letters are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeadLetterUse {
    /// Everybody's: they are received, nothing is deleted, and they are shown again. At most 120,000
    /// of them, which is how many messages of one queue SQS lets be hidden at a time.
    Shared,
    /// The run's own: each is deleted once it is written down in the run's folder.
    Own,
}

/// The end of every FIFO queue's name, and of no other's.
pub const FIFO_END: &str = ".fifo";

/// The lab's name of its function.
pub const FUNCTION_NAME: &str = "lab-order-processor";

/// The names of the pipeline's resources.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Resources {
    /// The queue orders are sent to.
    pub orders_queue: String,
    /// Its dead-letter queue.
    pub dead_letter_queue: String,
    /// The table orders end in.
    pub table: String,
    /// The names of tables that the scenario calls otherwise.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tables: BTreeMap<String, String>,
    /// The names of queues that the scenario calls otherwise.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub queues: BTreeMap<String, String>,
}

impl Resources {
    /// The name of the table that the scenario calls `called`: another one only where that is said.
    pub fn table_name<'a>(&'a self, called: &'a str) -> &'a str {
        match self.tables.get(called) {
            Some(name) => name,
            None if called == Self::TABLE => &self.table,
            None => called,
        }
    }

    /// The same of a queue.
    pub fn queue_name<'a>(&'a self, called: &'a str) -> &'a str {
        self.queues.get(called).map_or(called, |name| name)
    }

    /// The usual names: the lab's, with the end that FIFO queues have if the queues are such.
    pub fn usual(fifo: bool) -> Self {
        let mut names = Self::default();
        if fifo {
            names.orders_queue.push_str(FIFO_END);
            names.dead_letter_queue.push_str(FIFO_END);
        }
        names
    }

    /// What the lab calls its table.
    const TABLE: &'static str = "orders";
}

impl Default for Resources {
    /// The original lab's names.
    fn default() -> Self {
        Self {
            orders_queue: "orders-queue".into(),
            dead_letter_queue: "orders-dl-queue".into(),
            table: Self::TABLE.into(),
            tables: BTreeMap::new(),
            queues: BTreeMap::new(),
        }
    }
}

fn orders_queue() -> String {
    Resources::default().orders_queue
}

fn is_labs_orders_queue(name: &str) -> bool {
    name == orders_queue()
}

fn dead_letter_queue() -> String {
    Resources::default().dead_letter_queue
}

fn is_labs_dead_letter_queue(name: &str) -> bool {
    name == dead_letter_queue()
}

/// The settings of the pipeline under test, named as on AWS; the embedded one is made from them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pipeline {
    /// The name of the queue orders are sent to.
    #[serde(default = "orders_queue", skip_serializing_if = "is_labs_orders_queue")]
    pub orders_queue: String,
    /// The name of its dead-letter queue.
    #[serde(
        default = "dead_letter_queue",
        skip_serializing_if = "is_labs_dead_letter_queue"
    )]
    pub dead_letter_queue: String,
    /// Of the orders queue.
    pub visibility_timeout: Duration,
    /// Receives before a message moves to the dead-letter queue.
    pub max_receive_count: u32,
    /// The queue its redrive policy names; `None` when it has none.
    pub redrive_to: Option<String>,
    /// How long the orders queue keeps a message (AWS: 60 s to 14 days, 4 days by default).
    pub orders_retention: Duration,
    /// How long the dead-letter queue does, counted from the first send.
    pub dead_letter_retention: Duration,
    /// The event source mapping.
    pub mapping: Mapping,
    /// The function behind it.
    pub function: Function,
    /// The table's write capacity.
    pub table_capacity: TableCapacity,
    /// The orders queue is a FIFO queue.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub fifo: bool,
    /// It is one with high throughput: deduplication and quotas for each message group.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub high_throughput: bool,
    /// What the embedded one answers of other services that the function calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub services: Option<Services>,
}

/// Which order processor is behind the mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProcessorKind {
    /// Ours: record by record, conditional put, partial batch response.
    Orderproof,
    /// The original lab's: one after the other, the first bad record fails the whole batch, unconditional
    /// put, no partial batch response.
    Lab,
}

/// The function that processes orders.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Function {
    /// Which order processor it is.
    pub processor: ProcessorKind,
    /// An invocation that takes longer has failed.
    pub timeout: Duration,
    /// Time every invocation takes on top of its own work.
    pub service_time: ServiceTime,
    /// Time the first invocation of an execution environment takes on top of that.
    pub cold_start: ServiceTime,
    /// Invocations that may run at one time, whatever the mapping asks for; more are throttled.
    pub reserved_concurrency: Option<u32>,
}

impl Function {
    /// Its limits and times.
    pub fn settings(&self) -> FunctionSettings {
        FunctionSettings {
            timeout: self.timeout,
            service_time: self.service_time,
            cold_start: self.cold_start,
            reserved_concurrency: self.reserved_concurrency,
        }
    }
}

/// A function of the user's own: a Lambda bootstrap that is run as child processes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProcessorCommand {
    /// `AWS_LAMBDA_FUNCTION_NAME`; when absent the lab's, or the name under which a further function stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The program and its arguments.
    #[serde(serialize_with = "super::secret::serialize_arguments")]
    pub command: Vec<String>,
    /// Its working folder; the scenario's caller's when absent.
    pub working_dir: Option<String>,
    /// `_HANDLER`.
    pub handler: String,
    /// The function's own environment variables. Files hold their names; their values are not kept.
    pub environment: BTreeMap<String, Secret>,
    /// `AWS_LAMBDA_FUNCTION_MEMORY_SIZE`; not enforced.
    pub memory_mb: u32,
    /// How long an execution environment may take to ask for its first invocation. Real time, also when
    /// time is compressed.
    pub init_timeout: Duration,
    /// Processes at one time; the mapping's concurrency is bounded by it.
    pub max_environments: u32,
    /// A process that has asked for an event is stopped until there is one, as Lambda freezes its environments.
    /// Runs of versions that did not do so lack it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub freeze: bool,
}

/// What must hold for a pass.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Expectations {
    /// Which classes are accepted.
    pub gate: Gate,
    /// The share of planned orders that may be left unsent before the run proves nothing.
    pub max_unsent_share: f64,
    /// Orders whose sending had no known outcome and that were seen nowhere.
    pub max_indeterminate: u64,
    /// Schedule lag (p99, spike and all other phases but warm-up) above which the harness was too
    /// late to claim its offered load.
    pub max_schedule_lag_p99: Duration,
    /// Rules, such as `end_to_end_p99 < 2s for spike`.
    pub rules: Vec<Rule>,
}

/// What a performance rule measures.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// A quantile (0.0 to 1.0) of the send's response time.
    ResponseTime(f64),
    /// A quantile of the send's service time.
    ServiceTime(f64),
    /// A quantile of the schedule lag.
    ScheduleLag(f64),
    /// A quantile of the end-to-end latency.
    EndToEnd(f64),
    /// From the last arrival to an empty queue.
    Drain,
}
