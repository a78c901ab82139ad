//! The resources that a scenario's `[pipeline]` asks for, with settings as AWS takes them. Pure.

use std::time::Duration;

use crate::scenario::{Pipeline, Resources, TableCapacity};

/// Read units of a table whose scenario does not say: verification reads slowly, and it is paid by the hour.
const READ_UNITS: u32 = 5;
/// What a new table on demand takes from the start; more has to be asked for, and paid.
const WARM_WRITE_UNITS: u32 = 4_000;

/// The resources that are desired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredResources {
    /// The dead-letter queue.
    pub dead_letter_queue: DesiredQueue,
    /// The orders queue.
    pub orders_queue: DesiredQueue,
    /// The table, whose key is `id`, a number.
    pub table: DesiredTable,
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
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredTable {
    /// Its name.
    pub name: String,
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

impl DesiredResources {
    /// The resources of these settings under these names.
    ///
    /// # Errors
    /// With every setting that AWS does not take, and what to write instead.
    pub fn of(pipeline: &Pipeline, names: &Resources) -> Result<Self, Vec<String>> {
        let mut problems = Vec::new();
        let mut seconds = |key: &str, duration: Duration, least: u64, most: u64| {
            let whole = duration.subsec_nanos() == 0;
            if !whole || !(least..=most).contains(&duration.as_secs()) {
                let near = duration.as_secs().clamp(least.max(1), most);
                problems.push(format!(
                    "pipeline.{key} is {duration:?}; SQS takes {least} to {most} whole seconds: write \"{near}s\""
                ));
            }
        };
        seconds("visibility_timeout", pipeline.visibility_timeout, 0, 43_200);
        seconds("orders_retention", pipeline.orders_retention, 60, 1_209_600);
        seconds(
            "dead_letter_retention",
            pipeline.dead_letter_retention,
            60,
            1_209_600,
        );
        if !(1..=1_000).contains(&pipeline.max_receive_count) {
            problems.push(format!(
                "pipeline.max_receive_count is {}; SQS takes 1 to 1000",
                pipeline.max_receive_count
            ));
        }
        // The scenario's own word for the dead-letter queue is the lab's name, whatever the target calls it.
        let usual = Resources::default().dead_letter_queue;
        let own = |name: &String| *name == usual || *name == names.dead_letter_queue;
        if let Some(elsewhere) = pipeline.redrive_to.as_ref().filter(|name| !own(name)) {
            problems.push(format!(
                "pipeline.redrive_to is {elsewhere:?}; `up` creates only the target's own dead-letter queue: leave it out, \
                 or write \"none\""
            ));
        }
        match problems.is_empty() {
            true => Ok(Self::made_of(pipeline, names)),
            false => Err(problems),
        }
    }

    fn made_of(pipeline: &Pipeline, names: &Resources) -> Self {
        let to_dead_letters =
            |_: &String| (pipeline.max_receive_count, names.dead_letter_queue.clone());
        Self {
            dead_letter_queue: DesiredQueue {
                name: names.dead_letter_queue.clone(),
                visibility_timeout: None,
                retention: pipeline.dead_letter_retention,
                redrive: None,
            },
            orders_queue: DesiredQueue {
                name: names.orders_queue.clone(),
                visibility_timeout: Some(pipeline.visibility_timeout),
                retention: pipeline.orders_retention,
                redrive: pipeline.redrive_to.as_ref().map(to_dead_letters),
            },
            table: DesiredTable {
                name: names.table.clone(),
                capacity: DesiredCapacity::of(pipeline.table_capacity),
            },
        }
    }
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

impl std::fmt::Display for DesiredQueue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
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
        write!(f, "key id (N), ")?;
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
