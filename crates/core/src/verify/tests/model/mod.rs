//! The model check of the checker: generated worlds, judged by the program and by a naive reference.
//!
//! `world` makes a run from a seed: what was planned, what the sender did, the raw texts that landed,
//! and which part of it can be known. `real` puts it through journal reader, collector, `reconcile`
//! and `judge`; `reference` says what is to be said of it, order by order, straight from the table of
//! classes, and `reasons` why. They must agree on every order, every count, every reason and the exit code.

mod dice;
mod journal;
mod reading;
mod real;
mod reasons;
mod reference;
mod text;
mod world;

use std::collections::{BTreeMap, BTreeSet};

use real::Made;
use reference::Answer;
use world::World;

use crate::verdict::{Class, Gate, Verdict};

/// Worlds in an ordinary test run, and in the full matrix.
const WORLDS: u64 = 5_000;
const WORLDS_FULL: u64 = 100_000;
/// The seed of the first world; the others follow.
const FIRST_SEED: u64 = 0x0de5_0000_0000;
/// Of one world in so many the journal is also checked order by order.
const JOURNAL_EVERY: u64 = 32;

/// How many worlds to check, unless the environment asks for another number.
fn worlds(otherwise: u64) -> u64 {
    match std::env::var("ORDERPROOF_WORLDS") {
        Ok(text) => text
            .parse()
            .expect("ORDERPROOF_WORLDS is a number of worlds"),
        Err(_) => otherwise,
    }
}

/// Compares both answers to one world and hands back the agreed one.
fn check(seed: u64, made: &Made) -> (World, Option<Answer>) {
    let world = World::new(seed);
    let expected = reference::answer(&world);
    let found = real::answer(&world, made);
    match (&expected, &found) {
        (None, Err(_)) => {}
        (Some(expected), Ok(found)) if expected == found => {}
        _ => panic!("seed {seed:#x}\n{world:#?}\nexpected {expected:#?}\nfound {found:#?}"),
    }
    (world, expected)
}

fn they_agree_on_each_of(worlds: u64) {
    let made = Made::new();
    for seed in FIRST_SEED..FIRST_SEED + worlds {
        let (world, _) = check(seed, &made);
        if seed % JOURNAL_EVERY == 0 {
            journal::check_reader(&world);
        }
    }
}

#[test]
fn program_and_reference_agree_on_every_world() {
    they_agree_on_each_of(worlds(WORLDS));
}

#[test]
#[ignore = "full matrix: .ci/run runs it"]
fn full_matrix_of_100_000_worlds() {
    they_agree_on_each_of(worlds(WORLDS_FULL));
}

/// Every reason a verdict can have.
const REASONS: [(u8, &str); 33] = [
    (3, "stored_and_dead_lettered"),
    (3, "good_order_dead_lettered"),
    (3, "bad_order_stored"),
    (3, "ghost"),
    (3, "altered"),
    (3, "overwritten"),
    (3, "phantom"),
    (3, "lost"),
    (3, "foreign_rows"),
    (3, "foreign_dead_letters"),
    (0, "foreign_rows"),
    (0, "foreign_dead_letters"),
    (1, "unreadable_keys"),
    (2, "rule_broken"),
    (1, "rule_without_figures"),
    (1, "undecided"),
    (1, "indeterminate_never_seen"),
    (0, "indeterminate_never_seen"),
    (0, "recovered"),
    (1, "interrupted"),
    (1, "nothing_sent"),
    (1, "load_not_offered"),
    (1, "send_record_missing"),
    (1, "schedule_lag_unknown"),
    (1, "generator_too_late"),
    (1, "ledger_unfinished"),
    (1, "observation_missing"),
    (1, "no_quiescence"),
    (1, "scan_incomplete"),
    (1, "lookups_incomplete"),
    (1, "dead_letter_sweep_incomplete"),
    (1, "retention"),
    (1, "door_not_drained"),
];

#[test]
fn the_worlds_reach_every_class_under_each_gate_and_every_reason() {
    let made = Made::new();
    let mut classes = BTreeSet::new();
    let mut reasons = BTreeSet::new();
    // Reasons that decided a verdict alone: no other finding stood beside them.
    let mut alone = BTreeSet::new();
    let mut verdicts: BTreeMap<u8, u64> = BTreeMap::new();
    let mut untrusted = 0;
    for seed in FIRST_SEED..FIRST_SEED + 6_000 {
        let (world, answer) = check(seed, &made);
        let Some(answer) = answer else {
            untrusted += 1;
            continue;
        };
        let strict = world.expected.gate == Gate::Strict;
        classes.extend(answer.classes.values().map(|&class| (class, strict)));
        if !answer.phantoms.is_empty() {
            classes.insert((Class::Phantom, strict));
        }
        *verdicts.entry(answer.exit).or_default() += 1;
        assert_eq!(answer.exit == 0, answer.verdict == Verdict::Pass);
        if answer.reasons.len() == 1 {
            alone.extend(answer.reasons.keys().cloned());
        }
        reasons.extend(answer.reasons.into_keys());
    }
    for class in Class::ALL
        .into_iter()
        .filter(|class| class.is_always_listed())
    {
        for strict in [true, false] {
            assert!(
                classes.contains(&(class, strict)),
                "{class:?}, strict: {strict}"
            );
        }
    }
    let all = REASONS.map(|(rank, code)| (rank, code.to_owned()));
    assert_eq!(reasons, BTreeSet::from(all.clone()), "reasons");
    for exit in [0, 3, 4, 5, 130] {
        let times = verdicts.get(&exit).copied().unwrap_or(0);
        assert!(times >= 30, "exit {exit} only {times} times: {verdicts:?}");
    }
    assert!(untrusted >= 10, "{untrusted} damaged journals");
    // What leaves an order undecided is a gap beside it; and when nobody looked, either an order is
    // undecided or nothing was sent.
    let never_alone = ["undecided", "observation_missing", "door_not_drained"];
    let expected = all
        .into_iter()
        .filter(|(_, code)| !never_alone.contains(&&**code));
    assert_eq!(alone, expected.collect(), "reasons that stood alone");
}
