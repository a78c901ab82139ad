//! What was seen in the table and the dead-letter queue once the run had settled.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use roaring::RoaringBitmap;
use serde::{Deserialize, Serialize};

use super::{DoorSeen, GroupOrder, Missing, RowClock};
use crate::metrics::Histogram;
use crate::order::spec::{DEAD_LETTER, STORED};
use crate::order::{Difference, Id, excerpt};

/// Everything the verdict needs to know of the stores. The default is what is known when nobody looked:
/// nothing, and that nothing is complete.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Observation {
    /// Whether the pipeline had come to rest.
    pub quiescence: Quiescence,
    /// How the table scan went.
    pub scan: Sweep,
    /// How the look-ups of the missing orders went.
    pub lookups: Sweep,
    /// How the dead-letter sweep went.
    pub dead_letter_sweep: Sweep,
    /// Planned orders with a row, whatever its content.
    #[serde(with = "super::bitmap")]
    pub stored: RoaringBitmap,
    /// Planned orders with at least one dead-letter copy.
    #[serde(with = "super::bitmap")]
    pub dead_lettered: RoaringBitmap,
    /// Planned orders seen with one content, in row or dead letters, that is not the planned one.
    #[serde(with = "super::bitmap")]
    pub altered: RoaringBitmap,
    /// Planned orders seen with two or more different contents.
    #[serde(with = "super::bitmap")]
    pub overwritten: RoaringBitmap,
    /// Of each end, the planned orders that left there some of what they must leave, and not all of it.
    #[serde(
        default,
        skip_serializing_if = "BTreeMap::is_empty",
        with = "super::bitmap::by_name"
    )]
    pub in_part: BTreeMap<String, RoaringBitmap>,
    /// What is missing of the first of those that are whole nowhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<Missing>,
    /// Of each end but `stored` and the dead-letter queue, the planned orders that left something there.
    #[serde(
        default,
        skip_serializing_if = "BTreeMap::is_empty",
        with = "super::bitmap::by_name"
    )]
    pub elsewhere: BTreeMap<String, RoaringBitmap>,
    /// Planned orders of which a row stands twice, under keys that the consumer made up.
    #[serde(
        default,
        skip_serializing_if = "RoaringBitmap::is_empty",
        with = "super::bitmap"
    )]
    pub stored_twice: RoaringBitmap,
    /// Ids in the keys of rows that are no known message's, at most as many as there are orders whose messages' ids are unknown.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unclaimed_messages: u64,
    /// Where there are such rows, the orders that may have left them.
    #[serde(
        default,
        skip_serializing_if = "RoaringBitmap::is_empty",
        with = "super::bitmap"
    )]
    pub may_claim: RoaringBitmap,
    /// Order numbers in this run's id space that were never planned, ascending, in rows or dead letters.
    pub phantoms: Vec<Id>,
    /// Rows of other runs, and rows whose key is a number that is no order's: no business of this run.
    pub foreign_rows: u64,
    /// Dead letters that carry no readable order number of this run.
    pub foreign_dead_letters: u64,
    /// The keys of the first foreign rows.
    #[serde(default)]
    pub foreign_row_examples: Vec<String>,
    /// Which the first foreign dead letters are, and why they are none of this run's.
    #[serde(default)]
    pub foreign_dead_letter_examples: Vec<String>,
    /// Rows whose key cannot be read, so that nobody knows whose they are. Observations of schema version 1 count
    /// them as foreign.
    #[serde(default)]
    pub unreadable_keys: u64,
    /// What stands in place of the first such keys.
    #[serde(default)]
    pub unreadable_key_examples: Vec<String>,
    /// Table and queues were made for this run, or were empty when it began: what they hold of others, the pipeline
    /// has made.
    #[serde(default)]
    pub own_stores: bool,
    /// The counters of the scenario's sums, as they were found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub counters: Vec<Counter>,
    /// How the first altered and overwritten orders differ from what was sent.
    #[serde(default)]
    pub alterations: Vec<Alteration>,
    /// Dead letters seen beyond the first copy of an order.
    pub extra_dead_letter_copies: u64,
    /// Rows whose order was received more than once; dead letters do not count.
    pub redelivered: u64,
    /// Rows of this run without a readable receive count; `None` in an observation of a version that did not count
    /// them.
    #[serde(default)]
    pub uncounted_rows: Option<u64>,
    /// Rows of this run without a readable `stored_at`, so without an end-to-end latency.
    pub untimed_rows: u64,
    /// What the rows' instants prove of the clock that wrote them; `None` when none told any, or of an older version.
    #[serde(default)]
    pub row_clock: Option<RowClock>,
    /// What the stamps of rows say of the order within message groups; `None` where rows carry none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_order: Option<GroupOrder>,
    /// Whether messages could have expired while the run was going on.
    pub retention: Retention,
    /// How often the letters were received in a dead-letter queue that has a redrive policy of its own; `None` when
    /// it has none, or nobody looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub letter_receives: Option<LetterReceives>,
    /// What orders were sent to in the queue's place; `None` when they were sent to the queue itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub door: Option<DoorSeen>,
}

impl Observation {
    /// How far the clocks behind the end-to-end latency may be apart, `measured` being what was measured otherwise.
    pub fn clocks_apart(&self, measured: Duration) -> Duration {
        self.row_clock.map_or(measured, |seen| seen.apart(measured))
    }

