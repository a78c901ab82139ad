//! Whether a run's order numbers are its own.

use crate::order::{Id, RunId};
use crate::preflight::{Check, IdSpace, Trap, Weight};
use crate::records::{LettersBefore, RowsBefore};

const NOW_US: u64 = 1_800_000_000_000_000;

fn run(number: u32) -> RunId {
    RunId::new(number).expect("in range")
}

/// A table of 300 rows of others, with nothing in the queues.
fn free() -> IdSpace {
    IdSpace {
        run: run(7),
        asked: true,
        queued: 0,
        dead_letters: 0,
        rows: RowsBefore {
            read: 300,
            whole_table: true,
            ..RowsBefore::default()
        },
        letters: None,
        unread: None,
        taken_at_us: NOW_US,
    }
}

fn weights(found: &IdSpace) -> Vec<Weight> {
    found.checks().iter().map(|check| check.weight).collect()
}

#[test]
fn an_id_is_free_only_where_nothing_carries_it_and_nothing_may() {
    let letters = |of_the_run| {
        Some(LettersBefore {
            received: 3,
            of_the_run,
            first_ids: vec![Id::Number(7_000_000_001); of_the_run as usize],
        })
    };
    let rows = |of_the_run| RowsBefore {
        of_the_run,
        first_ids: vec![Id::Number(7_000_000_001)],
        ..free().rows
    };
    for (found, weight, why) in [
        (free(), Weight::Well, "rows of others"),
        (
            IdSpace {
                rows: rows(1),
                ..free()
            },
            Weight::Void,
            "a row of its own",
        ),
        (
            IdSpace {
                rows: RowsBefore {
                    counters: 1,
                    first_counters: vec!["STAT#2026-11-27".into()],
                    ..free().rows
                },
                ..free()
            },
            Weight::Void,
            "a counter that this run would add to",
        ),
        (
            IdSpace {
                letters: letters(0),
                dead_letters: 3,
                ..free()
            },
            Weight::Well,
            "letters of others",
        ),
        (
            IdSpace {
                letters: letters(1),
                dead_letters: 3,
                ..free()
            },
            Weight::Void,
            "a letter of its own",
        ),
        (
            IdSpace {
                queued: 1,
                ..free()
            },
            Weight::Void,
            "a message, and the id was given",
        ),
        (
            IdSpace {
                queued: 1,
                asked: false,
                ..free()
            },
            Weight::Well,
            "a message, and the id is random",
        ),
        (
            IdSpace {
                rows: rows(1),
                asked: false,
                ..free()
            },
            Weight::Void,
            "drawn, and taken",
        ),
    ] {
        assert_eq!(weights(&found), [weight], "{why}");
        assert!(found.checks().iter().all(|check| check.trap == Trap::RunId));
    }
}

#[test]
fn what_was_proved_is_said_as_it_was_proved() {
    let said = |found: IdSpace| found.checks().remove(0).message;
    assert!(
        said(free())
            .contains("all 300 rows of the table were read, the dead-letter queue counted none")
    );
    let by_key = RowsBefore {
        whole_table: false,
        looked_up: 675,
        ..free().rows
    };
    let found = IdSpace {
        rows: by_key,
        dead_letters: 4,
        asked: false,
        ..free()
    };
    let told = said(found);
    for part in [
        "each of the 675 planned order numbers",
        "4 dead letters were not received",
        "9,007,198",
    ] {
        assert!(told.contains(part), "{part} in {told}");
    }
}

#[test]
fn another_run_is_told_of_while_its_rows_are_young_and_the_queue_is_not_empty() {
    let beside = |queued, age_s: u64| {
        let rows = RowsBefore {
            latest_of_others: Some((run(8), NOW_US - age_s * 1_000_000)),
            ..free().rows
        };
        let found = IdSpace {
            queued,
            asked: false,
            rows,
            ..free()
        };
        let told = |check: &Check| check.weight == Weight::Trap && check.message.contains("run 8");
        found.checks().iter().any(told)
    };
    assert!(beside(3, 5));
    assert!(!beside(0, 5), "it has ended");
    assert!(
        !beside(3, 3_600),
        "long ago: the messages are of somebody else"
    );
}

#[test]
fn stores_were_empty_only_if_all_of_them_were() {
    let nothing = IdSpace {
        rows: RowsBefore {
            read: 0,
            ..free().rows
        },
        ..free()
    };
    assert!(nothing.stores_were_empty());
    assert!(!free().stores_were_empty(), "rows");
    assert!(
        !IdSpace {
            queued: 1,
            ..nothing.clone()
        }
        .stores_were_empty()
    );
    assert!(
        !IdSpace {
            dead_letters: 1,
            ..nothing.clone()
        }
        .stores_were_empty()
    );
    let unread = RowsBefore::default();
    assert!(
        !IdSpace {
            rows: unread,
            ..nothing.clone()
        }
        .stores_were_empty(),
        "not read to its end"
    );
    let broke_off = IdSpace {
        unread: Some("no reply".into()),
        ..nothing
    };
    assert!(!broke_off.stores_were_empty());
}

#[test]
fn a_look_that_broke_off_proves_nothing_and_is_a_trap() {
    let unread = IdSpace::unread(run(7), "DynamoDB Scan failed: no reply".into(), NOW_US);
    assert!(!unread.is_taken() && !unread.stores_were_empty());
    let checks = unread.checks();
    assert_eq!(weights(&unread), [Weight::Trap]);
    let message = &checks[0].message;
    assert!(
        message.contains("is unknown: DynamoDB Scan failed: no reply"),
        "{message}"
    );
}
