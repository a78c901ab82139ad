//! An order not seen is lost only when the looking was complete; the classes of whole worlds are `model`'s.

use super::world::{Fate, GAPS, World, complete, open_gap};
use crate::ledger::{Ledger, Outcome};
use crate::verdict::Class;
use crate::verify::{Belongs, DoorSeen, Observation, Reconciliation, reconcile};

fn reconciled(world: &World) -> Reconciliation {
    reconcile(&world.ledger(), &world.belongs(), &world.observation())
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

#[test]
fn behind_a_door_an_order_is_lost_once_the_door_is_proven_empty() {
    let mut ledger = Ledger::new(1);
    ledger.record(Outcome::Acknowledged, 0..1);
    let belongs = Belongs::good_or_bad(1, Default::default());
    for (inside, class) in [(0, Class::Lost), (1, Class::Undecided)] {
        let observation = Observation {
            door: Some(DoorSeen::counted("the topic", 1, inside)),
            ..complete()
        };
        let reconciliation = reconcile(&ledger, &belongs, &observation);
        assert_eq!(reconciliation.count(class), 1, "{inside} inside");
    }
}
