//! Every planned order in exactly one class: the table of design.md as set algebra.

use std::collections::BTreeMap;

use roaring::RoaringBitmap;
use serde::{Deserialize, Serialize};

use super::Observation;
use crate::ledger::Ledger;

/// What became of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Good order, row with the right content, no dead-letter copy.
    Stored,
    /// Bad order, dead-letter copy, no row.
    DeadLetteredByDesign,
    /// Row and dead-letter copy.
    StoredAndDeadLettered,
    /// Good order, dead-letter copy, no row.
    GoodOrderDeadLettered,
    /// Bad order, row.
    BadOrderStored,
    /// Send outcome unknown, yet it landed where it belongs.
    Recovered,
    /// Send outcome unknown, nowhere.
    IndeterminateNeverSeen,
    /// SQS refused it, nowhere.
    Rejected,
    /// Planned, never attempted.
    Unsent,
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
}

/// Every planned order in one class, and the phantoms beside them.
#[derive(Debug, Clone, PartialEq)]
pub struct Reconciliation {
    /// Orders planned.
    pub planned: u64,
    /// The members of each class but the phantoms; disjoint, and together `0..planned`.
    pub members: BTreeMap<Class, RoaringBitmap>,
    /// Order numbers never planned.
    pub phantoms: Vec<u64>,
}

/// Puts every planned order into exactly one class.
///
/// `bad` holds the planned orders that the pipeline must refuse.
///
/// # Panics
/// When the classes do not add up to the planned number: that would be a defect here.
pub fn reconcile(
    ledger: &Ledger,
    bad: &RoaringBitmap,
    observation: &Observation,
) -> Reconciliation {
    let _ = (ledger, bad, observation);
    todo!()
}
