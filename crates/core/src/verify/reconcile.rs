//! Every planned order in exactly one class: the table of classes as set algebra.

use std::collections::BTreeMap;

use roaring::RoaringBitmap;

use super::Observation;
use crate::ledger::Ledger;
use crate::verdict::Class;

/// Every planned order in one class, and the phantoms beside them.
#[derive(Debug, Clone, PartialEq)]
pub struct Reconciliation {
    /// Orders planned.
    pub planned: u64,
    /// The members of each class but the phantoms; disjoint, and together `0..planned`.
    pub members: BTreeMap<Class, RoaringBitmap>,
    /// Order numbers never planned, ascending.
    pub phantoms: Vec<u64>,
}

impl Reconciliation {
    /// How many orders are in `class`.
    pub fn count(&self, class: Class) -> u64 {
        match class {
            Class::Phantom => self.phantoms.len() as u64,
            _ => self.members.get(&class).map_or(0, RoaringBitmap::len),
        }
    }

    /// How many orders are in each class; every class is listed.
    pub fn counts(&self) -> BTreeMap<Class, u64> {
        Class::ALL
            .into_iter()
            .map(|class| (class, self.count(class)))
            .collect()
    }
}

/// Puts every planned order into exactly one class.
///
/// `bad` holds the planned orders that the pipeline must refuse. What was seen outranks what was
/// sent, and wrong content outranks a wrong place: an order is put into the first class that takes
/// it, so that no failure hides behind a class that passes.
///
/// # Panics
/// When the classes do not add up to the planned number: that would be a defect here.
pub fn reconcile(
    ledger: &Ledger,
    bad: &RoaringBitmap,
    observation: &Observation,
) -> Reconciliation {
    let mut rest = RoaringBitmap::new();
    rest.insert_range(0..u32::try_from(ledger.planned()).expect("a run has at most 10^9 orders"));
    let mut members = BTreeMap::new();
    let mut take = |class: Class, candidates: RoaringBitmap| {
        let taken = candidates & &rest;
        rest -= &taken;
        members.insert(class, taken);
    };

    let (stored, dead) = (&observation.stored, &observation.dead_lettered);
    // No known outcome: no reply, or a journal that ends before its end.
    let open = ledger.indeterminate() | ledger.untold();
    // Seen in the table or in the dead-letter queue.
    let seen = stored | dead;

    // One id was seen with two contents.
    take(Class::Overwritten, observation.overwritten.clone());
    // It was seen with one content, and that is not the planned one.
    take(Class::Altered, observation.altered.clone());
    // It was refused or never attempted, and yet it landed.
    take(Class::Ghost, &seen - ledger.acknowledged() - &open);
    // It has a row and a dead-letter copy.
    take(Class::StoredAndDeadLettered, stored & dead);
    // A bad order has a row.
    take(Class::BadOrderStored, stored & bad);
    // A good order has a dead-letter copy and no row.
    take(Class::GoodOrderDeadLettered, dead - bad);
    // Its send has no known outcome, and it landed where it belongs.
    take(Class::Recovered, &seen & &open);
    // A good order has a row and no dead-letter copy.
    take(Class::Stored, stored.clone());
    // A bad order has a dead-letter copy and no row.
    take(Class::DeadLetteredByDesign, dead.clone());
    // From here on: seen nowhere.
    take(Class::Rejected, ledger.rejected().clone());
    take(Class::Unsent, ledger.unsent());
    take(
        Class::IndeterminateNeverSeen,
        ledger.indeterminate().clone(),
    );
    // Acknowledged and seen nowhere: lost, if the looking was complete, and undecided otherwise.
    let nowhere = match observation.is_complete() {
        true => Class::Lost,
        false => Class::Undecided,
    };
    take(nowhere, ledger.acknowledged().clone());

    let reconciliation = Reconciliation {
        planned: ledger.planned(),
        members,
        phantoms: observation.phantoms.clone(),
    };
    let sum: u64 = reconciliation
        .members
        .values()
        .map(RoaringBitmap::len)
        .sum();
    assert_eq!(
        sum,
        ledger.planned(),
        "the classes add up to the planned orders"
    );
    reconciliation
}
