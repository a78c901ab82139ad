//! Who waits for whom, and that everybody's turn comes.

use std::time::Duration;

use super::*;
use crate::load::Dispatch;

fn batch(first: u64, count: u8) -> Work {
    let dispatch = Dispatch {
        due: Duration::from_millis(first),
        first_due: Duration::from_millis(first),
        first,
        count,
    };
    Work::new(dispatch, &mut std::iter::empty())
}

struct Fixture {
    lanes: Lanes,
    out: flume::Receiver<Work>,
}

impl Fixture {
    fn new() -> Self {
        let (queue, out) = flume::unbounded();
        let lanes = Lanes::default();
        lanes.open(queue);
        Self { lanes, out }
    }

    fn enter(&self, first: u64, groups: &[u64]) {
        let groups = groups.to_vec();
        assert!(self.lanes.state().enter(batch(first, 1), groups));
    }

    /// The first orders of those whose turn has come since this was last asked.
    fn sent(&self) -> Vec<u64> {
        self.out
            .try_iter()
            .map(|work| work.dispatch.first)
            .collect()
    }
}

#[test]
fn a_group_has_one_request_on_its_way_and_others_do_not_wait_for_it() {
    let fixture = Fixture::new();
    fixture.enter(0, &[1]);
    fixture.enter(1, &[1]);
    fixture.enter(2, &[2]);
    assert_eq!(fixture.sent(), [0, 2], "another group goes out at once");
    fixture.lanes.leave(2);
    assert_eq!(fixture.sent(), [0; 0]);
    fixture.lanes.leave(0);
    assert_eq!(fixture.sent(), [1]);
}

#[test]
fn who_shares_a_group_with_one_that_waits_waits_behind_it() {
    let fixture = Fixture::new();
    fixture.enter(0, &[1]);
    fixture.enter(1, &[1, 2]);
    fixture.enter(2, &[2, 3]);
    fixture.enter(3, &[3]);
    assert_eq!(fixture.sent(), [0]);
    fixture.lanes.leave(0);
    assert_eq!(fixture.sent(), [1]);
    fixture.lanes.leave(1);
    assert_eq!(fixture.sent(), [2]);
    fixture.lanes.leave(2);
    assert_eq!(fixture.sent(), [3]);
}

#[test]
fn the_queue_ends_when_nothing_more_can_follow() {
    let fixture = Fixture::new();
    fixture.enter(0, &[1]);
    fixture.enter(1, &[1]);
    fixture.lanes.close();
    assert!(!fixture.out.is_disconnected(), "one waits");
    fixture.lanes.leave(0);
    assert!(fixture.out.is_disconnected());
    assert_eq!(fixture.sent(), [0, 1]);
    fixture.lanes.leave(1);
    assert!(fixture.lanes.state().lines.is_empty() && fixture.lanes.state().batches.is_empty());
    let idle = Fixture::new();
    idle.lanes.close();
    assert!(idle.out.is_disconnected());
}

#[test]
fn what_waits_for_a_pool_that_is_no_more_is_handed_back_in_order() {
    let fixture = Fixture::new();
    (0..5).for_each(|first| fixture.enter(first, &[1]));
    assert_eq!(fixture.sent(), [0]);
    let left = fixture.lanes.drain();
    assert!(left.iter().map(|work| work.dispatch.first).eq(1..5));
    assert!(fixture.out.is_disconnected());
    assert!(!fixture.lanes.state().enter(batch(5, 1), vec![1]));
}

#[test]
fn a_turn_ends_however_the_sender_does() {
    let fixture = Fixture::new();
    fixture.enter(0, &[1]);
    fixture.enter(1, &[1]);
    let work = fixture.out.recv().unwrap();
    drop(Turn::of(Some(&fixture.lanes), &work));
    assert_eq!(fixture.sent(), [1]);
    drop(Turn::of(None, &work));
}

/// Any groups, any order of replies: a group's requests never overlap and go out in order, and all go out.
#[test]
fn in_any_order_of_replies_groups_stay_in_order_and_everything_goes_out() {
    for seed in 0..200_u64 {
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let mut dice = |sides: u64| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state % sides
        };
        let fixture = Fixture::new();
        let of: Vec<Vec<u64>> = (0..60)
            .map(|_| {
                let mut groups: Vec<u64> = (0..=dice(3)).map(|_| dice(1 + seed % 7)).collect();
                groups.sort_unstable();
                groups.dedup();
                groups
            })
            .collect();
        let (mut entered, mut on_their_way, mut last) = (0, Vec::new(), HashMap::new());
        let mut out = 0;
        while out < of.len() || !on_their_way.is_empty() {
            if entered < of.len() && dice(2) == 0 {
                fixture.enter(entered as u64, &of[entered]);
                entered += 1;
            } else if !on_their_way.is_empty() {
                let at = dice(on_their_way.len() as u64) as usize;
                fixture.lanes.leave(on_their_way.swap_remove(at));
            }
            for first in fixture.sent() {
                out += 1;
                for group in &of[first as usize] {
                    let shares = |other: &u64| of[*other as usize].contains(group);
                    assert!(!on_their_way.iter().any(shares), "{seed}: two at a time");
                    let before = last.insert(*group, first);
                    assert!(before.is_none_or(|before| before < first), "{seed}: order");
                }
                on_their_way.push(first);
            }
            assert!(out == entered || !on_their_way.is_empty(), "{seed}: stuck");
        }
    }
}
