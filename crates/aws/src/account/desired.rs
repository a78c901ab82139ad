//! The resources that a scenario asks for, with settings as AWS takes them. Pure.

use std::time::Duration;

use super::resource::{NamedTable, Resource, further_queues, tables};
use crate::order::spec::Key;
use crate::preflight::FifoFacts;
use crate::scenario::{Pipeline, Resources, Scenario, TableCapacity};

/// Read units of a table whose scenario does not say: verification reads slowly, and it is paid by the hour.
const READ_UNITS: u32 = 5;
/// The longest that SQS hides a message.
const VISIBILITY_MAX: Duration = Duration::from_secs(43_200);
/// What a new table on demand takes from the start; more has to be asked for, and paid.
const WARM_WRITE_UNITS: u32 = 4_000;

/// A resource that is desired, with its settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Desired {
    /// A queue.
    Queue(DesiredQueue),
    /// A table.
    Table(DesiredTable),
}

/// A queue; settings that are absent stay as AWS has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredQueue {
    /// Its name.
    pub name: String,
    /// How long a received message is hidden.
    pub visibility_timeout: Option<Duration>,
    /// How long a message is kept.
    pub retention: Duration,
    /// Receives before a message moves to the dead-letter queue, and that queue's name.
    pub redrive: Option<(u32, String)>,
    /// It is a FIFO queue with these settings.
    pub fifo: Option<FifoFacts>,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredTable {
    /// Its name.
    pub name: String,
    /// Its key.
    pub key: Key,
    /// Its capacity.
    pub capacity: DesiredCapacity,
}

/// The capacity of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DesiredCapacity {
    /// On demand.
    OnDemand {
        /// Write units a second it must take from the start, where a new table takes fewer.
        warm_write_units: Option<u32>,
    },
    /// Provisioned.
    Provisioned {
        /// Write capacity units.
        write_units: u32,
        /// Read capacity units.
        read_units: u32,
    },
}

impl Desired {
    /// What the orders of `scenario` need under these names, in the order of [`Resource::all`].
    ///
    /// # Errors
    /// With every setting that AWS does not take, and what to write instead.
    pub fn all(scenario: &Scenario, names: &Resources) -> Result<Vec<Self>, Vec<String>> {
        let mut problems = problems(&scenario.pipeline, names);
        let tables = tables(scenario, names);
        problems.extend(of_two_keys(&tables));
        if !problems.is_empty() {
            return Err(problems);
        }
        let mut all: Vec<Self> = queues(scenario, names)
            .into_iter()
            .map(Self::Queue)
            .collect();
        let capacity = DesiredCapacity::of(scenario.pipeline.table_capacity);
        for NamedTable { name, key, .. } in tables {
            let table = Self::Table(DesiredTable {
                name: name.to_owned(),
                key: key.clone(),
                capacity,
            });
            if !all.contains(&table) {
                all.push(table);
            }
        }
        Ok(all)
    }

    /// Which resource it is.
    pub fn resource(&self) -> Resource {
        match self {
            Self::Queue(queue) => Resource::Queue(queue.name.clone()),
            Self::Table(table) => Resource::Table(table.name.clone()),
        }
    }
}

/// The settings that SQS does not take, and what to write instead.
fn problems(pipeline: &Pipeline, names: &Resources) -> Vec<String> {
    let mut problems = Vec::new();
    for (key, duration, least, most) in [
        ("visibility_timeout", pipeline.visibility_timeout, 0, 43_200),
        ("orders_retention", pipeline.orders_retention, 60, 1_209_600),
        (
            "dead_letter_retention",
            pipeline.dead_letter_retention,
            60,
            1_209_600,
        ),
    ] {
        let whole = duration.subsec_nanos() == 0;
        if !whole || !(least..=most).contains(&duration.as_secs()) {
            let near = duration.as_secs().clamp(least.max(1), most);
            problems.push(format!(
                "pipeline.{key} is {duration:?}; SQS takes {least} to {most} whole seconds: write \"{near}s\""
            ));
        }
    }
    if !(1..=1_000).contains(&pipeline.max_receive_count) {
        problems.push(format!(
            "pipeline.max_receive_count is {}; SQS takes 1 to 1000",
            pipeline.max_receive_count
        ));
    }
    // The scenario's own word for the dead-letter queue, whatever the target calls it.
    let usual = Resources::usual(pipeline.fifo).dead_letter_queue;
    let own = [
        &usual,
        &pipeline.dead_letter_queue,
        &names.dead_letter_queue,
    ];
    if let Some(elsewhere) = pipeline
        .redrive_to
        .as_ref()
        .filter(|name| !own.contains(name))
    {
        problems.push(format!(
            "pipeline.redrive_to is {elsewhere:?}; `up` creates only the target's own dead-letter queue: leave it out, \
             or write \"none\""
        ));
    }
    problems
}

