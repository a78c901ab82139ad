//! What can become of an order.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::order::spec::OrderSpec;
use crate::order::{Door, excerpt};

/// What became of an order.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Good order, row with the right content, no dead-letter copy.
    Stored,
    /// Bad order, dead-letter copy, no row.
    DeadLetteredByDesign,
    /// Send outcome unknown, yet it landed where it belongs.
    Recovered,
    /// Row and dead-letter copy.
    StoredAndDeadLettered,
    /// Good order, dead-letter copy, no row.
    GoodOrderDeadLettered,
    /// Bad order, row.
    BadOrderStored,
    /// Send outcome unknown, nowhere.
    IndeterminateNeverSeen,
    /// SQS refused it, nowhere.
    Rejected,
    /// Planned, never attempted.
    Unsent,
    /// Acknowledged and seen nowhere, while the evidence is incomplete: neither found nor lost.
    Undecided,
    /// Refused or unsent, yet it landed.
    Ghost,
    /// The content differs from what was sent.
    Altered,
    /// One id, two contents.
    Overwritten,
    /// An id in this run's space that was never planned.
    Phantom,
    /// Acknowledged, and nowhere after quiescence.
    Lost,
    /// It ended whole where the scenario says, and that is neither the table of good orders nor the dead-letter queue.
    EndedByDesign,
    /// Its rows stand twice, under keys that the consumer made up.
    StoredTwice,
    /// It ended at an end that is not its own, or at two of its own.
    WrongEnd,
    /// Some of what it must leave, not all, and nowhere else all of it.
    Incomplete,
}

/// Which classes are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Gate {
    /// Every order in the right place, once, unaltered.
    Strict,
    /// Every order in the table or the dead-letter queue.
    Conserved,
}

impl Gate {
    /// The word used in files and output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::Conserved => "conserved",
        }
    }
}

/// What a class means for a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// As it should be.
    Accepted,
    /// Fails the gate.
    Refused,
    /// Counts against a budget, and beyond it the run proves nothing.
    Budgeted,
    /// Proves nothing.
    Unproven,
}

/// Where an order that was lost is not, beside the dead-letter queue.
fn looked_in(order: &OrderSpec) -> String {
    let ends = || order.ends.values();
    let tables: BTreeSet<_> = ends()
        .flat_map(|end| &end.rows)
        .map(|row| row.table.as_str())
        .collect();
    let queues: BTreeSet<_> = ends()
        .flat_map(|end| &end.letters)
        .filter_map(|letter| letter.queue.as_deref())
        .collect();
    let named = |kind: &str, names: BTreeSet<&str>| {
        let names: Vec<_> = names.into_iter().map(excerpt).collect();
        match names.as_slice() {
            [] => None,
            [name] => Some(format!("not in the {kind} {name}")),
            _ => Some(format!("not in the {kind}s {}", names.join(", "))),
        }
    };
    let of_tables = match tables.len() {
        1 => Some("not in the table".to_owned()),
        _ => named("table", tables),
    };
    let places = of_tables.into_iter().chain(named("queue", queues));
    places.map(|place| format!("{place}, ")).collect()
}

impl Class {
    /// Every class, in the order reports list them.
    pub const ALL: [Self; 19] = [
        Self::Stored,
        Self::DeadLetteredByDesign,
        Self::EndedByDesign,
        Self::Recovered,
        Self::StoredAndDeadLettered,
        Self::GoodOrderDeadLettered,
        Self::BadOrderStored,
        Self::StoredTwice,
        Self::WrongEnd,
        Self::IndeterminateNeverSeen,
        Self::Rejected,
        Self::Unsent,
        Self::Undecided,
        Self::Ghost,
        Self::Altered,
        Self::Overwritten,
        Self::Phantom,
        Self::Incomplete,
        Self::Lost,
    ];

    /// Whether reports list it also when there is none. The others came with orders of other pipelines than the lab's: in a
    /// report that does not name them there is none.
    pub fn is_always_listed(self) -> bool {
        !matches!(
            self,
            Self::EndedByDesign | Self::StoredTwice | Self::WrongEnd | Self::Incomplete
        )
    }

