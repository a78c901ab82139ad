//! The capacity of one table, read and written: what is granted, what is throttled, and why.
//!
//! Pure but for the instants handed in. Figures are from the Amazon DynamoDB developer guide ("Service
//! quotas", "On-demand capacity mode", "Burst and adaptive capacity"). Not imitated: a table that splits a
//! hot partition, reserved and auto-scaled capacity, and indexes.

mod bucket;
mod many;
mod on_demand;
mod throttle;

use std::time::Instant;

use bucket::Bucket;
use on_demand::PreviousPeak;
pub use throttle::{Limit, Side, Throttled};

use super::capacity::TableCapacity;

/// Seconds of unused capacity a provisioned table keeps for bursts (AWS: 300, best effort).
const BURST_SECONDS: f64 = 300.0;

/// Units a second a partition takes: writes, and reads.
const PARTITION_WRITES: f64 = 1_000.0;
const PARTITION_READS: f64 = 3_000.0;

/// Partitions that are told apart.
const PARTITIONS_MAX: usize = 1_000;

/// Read units a second a table on demand takes for each write unit: 12,000 beside 4,000 for a new one.
const READS_PER_WRITE: f64 = 3.0;

/// Units a second an account may use of one table, of each kind, unless the quota is raised.
const ACCOUNT_UNITS: f64 = 40_000.0;

/// The capacity of one table.
#[derive(Debug)]
pub struct Meter {
    resource: String,
    on_demand: bool,
    read: Option<Limiter>,
    write: Option<Limiter>,
}

impl Meter {
    /// The capacity of the table with this ARN, unused so far. Its time passes `speed` times faster than the
    /// clock: a second's units are there `speed` times a second.
    pub fn new(resource: String, capacity: TableCapacity, speed: f64, now: Instant) -> Self {
        let (read, write) = match capacity {
            TableCapacity::Unlimited => (None, None),
            TableCapacity::OnDemand { warm_write_units } => {
                let writes = f64::from(warm_write_units);
                let reads = writes * READS_PER_WRITE;
                let partitions = (writes / PARTITION_WRITES).ceil() as usize;
                (
                    Some(Limiter::on_demand(
                        Side::Read,
                        reads,
                        partitions,
                        speed,
                        now,
                    )),
                    Some(Limiter::on_demand(
                        Side::Write,
                        writes,
                        partitions,
                        speed,
                        now,
                    )),
                )
            }
            TableCapacity::Provisioned {
                write_capacity_units,
                read_capacity_units,
            } => {
                let writes = f64::from(write_capacity_units);
                let reads = read_capacity_units.map(f64::from);
                let partitions = partitions(writes, reads.unwrap_or_default());
                let limiter =
                    |side, units| Limiter::provisioned(side, units, partitions, speed, now);
                (
                    reads.map(|reads| limiter(Side::Read, reads)),
                    Some(limiter(Side::Write, writes)),
                )
            }
        };
        Self {
            resource,
            on_demand: matches!(capacity, TableCapacity::OnDemand { .. }),
            read,
            write,
        }
    }

    /// Whether anything is limited at all.
    pub fn is_unlimited(&self) -> bool {
        self.read.is_none() && self.write.is_none()
    }

    /// Takes `units` for the key with this hash at `now`, or nothing.
    ///
    /// # Errors
    /// When the operation is throttled.
    pub fn take(
        &mut self,
        side: Side,
        units: f64,
        key: Option<u64>,
        now: Instant,
    ) -> Result<(), Throttled> {
        let Some(limiter) = self.limiter(side) else {
            return Ok(());
        };
        limiter.take(units, key, now).map_err(|limit| Throttled {
            side,
            limit,
            resource: self.resource.clone(),
            on_demand: self.on_demand,
        })
    }

