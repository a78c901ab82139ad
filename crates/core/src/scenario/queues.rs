//! The queues of `[pipeline]`: of which kind they are, their names, where dead letters go.

use super::processor::queue_name;
use super::section::Section;
use super::{FIFO_END, Mapping, Resources};
use crate::order::spec::OrderSpec;

/// The most messages in one invocation behind a FIFO queue (AWS Lambda, "Lambda parameters for Amazon SQS event source
/// mappings").
const FIFO_BATCH_MAX: u16 = 10;

/// Of which kind the orders queue is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct QueueKind {
    pub(super) fifo: bool,
    pub(super) high_throughput: bool,
}

/// The kind of the orders queue; orders of a FIFO queue have a group.
pub(super) fn read_queue_kind(section: &mut Section<'_>, order: &OrderSpec) -> QueueKind {
    let fifo = section.choice("queue", false, &[("standard", false), ("fifo", true)]);
    if fifo && order.group.is_none() {
        section.problem(
            "queue",
            "messages of a FIFO queue have a group, and [order] names none",
            "write [order] group = \"{{id}}\", or another template: orders of one group stay in order",
        );
    }
    if fifo && order.delay.is_some() {
        section.problem(
            "queue",
            "a FIFO queue takes no message with a delay of its own",
            "leave out [order] delay",
        );
    }
    if !fifo && order.deduplication.is_some() {
        section.problem(
            "queue",
            "only a FIFO queue takes messages with a deduplication id",
            "write queue = \"fifo\", or leave out [order] deduplication",
        );
    }
    let high_throughput = section.boolean("high_throughput", false);
    if high_throughput && !fifo {
        section.problem(
            "high_throughput",
            "only a FIFO queue has it",
            "write queue = \"fifo\", or leave it out",
        );
    }
    QueueKind {
        fifo,
        high_throughput,
    }
}

/// What a mapping of a FIFO queue cannot be set to.
pub(super) fn check_fifo_mapping(section: &Section<'_>, mapping: &Mapping) {
    if mapping.batch_size > FIFO_BATCH_MAX {
        section.problem(
            "mapping",
            format!(
                "batch_size is {}, and behind a FIFO queue it is {FIFO_BATCH_MAX} at most",
                mapping.batch_size
            ),
            format!("write {FIFO_BATCH_MAX}, or fewer"),
        );
    }
    if !mapping.batching_window.is_zero() {
        section.problem(
            "mapping",
            "a mapping of a FIFO queue has no batching window",
            "leave out batching_window",
        );
    }
}

/// The queue dead letters are moved to, the pipeline's dead-letter queue unless another is named; `"none"` is none.
pub(super) fn read_redrive(
    section: &mut Section<'_>,
    names: &Resources,
    kind: QueueKind,
) -> Option<String> {
    let hint = format!(
        "write a queue's name, such as {:?}, or \"none\"",
        names.dead_letter_queue
    );
    let read = section.text("redrive_to", &hint, |name| {
        match queue_name(name).is_ok() && name != names.orders_queue {
            true => Ok(name.to_owned()),
            false => Err(format!("{name:?} cannot be a dead-letter queue")),
        }
    });
    let name = read.unwrap_or_else(|| names.dead_letter_queue.clone());
    let named = (name != "none").then_some(name)?;
    check_end(section, "redrive_to", &named, kind.fifo);
    Some(named)
}

/// The names of the two queues.
pub(super) fn read_names(section: &mut Section<'_>, kind: QueueKind) -> Resources {
    let usual = Resources::usual(kind.fifo);
    let mut read = |key, usual: String| {
        let hint = format!("write a queue's name, such as {usual:?}");
        let named = section.text(key, &hint, queue_name);
        let name = named.unwrap_or(usual);
        check_end(section, key, &name, kind.fifo);
        name
    };
    let names = Resources {
        orders_queue: read("orders_queue", usual.orders_queue),
        dead_letter_queue: read("dead_letter_queue", usual.dead_letter_queue),
        ..usual
    };
    if names.orders_queue == names.dead_letter_queue {
        section.problem(
            "dead_letter_queue",
            "is the orders queue itself",
            "name two queues",
        );
    }
    names
}

/// A FIFO queue is known by the end of its name, and its dead-letter queue is one, too.
pub(super) fn check_end(section: &Section<'_>, key: &str, name: &str, fifo: bool) {
    match (fifo, name.strip_suffix(FIFO_END)) {
        (true, None) => section.problem(
            key,
            format!("{name:?} is not the name of a FIFO queue, and the orders queue is one"),
            format!(
                "write {:?}: such names end in {FIFO_END}",
                format!("{name}{FIFO_END}")
            ),
        ),
        (false, Some(bare)) => section.problem(
            key,
            format!(
                "{name:?} is the name of a FIFO queue, and the orders queue is a standard queue"
            ),
            format!("write [pipeline] queue = \"fifo\", or a name such as {bare:?}"),
        ),
        _ => {}
    }
}
