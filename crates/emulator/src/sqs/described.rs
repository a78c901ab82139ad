//! Bytes of memory that a queue takes beside its messages.

use std::collections::BTreeMap;

use super::attributes::QueueAttributes;

/// A queue without messages, tags and policies, and its places in the registry, about.
const QUEUE_OVERHEAD: u64 = 512;
/// A movement task, about.
const MOVE_OVERHEAD: u64 = 192;
/// An entry of a map, about, beside its texts.
const ENTRY_OVERHEAD: u64 = 64;

/// What a queue of this description takes, with so many movement tasks.
pub(super) fn described_bytes(
    name: &str,
    attributes: &QueueAttributes,
    tags: &BTreeMap<String, String>,
    moves: usize,
) -> u64 {
    let entries = attributes.inert.iter().chain(tags);
    let entries = entries.map(|(key, value)| (key.len() + value.len()) as u64 + ENTRY_OVERHEAD);
    let redrive = attributes.redrive.as_ref();
    let redrive = redrive.map_or(0, |redrive| redrive.dead_letter_queue.len());
    QUEUE_OVERHEAD
        + (name.len() + redrive) as u64
        + entries.sum::<u64>()
        + moves as u64 * MOVE_OVERHEAD
}
