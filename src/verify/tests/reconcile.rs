//! The set algebra against a chain of ifs, order by order.

use std::collections::{BTreeSet, HashMap};

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::world::{Content, Fate, GAPS, World, complete, open_gap, worlds};
use crate::ledger::Outcome;
use crate::verify::{Class, Reconciliation, reconcile};

/// The table of classes, read from the top for one order.
fn class_of(fate: &Fate, complete: bool) -> Class {
    let contents = fate.contents();
    if contents.len() > 1 {
        return Class::Overwritten;
    }
    if contents.len() == 1 && !contents.contains(&Content::Planned) {
        return Class::Altered;
    }
    let in_table = fate.row.is_some();
    let in_dead_letters = !fate.letters.is_empty();
    if in_table || in_dead_letters {
        if matches!(fate.outcome, Outcome::Rejected | Outcome::Unsent) {
            return Class::Ghost;
        }
        if in_table && in_dead_letters {
            return Class::StoredAndDeadLettered;
        }
        if in_table && fate.bad {
            return Class::BadOrderStored;
        }
        if in_dead_letters && !fate.bad {
            return Class::GoodOrderDeadLettered;
        }
        if fate.outcome == Outcome::Indeterminate {
            return Class::Recovered;
        }
        if in_table {
            return Class::Stored;
        }
        return Class::DeadLetteredByDesign;
    }
    match fate.outcome {
        Outcome::Rejected => Class::Rejected,
        Outcome::Unsent => Class::Unsent,
        Outcome::Indeterminate => Class::IndeterminateNeverSeen,
        Outcome::Acknowledged if complete => Class::Lost,
        Outcome::Acknowledged => Class::Undecided,
    }
}

fn reconciled(world: &World) -> Reconciliation {
    reconcile(&world.ledger(), &world.bad(), &world.observation())
}

/// Each order's class, and a panic for an order in two.
fn by_order(reconciliation: &Reconciliation) -> HashMap<u32, Class> {
    let mut classes = HashMap::new();
    for (&class, members) in &reconciliation.members {
        for k in members {
            let before = classes.insert(k, class);
            assert_eq!(before, None, "order {k} is in two classes");
        }
    }
    classes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn every_order_is_in_the_class_a_reader_of_the_table_would_put_it_in(world in worlds()) {
        let reconciliation = reconciled(&world);
        let expected: HashMap<u32, Class> = (0u32..)
            .zip(&world.fates)
            .map(|(k, fate)| (k, class_of(fate, world.gaps == 0)))
            .collect();
        prop_assert_eq!(by_order(&reconciliation), expected);
        prop_assert_eq!(reconciliation.planned, world.fates.len() as u64);
        prop_assert_eq!(&reconciliation.phantoms, &world.phantoms);
        let counts = reconciliation.counts();
        prop_assert_eq!(counts.len(), Class::ALL.len());
        let planned: u64 = counts.values().sum::<u64>() - counts[&Class::Phantom];
        prop_assert_eq!(planned, reconciliation.planned);
    }
}

#[test]
fn the_generator_reaches_every_class() {
    let mut runner = TestRunner::deterministic();
    let mut hit = BTreeSet::new();
    for _ in 0..200 {
        let world = worlds().new_tree(&mut runner).unwrap().current();
        let counts = reconciled(&world).counts();
        hit.extend(counts.into_iter().filter(|&(_, n)| n > 0).map(|(c, _)| c));
    }
    assert!(hit.into_iter().eq(BTreeSet::from(Class::ALL)));
}

#[test]
fn an_order_is_lost_only_when_every_part_of_the_evidence_is_there() {
    let world = World {
        fates: vec![Fate {
            outcome: Outcome::Acknowledged,
            bad: false,
            row: None,
            letters: Vec::new(),
        }],
        phantoms: Vec::new(),
        gaps: 0,
    };
    assert_eq!(reconciled(&world).count(Class::Lost), 1, "complete");
    for gap in 0..GAPS {
        let world = World {
            gaps: 1 << gap,
            ..world.clone()
        };
        assert_eq!(reconciled(&world).count(Class::Lost), 0, "gap {gap}");
        assert_eq!(reconciled(&world).count(Class::Undecided), 1, "gap {gap}");
    }
}

#[test]
fn retention_holds_only_while_the_run_is_younger() {
    let mut observation = complete();
    assert!(observation.is_complete(), "a second short of it");
    observation.retention.age = observation.retention.shortest.unwrap();
    assert!(!observation.is_complete(), "as old as it");
    open_gap(&mut observation, 4);
    assert!(!observation.is_complete(), "unknown");
}
