//! Random runs, order by order, and what ledger and observation would say of them.

use std::collections::HashSet;
use std::time::Duration;

use proptest::prelude::*;
use roaring::RoaringBitmap;

use crate::ledger::{Ledger, Outcome};
use crate::order::Id;
use crate::verify::{Belongs, DoorSeen, Observation, Quiescence, Retention, Sweep};

/// A content as it was seen under an order's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Content {
    Planned,
    Odd(u8),
}

/// Everything there is to know of one order.
#[derive(Debug, Clone)]
pub(super) struct Fate {
    pub(super) outcome: Outcome,
    pub(super) bad: bool,
    pub(super) row: Option<Content>,
    pub(super) letters: Vec<Content>,
}

impl Fate {
    pub(super) fn contents(&self) -> HashSet<Content> {
        self.row.iter().chain(&self.letters).copied().collect()
    }
}

/// A run: its orders, numbers nobody planned, and the parts of the evidence that are incomplete.
#[derive(Debug, Clone)]
pub(super) struct World {
    pub(super) fates: Vec<Fate>,
    pub(super) phantoms: Vec<u64>,
    pub(super) gaps: u8,
}

/// How many parts of the evidence can have a gap.
pub(super) const GAPS: u8 = 7;

impl World {
    fn those(&self, wanted: impl Fn(&Fate) -> bool) -> RoaringBitmap {
        let all = (0u32..).zip(&self.fates);
        all.filter(|(_, fate)| wanted(fate))
            .map(|(k, _)| k)
            .collect()
    }

    pub(super) fn ledger(&self) -> Ledger {
        let mut ledger = Ledger::new(self.fates.len() as u64);
        for (k, fate) in (0u64..).zip(&self.fates) {
            ledger.record(fate.outcome, k..k + 1);
        }
        ledger
    }

    pub(super) fn belongs(&self) -> Belongs {
        Belongs::good_or_bad(self.fates.len() as u64, self.those(|fate| fate.bad))
    }

    pub(super) fn observation(&self) -> Observation {
        let contents = Fate::contents;
        let mut observation = Observation {
            stored: self.those(|fate| fate.row.is_some()),
            dead_lettered: self.those(|fate| !fate.letters.is_empty()),
            altered: self.those(|fate| {
                contents(fate).len() == 1 && !contents(fate).contains(&Content::Planned)
            }),
            overwritten: self.those(|fate| contents(fate).len() > 1),
            phantoms: self.phantoms.iter().copied().map(Id::Number).collect(),
            ..complete()
        };
        for gap in (0..GAPS).filter(|gap| self.gaps & (1 << gap) != 0) {
            open_gap(&mut observation, gap);
        }
        observation
    }
}

/// Everything was looked at and nothing was seen.
pub(super) fn complete() -> Observation {
    let sweep = Sweep {
        complete: true,
        ..Sweep::default()
    };
    Observation {
        missing: Vec::new(),
        unclaimed_messages: 0,
        may_claim: RoaringBitmap::new(),
        quiescence: Quiescence {
            reached: true,
            empty_samples: 3,
            drain: Some(Duration::from_secs(2)),
            evidence: "empty".into(),
            never_started: None,
        },
        scan: sweep.clone(),
        lookups: sweep.clone(),
        dead_letter_sweep: sweep,
        stored: RoaringBitmap::new(),
        dead_lettered: RoaringBitmap::new(),
        altered: RoaringBitmap::new(),
        overwritten: RoaringBitmap::new(),
        in_part: Default::default(),
        elsewhere: Default::default(),
        stored_twice: RoaringBitmap::new(),
        counters: Vec::new(),
        phantoms: Vec::new(),
        foreign_rows: 0,
        foreign_dead_letters: 0,
        foreign_row_examples: Vec::new(),
        foreign_dead_letter_examples: Vec::new(),
        unreadable_keys: 0,
        unreadable_key_examples: Vec::new(),
        own_stores: false,
        alterations: Vec::new(),
        extra_dead_letter_copies: 0,
        redelivered: 0,
        uncounted_rows: Some(0),
        untimed_rows: 0,
        row_clock: None,
        group_order: None,
        letter_receives: None,
        door: None,
        retention: Retention {
            shortest: Some(Duration::from_secs(100)),
            age: Duration::from_secs(99),
        },
    }
}

/// Takes one part of the evidence away.
pub(super) fn open_gap(observation: &mut Observation, gap: u8) {
    match gap {
        0 => observation.quiescence.reached = false,
        1 => observation.scan.complete = false,
        2 => observation.lookups.complete = false,
        3 => observation.dead_letter_sweep.complete = false,
        4 => observation.retention.shortest = None,
        5 => observation.unreadable_keys = 1,
        6 => observation.door = Some(DoorSeen::counted("the topic", 9, 1)),
        _ => unreachable!("there are {GAPS} parts"),
    }
}

fn content() -> impl Strategy<Value = Content> {
    prop_oneof![3 => Just(Content::Planned), 1 => (0u8..2).prop_map(Content::Odd)]
}

fn fate() -> impl Strategy<Value = Fate> {
    let outcome = prop_oneof![
        Just(Outcome::Acknowledged),
        Just(Outcome::Rejected),
        Just(Outcome::Indeterminate),
        Just(Outcome::Unsent)
    ];
    let row = proptest::option::of(content());
    let letters = prop_oneof![
        1 => Just(Vec::new()),
        1 => proptest::collection::vec(content(), 1..3)
    ];
    (outcome, any::<bool>(), row, letters).prop_map(|(outcome, bad, row, letters)| Fate {
        outcome,
        bad,
        row,
        letters,
    })
}

pub(super) fn worlds() -> impl Strategy<Value = World> {
    let fates = proptest::collection::vec(fate(), 0..24);
    let phantoms = proptest::collection::btree_set(7_000_000_900u64..7_000_000_999, 0..3);
    let gaps = prop_oneof![2 => Just(0), 1 => 0u8..1 << GAPS];
    (fates, phantoms, gaps).prop_map(|(fates, phantoms, gaps)| World {
        fates,
        phantoms: phantoms.into_iter().collect(),
        gaps,
    })
}
