//! What the parts of an observation say of each other: figures that cannot all be true are no evidence.

use std::time::Duration;

use roaring::RoaringBitmap;

use super::{GroupOrder, Observation, ObservationFile, Overtake, QueueSample};
use crate::ledger::Ledger;
use crate::order::spec::{DEAD_LETTER, STORED};
use crate::order::{Door, Id, OrderPlan};

/// Samples that prove rest.
const EMPTY_SAMPLES: u32 = 3;

/// Everything in `file` that contradicts the rest of it, the ledger, or what the run's orders are, a sentence each.
/// `last_reply_at` is when the last send was answered, for an observation that was made by the run itself.
pub fn contradictions(
    file: &ObservationFile,
    ledger: &Ledger,
    orders: &OrderPlan,
    last_reply_at: Option<Duration>,
) -> Vec<String> {
    let mut found = Vec::new();
    let seen = &file.observation;
    sets(seen, ledger, orders, &mut found);
    ends(seen, orders, &mut found);
    rows(file, orders, &mut found);
    // A letter that names several orders is a copy of each, and none of their planned contents.
    let as_planned = seen.whole_at(DEAD_LETTER) - &seen.altered - &seen.overwritten;
    let letters = as_planned.len() + seen.foreign_dead_letters;
    if seen.dead_letter_sweep.items < letters {
        found.push(format!(
            "the sweep received {} dead letters, and {letters} are told of",
            seen.dead_letter_sweep.items
        ));
    }
    lookups(seen, ledger, orders, &mut found);
    door(seen, ledger, orders, &mut found);
    rest(file, last_reply_at, &mut found);
    found
}

/// Whether the door that orders were sent to was looked at, where it is not the queue itself.
fn door(seen: &Observation, ledger: &Ledger, orders: &OrderPlan, found: &mut Vec<String>) {
    match (&seen.door, orders.model.door().is_queue()) {
        (None, true) => {}
        (Some(door), false) => {
            // What a server counts is its own affair: the scenario's lists of statuses say what it acknowledged.
            let told = match orders.model.door() {
                Door::Http(_) => 0,
                _ => ledger.acknowledged().len(),
            };
            found.extend(door.contradiction(told));
        }
        (None, false) => found.push(format!(
            "nothing was recorded of {}, which orders were sent to",
            orders.model.door().in_words()
        )),
        (Some(_), true) => {
            found.push("orders are said to have been sent to something else than the queue".into());
        }
    }
}

/// Whether the sets of orders are of planned orders, and of each other.
fn sets(seen: &Observation, ledger: &Ledger, orders: &OrderPlan, found: &mut Vec<String>) {
    let landed = seen.seen();
    let odd = &seen.altered | &seen.overwritten;
    let planned = ledger.planned();
    if landed.max().is_some_and(|last| u64::from(last) >= planned) {
        found.push(format!("an order beyond the {planned} planned was seen"));
    }
    let sent = ledger.acknowledged() | ledger.indeterminate() | ledger.untold();
    if !seen.may_claim.is_subset(&sent) {
        found.push("there are rows under unknown message ids that no order can have left".into());
    }
    if !odd.is_subset(&landed) || !seen.altered.is_disjoint(&seen.overwritten) {
        found.push("orders with another content are not among those that were seen".into());
    }
    let beyond = |id: &Id| {
        let owner = orders.model.owner_of(&id.to_string());
        owner.is_some_and(|(run, sequence)| run == orders.run && sequence >= planned)
    };
    let ascending = seen.phantoms.windows(2).all(|pair| pair[0] < pair[1]);
    if !ascending || !seen.phantoms.iter().all(beyond) {
        found.push("numbers that were never planned are out of order, or were planned".into());
    }
}

/// Whether what was seen at each end is an end's, and of each other.
fn ends(seen: &Observation, orders: &OrderPlan, found: &mut Vec<String>) {
    let is_end = |name: &str| orders.end_names().any(|end| end == name);
    let is_further = |name: &str| is_end(name) && name != STORED && name != DEAD_LETTER;
    if !seen.elsewhere.keys().all(|name| is_further(name))
        || !seen.in_part.keys().all(|name| is_end(name))
    {
        found.push(
            "orders are said to have been seen at an end that the scenario does not have".into(),
        );
    }
    let is_seen =
        |(name, in_part): (&String, &RoaringBitmap)| in_part.is_subset(&seen.seen_at(name));
    if !seen.in_part.iter().all(is_seen) || !seen.stored_twice.is_subset(&seen.seen()) {
        found.push(
            "orders that left a part, or stand twice, are not among those that were seen".into(),
        );
    }
    let left_a_part = |k| seen.in_part.values().any(|in_part| in_part.contains(k));
    if !seen
        .missing
        .iter()
        .all(|missing| left_a_part(missing.sequence))
    {
        found.push(
            "it is said what is missing of orders that are not said to have left a part".into(),
        );
    }
    let can_be_in_part = |name: &str| {
        let leaves = orders
            .leaves()
            .filter(|leaf| orders.end_names().nth(leaf.end) == Some(name));
        let several = |(count, is_for_each): (usize, bool)| count > 1 || is_for_each;
        several(leaves.fold((0, false), |(count, each), leaf| {
            (count + 1, each || leaf.is_for_each)
        }))
    };
    if !seen.in_part.keys().all(|name| can_be_in_part(name)) {
        found.push(
            "orders are said to have left a part where they leave one row or letter alone".into(),
        );
    }
    if !seen.stored_twice.is_empty() && !orders.leaves().any(|leaf| leaf.is_made_up) {
        found.push("rows are said to stand twice whose keys can stand once alone".into());
    }
    let names_message = orders.leaves().any(|leaf| leaf.names_message);
    let none = seen.may_claim.is_empty() && seen.unclaimed_messages == 0;
    if !none
        && (!names_message
            || seen.unclaimed_messages == 0
            || seen.unclaimed_messages > seen.may_claim.len())
    {
        found.push("there are rows under unknown message ids that no order can have left".into());
    }
    if tells_of_an_order_that_cannot_be(seen, orders) {
        found.push(
            "the record of the order within groups is not of the orders that were stored".into(),
        );
    }
    let sums = orders.model.spec().sums.len();
    let ascending = seen
        .counters
        .windows(2)
        .all(|pair| (pair[0].sum, &pair[0].key) < (pair[1].sum, &pair[1].key));
    if !ascending
        || !seen
            .counters
            .iter()
            .all(|counter| (counter.sum as usize) < sums)
    {
        found.push("counters are out of order, or of a sum that the scenario does not have".into());
    }
}

