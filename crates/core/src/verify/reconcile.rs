//! Every planned order in exactly one class: the table of classes as set algebra.

use std::collections::BTreeMap;

use roaring::RoaringBitmap;

use super::{Belongs, Observation};
use crate::ledger::Ledger;
use crate::order::Id;
use crate::order::spec::{DEAD_LETTER, STORED};
use crate::verdict::Class;

/// Every planned order in one class, and the phantoms beside them.
#[derive(Debug, Clone, PartialEq)]
pub struct Reconciliation {
    /// Orders planned.
    pub planned: u64,
    /// The members of each class but the phantoms; disjoint, and together `0..planned`.
    pub members: BTreeMap<Class, RoaringBitmap>,
    /// Ids never planned, ascending.
    pub phantoms: Vec<Id>,
}

impl Reconciliation {
    /// How many orders are in `class`.
    pub fn count(&self, class: Class) -> u64 {
        match class {
            Class::Phantom => self.phantoms.len() as u64,
            _ => self.members.get(&class).map_or(0, RoaringBitmap::len),
        }
    }

    /// How many orders are in each class; those that not every report lists, only where there are any.
    pub fn counts(&self) -> BTreeMap<Class, u64> {
        let counted = Class::ALL.map(|class| (class, self.count(class)));
        let listed = |(class, count): &(Class, u64)| class.is_always_listed() || *count > 0;
        counted.into_iter().filter(listed).collect()
    }
}

/// Puts every planned order into exactly one class.
///
/// `belongs` says at which end each planned order belongs. What was seen outranks what was sent, wrong content outranks a
/// wrong place, and what a gate refuses outranks what it accepts: an order is put into the first class that takes it, so
/// that no failure hides behind a class that passes.
///
/// # Panics
/// When the classes do not add up to the planned number: that would be a defect here.
pub fn reconcile(ledger: &Ledger, belongs: &Belongs, observation: &Observation) -> Reconciliation {
    let mut rest = RoaringBitmap::new();
    rest.insert_range(0..u32::try_from(ledger.planned()).expect("a run has at most 10^9 orders"));
    let mut members = BTreeMap::new();
    let mut take = |class: Class, candidates: RoaringBitmap| {
        let taken = candidates & &rest;
        rest -= &taken;
        *members.entry(class).or_default() |= taken;
    };

    let (stored, dead) = (&observation.stored, &observation.dead_lettered);
    let bad = &belongs.bad;
    // No known outcome: no reply, or a journal that ends before its end.
    let open = ledger.indeterminate() | ledger.untold();
    // Seen at any end, and seen at none with all that an order leaves there.
    let seen = observation.seen();
    let in_part = match observation.in_part.is_empty() {
        true => RoaringBitmap::new(),
        false => &seen - whole_anywhere(observation),
    };
    let places = Places::of(belongs, observation);
    let complete = observation.is_complete() && !observation.may_still_come();

    // One id was seen with two contents.
    take(Class::Overwritten, observation.overwritten.clone());
    // It was seen with one content, and that is not the planned one.
    take(Class::Altered, observation.altered.clone());
    // It was refused or never attempted, and yet it landed.
    take(Class::Ghost, &seen - ledger.acknowledged() - &open);
    // Some of what it leaves at an end is there, and at no end all of it; what was not looked at may be there.
    // A row under an unknown message id may be the rest of it.
    let may_claim = &observation.may_claim;
    take(Class::Undecided, &in_part & may_claim);
    let nowhere_whole = if complete {
        Class::Incomplete
    } else {
        Class::Undecided
    };
    take(nowhere_whole, in_part);
    // It has a row and a dead-letter copy; a good order also when it ended elsewhere where it belongs.
    take(
        Class::StoredAndDeadLettered,
        (stored & dead) | ((&places.at_home_elsewhere & dead) - bad),
    );
    // A bad order has a row where good ones belong.
    take(Class::BadOrderStored, (stored & bad) - belongs.at(STORED));
    // A good order has a dead-letter copy and no row.
    take(
        Class::GoodOrderDeadLettered,
        dead - bad - belongs.at(DEAD_LETTER),
    );
    // It left something at an end that is not its own, or ended at two of them.
    take(Class::WrongEnd, places.astray);
    // One of its rows stands twice, under keys that nobody could know.
    take(Class::StoredTwice, observation.stored_twice.clone());
    // Its send has no known outcome, and it landed where it belongs.
    take(Class::Recovered, &seen & &open);
    // A good order has its rows and no dead-letter copy.
    take(Class::Stored, stored.clone());
    // A bad order has a dead-letter copy and no row.
    take(Class::DeadLetteredByDesign, dead.clone());
    // It is where the scenario says, and that is a further end.
    take(Class::EndedByDesign, seen);
    // From here on: seen nowhere.
    // A row under an unknown message id may be its own.
    take(Class::Undecided, may_claim.clone());
    take(Class::Rejected, ledger.rejected().clone());
    take(Class::Unsent, ledger.unsent());
    take(
        Class::IndeterminateNeverSeen,
        ledger.indeterminate().clone(),
    );
    // Acknowledged and seen nowhere: lost, if the looking was complete, and undecided otherwise.
    let nowhere = if complete {
        Class::Lost
    } else {
        Class::Undecided
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

/// Where orders were seen against where they belong.
struct Places {
    /// At an end that is neither `stored` nor the dead-letter queue, and is theirs.
    at_home_elsewhere: RoaringBitmap,
    /// At an end that is not theirs, or at two of their own where one is enough.
    astray: RoaringBitmap,
}

impl Places {
    fn of(belongs: &Belongs, observation: &Observation) -> Self {
        let mut places = Self {
            at_home_elsewhere: RoaringBitmap::new(),
            astray: RoaringBitmap::new(),
        };
        for end in observation.ends() {
            let (seen, home) = (observation.seen_at(end), belongs.at(end));
            places.astray |= &*seen - home;
            if end != STORED && end != DEAD_LETTER {
                places.at_home_elsewhere |= &*seen & home;
            }
        }
        for (one, other) in belongs.apart() {
            let both = observation.whole_at(one) & observation.whole_at(other);
            places.astray |= both & belongs.at(one) & belongs.at(other);
        }
        places
    }
}

fn whole_anywhere(observation: &Observation) -> RoaringBitmap {
    let each = observation.ends().map(|end| observation.whole_at(end));
    each.fold(RoaringBitmap::new(), |all, end| all | end)
}