    /// Its name in files and output, snake case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::DeadLetteredByDesign => "dead_lettered_by_design",
            Self::Recovered => "recovered",
            Self::StoredAndDeadLettered => "stored_and_dead_lettered",
            Self::GoodOrderDeadLettered => "good_order_dead_lettered",
            Self::BadOrderStored => "bad_order_stored",
            Self::IndeterminateNeverSeen => "indeterminate_never_seen",
            Self::Rejected => "rejected",
            Self::Unsent => "unsent",
            Self::Undecided => "undecided",
            Self::Ghost => "ghost",
            Self::Altered => "altered",
            Self::Overwritten => "overwritten",
            Self::Phantom => "phantom",
            Self::Lost => "lost",
            Self::EndedByDesign => "ended_by_design",
            Self::StoredTwice => "stored_twice",
            Self::WrongEnd => "wrong_end",
            Self::Incomplete => "incomplete",
        }
    }

    /// What it means for `gate`.
    pub fn standing(self, gate: Gate) -> Standing {
        match self {
            Self::Stored | Self::DeadLetteredByDesign | Self::EndedByDesign | Self::Recovered => {
                Standing::Accepted
            }
            Self::StoredAndDeadLettered
            | Self::GoodOrderDeadLettered
            | Self::BadOrderStored
            | Self::StoredTwice
            | Self::WrongEnd => match gate {
                Gate::Strict => Standing::Refused,
                Gate::Conserved => Standing::Accepted,
            },
            Self::IndeterminateNeverSeen | Self::Rejected | Self::Unsent => Standing::Budgeted,
            Self::Undecided => Standing::Unproven,
            Self::Ghost
            | Self::Altered
            | Self::Overwritten
            | Self::Phantom
            | Self::Incomplete
            | Self::Lost => Standing::Refused,
        }
    }

    /// The same of orders that are sent to `door`.
    pub fn explanation_of(self, door: &Door, order: &OrderSpec) -> String {
        match self {
            Self::Rejected | Self::Lost => self
                .explanation()
                .replace("by SQS", &format!("by {}", door.taker()))
                .replace("not in the table, ", &looked_in(order)),
            _ => self.explanation().to_owned(),
        }
    }

    /// Whether its orders are in the wrong place, but neither lost nor altered.
    pub fn is_misplaced(self) -> bool {
        matches!(
            self,
            Self::StoredAndDeadLettered
                | Self::GoodOrderDeadLettered
                | Self::BadOrderStored
                | Self::WrongEnd
        )
    }

    /// What is wrong with orders of it, in a word or two; `None` where nothing is, or where nothing is known.
    pub fn wrong(self) -> Option<&'static str> {
        match self {
            misplaced if misplaced.is_misplaced() => Some("in the wrong place"),
            Self::Lost => Some("lost"),
            Self::Altered | Self::Overwritten => Some("altered"),
            Self::Incomplete => Some("incomplete"),
            Self::StoredTwice => Some("stored twice"),
            Self::Ghost => Some("there although never accepted"),
            Self::Phantom => Some("never planned"),
            _ => None,
        }
    }

    /// What it means and what to do about it, for the reader of a report.
    pub fn explanation(self) -> &'static str {
        match self {
            Self::Stored => "good orders with their row, unaltered",
            Self::DeadLetteredByDesign => "bad orders in the dead-letter queue",
            Self::Recovered => "no reply to the send, yet the order landed where it belongs",
            Self::StoredAndDeadLettered => {
                "in the table and in the dead-letter queue: a redrive would process them twice; \
                 look for a visibility timeout shorter than the processing"
            }
            Self::GoodOrderDeadLettered => {
                "good orders in the dead-letter queue: look for whole batches failing with one bad \
                 record, or for throttled writes; partial batch responses cure the first"
            }
            Self::BadOrderStored => "bad orders in the table: the processor does not validate",
            Self::IndeterminateNeverSeen => "no reply to the send, and the order is nowhere",
            Self::Rejected => "refused by SQS: see the send errors",
            Self::Unsent => {
                "planned and never sent: the generator or `max_in_flight` held them back"
            }
            Self::Undecided => {
                "acknowledged and not seen, but the looking was not complete: neither found nor lost"
            }
            Self::Ghost => {
                "refused or never sent, and yet they landed: another sender uses these ids"
            }
            Self::Altered => "the content is not the one that was sent",
            Self::Overwritten => "two different contents under one id",
            Self::Phantom => "ids of this run that were never planned",
            Self::Lost => {
                "acknowledged by SQS and nowhere: not in the table, not in the dead-letter queue; \
                 search the processor's logs for the ids"
            }
            Self::EndedByDesign => "orders whole at the end that the scenario names for them",
            Self::StoredTwice => {
                "rows twice, under keys that the consumer made up: a message that is delivered again is a second order; \
                 make the key of the order's id, or write with a condition on it"
            }
            Self::WrongEnd => {
                "rows or letters at an end that is not theirs, or all of them at two ends: look for a check that takes one kind of order for another, and for a retry that takes nothing back"
            }
            Self::Incomplete => {
                "some of their rows or letters are there and some are not: look for writes that nobody awaits, unprocessed \
                 items of a batch write, and writes that belong into one transaction"
            }
        }
    }
}