    /// Charges `units` more (or fewer) than were taken, now that they are known.
    pub fn charge(&mut self, side: Side, units: f64, key: Option<u64>, now: Instant) {
        if let Some(limiter) = self.limiter(side) {
            limiter.charge(units, key, now);
        }
    }

    fn limiter(&mut self, side: Side) -> Option<&mut Limiter> {
        match side {
            Side::Read => self.read.as_mut(),
            Side::Write => self.write.as_mut(),
        }
    }
}

/// Partitions of a table provisioned with so many units a second.
fn partitions(writes: f64, reads: f64) -> usize {
    let needed = writes / PARTITION_WRITES + reads / PARTITION_READS;
    // Beyond what any account may use, a partition more makes no difference.
    (needed.ceil() as usize).clamp(1, PARTITIONS_MAX)
}

/// One side of a table's capacity.
#[derive(Debug)]
struct Limiter {
    table: Bucket,
    /// What a table on demand has taken before; absent when provisioned.
    previous: Option<PreviousPeak>,
    partitions: Vec<Bucket>,
    /// Where the next of many keys lives that nobody names.
    next: usize,
    side: Side,
    speed: f64,
}

impl Limiter {
    fn provisioned(side: Side, units: f64, partitions: usize, speed: f64, now: Instant) -> Self {
        Self {
            table: Bucket::full(units * speed, BURST_SECONDS / speed, now),
            previous: None,
            partitions: vec![partition(side, speed, now); partitions.max(1)],
            next: 0,
            side,
            speed,
        }
    }

    fn on_demand(side: Side, units: f64, partitions: usize, speed: f64, now: Instant) -> Self {
        Self {
            table: Bucket::full(units.min(ACCOUNT_UNITS) * speed, 1.0 / speed, now),
            previous: Some(PreviousPeak::new(units, speed)),
            partitions: vec![partition(side, speed, now); partitions.max(1)],
            next: 0,
            side,
            speed,
        }
    }

    fn take(&mut self, units: f64, key: Option<u64>, now: Instant) -> Result<(), Limit> {
        let limit = self.grow(now);
        if !self.table.has(units, now) {
            return Err(limit);
        }
        if let Some(partition) = self.partition(key)
            && !partition.has(units, now)
        {
            return Err(Limit::KeyRange);
        }
        self.charge(units, key, now);
        Ok(())
    }

    /// Takes note of what a table on demand takes by now; what refuses when the table as a whole has nothing left.
    fn grow(&mut self, now: Instant) -> Limit {
        let Some(previous) = &mut self.previous else {
            return Limit::Provisioned;
        };
        let most = previous.limit(now);
        let rate = most.min(ACCOUNT_UNITS);
        self.table
            .set_rate(rate * self.speed, 1.0 / self.speed, now);
        // What takes more has split into more partitions.
        let needed = (rate / partition_units(self.side)).ceil() as usize;
        let fresh = partition(self.side, self.speed, now);
        self.partitions
            .resize(needed.max(self.partitions.len()), fresh);
        match most >= ACCOUNT_UNITS {
            true => Limit::Account,
            false => Limit::KeyRange,
        }
    }

    fn charge(&mut self, units: f64, key: Option<u64>, now: Instant) {
        self.table.charge(units);
        if let Some(previous) = &mut self.previous {
            previous.used(units, now);
        }
        if let Some(partition) = self.partition(key) {
            partition.charge(units);
        }
    }

    /// Where this key lives.
    fn partition(&mut self, key: Option<u64>) -> Option<&mut Bucket> {
        let count = self.partitions.len() as u64;
        self.partitions.get_mut((key? % count) as usize)
    }
}

fn partition_units(side: Side) -> f64 {
    match side {
        Side::Read => PARTITION_READS,
        Side::Write => PARTITION_WRITES,
    }
}

fn partition(side: Side, speed: f64, now: Instant) -> Bucket {
    Bucket::full(partition_units(side) * speed, 1.0 / speed, now)
}

#[cfg(test)]
mod tests;
