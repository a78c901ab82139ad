//! The resources of a pipeline: which queues and tables a scenario's orders need, and what they are called at a target. Pure.

use std::fmt;

use crate::order::spec::Key;
use crate::scenario::{Resources, Scenario};

/// A queue or a table, by its name at the target.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resource {
    /// A queue.
    Queue(String),
    /// A table.
    Table(String),
}

impl Resource {
    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Self::Queue(name) | Self::Table(name) => name,
        }
    }

    /// Those that the orders of `scenario` need, each once, in the order in which they are created: the orders queue names
    /// the dead-letter queue.
    pub fn all(scenario: &Scenario, names: &Resources) -> Vec<Self> {
        let own = [&names.dead_letter_queue, &names.orders_queue].map(String::as_str);
        let further = further_queues(scenario, names).into_iter();
        let queues = own.into_iter().chain(further);
        let queues = queues.map(|name| Self::Queue(name.to_owned()));
        let mut all: Vec<Self> = queues.collect();
        for table in tables(scenario, names) {
            let table = Self::Table(table.name.to_owned());
            if !all.contains(&table) {
                all.push(table);
            }
        }
        all
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Queue(name) => write!(f, "queue {name}"),
            Self::Table(name) => write!(f, "table {name}"),
        }
    }
}

/// The names of the queues beside orders queue and dead-letter queue, each once: those in which orders may end, those that
/// `[pipeline] queues` names, and those that further functions drain.
pub(super) fn further_queues<'a>(scenario: &'a Scenario, names: &'a Resources) -> Vec<&'a str> {
    let letters = scenario.letter_queues(&scenario.order).into_iter();
    let mut found = Vec::new();
    for called in letters.chain(scenario.further_queues()) {
        let name = names.queue_name(called);
        let is_own = name == names.orders_queue || name == names.dead_letter_queue;
        if !is_own && !found.contains(&name) {
            found.push(name);
        }
    }
    found
}

/// A table as the scenario says it.
pub(super) struct NamedTable<'a> {
    /// What the scenario calls it.
    pub(super) called: &'a str,
    /// Its name at the target.
    pub(super) name: &'a str,
    /// Its key.
    pub(super) key: &'a Key,
}

/// The tables of a scenario. Two of them may have one name at the target.
pub(super) fn tables<'a>(scenario: &'a Scenario, names: &'a Resources) -> Vec<NamedTable<'a>> {
    let named = |(called, key): (&'a String, &'a Key)| NamedTable {
        called,
        name: names.table_name(called),
        key,
    };
    scenario.order.tables.iter().map(named).collect()
}