    /// Planned orders that were seen at this end, whatever they left there.
    pub fn seen_at(&self, end: &str) -> Cow<'_, RoaringBitmap> {
        match end {
            STORED => Cow::Borrowed(&self.stored),
            DEAD_LETTER => Cow::Borrowed(&self.dead_lettered),
            end => self
                .elsewhere
                .get(end)
                .map_or_else(Default::default, Cow::Borrowed),
        }
    }

    /// Planned orders that left at this end all that they must leave there.
    pub fn whole_at(&self, end: &str) -> RoaringBitmap {
        match self.in_part.get(end) {
            Some(in_part) => &*self.seen_at(end) - in_part,
            None => self.seen_at(end).into_owned(),
        }
    }

    /// The ends at which something was seen, beside `stored` and the dead-letter queue.
    pub fn ends(&self) -> impl Iterator<Item = &str> {
        let further = self.elsewhere.keys().map(String::as_str);
        [STORED, DEAD_LETTER].into_iter().chain(further)
    }

    /// Planned orders that were seen anywhere.
    pub fn seen(&self) -> RoaringBitmap {
        let both = &self.stored | &self.dead_lettered;
        self.elsewhere.values().fold(both, |all, end| all | end)
    }

    /// Whether everything was looked at, after everything had come to rest: only then is an order
    /// that was not seen a lost one.
    pub fn is_complete(&self) -> bool {
        self.quiescence.reached
            && self.scan.complete
            && self.lookups.complete
            && self.dead_letter_sweep.complete
            && self.retention.holds()
            && self.unreadable_keys == 0
    }

    /// Whether an order that was not seen may still be on its way to the queue.
    pub fn may_still_come(&self) -> bool {
        self.door.as_ref().is_some_and(|door| !door.drained)
    }
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// Where a content was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FoundIn {
    /// In the order's row.
    Row,
    /// In a dead letter, or in a letter of the queue that is named beside it.
    DeadLetter,
}

/// How the content of an order differs from what was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alteration {
    /// The order's place in the run, from 0.
    pub sequence: u32,
    /// Where that was seen.
    pub place: FoundIn,
    /// The row's table, where orders have rows in several places.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// The letter's queue, where that is not the pipeline's dead-letter queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// What differs.
    pub difference: Difference,
}

impl std::fmt::Display for Alteration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.place, &self.table, &self.queue) {
            (FoundIn::Row, None, _) => f.write_str("in its row")?,
            (FoundIn::Row, Some(table), _) => write!(f, "in its row of {}", excerpt(table))?,
            (FoundIn::DeadLetter, _, None) => f.write_str("in a dead letter")?,
            (FoundIn::DeadLetter, _, Some(queue)) => {
                write!(f, "in a letter of queue {}", excerpt(queue))?;
            }
        }
        write!(f, ", {}", self.difference)
    }
}

/// A counter as it was found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counter {
    /// Which of the scenario's sums it is.
    pub sum: u32,
    /// Its key.
    pub key: String,
    /// What it holds: digits, or in words what it is otherwise.
    pub found: String,
}

/// Receives in a dead-letter queue with a redrive policy of its own, each of which is a step towards the next queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LetterReceives {
    /// Of the letter that was received most often there, this look included.
    pub highest: u32,
    /// After so many a further receive moves a letter on.
    pub max_receive_count: u32,
    /// The ARN of the queue it is moved to.
    pub moves_to: String,
}

/// How long the queues keep messages against how long the run took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// The shorter of the two queues' retention periods; `None` when it could not be read.
    pub shortest: Option<Duration>,
    /// From the run's start to the end of the sweep.
    pub age: Duration,
}

impl Retention {
    /// No message of the run can have expired.
    pub fn holds(&self) -> bool {
        self.shortest.is_some_and(|shortest| self.age < shortest)
    }
}

/// Whether the pipeline had come to rest, and how that is known.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Quiescence {
    /// The proof is complete.
    pub reached: bool,
    /// Samples in a row in which visible, in flight and delayed were zero.
    pub empty_samples: u32,
    /// From the last send to the first of those samples.
    pub drain: Option<Duration>,
    /// In words: what was seen, or why there is no proof.
    pub evidence: String,
    /// Why nothing could come to rest: no process of the function ever asked for an event. Absent when one did, or
    /// when that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub never_started: Option<String>,
}

/// How reading one of the stores went.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sweep {
    /// It reached its end.
    pub complete: bool,
    /// Items read.
    pub items: u64,
    /// Requests made.
    pub requests: u64,
    /// Why it is not complete.
    pub error: Option<String>,
}

/// Counts of the queues at one moment of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QueueSample {
    /// Since the run's start.
    pub at: Duration,
    /// Messages ready to be received.
    pub visible: u64,
    /// Messages received and neither deleted nor visible again.
    pub in_flight: u64,
    /// Messages sent with a delay that has not passed.
    pub delayed: u64,
    /// Messages in the dead-letter queue, whatever their state.
    pub dead_letters: u64,
}

impl QueueSample {
    /// Messages of the orders queue, whatever their state.
    pub fn waiting(&self) -> u64 {
        let received = self.visible.saturating_add(self.in_flight);
        received.saturating_add(self.delayed)
    }
}

/// When rows were stored, as the rows themselves tell (`stored_at`), on the run's time axis.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredTimes {
    /// End-to-end latency of the stored orders of each phase (by the phase they were due in).
    pub phases: Vec<Histogram>,
    /// One entry a second since the run's start.
    pub seconds: Vec<StoredSecond>,
}

/// What one second saw stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredSecond {
    /// Rows stored in this second.
    pub stored: u64,
    /// The earliest intended instant among them, since the run's start.
    pub oldest_intended_at: Option<Duration>,
    /// End-to-end latency of the orders that were due in this second (coarse).
    pub end_to_end: Histogram,
}
