//! The laws of shards: disjoint, complete, and together the one schedule.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::load::{Arrivals as Kind, Phase};

fn schedule(rate: u32, millis: u64, kind: Kind, seed: u64) -> Schedule {
    let phase = |end_rate| Phase {
        name: "p".into(),
        start_rate: f64::from(rate),
        end_rate,
        duration: Duration::from_millis(millis),
        warm_up: false,
    };
    let phases = [phase(f64::from(rate)), phase(f64::from(rate) / 3.0)];
    Schedule::new(&phases, kind, seed)
}

fn group(k: u64) -> String {
    format!("customer-{}", k * 7 % 23)
}

#[test]
fn there_is_no_shard_beyond_the_last_and_none_of_no_worker() {
    for (index, of, there) in [
        (0, 1, true),
        (3, 4, true),
        (4, 4, false),
        (0, 0, false),
        (0, WORKERS_MAX, true),
        (0, WORKERS_MAX + 1, false),
    ] {
        assert_eq!(Shard::new(index, of).is_some(), there, "{index}/{of}");
    }
    let text = r#"{"index":1,"of":4}"#;
    let shard: Shard = serde_json::from_str(text).unwrap();
    assert_eq!(shard, Shard::new(1, 4).unwrap());
    assert_eq!(serde_json::to_string(&shard).unwrap(), text);
    assert!(serde_json::from_str::<Shard>(r#"{"index":4,"of":4}"#).is_err());
}

#[test]
fn a_group_has_one_shard_and_names_that_are_alike_spread() {
    let four = Shard::new(0, 4).unwrap();
    let mut owned = BTreeMap::new();
    for number in 0..4_000 {
        let name = format!("customer-{number}");
        let owners: Vec<u32> = four
            .all()
            .filter(|shard| shard.owns_group(&name))
            .map(Shard::index)
            .collect();
        assert_eq!(owners.len(), 1, "{name}");
        *owned.entry(owners[0]).or_insert(0) += 1;
    }
    assert!(
        owned.values().all(|&groups| (900..1_100).contains(&groups)),
        "{owned:?}"
    );
}

#[test]
fn the_rule_of_groups_stays_what_it_is() {
    // Journals of workers are held against it: another hash would disown their orders.
    let owner = |name| {
        let shards = Shard::new(0, 7).unwrap().all();
        shards
            .filter(|shard| shard.owns_group(name))
            .map(Shard::index)
            .collect::<Vec<_>>()
    };
    let found: Vec<_> = ["", "a", "customer-17", "Zürich"].map(owner).concat();
    assert_eq!(found, OWNERS_OF_SEVEN);
}

/// Worked out by another program (Python's zlib.crc32, and SplitMix64 by its paper).
const OWNERS_OF_SEVEN: [u32; 4] = [2, 6, 2, 6];

proptest! {
    #[test]
    fn shards_of_dispatches_are_the_one_schedule_dealt_in_turn(
        rate in 1u32..900,
        millis in 1u64..3_000,
        batch in 1u8..=10,
        linger_ms in 0u64..40,
        of in 1u32..9,
        poisson: bool,
        seed: u64,
    ) {
        let kind = if poisson { Kind::Poisson } else { Kind::Uniform };
        let schedule = schedule(rate, millis, kind, seed);
        let linger = Duration::from_millis(linger_ms);
        let mut parts: Vec<_> = Shard::new(0, of)
            .unwrap()
            .all()
            .map(|shard| shard.dispatches(&schedule, batch, linger, Split::Dispatches))
            .collect();
        let due: Vec<_> = schedule.iter_from(0).collect();
        for (j, whole) in schedule.dispatches(batch, linger).enumerate() {
            let own = parts[j % of as usize].next().unwrap();
            prop_assert_eq!(own.dispatch, whole);
            prop_assert!(own.orders().iter().copied().eq(whole.orders()));
            let intended = whole.orders().map(|k| due[k as usize].1);
            prop_assert!(own.intended_at().iter().copied().eq(intended));
        }
        for part in &mut parts {
            prop_assert!(part.next().is_none());
        }
    }

    #[test]
    fn shards_of_groups_are_disjoint_and_complete_and_split_no_group(
        rate in 1u32..900,
        millis in 1u64..2_000,
        batch in 1u8..=10,
        linger_ms in 0u64..40,
        of in 1u32..6,
        seed: u64,
    ) {
        let schedule = schedule(rate, millis, Kind::Poisson, seed);
        let linger = Duration::from_millis(linger_ms);
        let split = Split::Groups(&group);
        let due: Vec<_> = schedule.iter_from(0).map(|(_, due)| due).collect();
        let mut owner = BTreeMap::new();
        for shard in Shard::new(0, of).unwrap().all() {
            let mut last = (0, Duration::ZERO);
            for own in shard.dispatches(&schedule, batch, linger, split) {
                prop_assert!(own.dispatch.due >= last.1);
                prop_assert!(own.dispatch.due <= own.dispatch.first_due + linger);
                prop_assert_eq!(own.dispatch.first, own.orders()[0]);
                for (&k, &intended_at) in own.orders().iter().zip(own.intended_at()) {
                    prop_assert_eq!(intended_at, due[k as usize]);
                    prop_assert!(k >= last.0);
                    prop_assert!(owner.insert(k, shard).is_none());
                    prop_assert!(of == 1 || shard.owns_group(&group(k)));
                    last.0 = k;
                }
                last.1 = own.dispatch.due;
            }
            let orders = shard.orders(&schedule, batch, linger, split);
            let own = owner.iter().filter(|(_, of)| **of == shard);
            prop_assert!(orders.iter().eq(own.map(|(&k, _)| k as u32)));
        }
        prop_assert!(owner.keys().copied().eq(0..schedule.count()));
        let first = Shard::new(0, of).unwrap();
        for split in [split, Split::Dispatches] {
            let dealt = first.deal(&schedule, batch, linger, split);
            let each = first.all().map(|shard| shard.orders(&schedule, batch, linger, split));
            prop_assert!(each.eq(dealt));
        }
    }
}

#[test]
fn the_parts_of_a_shard_are_disjoint_and_together_the_shard() {
    let schedule = schedule(900, 700, Kind::Poisson, 3);
    for split in [Split::Dispatches, Split::Groups(&group)] {
        for whole in [Shard::WHOLE, Shard::new(2, 3).unwrap()] {
            let orders =
                |shard: Shard| shard.orders(&schedule, 10, Duration::from_millis(20), split);
            let all = orders(whole);
            assert!(!all.is_empty());
            assert_eq!(whole.split(1).collect::<Vec<_>>(), [whole]);
            let mut together = RoaringBitmap::new();
            for part in whole.split(4) {
                let part = orders(part);
                assert!(!part.is_empty() && part.is_disjoint(&together));
                together |= part;
            }
            assert_eq!(together, all, "{whole}");
        }
    }
}

#[test]
fn a_look_ahead_looks_through_so_many_arrivals_and_changes_no_dispatch() {
    let schedule = schedule(900, 2_000, Kind::Poisson, 5);
    let looked = std::cell::Cell::new(0);
    // Two of some thousand orders are of a group that is the shard's own.
    let shard = Shard::new(0, 2).unwrap();
    let names: Vec<_> = ["a", "b", "c", "d"]
        .map(|name| (shard.owns_group(name), name))
        .into();
    let named = |own| {
        names
            .iter()
            .find(|(owned, _)| *owned == own)
            .expect("one")
            .1
    };
    let group = |k: u64| {
        looked.set(looked.get() + 1);
        named([700, 2_000].contains(&k)).to_owned()
    };
    let dispatches = || {
        shard.dispatches(
            &schedule,
            10,
            Duration::from_millis(20),
            Split::Groups(&group),
        )
    };
    let expected: Vec<_> = dispatches().collect();
    assert_eq!(expected.len(), 2);
    looked.set(0);
    let mut own = dispatches();
    for expected in &expected {
        while !own.look_ahead(64) {
            assert!(looked.replace(0) <= 64, "it gives way");
        }
        looked.set(0);
        assert_eq!(own.next().as_ref(), Some(expected));
        assert_eq!(looked.get(), 0, "it was known");
    }
    while !own.look_ahead(64) {
        assert!(looked.replace(0) <= 64, "it gives way");
    }
    assert_eq!(own.next(), None);
    // Of other splits every dispatch is near.
    assert!(
        Shard::WHOLE
            .dispatches(&schedule, 10, Duration::ZERO, Split::Dispatches)
            .look_ahead(0)
    );
}
