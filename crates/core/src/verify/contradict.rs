//! What the parts of an observation say of each other: figures that cannot all be true are no evidence.

use std::time::Duration;

use roaring::RoaringBitmap;

use super::{Observation, ObservationFile, QueueSample};
use crate::ledger::Ledger;
use crate::order::OrderId;

/// Samples that prove rest.
const EMPTY_SAMPLES: u32 = 3;

/// Everything in `file` that contradicts the rest of it or the ledger, a sentence each. `last_reply_at` is when the
/// last send was answered, for an observation that was made by the run itself.
pub fn contradictions(
    file: &ObservationFile,
    ledger: &Ledger,
    last_reply_at: Option<Duration>,
) -> Vec<String> {
    let mut found = Vec::new();
    let seen = &file.observation;
    sets(file, ledger, &mut found);
    rows(file, &mut found);
    // A letter that names several orders is a copy of each, and none of their planned contents.
    let as_planned = &seen.dead_lettered - &seen.altered - &seen.overwritten;
    let letters = as_planned.len() + seen.foreign_dead_letters;
    if seen.dead_letter_sweep.items < letters {
        found.push(format!(
            "the sweep received {} dead letters, and {letters} are told of",
            seen.dead_letter_sweep.items
        ));
    }
    lookups(seen, ledger, &mut found);
    rest(file, last_reply_at, &mut found);
    found
}

/// Whether the sets of orders are of planned orders, and of each other.
fn sets(file: &ObservationFile, ledger: &Ledger, found: &mut Vec<String>) {
    let seen = &file.observation;
    let landed = &seen.stored | &seen.dead_lettered;
    let odd = &seen.altered | &seen.overwritten;
    let planned = ledger.planned();
    if landed.max().is_some_and(|last| u64::from(last) >= planned) {
        found.push(format!("an order beyond the {planned} planned was seen"));
    }
    if !odd.is_subset(&landed) || !seen.altered.is_disjoint(&seen.overwritten) {
        found.push("orders with another content are not among those that were seen".into());
    }
    let beyond = |&number: &u64| {
        OrderId::sequence_in(file.run_id, number).is_some_and(|sequence| sequence >= planned)
    };
    let ascending = seen.phantoms.windows(2).all(|pair| pair[0] < pair[1]);
    if !ascending || !seen.phantoms.iter().all(beyond) {
        found.push("numbers that were never planned are out of order, or were planned".into());
    }
}

/// Whether as many rows were read as are told of, and each of them with a time or without.
fn rows(file: &ObservationFile, found: &mut Vec<String>) {
    let seen = &file.observation;
    let stored = seen.stored.len();
    let rows = stored + seen.foreign_rows + seen.unreadable_keys;
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

/// Whether every order that is missing was asked for by key.
fn lookups(seen: &Observation, ledger: &Ledger, found: &mut Vec<String>) {
    if !(seen.lookups.complete && seen.scan.complete && seen.quiescence.reached) {
        return;
    }
    let sent = ledger.acknowledged() | ledger.indeterminate();
    let missing: RoaringBitmap = sent - &seen.stored - &seen.dead_lettered;
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
