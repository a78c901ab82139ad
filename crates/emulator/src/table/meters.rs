//! The meters of all tables, shared by everything that writes to them or reads them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use orderproof_machines::table::{Meter, Side, TableCapacity, Throttled};

use crate::counters::Counters;

/// The meters by table. Tables it does not know are not limited.
#[derive(Clone)]
pub struct Meters {
    shared: Arc<Shared>,
}

struct Shared {
    speed: f64,
    counters: Arc<Counters>,
    tables: Mutex<BTreeMap<String, Metered>>,
}

struct Metered {
    meter: Meter,
    key: String,
}

impl Meters {
    /// No tables yet; their time passes `speed` times faster than the clock.
    pub fn new(speed: f64, counters: Arc<Counters>) -> Self {
        Self {
            shared: Arc::new(Shared {
                speed,
                counters,
                tables: Mutex::default(),
            }),
        }
    }

    /// Meters a table, whose partition key is `key`, from now on; what was used before is forgotten.
    pub fn insert(&self, table: &str, arn: String, key: String, capacity: TableCapacity) {
        let meter = Meter::new(arn, capacity, self.shared.speed, Instant::now());
        let mut tables = self.lock();
        match meter.is_unlimited() {
            true => tables.remove(table),
            false => tables.insert(table.to_owned(), Metered { meter, key }),
        };
    }

    /// Forgets a table.
    pub fn remove(&self, table: &str) {
        self.lock().remove(table);
    }

    /// Whether no table is limited.
    pub fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// The partition key of a table that is metered.
    pub fn key_of(&self, table: &str) -> Option<String> {
        self.lock().get(table).map(|metered| metered.key.clone())
    }

    /// Takes capacity of a table, and counts it when there is none.
    ///
    /// # Errors
    /// When the table throttles.
    pub fn take(
        &self,
        table: &str,
        side: Side,
        units: f64,
        key: Option<u64>,
    ) -> Result<(), Throttled> {
        let taken = match self.lock().get_mut(table) {
            Some(metered) => metered.meter.take(side, units, key, Instant::now()),
            None => Ok(()),
        };
        if let Err(throttled) = &taken {
            self.shared.counters.throttled(side, &throttled.reason());
        }
        taken
    }

    /// Charges what an operation has cost beyond what was taken, or gives some back.
    pub fn charge(&self, table: &str, side: Side, units: f64, key: Option<u64>) {
        if let Some(metered) = self.lock().get_mut(table) {
            metered.meter.charge(side, units, key, Instant::now());
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Metered>> {
        let tables = self.shared.tables.lock();
        tables.unwrap_or_else(PoisonError::into_inner)
    }
}
