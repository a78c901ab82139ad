//! What a door is called, and what it has counted.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// One way in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Door {
    /// A topic of SNS, by name.
    Topic(Arc<str>),
    /// A bus of EventBridge, by name.
    Bus(Arc<str>),
    /// A front door over HTTP, by its path.
    Http(Arc<str>),
}

impl Door {
    /// The topic of this name.
    pub fn topic(name: &str) -> Self {
        Self::Topic(name.into())
    }

    /// The event bus of this name.
    pub fn bus(name: &str) -> Self {
        Self::Bus(name.into())
    }

    /// The HTTP door at this path.
    pub fn http(path: &str) -> Self {
        Self::Http(path.into())
    }

    /// The topic's or bus's name, or the path.
    pub fn name(&self) -> &str {
        match self {
            Self::Topic(name) | Self::Bus(name) | Self::Http(name) => name,
        }
    }
}

impl fmt::Display for Door {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Topic(name) => write!(out, "topic {name}"),
            Self::Bus(name) => write!(out, "event bus {name}"),
            Self::Http(path) => write!(out, "HTTP door {path}"),
        }
    }
}

/// What has become of everything that was brought to a door. A message counts once for each queue behind the door; one
/// that a fault made vanish is accepted and nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DoorCounts {
    /// Messages the door said yes to, each entry of a batch by itself.
    pub accepted: u64,
    /// Messages it said no to, each entry of a batch by itself; of a request that it could not read or did not take as a
    /// whole, one.
    pub refused: u64,
    /// Accepted and not passed on: a FIFO topic had the same deduplication id within five minutes.
    pub deduplicated: u64,
    /// Messages that a subscription or a rule did not want, once for each that did not.
    pub filtered: u64,
    /// Messages that a queue took, by the queue's name.
    pub delivered: BTreeMap<String, u64>,
    /// Messages given up, and taken by a dead-letter queue of the subscription or target.
    pub dead_lettered: u64,
    /// Messages given up, and gone: the queue is not there, or does not take them.
    pub undelivered: u64,
    /// Messages still to be delivered: a fault holds them, or the queue is full and the door tries again.
    pub inside: u64,
}

impl DoorCounts {
    /// Whether nothing of what was accepted can still come out.
    pub fn is_drained(&self) -> bool {
        self.inside == 0
    }

    /// Messages that queues took, all queues together.
    pub fn delivered_total(&self) -> u64 {
        self.delivered.values().sum()
    }
}

/// Doors that are counted at most, and the longest name of one: anybody can ask for doors that are not there.
const DOORS_MAX: usize = 4_096;
const NAME_BYTES_MAX: usize = 512;

/// The counts of all doors.
#[derive(Debug, Default)]
pub(super) struct Tallies(Mutex<BTreeMap<Door, DoorCounts>>);

impl Tallies {
    pub(super) fn count(&self, door: &Door, count: impl FnOnce(&mut DoorCounts)) {
        let mut doors = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(counts) = doors.get_mut(door) {
            count(counts);
        } else if doors.len() < DOORS_MAX && door.name().len() <= NAME_BYTES_MAX {
            count(doors.entry(door.clone()).or_default());
        }
    }

    pub(super) fn of(&self, door: &Door) -> DoorCounts {
        let doors = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        doors.get(door).cloned().unwrap_or_default()
    }

    pub(super) fn all(&self) -> BTreeMap<Door, DoorCounts> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