/// Tables that have one name at the target, and different keys.
fn of_two_keys(tables: &[NamedTable<'_>]) -> Vec<String> {
    let mut problems = Vec::new();
    for (at, one) in tables.iter().enumerate() {
        let same = |other: &&NamedTable<'_>| other.name == one.name && other.key != one.key;
        if let Some(other) = tables[..at].iter().find(same) {
            problems.push(format!(
                "{} and {} are both called {} at the target, and their keys differ ({}; {}): name two tables (target.tables)",
                other.called, one.called, one.name, other.key, one.key
            ));
        }
    }
    problems
}

/// The dead-letter queue, the orders queue, and all others, which keep messages as long as the dead-letter queue.
fn queues(scenario: &Scenario, names: &Resources) -> Vec<DesiredQueue> {
    let pipeline = &scenario.pipeline;
    let plain = |name: &str| DesiredQueue {
        name: name.to_owned(),
        visibility_timeout: visibility(scenario, names, name),
        retention: pipeline.dead_letter_retention,
        redrive: None,
        // What a function sends may name no deduplication id.
        fifo: name.ends_with(".fifo").then_some(FifoFacts {
            content_based_deduplication: true,
            high_throughput: false,
        }),
    };
    let fifo = |content_based_deduplication, high_throughput| {
        pipeline.fifo.then_some(FifoFacts {
            content_based_deduplication,
            high_throughput,
        })
    };
    let by_content = scenario.order.deduplication.is_none();
    let to_dead_letters =
        |_: &String| (pipeline.max_receive_count, names.dead_letter_queue.clone());
    // SQS moves messages of a FIFO queue to FIFO queues alone.
    let dead_letters = DesiredQueue {
        fifo: fifo(false, false),
        ..plain(&names.dead_letter_queue)
    };
    let orders = DesiredQueue {
        visibility_timeout: Some(pipeline.visibility_timeout),
        retention: pipeline.orders_retention,
        redrive: pipeline.redrive_to.as_ref().map(to_dead_letters),
        fifo: fifo(by_content, pipeline.high_throughput),
        ..plain(&names.orders_queue)
    };
    let further = further_queues(scenario, names).into_iter().map(plain);
    [dead_letters, orders].into_iter().chain(further).collect()
}

/// How long a queue that feeds a further function hides what it has given, where what SQS does by itself is too short: six
/// times what an invocation may take, and the mapping's window, as AWS advises.
fn visibility(scenario: &Scenario, names: &Resources, name: &str) -> Option<Duration> {
    const BY_ITSELF: Duration = Duration::from_secs(30);
    let fed = scenario.processors.values();
    let fed = fed.filter(|function| scenario.queue_name(&function.queue, names) == name);
    let advised = fed.map(|function| function.timeout * 6 + function.mapping.batching_window);
    // Whole seconds, and no more than SQS takes.
    let whole = |time: Duration| Duration::from_secs(time.as_secs_f64().ceil() as u64);
    let longest = advised.max().map(whole)?.min(VISIBILITY_MAX);
    (longest > BY_ITSELF).then_some(longest)
}

impl DesiredCapacity {
    fn of(capacity: TableCapacity) -> Self {
        match capacity {
            // No table of AWS promises never to throttle; on demand comes nearest.
            TableCapacity::Unlimited => Self::OnDemand {
                warm_write_units: None,
            },
            TableCapacity::OnDemand { warm_write_units } => Self::OnDemand {
                warm_write_units: (warm_write_units > WARM_WRITE_UNITS).then_some(warm_write_units),
            },
            TableCapacity::Provisioned {
                write_capacity_units,
                read_capacity_units,
            } => Self::Provisioned {
                write_units: write_capacity_units,
                read_units: read_capacity_units.unwrap_or(READ_UNITS),
            },
        }
    }
}

/// Whole days as such, and everything else in seconds.
pub(super) fn span(duration: Duration) -> String {
    const DAY_S: u64 = 86_400;
    match duration.as_secs() {
        DAY_S => "1 day".into(),
        seconds if seconds > 0 && seconds.is_multiple_of(DAY_S) => {
            format!("{} days", seconds / DAY_S)
        }
        seconds => format!("{seconds} s"),
    }
}

impl std::fmt::Display for Desired {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Queue(queue) => write!(f, "{queue}"),
            Self::Table(table) => write!(f, "{table}"),
        }
    }
}

impl std::fmt::Display for DesiredQueue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.fifo.is_some() {
            write!(f, "FIFO, ")?;
        }
        write!(f, "keeps messages {}", span(self.retention))?;
        if let Some(hidden) = self.visibility_timeout {
            write!(f, ", hides them {}", span(hidden))?;
        }
        match &self.redrive {
            Some((count, name)) => write!(f, ", after {count} receives to {name}"),
            None => Ok(()),
        }
    }
}

impl std::fmt::Display for DesiredTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "key {}, ", self.key)?;
        match self.capacity {
            DesiredCapacity::OnDemand {
                warm_write_units: None,
            } => write!(f, "on demand"),
            DesiredCapacity::OnDemand {
                warm_write_units: Some(units),
            } => write!(f, "on demand, {units} writes a second from the start"),
            DesiredCapacity::Provisioned {
                write_units,
                read_units,
            } => write!(f, "{}", provisioned(write_units.into(), read_units.into())),
        }
    }
}

/// A provisioned capacity in words.
pub(super) fn provisioned(write_units: u64, read_units: u64) -> String {
    format!("{write_units} write and {read_units} read capacity units")
}
