//! What `up` makes of a scenario's `[pipeline]`: settings as AWS takes them. Pure.

use std::time::Duration;

use crate::scenario::{Pipeline, Resources, TableCapacity};

/// Read units of a table whose scenario does not say: verification reads slowly, and it is paid by the hour.
const READ_UNITS: u32 = 5;
/// What a new table on demand takes from the start; more has to be asked for, and paid.
const WARM_WRITE_UNITS: u32 = 4_000;

/// The pipeline that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The dead-letter queue.
    pub dead_letter_queue: WantedQueue,
    /// The orders queue.
    pub orders_queue: WantedQueue,
    /// The table, whose key is `id`, a number.
    pub table: WantedTable,
}

/// A queue; settings that are absent stay as AWS has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedQueue {
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
pub struct WantedTable {
    /// Its name.
    pub name: String,
    /// Its capacity.
    pub capacity: WantedCapacity,
}

/// The capacity of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WantedCapacity {
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

impl Wanted {
    /// The pipeline of these settings under these names.
    ///
    /// # Errors
    /// With every setting that AWS does not take, and what to write instead.
    pub fn of(pipeline: &Pipeline, names: &Resources) -> Result<Self, Vec<String>> {
        let mut problems = Vec::new();
        let mut seconds = |key: &str, duration: Duration, least: u64, most: u64| {
            let whole = duration.subsec_nanos() == 0;
            if !whole || !(least..=most).contains(&duration.as_secs()) {
                problems.push(format!(
                    "pipeline.{key} is {duration:?}, and SQS takes {least} to {most} whole seconds: write one \
                     of these, such as {:?}",
                    format!("{}s", duration.as_secs().clamp(least.max(1), most))
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
                "pipeline.max_receive_count is {}, and SQS takes 1 to 1000",
                pipeline.max_receive_count
            ));
        }
        // The scenario's own word for the dead-letter queue is the lab's name, whatever the target calls it.
        let usual = Resources::default().dead_letter_queue;
        let own = |name: &String| *name == usual || *name == names.dead_letter_queue;
        if let Some(elsewhere) = pipeline.redrive_to.as_ref().filter(|name| !own(name)) {
            problems.push(format!(
                "pipeline.redrive_to is {elsewhere:?}, and only the target's own dead-letter queue is \
                 created: leave it out, or write \"none\""
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
            dead_letter_queue: WantedQueue {
                name: names.dead_letter_queue.clone(),
                visibility_timeout: None,
                retention: pipeline.dead_letter_retention,
                redrive: None,
            },
            orders_queue: WantedQueue {
                name: names.orders_queue.clone(),
                visibility_timeout: Some(pipeline.visibility_timeout),
                retention: pipeline.orders_retention,
                redrive: pipeline.redrive_to.as_ref().map(to_dead_letters),
            },
            table: WantedTable {
                name: names.table.clone(),
                capacity: WantedCapacity::of(pipeline.table_capacity),
            },
        }
    }
}

impl WantedCapacity {
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
pub(super) fn spoken(duration: Duration) -> String {
    const DAY_S: u64 = 86_400;
    match duration.as_secs() {
        DAY_S => "1 day".into(),
        seconds if seconds > 0 && seconds.is_multiple_of(DAY_S) => {
            format!("{} days", seconds / DAY_S)
        }
        seconds => format!("{seconds} s"),
    }
}

impl std::fmt::Display for WantedQueue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "keeps messages {}", spoken(self.retention))?;
        if let Some(hidden) = self.visibility_timeout {
            write!(f, ", hides them {}", spoken(hidden))?;
        }
        match &self.redrive {
            Some((count, name)) => write!(f, ", after {count} receives to {name}"),
            None => Ok(()),
        }
    }
}

impl std::fmt::Display for WantedTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "key id (N), ")?;
        match self.capacity {
            WantedCapacity::OnDemand {
                warm_write_units: None,
            } => write!(f, "on demand"),
            WantedCapacity::OnDemand {
                warm_write_units: Some(units),
            } => write!(f, "on demand, {units} writes a second from the start"),
            WantedCapacity::Provisioned {
                write_units,
                read_units,
            } => write!(
                f,
                "{write_units} write and {read_units} read capacity units"
            ),
        }
    }
}
