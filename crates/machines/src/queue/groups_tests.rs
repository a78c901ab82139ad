//! Groups by themselves: who is next.

use super::GroupMember::{Delayed, InFlight, Visible};
use super::*;

fn id(group: &str) -> Arc<str> {
    group.into()
}

/// Groups with these messages, all visible; slots are places in the list, sequence numbers one more.
fn with(messages: &[&str]) -> Groups {
    let mut groups = Groups::default();
    for (slot, group) in (0..).zip(messages) {
        assert_eq!(groups.add(&id(group), slot, Visible), u64::from(slot) + 1);
    }
    groups
}

/// Puts up to so many messages in flight, as a receive does; their slots.
fn receive(groups: &mut Groups, messages: &[&str], most: usize) -> Vec<u32> {
    let mut cursor = Cursor::default();
    let mut slots = Vec::new();
    while slots.len() < most
        && let Some(slot) = groups.next(&mut cursor)
    {
        groups.set(&id(messages[slot as usize]), u64::from(slot) + 1, InFlight);
        slots.push(slot);
    }
    slots
}

#[test]
fn a_receive_takes_as_many_of_one_group_as_there_are_and_goes_on_with_the_next() {
    let messages = ["a", "b", "a", "b", "a"];
    let mut groups = with(&messages);
    assert_eq!(receive(&mut groups, &messages, 4), [0, 2, 4, 1]);
    let none = receive(&mut groups, &messages, 10);
    assert!(none.is_empty(), "b has one in flight");
}

#[test]
fn a_group_gives_nothing_while_one_of_its_messages_is_in_flight() {
    let messages = ["a", "a", "a"];
    let mut groups = with(&messages);
    assert_eq!(receive(&mut groups, &messages, 2), [0, 1]);
    groups.remove(&id("a"), 1);
    assert!(!groups.has_ready(), "the second is in flight");
    groups.set(&id("a"), 2, Visible);
    assert_eq!(
        receive(&mut groups, &messages, 10),
        [1, 2],
        "in order again"
    );
}

#[test]
fn the_group_that_waited_longest_comes_first() {
    let messages = ["a", "b", "a"];
    let mut groups = with(&messages);
    assert_eq!(receive(&mut groups, &messages, 1), [0]);
    groups.remove(&id("a"), 1);
    assert_eq!(receive(&mut groups, &messages, 1), [1], "b's is older");
}

#[test]
fn nothing_is_given_past_a_message_that_is_delayed() {
    let mut groups = Groups::default();
    groups.add(&id("a"), 0, Delayed);
    groups.add(&id("a"), 1, Visible);
    assert!(!groups.has_ready());
    groups.set(&id("a"), 1, Visible);
    assert_eq!(receive(&mut groups, &["a", "a"], 10), [0, 1]);
}

#[test]
fn a_group_without_messages_is_forgotten_and_numbers_rise_on() {
    let mut groups = with(&["a"]);
    groups.remove(&id("a"), 1);
    assert_eq!(groups.counts(), (0, 0));
    groups.clear();
    assert_eq!(groups.add(&id("a"), 0, Visible), 2);
}

#[test]
fn a_backlog_of_one_group_hides_the_groups_behind_what_is_looked_at() {
    let messages = ["a", "a", "a", "b"];
    let mut groups = Groups::looking_at(3);
    for (slot, group) in (0..).zip(messages) {
        groups.add(&id(group), slot, Visible);
    }
    assert_eq!(receive(&mut groups, &messages, 1), [0]);
    assert!(!groups.has_ready(), "b is the fourth message");
    groups.remove(&id("a"), 1);
    assert_eq!(receive(&mut groups, &messages, 2), [1, 2]);
    assert_eq!(receive(&mut groups, &messages, 1), [3], "and now the third");
}