pub(super) fn tells_of_an_order_that_cannot_be(seen: &Observation, orders: &OrderPlan) -> bool {
    let order = seen.group_order.as_ref();
    order.is_some_and(|order| !is_of(order, seen, orders))
}

/// Whether the record of the order within groups can be true: of stored orders, each overtaken by a later one of its group.
fn is_of(order: &GroupOrder, seen: &Observation, orders: &OrderPlan) -> bool {
    let stored = seen.stored.len();
    let can_be = |one: &Overtake| {
        let group = |k: u32| orders.group(u64::from(k));
        one.sequence < one.by
            && order.overtaken.contains(one.sequence)
            && seen.stored.contains(one.by)
            && group(one.sequence) == group(one.by)
    };
    orders.ordered_by().is_some()
        && order.overtaken.is_subset(&seen.stored)
        && order.overtaken.len().saturating_add(order.ties)
            <= order.judged.saturating_sub(order.groups)
        && order.judged.saturating_add(order.unsure) <= stored
        && order.unstamped <= stored
        && (order.overtaken.is_empty() || !order.overtakes.is_empty())
        && order.overtakes.iter().all(can_be)
}

/// Whether as many rows were read as are told of, and each of them with a time or without.
fn rows(file: &ObservationFile, orders: &OrderPlan, found: &mut Vec<String>) {
    let seen = &file.observation;
    let stored = seen.stored.len();
    let end = orders.end_names().position(|name| name == STORED);
    let mut leaves = orders.leaves().filter(|leaf| Some(leaf.end) == end);
    // An end of letters alone leaves no row.
    let least = if leaves.all(|leaf| leaf.table.is_some()) {
        stored
    } else {
        0
    };
    let rows = least + seen.foreign_rows + seen.unreadable_keys + seen.unclaimed_messages;
    // At rest a complete scan has seen every row there is.
    if seen.scan.complete && seen.quiescence.reached && seen.scan.items < rows {
        found.push(format!(
            "the scan read {} rows, and {rows} are told of",
            seen.scan.items
        ));
    }
    let timed: u64 = file.times.phases.iter().map(|phase| phase.count()).sum();
    if timed + seen.untimed_rows != stored {
        found.push(format!(
            "{stored} orders have a row, and {timed} rows a time and {} none",
            seen.untimed_rows
        ));
    }
    let by_second: u64 = file.times.seconds.iter().map(|second| second.stored).sum();
    if by_second > timed {
        found.push(format!(
            "{by_second} rows are told of second by second, and {timed} have a time"
        ));
    }
}

/// Whether every order that is missing was asked for by key, where keys are known.
fn lookups(seen: &Observation, ledger: &Ledger, orders: &OrderPlan, found: &mut Vec<String>) {
    if !(seen.lookups.complete && seen.scan.complete && seen.quiescence.reached) {
        return;
    }
    if !orders
        .leaves()
        .any(|leaf| leaf.table.is_some() && !leaf.is_made_up)
    {
        return;
    }
    let sent = ledger.acknowledged() | ledger.indeterminate();
    let missing: RoaringBitmap = sent - seen.seen();
    if seen.lookups.items < missing.len() {
        found.push(format!(
            "{} orders are missing, and {} were looked up by key",
            missing.len(),
            seen.lookups.items
        ));
    }
}

/// Whether the samples show the rest that is claimed, and since when.
fn rest(file: &ObservationFile, last_reply_at: Option<Duration>, found: &mut Vec<String>) {
    let quiescence = &file.observation.quiescence;
    let samples = &file.samples;
    if samples.windows(2).any(|pair| pair[0].at > pair[1].at) {
        found.push("the samples of the queue are out of order".into());
    }
    if !quiescence.reached {
        return;
    }
    let messages = |sample: &&QueueSample| {
        u128::from(sample.visible) + u128::from(sample.in_flight) + u128::from(sample.delayed)
    };
    let empty = samples
        .iter()
        .rev()
        .take_while(|sample| messages(sample) == 0);
    let empty = empty.count();
    let claimed = quiescence.empty_samples.max(EMPTY_SAMPLES) as usize;
    if empty < claimed {
        found.push(format!(
            "the pipeline is said to be at rest, and only the last {empty} samples of the queue are empty"
        ));
        return;
    }
    let (Some(drain), Some(last_reply_at)) = (quiescence.drain, last_reply_at) else {
        return;
    };
    let since = last_reply_at + drain;
    let mut empty = samples[samples.len() - empty..].iter();
    let fits = |sample: &QueueSample| match drain.is_zero() {
        true => sample.at <= since,
        false => sample.at == since,
    };
    if !empty.any(fits) {
        found.push(format!(
            "the queue is said to be empty {drain:?} after the last reply, and no sample shows it"
        ));
    }
}
